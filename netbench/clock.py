"""Instants and durations.

An instant is a pair of clocks: the monotonic one, from which every duration comes, and the wall clock, which says when it
was for people. This is the one place that reads them; everything else is handed an instant or a ``Clock``.
"""

import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

NANOSECONDS_PER_SECOND = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Instant:
    """One moment on both clocks, in integer nanoseconds."""

    monotonic_ns: int
    wall_ns: int

    def since_ns(self, earlier: "Instant") -> int:
        """Nanoseconds that passed since ``earlier``, by the monotonic clock."""
        return self.monotonic_ns - earlier.monotonic_ns

    def utc(self) -> datetime:
        """The wall clock as an aware UTC datetime, to the microsecond."""
        seconds, nanoseconds = divmod(self.wall_ns, NANOSECONDS_PER_SECOND)
        return datetime.fromtimestamp(seconds, UTC).replace(microsecond=nanoseconds // 1000)

    def iso(self) -> str:
        """The wall clock as ISO 8601 in UTC, to the second, ending in Z."""
        return self.utc().strftime("%Y-%m-%dT%H:%M:%SZ")


class Clock(Protocol):
    """Whoever can say what time it is."""

    def now(self) -> Instant:
        """Return the present instant."""
        ...


class SystemClock:
    """The clocks of this host: CLOCK_MONOTONIC and CLOCK_REALTIME."""

    def now(self) -> Instant:
        """Return the present instant; the two clocks are read within a microsecond of each other."""
        return Instant(time.clock_gettime_ns(time.CLOCK_MONOTONIC), time.clock_gettime_ns(time.CLOCK_REALTIME))
