"""What the compiled engine is asked to do, and whether it can: known without loading it."""

from dataclasses import dataclass
from typing import Final

from netbench.measure.probe import Schedule

CATCH_UP_NS: Final = 10_000_000
_LEAST_WINDOW: Final = 64
_MOST_ATTEMPTS: Final = 1 << 22
"""Remembered at once, over all sessions: about a gigabyte."""
_MOST_RANDOM: Final = 4_000_000
_SLACK_NS: Final = 300_000_000
"""Attempts are forgotten on the first settling after their time, which is every 50 ms where the machine is not busy."""


@dataclass(frozen=True, slots=True)
class Asked:
    """``rest`` follows the 44 octets of every packet; an unanswered one is lost after ``timeout_ns``.

    ``window`` is how many attempts a session remembers: a power of two.
    """

    rest: bytes
    timeout_ns: int
    window: int
    ssid: int = 0


def packets_per_second(schedule: Schedule, streams: int) -> float:
    """Return the rate of all streams together."""
    return streams * 1e9 / schedule.interval_ns


def window_of(schedule: Schedule, timeout_ns: int) -> int:
    """Return how many attempts one session must remember: twice the timeout's, and some to spare for a late loop."""
    remembered = (2 * timeout_ns + _SLACK_NS) / schedule.interval_ns
    if schedule.spacing == "poisson":
        remembered += 8 * remembered**0.5
    return 1 << (min(schedule.count, int(remembered)) + _LEAST_WINDOW - 1).bit_length()


def fits(schedule: Schedule, streams: int, timeout_ns: int) -> bool:
    """Whether that many attempts can be remembered here, and their times where those are random."""
    random = schedule.spacing == "poisson" and streams * schedule.count > _MOST_RANDOM
    return not random and streams * window_of(schedule, timeout_ns) <= _MOST_ATTEMPTS
