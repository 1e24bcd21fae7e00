"""Straight lines between points: all that pass below some and above others, and how steep and how high they can be.

The line is a clock's offset over time; every packet is a point that it must keep to one side of. The bounds are those of the
linear program over its slope and level (Moon, Skelly and Towsley, INFOCOM 1999), found on the two hulls in a few passes over
their corners.
Times and levels are floats in ns, counted from an origin nearby.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from netbench.analysis.engine import Kernels

Floats = npt.NDArray[np.float64]

_TOLERANCE_NS: Final = 0.01
"""What float arithmetic may be off by on such levels."""
_MOST_PASSES: Final = 100


@dataclass(frozen=True, slots=True)
class Range:
    """From ``low`` to ``high``."""

    low: float
    high: float

    @property
    def middle(self) -> float:
        """Half way."""
        return (self.low + self.high) / 2

    @property
    def half_width(self) -> float:
        """How far either end is from the middle."""
        return (self.high - self.low) / 2

    def common(self, other: "Range") -> "Range | None":
        """Return what is in both, None when nothing is."""
        low, high = max(self.low, other.low), min(self.high, other.high)
        return Range(low, high) if low <= high else None


@dataclass(frozen=True, slots=True)
class Points:
    """Points in order of time."""

    times: Floats
    levels: Floats

    def with_points(self, times: list[float], levels: list[float]) -> "Points":
        """Return these points and some more."""
        every, all_levels = np.append(self.times, times), np.append(self.levels, levels)
        order = np.argsort(every, kind="stable")
        return Points(every[order], all_levels[order])


@dataclass(frozen=True, slots=True)
class Strip:
    """The lines that pass below every point of ``roof`` and above every point of ``ground``, as steep as ``slopes`` allow.

    Both are hulls; make it by ``strip``, which knows that there is a line.
    """

    roof: Points
    ground: Points
    slopes: Range

    def at(self, time: float) -> Range:
        """Return how low and how high such a line can be at a time."""
        highest = _clamped(_edge_slope(self.roof, time), self.slopes)
        lowest = _clamped(
            _edge_slope(Points(self.ground.times, -self.ground.levels), time), Range(-self.slopes.high, -self.slopes.low)
        )
        low = float(np.max(self.ground.levels + lowest * (self.ground.times - time)))
        high = float(np.min(self.roof.levels - highest * (self.roof.times - time)))
        return Range(min(low, high), max(low, high))  # a line that is the only one is met from both sides, to the last digit


def strip(roof: Points, ground: Points, slopes: Range, engine: Kernels) -> Strip | None:
    """Return all lines below ``roof`` and above ``ground`` whose slope is in ``slopes``, None when there is none."""
    upper, lower = hull(roof, engine), _ceiling(ground, engine)
    steepest = _steepest(upper, lower, slopes)
    if steepest is None:
        return None
    mirrored = _steepest(_mirrored(upper), _mirrored(lower), Range(-steepest, -slopes.low))
    return None if mirrored is None else Strip(upper, lower, Range(min(-mirrored, steepest), steepest))


def hull(points: Points, engine: Kernels) -> Points:
    """Return the corners of the lower hull of some points."""
    corners = engine.lower_hull(points.times, points.levels)
    return Points(points.times[corners], points.levels[corners])


def floor_line(points: Points, engine: Kernels) -> tuple[float, float]:
    """Return slope and level at time 0 of the line below all points that is nearest to them all together."""
    under, time = hull(points, engine), float(points.times.mean())
    slope = _edge_slope(under, time) if len(under.times) > 1 else 0.0
    return slope, float(np.min(under.levels - slope * under.times))


def above_floor(points: Points, engine: Kernels) -> Floats:
    """Return how far each point lies above that line."""
    slope, level = floor_line(points, engine)
    return points.levels - (level + slope * points.times)


def _ceiling(points: Points, engine: Kernels) -> Points:
    corners = engine.lower_hull(points.times, -points.levels)
    return Points(points.times[corners], points.levels[corners])


def _mirrored(points: Points) -> Points:
    return Points(-points.times[::-1], points.levels[::-1])


def _steepest(roof: Points, ground: Points, slopes: Range) -> float | None:
    """The steepest line of all, found by Newton's method from above: the room between the hulls is concave in the slope."""
    slope = slopes.high
    for _ in range(_MOST_PASSES):
        over, under = roof.levels - slope * roof.times, ground.levels - slope * ground.times
        above, below = int(np.argmin(over)), int(np.argmax(under))
        if over[above] - under[below] >= -_TOLERANCE_NS:
            return slope
        apart = roof.times[above] - ground.times[below]
        if apart <= 0:
            return None
        slope = float((roof.levels[above] - ground.levels[below]) / apart)
        if slope < slopes.low:
            return None
    return None


def _edge_slope(under: Points, time: float) -> float:
    """The slope of a lower hull's edge over a time; without end beyond its ends."""
    place = int(np.searchsorted(under.times, time, side="right"))
    if place == 0:
        return -np.inf
    if place == len(under.times):
        if len(under.times) == 1 or time > under.times[-1]:
            return np.inf
        place -= 1
    return float((under.levels[place] - under.levels[place - 1]) / (under.times[place] - under.times[place - 1]))


def _clamped(slope: float, slopes: Range) -> float:
    return min(max(slope, slopes.low), slopes.high)
