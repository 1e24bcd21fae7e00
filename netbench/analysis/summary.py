"""A summary: one statistic of one metric, with its interval."""

from dataclasses import dataclass, replace
from typing import Literal

SummaryDirection = Literal["forward", "reverse", "both"]
Unit = Literal["ns", "bit/s", "1"]


@dataclass(frozen=True, slots=True)
class Summary:
    """One figure. ``value``, ``low`` and ``high`` are None where they are undefined (too few samples, nothing measured).

    ``low`` to ``high`` is a 95 % confidence interval made by ``method``; ``count`` is the number of samples it rests on.
    Nanoseconds and bit/s are whole numbers; ratios are fractions of 1. ``given``: somebody else made the figure and kept the
    samples, so that it has no interval, and no number of samples gives it one.
    """

    metric: str
    direction: SummaryDirection
    statistic: str
    value: float | int | None
    low: float | int | None
    high: float | int | None
    unit: Unit
    count: int
    method: str
    given: bool = False

    def widened(self, below: float, above: float) -> "Summary":
        """Return the same figure with its interval widened by a measurement's own error, in the summary's unit."""
        return replace(
            self,
            low=None if self.low is None else _like(self.low, self.low - below),
            high=None if self.high is None else _like(self.high, self.high + above),
        )


def _like(original: float, value: float) -> float | int:
    return round(value) if isinstance(original, int) else value
