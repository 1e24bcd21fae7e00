"""The error estimate of a packet (RFC 4656 §4.1.2, RFC 8186 §2), filled from the state that the wall clock is really in."""

import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Final

from netbench.linux.clockstate import ClockState
from netbench_probes.stamp.wire import NANOSECONDS, PTP_FORMAT, SYNCHRONISED, UNKNOWN_ERROR

RENEWAL_S: Final = 60.0
_LARGEST_MULTIPLIER: Final = 0xFF
_LARGEST_SCALE: Final = 0x3F


def error_estimate(state: ClockState, *, ptp: bool) -> int:
    """Return the 16 bits that say of the clock what is known: never less than its bound, and at most 1/128 more.

    A clock that is not synchronised, or whose bound nobody states, claims the largest error that can be written: a multiplier
    of 0 is not allowed, and an S bit without a bound would be read as a promise.
    """
    form = PTP_FORMAT if ptp else 0
    if not state.synchronised or state.error_ns is None:
        return UNKNOWN_ERROR | form
    multiplier, scale = max(1, -(-(state.error_ns << 32) // NANOSECONDS)), 0
    while multiplier > _LARGEST_MULTIPLIER and scale < _LARGEST_SCALE:
        multiplier, scale = (multiplier + 1) // 2, scale + 1
    return SYNCHRONISED | form | scale << 8 | min(multiplier, _LARGEST_MULTIPLIER)


class ClockWord:
    """What this host's packets say of its clock: ``state``, and ``estimate`` as it stands on the wire."""

    def __init__(self, state: ClockState, *, ptp: bool) -> None:
        """``ptp`` names the timestamps' format."""
        self._ptp = ptp
        self.note(state)

    def note(self, state: ClockState) -> None:
        """Say this from now on."""
        self.state = state
        self.estimate = error_estimate(state, ptp=self._ptp)


@contextmanager
def kept_true(word: ClockWord, read: Callable[[], ClockState], every_s: float = RENEWAL_S) -> Generator[None]:
    """While inside, a thread reads the clock's state now and then: a clock that loses its source must not go on promising.

    Asking a daemon takes milliseconds at best, which a loop that answers packets does not have.
    """
    ended = threading.Event()

    def renew() -> None:
        while not ended.wait(every_s):
            word.note(read())

    watcher = threading.Thread(target=renew, name="netbench-clock", daemon=True)
    watcher.start()
    try:
        yield
    finally:
        ended.set()
        watcher.join()
