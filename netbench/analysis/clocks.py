"""How far two clocks are apart, from packets that went both ways between them.

The far clock's offset from this one is a straight line in time between two steps. Three kinds of knowledge bound it:

- Causality: no packet took less than light needs. Every packet there bounds the offset from above, every one back from below.
  This is always used, and it alone cannot tell a longer way there from a clock that is ahead.
- The errors that both clocks claim, where both are synchronised.
- Symmetry, where the plan declares that both ways take the same path: then the floors of both directions are equally high. How
  far the least delays may lie above their floors is judged by how close together the next ones lie (Robson and Whitlock,
  Biometrika 51, 1964, for delays whose density vanishes at the floor as that of two queues does).

The slope, the skew, has a range of its own: both floors must tilt by as much in opposite senses.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from netbench.analysis.engine import Kernels, kernels
from netbench.analysis.exchanges import MOST_SKEW, Exchanges, exchanges
from netbench.analysis.steps import FEWEST_WINDOWS, Change, Windows, changes
from netbench.analysis.strips import Floats, Points, Range, Strip, above_floor, strip
from netbench.measure.samples import Columns

NOISE_NS: Final = 1_000.0
"""What kernel timestamps of an idle path vary by."""
_CONFIDENCE_LEFT: Final = 0.0125
"""Of a floor that lies lower than stated, in each of four: two directions, two halves; 5 % together."""
_NEIGHBOURS: Final = 10
_SHAPE: Final = 2.0

TOO_SHORT: Final = "light needs longer than the round trip took: a coordinate or a clock's rate is wrong"
UNSTEADY: Final = "no steady clock explains the delays: one of the two was stepped or slewed too often to tell"
CLAIM_BROKEN: Final = "a clock that claims to be right is wrong: packets would have been faster than light"
NOT_SYMMETRIC: Final = "the plan declares the path symmetric, and the delays both ways say that it is not"


@dataclass(frozen=True, slots=True)
class Beforehand:
    """What is known before a packet is sent: light's one-way delay at least, and perhaps more.

    ``clocks_ns`` is how far the two clocks can be apart by their own claims, None where either claims nothing.
    """

    least_ns: int = 0
    symmetric: bool = False
    clocks_ns: int | None = None

    @property
    def bounds_one_way(self) -> bool:
        """Whether more is known of the one-way delay than that it is a part of the round trip."""
        return self.least_ns > 0 or self.symmetric or self.clocks_ns is not None


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch without a step: packets ``first`` up to ``last`` of the exchanges, between two times.

    The far clock is ahead of this one by the exchanges' ``offset_ns`` and something within ``start`` and ``end`` at these times,
    between them within the straight lines that join their ends. Its rate is off by ``skew``; both directions agree on that
    where ``skew_known``.
    """

    first: int
    last: int
    start_time: float
    end_time: float
    start: Range
    end: Range
    skew: Range
    skew_known: bool

    @property
    def error_ns(self) -> float:
        """How far the offset may be from the middle line."""
        return max(self.start.half_width, self.end.half_width)

    @property
    def tilt_ns(self) -> float:
        """How far the offset may wander from a parallel to the middle line: what the skew's range leaves open."""
        return self.skew.half_width * (self.end_time - self.start_time) / 2

    def middle(self, times: Floats) -> Floats:
        """Return the middle line at some times."""
        span = max(1.0, self.end_time - self.start_time)
        return self.start.middle + (self.end.middle - self.start.middle) * (times - self.start_time) / span


@dataclass(frozen=True, slots=True)
class Relation:
    """What is known of two clocks during one session. Without segments nothing is, and ``refused`` says why."""

    exchanges: Exchanges
    segments: tuple[Segment, ...]
    changes: tuple[Change, ...]
    refused: str | None = None

    @property
    def steps(self) -> tuple[Change, ...]:
        """The changes that were a clock's."""
        return tuple(change for change in self.changes if change.of_clock)

    @property
    def error_ns(self) -> float:
        """A bound on the clocks' part in the error of a one-way delay that was corrected by the middle lines."""
        return max(segment.error_ns for segment in self.segments)

    @property
    def variation_ns(self) -> float:
        """A bound on their part in the error of how such a delay varies: of the skew, and of each step's size."""
        steps = [_step_error_ns(self.exchanges, change) for change in self.steps]
        return max(segment.tilt_ns for segment in self.segments) + sum(steps)

    @property
    def neighbours_ns(self) -> float:
        """The same from one packet to the next."""
        gaps = np.diff(self.exchanges.times)
        usual = float(np.median(gaps)) if len(gaps) else 0.0
        return max(segment.skew.half_width for segment in self.segments) * usual + self.exchanges.resolution_ns


