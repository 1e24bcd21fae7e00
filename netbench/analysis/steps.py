"""Where a series of exchanges changed for good: a clock was stepped, or a path became longer or shorter.

Each stretch between two changes is told by two straight floors, one a direction, below the least delays of short windows. What
they lie above it is taken for exponential; a change is where two floors a direction, each with its own slope, explain the
windows so much better than one that chance does not (generalised likelihood ratio, binary segmentation). A clock's
step moves both directions by as much in opposite senses; anything else is the path's doing.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from netbench.analysis.engine import Kernels
from netbench.analysis.strips import Points, above_floor, floor_line

Floats = npt.NDArray[np.float64]

FEWEST_WINDOWS: Final = 6
"""A stretch that is shorter has no floor of its own."""
THRESHOLD: Final = 45.0
"""Twice the logarithm of the likelihood ratio that chance does not reach: over 1,000 quiet sessions none did (see the tests)."""
DOUBT: Final = 14.0
"""Windows whose ratio is that near to the best one's may be where it happened just as well."""


@dataclass(frozen=True, slots=True)
class Windows:
    """The least delays of successive windows, as points, there and back."""

    forward: Points
    reverse: Points

    def __len__(self) -> int:
        return len(self.forward.times)

    def part(self, first: int, last: int) -> "Windows":
        """Return the windows from ``first`` up to ``last``."""
        there, back = self.forward, self.reverse
        return Windows(
            Points(there.times[first:last], there.levels[first:last]), Points(back.times[first:last], back.levels[first:last])
        )


@dataclass(frozen=True, slots=True)
class Change:
    """It happened in one of the windows from ``first`` up to ``last``. The floors rose by so much there."""

    first: int
    last: int
    forward_ns: float
    reverse_ns: float

    @property
    def clock_ns(self) -> float:
        """By how much the far clock was put forward against this one, if it was a clock."""
        return (self.forward_ns - self.reverse_ns) / 2

    @property
    def of_clock(self) -> bool:
        """Whether both directions changed by nearly as much in opposite senses: the round trip stayed as it was."""
        return abs(self.forward_ns + self.reverse_ns) <= abs(self.clock_ns) / 2


def changes(windows: Windows, noise_ns: float, engine: Kernels) -> list[Change]:
    """Return the changes in order of time; ``noise_ns`` is what the timestamps themselves vary by."""
    found = sorted(_split(windows, 0, len(windows), noise_ns, engine))
    edges = [0, *(edge for stretch in found for edge in stretch), len(windows)]
    return [
        _told(windows.part(before, first), windows.part(last, after), (first, last), engine)
        for (first, last), before, after in zip(found, edges[:-2:2], edges[3::2], strict=True)
    ]


def _split(windows: Windows, first: int, last: int, noise_ns: float, engine: Kernels) -> Iterator[tuple[int, int]]:
    if last - first < 2 * FEWEST_WINDOWS + 1:
        return
    ratios = likelihood_ratios(windows.part(first, last), noise_ns, engine)
    inner = ratios[FEWEST_WINDOWS : len(ratios) - FEWEST_WINDOWS]
    best = int(np.argmax(inner))
    if inner[best] < THRESHOLD:
        return
    doubtful = np.flatnonzero(inner >= inner[best] - DOUBT)
    start, end = _run_around(doubtful, best)
    place = first + FEWEST_WINDOWS
    yield from _split(windows, first, place + start, noise_ns, engine)
    yield place + start, place + end + 1
    yield from _split(windows, place + end + 1, last, noise_ns, engine)


def likelihood_ratios(windows: Windows, noise_ns: float, engine: Kernels) -> Floats:
    """Return twice the logarithm of how much better two floors explain the windows than one, for a change in each window.

    That window itself is left out of both: it may hold packets of either side.
    """
    total = np.zeros(len(windows))
    for points in (windows.forward, windows.reverse):
        before = engine.floor_costs(points.times, points.levels)
        after = engine.floor_costs(-points.times[::-1], points.levels[::-1])[::-1]
        others = max(1, len(before) - 1)
        one = (before[-1] - above_floor(points, engine)) / others
        two = (np.append(0.0, before[:-1]) + np.append(after[1:], 0.0)) / others
        total += 2 * others * np.log((np.maximum(one, 0) + noise_ns) / (two + noise_ns))
    return total


def _run_around(places: npt.NDArray[np.intp], best: int) -> tuple[int, int]:
    """The first and last of the neighbours without a gap of two that ``best`` is among."""
    breaks = np.flatnonzero(np.diff(places) > 2)
    at = int(np.searchsorted(places, best))
    start = breaks[breaks < at]
    end = breaks[breaks >= at]
    return int(places[start[-1] + 1 if len(start) else 0]), int(places[end[0] if len(end) else -1])


def _told(before: Windows, after: Windows, place: tuple[int, int], engine: Kernels) -> Change:
    rises = (_rise(left, right, engine) for left, right in ((before.forward, after.forward), (before.reverse, after.reverse)))
    return Change(*place, *rises)


def _rise(before: Points, after: Points, engine: Kernels) -> float:
    time = float(before.times[-1] + after.times[0]) / 2
    (slope, level), (next_slope, next_level) = floor_line(before, engine), floor_line(after, engine)
    return (next_level + next_slope * time) - (level + slope * time)
