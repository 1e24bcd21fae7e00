"""How far two clocks are apart, from packets that went both ways between them.

The far clock's offset from this one is a straight line in time between two steps (``netbench.analysis.steps``). What is known of
it in each stretch (``segments``) gives two things: a bound, and the line by which delays are corrected. Where a path changed and
no clock was stepped, one line goes through all stretches, so that a correction never makes a delay vary that did not.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final

import numpy as np

from netbench.analysis.engine import Kernels, kernels
from netbench.analysis.exchanges import Exchanges, exchanges
from netbench.analysis.floors import NOISE_NS
from netbench.analysis.segments import CLAIM_BROKEN, NOT_SYMMETRIC, TOO_SHORT, UNSTEADY, Beforehand, Stretch, stretch
from netbench.analysis.steps import Change, changes
from netbench.analysis.strips import Floats, Points, Range, Strip, strip
from netbench.measure.samples import Columns

__all__: Final = ("CLAIM_BROKEN", "NOT_SYMMETRIC", "TOO_SHORT", "UNSTEADY", "Beforehand", "Relation", "Segment", "relate")


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch without a step: packets ``first`` up to ``last`` of the exchanges, between two times.

    The far clock is ahead of this one by the exchanges' ``offset_ns`` and something within ``start`` and ``end`` at these times,
    between them within the straight lines that join their ends. Delays are corrected by the line through ``line``. Its rate is
    off by ``skew``; both directions agree on that where ``skew_known``. ``tilt_ns`` is how far the offset may wander from a
    parallel to that line.
    """

    first: int
    last: int
    start_time: float
    end_time: float
    start: Range
    end: Range
    line: tuple[float, float]
    skew: Range
    skew_known: bool
    tilt_ns: float

    @property
    def error_ns(self) -> float:
        """How far the offset may be from the line."""
        ends = zip(self.line, (self.start, self.end), strict=True)
        return max(max(bound.high - level, level - bound.low) for level, bound in ends)

    def corrections(self, times: Floats) -> Floats:
        """Return the line at some times."""
        span = max(1.0, self.end_time - self.start_time)
        return self.line[0] + (self.line[1] - self.line[0]) * (times - self.start_time) / span


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
        """A bound on the clocks' part in the error of a one-way delay that was corrected."""
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
    found = tuple(changes(windows, NOISE_NS + seen.resolution_ns, passes))
    stretches: list[Stretch] = []
    for first, until in _between(found, len(windows)):
        last = seen.windows_before(first, until)
        each = stretch(seen, windows.part(first, last), (int(edges[first]), int(edges[last])), known, passes)
        if isinstance(each, str):
            return Relation(seen, (), found, each)
        stretches.append(each)
    return Relation(seen, tuple(_segments(seen, stretches, found, passes)), found)


def _between(found: Sequence[Change], count: int) -> list[tuple[int, int]]:
    edges = [0, *(edge for change in found for edge in (change.first, change.last)), count]
    return list(zip(edges[::2], edges[1::2], strict=True))


def _segments(seen: Exchanges, stretches: Sequence[Stretch], found: Sequence[Change], engine: Kernels) -> list[Segment]:
    """The stretches with their lines, which those between the same two steps of a clock share."""
    steps = np.cumsum([0, *(change.of_clock for change in found)]).tolist()
    numbered = groupby(zip(steps, stretches, strict=True), key=lambda each: each[0])
    groups = ([each for _, each in members] for _, members in numbered)
    return [segment for group in groups for segment in _corrected(seen, group, engine)]


def _corrected(seen: Exchanges, group: Sequence[Stretch], engine: Kernels) -> list[Segment]:
    shared = _shared(group, engine)
    if shared is None:
        return [
            _segment(seen, each, _middle(each.offsets, each.ends), _tilt_ns(each.offsets, each.ends) + _apart(group))
            for each in group
        ]
    whole = group[0].ends[0], group[-1].ends[1]
    first, last = _middle(shared, whole)
    slope = (last - first) / max(1.0, whole[1] - whole[0])
    lines = [(first + slope * (each.ends[0] - whole[0]), first + slope * (each.ends[1] - whole[0])) for each in group]
    tilt_ns = _tilt_ns(shared, whole)
    return [_segment(seen, each, line, tilt_ns) for each, line in zip(group, lines, strict=True)]


def _shared(group: Sequence[Stretch], engine: Kernels) -> Strip | None:
    """The lines that all stretches of a group allow; None when there is none: then something else than a path changed too."""
    if len(group) == 1:
        return group[0].offsets
    roof, ground = (
        Points(np.concatenate([points.times for points in parts]), np.concatenate([points.levels for points in parts]))
        for parts in ([each.offsets.roof for each in group], [each.offsets.ground for each in group])
    )
    slopes = Range(max(each.offsets.slopes.low for each in group), min(each.offsets.slopes.high for each in group))
    return strip(roof, ground, slopes, engine) if slopes.low <= slopes.high else None


def _middle(lines: Strip, ends: tuple[float, float]) -> tuple[float, float]:
    return lines.at(ends[0]).middle, lines.at(ends[1]).middle


def _tilt_ns(lines: Strip, ends: tuple[float, float]) -> float:
    return lines.slopes.half_width * (ends[1] - ends[0]) / 2


def _apart(group: Sequence[Stretch]) -> float:
    """How far lines that are not shared may be off against each other."""
    return sum(max(bound.half_width for bound in each.bounds) for each in group)


def _segment(seen: Exchanges, each: Stretch, line: tuple[float, float], tilt_ns: float) -> Segment:
    """A stretch in the terms of the two clocks: the drift that was taken off the delays before is put back."""
    drifted = [seen.drift * time for time in each.ends]
    start, end = (Range(bound.low + by, bound.high + by) for bound, by in zip(each.bounds, drifted, strict=True))
    skew = Range(each.offsets.slopes.low + seen.drift, each.offsets.slopes.high + seen.drift)
    levels = line[0] + drifted[0], line[1] + drifted[1]
    return Segment(each.first, each.last, *each.ends, start, end, levels, skew, each.skew_known, tilt_ns)


def _step_error_ns(seen: Exchanges, change: Change) -> float:
    return abs(change.forward_ns + change.reverse_ns) / 2 + NOISE_NS + seen.resolution_ns