def relate(columns: Columns, known: Beforehand, engine: Kernels | None = None) -> Relation | None:
    """Return what one pair's packets and what is known beforehand say of its two clocks; None when no packet came back."""
    seen, passes = exchanges(columns), engine or kernels()
    if seen is None:
        return None
    windows, edges = seen.windows(), seen.window_edges()
    noise = NOISE_NS + seen.resolution_ns
    found = tuple(changes(windows, noise, passes))
    segments: list[Segment] = []
    for first, until in _stretches(found, len(windows)):
        last = seen.windows_before(first, until)
        segment = _segment(seen, windows.part(first, last), (int(edges[first]), int(edges[last])), known, passes)
        if isinstance(segment, str):
            return Relation(seen, (), found, segment)
        segments.append(segment)
    return Relation(seen, tuple(segments), found)


def _stretches(found: Sequence[Change], count: int) -> list[tuple[int, int]]:
    edges = [0, *(edge for change in found for edge in (change.first, change.last)), count]
    return list(zip(edges[::2], edges[1::2], strict=True))


def _segment(seen: Exchanges, windows: Windows, packets: tuple[int, int], known: Beforehand, engine: Kernels) -> Segment | str:
    first, last = packets
    times = seen.times[first:last]
    ends = [float(times[0]), float(times[-1])]
    possible = Range(-MOST_SKEW - seen.drift, MOST_SKEW - seen.drift)
    floors = _floors(windows, NOISE_NS + seen.resolution_ns, engine)
    slopes = _skew(floors, possible) if floors else None
    slack = float(known.least_ns - seen.resolution_ns - 1)
    roof = Points(times, seen.forward[first:last] - slack)
    ground = Points(times, slack - seen.reverse[first:last])
    found = strip(roof, ground, slopes, engine) if slopes else None
    skew_known = found is not None
    found = found or strip(roof, ground, possible, engine)
    if found is None:
        return TOO_SHORT if np.min(seen.forward[first:last] + seen.reverse[first:last]) < 2 * slack else UNSTEADY
    for at_ends, refused in ((_claims(seen, known, ends), CLAIM_BROKEN), (_symmetry(floors, known, ends), NOT_SYMMETRIC)):
        if at_ends is None:
            continue
        found = strip(
            found.roof.with_points(ends, [bound.high for bound in at_ends]),
            found.ground.with_points(ends, [bound.low for bound in at_ends]),
            found.slopes,
            engine,
        )
        if found is None:
            return refused
    return _as_seen(seen, found, packets, ends, skew_known)


def _as_seen(seen: Exchanges, found: Strip, packets: tuple[int, int], ends: list[float], skew_known: bool) -> Segment:
    """The same in the terms of the two clocks: the drift that was taken off the delays before is put back."""
    start, end = (_moved(found.at(time), seen.drift * time) for time in ends)
    return Segment(packets[0], packets[1], ends[0], ends[1], start, end, _moved(found.slopes, seen.drift), skew_known)


def _moved(bounds: Range, by: float) -> Range:
    return Range(bounds.low + by, bounds.high + by)


def _claims(seen: Exchanges, known: Beforehand, ends: list[float]) -> list[Range] | None:
    if known.clocks_ns is None:
        return None
    return [_moved(Range(-known.clocks_ns, known.clocks_ns), -seen.offset_ns - seen.drift * time) for time in ends]


def _symmetry(floors: tuple[Strip, Strip] | None, known: Beforehand, ends: list[float]) -> list[Range] | None:
    if not known.symmetric or floors is None:
        return None
    there, back = ([floor.at(time) for time in ends] for floor in floors)
    return [Range((one.low - other.high) / 2, (one.high - other.low) / 2) for one, other in zip(there, back, strict=True)]


def _floors(windows: Windows, noise_ns: float, engine: Kernels) -> tuple[Strip, Strip] | None:
    """The lines that each direction's floor may be; None where a stretch is too short to tell."""
    if len(windows) < 2 * FEWEST_WINDOWS:
        return None
    there, back = (_floor(points, noise_ns, engine) for points in (windows.forward, windows.reverse))
    return None if there is None or back is None else (there, back)


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


def _skew(floors: tuple[Strip, Strip], possible: Range) -> Range | None:
    """What both directions' floors agree on, None where they do not: a path changed meanwhile."""
    there, back = floors[0].slopes, floors[1].slopes
    agreed = there.common(Range(-back.high, -back.low))
    return agreed.common(possible) if agreed else None


def _step_error_ns(seen: Exchanges, change: Change) -> float:
    return abs(change.forward_ns + change.reverse_ns) / 2 + NOISE_NS + seen.resolution_ns
