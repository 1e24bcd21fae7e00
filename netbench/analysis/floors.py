"""The floors of a stretch: the straight lines that the least delays of each direction may lie on, and what they say of the skew.

A delay is never less than its floor, so the lowest delays of a stretch bound its floor from above. How far below them it may lie
is judged by how close together the next ones lie (Robson and Whitlock, Biometrika 51, 1964), for delays whose density vanishes
at the floor as that of two queues one behind the other does: taking them for one would state too little.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from netbench.analysis.engine import Kernels
from netbench.analysis.exchanges import MOST_SKEW
from netbench.analysis.steps import FEWEST_WINDOWS, Windows
from netbench.analysis.strips import Floats, Points, Range, Strip, above_floor, strip

NOISE_NS: Final = 1_000.0
"""What kernel timestamps of an idle path vary by."""
_CONFIDENCE_LEFT: Final = 0.0125
"""Of a floor that lies lower than stated, in each of four: two directions, two halves; 5 % together."""
_NEIGHBOURS: Final = 10
_SHAPE: Final = 2.0


@dataclass(frozen=True, slots=True)
class Floors:
    """The lines that each direction's floor may be."""

    forward: Strip
    reverse: Strip

    @property
    def skew(self) -> Range | None:
        """What both directions agree on: they tilt by as much in opposite senses. None where they do not, as a path changed."""
        back = self.reverse.slopes
        return self.forward.slopes.common(Range(-back.high, -back.low))

    def half_difference(self, time: float) -> Range:
        """Return half of what the floor there lies above the floor back: the offset, where both ways take as long."""
        there, back = self.forward.at(time), self.reverse.at(time)
        return Range((there.low - back.high) / 2, (there.high - back.low) / 2)


def floors(windows: Windows, noise_ns: float, engine: Kernels) -> Floors | None:
    """Return the floors; None where a stretch is too short to tell."""
    if len(windows) < 2 * FEWEST_WINDOWS:
        return None
    there, back = (_floor(points, noise_ns, engine) for points in (windows.forward, windows.reverse))
    return None if there is None or back is None else Floors(there, back)


def _floor(points: Points, noise_ns: float, engine: Kernels) -> Strip | None:
    above = above_floor(points, engine)
    half = len(above) // 2
    lowest = [_lowest(points, above, part, noise_ns) for part in (slice(0, half), slice(half, None))]
    ground = Points(np.array([time for time, _ in lowest]), np.array([level for _, level in lowest]))
    return strip(points, ground, Range(-2 * MOST_SKEW, 2 * MOST_SKEW), engine)


def _lowest(points: Points, above: Floats, part: slice, noise_ns: float) -> tuple[float, float]:
    """Where a half's lowest point is, and how low the floor may be there."""
    ordered = np.sort(above[part])
    neighbours = min(_NEIGHBOURS, len(ordered) - 1)
    share = (1 - _CONFIDENCE_LEFT ** (1 / neighbours)) ** (1 / _SHAPE)
    below = (ordered[neighbours] - ordered[0]) * share / (1 - share) + noise_ns
    place = (part.start or 0) + int(np.argmin(above[part]))
    return float(points.times[place]), float(points.levels[place] - below)
