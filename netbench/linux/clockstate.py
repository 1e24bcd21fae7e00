"""How far this host's wall clock may be from UTC, and who says so.

Asked in this order, the first that knows decides: chrony, ptp4l, the kernel. A daemon that is not there is no error; a clock that
nobody vouches for is not synchronised. A bound that nobody states is None, never a guess.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, Literal

from netbench.errors import CannotMeasureError
from netbench.linux.adjtimex import KernelClock, read_kernel_clock
from netbench.linux.attempt import Attempt, attempt

ClockSource = Literal["chrony", "ptp4l", "kernel", "nobody"]

_TRACKING: Final = ("chronyc", "-c", "-n", "tracking")
_PTP_SETS: Final = ("CURRENT_DATA_SET", "PARENT_DATA_SET", "TIME_PROPERTIES_DATA_SET", "PORT_PROPERTIES_NP")
_PTP_SOCKETS: Final = (Path("/var/run/ptp4l"), Path("/run/ptp4l"))
_ASKING_S: Final = 3.0
_LOCAL_REFERENCE: Final = "7F7F0101"
"""Chrony's reference id of its own unsynchronised clock, which it may serve to others."""
_LEAST_ACCURACY_S: Final = {
    0x20: 25e-9, 0x21: 100e-9, 0x22: 250e-9, 0x23: 1e-6, 0x24: 2.5e-6, 0x25: 10e-6, 0x26: 25e-6, 0x27: 100e-6, 0x28: 250e-6,
    0x29: 1e-3, 0x2A: 2.5e-3, 0x2B: 10e-3, 0x2C: 25e-3, 0x2D: 100e-3, 0x2E: 250e-3, 0x2F: 1.0, 0x30: 10.0,
}  # fmt: skip
"""A grandmaster's clockAccuracy (IEEE 1588-2008 table 6)."""

Asking = Callable[[Sequence[str]], Attempt]


@dataclass(frozen=True, slots=True)
class ClockState:
    """The wall clock at one moment.

    ``synchronised`` to UTC by an outside reference. ``error_ns`` bounds its distance from UTC, None where nobody bounds it, and
    always where it is not synchronised. ``source`` says so, about the clock's ``reference`` (an address or identity) where it is
    known. ``frequency_ppb`` is the correction at work, None where the kernel does not tell.
    """

    synchronised: bool
    error_ns: int | None
    source: ClockSource
    reference: str | None = None
    frequency_ppb: int | None = None

    def __post_init__(self) -> None:
        """An error is a bound, and only a synchronised clock has one."""
        if self.error_ns is not None and (self.error_ns < 0 or not self.synchronised):
            raise ValueError(f"a clock that is synchronised: {self.synchronised} cannot be within {self.error_ns} ns")


UNKNOWN: Final = ClockState(synchronised=False, error_ns=None, source="nobody")


def read_clock_state() -> ClockState:
    """Return the state of CLOCK_REALTIME now; daemons that answer slowly are waited for 3 s each."""
    try:
        kernel = read_kernel_clock()
    except CannotMeasureError:
        kernel = None  # a container that hides it: a daemon may still tell
    return state_from(kernel, _ask, ptp=any(path.exists() for path in _PTP_SOCKETS))


def state_from(kernel: KernelClock | None, ask: Asking, *, ptp: bool) -> ClockState:
    """Return the state, given the kernel's word and a way to ask the daemons; ``ptp`` says that ptp4l has a socket here."""
    said = _chrony(ask(_TRACKING), kernel)
    if said is None and ptp:
        said = _ptp4l(ask(["pmc", "-u", "-b", "0", *(f"GET {name}" for name in _PTP_SETS)]), kernel)
    said = said or (UNKNOWN if kernel is None else _kernel(kernel))
    return said if kernel is None else replace(said, frequency_ppb=kernel.frequency_ppb)


def _ask(argv: Sequence[str]) -> Attempt:
    return attempt(argv, _ASKING_S)


def _chrony(tracking: Attempt, kernel: KernelClock | None) -> ClockState | None:
    """The bound that chrony documents: what is left to correct, root dispersion and half the root delay.

    It may watch a clock that it does not steer (``chronyd -x``): then the kernel's flag stays down, and the bound is of no use.
    """
    fields = tracking.said.splitlines()[-1].split(",") if tracking.ok and tracking.said else []
    if len(fields) < 14:
        return None
    identity, name, leap = fields[0], fields[1], fields[13]
    only_watched = kernel is not None and not kernel.synchronised
    if only_watched or leap == "Not synchronised" or identity in (_LOCAL_REFERENCE, "00000000"):
        return ClockState(synchronised=False, error_ns=None, source="chrony")
    left_s, delay_s, dispersion_s = (abs(float(fields[place])) for place in (4, 10, 11))
    return ClockState(True, _nanoseconds(left_s + dispersion_s + delay_s / 2), "chrony", name or identity)


def _ptp4l(answer: Attempt, kernel: KernelClock | None) -> ClockState | None:
    """The clock that ptp4l itself steers: its offset, the whole path's delay (asymmetry is unknown), the grandmaster's accuracy.

    Where it steers a network card's clock, another program carries that to the wall clock and states no error of its own.
    """
    said = _sets(answer.said) if answer.ok else {}
    if said.get("portState") is None:
        return None
    reference = said.get("grandmasterIdentity")
    steered = said["portState"] == "SLAVE" and kernel is not None and kernel.synchronised
    if not steered or said.get("timeTraceable") != "1":
        return ClockState(synchronised=False, error_ns=None, source="ptp4l", reference=reference)
    return ClockState(True, _ptp_error_ns(said), "ptp4l", reference)


def _ptp_error_ns(said: Mapping[str, str]) -> int | None:
    accuracy_s = _LEAST_ACCURACY_S.get(int(said.get("gm.ClockAccuracy", "0xfe"), 16))
    away, path = said.get("offsetFromMaster"), said.get("meanPathDelay")
    if accuracy_s is None or away is None or path is None or said.get("timestamping") != "SOFTWARE":
        return None
    return _nanoseconds(accuracy_s) + round(abs(float(away)) + abs(float(path)))


def _sets(text: str) -> dict[str, str]:
    return dict(re.findall(r"^\s+([\w.]+)\s+(\S+)\s*$", text, re.MULTILINE))


def _kernel(kernel: KernelClock) -> ClockState:
    """The kernel's bound counts where whoever steers the clock filled it in; some write 0 each time, to keep the flag alone.

    Those leave the estimate at 0 too (systemd-timesyncd), or above the bound (phc2sys).
    """
    if not kernel.synchronised:
        return ClockState(synchronised=False, error_ns=None, source="kernel")
    filled = 0 < kernel.estimated_error_ns <= kernel.most_error_ns
    return ClockState(True, kernel.most_error_ns if filled else None, "kernel")


def _nanoseconds(seconds: float) -> int:
    return -int(-seconds * 1e9 // 1)
