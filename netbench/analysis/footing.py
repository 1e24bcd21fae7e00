"""What may be said of each direction alone, measured between two clocks: the rules.

1. One clock at both ends: everything, exactly.
2. ``bounded``: one-way delays, each with the clocks' error as a bound. The two clocks claim to be synchronised, or the plan says
   how long light needs, or that both ways are the same; and together that leaves less than three quarters of the range that the
   round trip alone leaves (either way may have taken all of it). Where it leaves more, the delay is not shown, and its bounds
   still decide what they can decide.
3. ``variation``: one-way delays are not given. How a direction's delays vary is, since a constant offset takes no part in it:
   corrected for skew and steps, with what both leave open as a bound. So it is where nothing bounds the offset, or where what is
   claimed contradicts itself: then the one-way delay is void, being below theory by one of the claims.
4. ``refused``: nothing about a direction, since no steady clock explains the delays. The round trip stays.

Delays are corrected by one line between two steps of a clock, the middle of what is known there. A packet that may have been
under way at a step has no delay.
"""

import math
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from typing import Final

import numpy as np
import numpy.typing as npt

from netbench.analysis.clocks import Beforehand, Relation, relate
from netbench.analysis.engine import Kernels
from netbench.analysis.steps import Change
from netbench.analysis.strips import Floats, Range
from netbench.measure.samples import Column, Columns

Integers = npt.NDArray[np.int64]
Places = npt.NDArray[np.intp]
Flags = npt.NDArray[np.bool_]

WIDEST_SHARE: Final = 0.75

NOT_BOUNDED: Final = (
    "the far end's clock is not known to agree with this one, so a one-way delay would be as wrong as the clocks are apart; "
    "the round trip and the variation of each direction need no common clock"
)
TOO_WIDE: Final = (
    "what is known of the two clocks and of the path hardly bounds a one-way delay better than the round trip does; "
    "synchronise both clocks"
)


class Footing(StrEnum):
    """On what a figure of one direction stands."""

    BOUNDED = "bounded"
    VARIATION = "variation"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class ClockStep:
    """The far clock was put forward by so much against this one, at about this instant of this one's wall clock."""

    at_ns: int
    step_ns: int


@dataclass(frozen=True, slots=True)
class Offset:
    """How far the far clock is ahead, in ns: the middle, and the bounds."""

    value: int
    low: int
    high: int


@dataclass(frozen=True, slots=True)
class ClockFinding:
    """What was found out about the two clocks of one pair, and what that allows.

    ``error_ns`` bounds their part in a one-way delay's error, ``pdv_error_ns`` and ``ipdv_error_ns`` in that of its variation;
    None where nothing does. ``reason`` is why not everything is given. ``contradiction``: what was claimed cannot be true. The
    far clock was ahead by ``offset`` when the session ended, and faster by ``skew``; None where that is not known.
    ``left_out`` packets may have been under way at a step.
    """

    footing: Footing
    reason: str | None
    contradiction: bool
    error_ns: int | None
    pdv_error_ns: int | None
    ipdv_error_ns: int | None
    offset: Offset | None
    skew: Range | None
    steps: tuple[ClockStep, ...]
    left_out: int


def stand(columns: Columns, known: Beforehand, engine: Kernels | None = None) -> tuple[Columns, ClockFinding | None]:
    """Return one pair's packets with each direction corrected as far as may be said, and the finding; None without an answer."""
    relation = relate(columns, known, engine)
    if relation is None:
        return columns, None
    reason = relation.refused
    if reason is not None:
        relation = relate(columns, Beforehand(), engine) or relation
    if relation.refused is not None:
        none = np.zeros(len(relation.exchanges), np.bool_)
        return _with_delays(columns, relation, none), _finding(relation, Footing.REFUSED, reason, contradiction=False)
    contradiction = reason is not None
    reason = reason or _why_not_bounded(relation, known)
    footing = Footing.BOUNDED if reason is None else Footing.VARIATION
    finding = _finding(relation, footing, reason, contradiction=contradiction)
    return _with_delays(columns, relation, _covered(relation)), finding


def _why_not_bounded(relation: Relation, known: Beforehand) -> str | None:
    if not known.bounds_one_way:
        return NOT_BOUNDED
    shortest_ns = float(np.min(relation.exchanges.forward + relation.exchanges.reverse))
    return TOO_WIDE if relation.error_ns > WIDEST_SHARE * shortest_ns / 2 else None


def _finding(relation: Relation, footing: Footing, reason: str | None, *, contradiction: bool) -> ClockFinding:
    bounds, steady = footing is Footing.BOUNDED or reason == TOO_WIDE, footing is not Footing.REFUSED
    skew = relation.segments[-1].skew if steady and relation.segments[-1].skew_known else None
    return ClockFinding(
        footing=footing,
        reason=reason,
        contradiction=contradiction,
        error_ns=_up(relation.error_ns) if bounds else None,
        pdv_error_ns=_up(relation.variation_ns) if steady else None,
        ipdv_error_ns=_up(relation.neighbours_ns) if steady else None,
        offset=_offset(relation) if bounds else None,
        skew=skew,
        steps=_steps(relation),
        left_out=int(np.count_nonzero(~_covered(relation))) if steady else len(relation.exchanges),
    )


def _offset(relation: Relation) -> Offset:
    base_ns, end = relation.exchanges.offset_ns, relation.segments[-1].end
    return Offset(base_ns + round(end.middle), base_ns - _up(-end.low), base_ns + _up(end.high))


def _steps(relation: Relation) -> tuple[ClockStep, ...]:
    sent = relation.exchanges.sent
    return tuple(ClockStep(int(sent[gap.start]), round(change.clock_ns)) for change, gap in _gaps(relation) if change.of_clock)


def _gaps(relation: Relation) -> list[tuple[Change, slice]]:
    """Each change with the packets that belong to neither side of it."""
    pairs = pairwise(relation.segments)
    return [(change, slice(left.last, right.first)) for change, (left, right) in zip(relation.changes, pairs, strict=False)]


def _covered(relation: Relation) -> Flags:
    covered = np.zeros(len(relation.exchanges), np.bool_)
    for segment in relation.segments:
        covered[segment.first : segment.last] = True
    return covered


def _with_delays(columns: Columns, relation: Relation, covered: Flags) -> Columns:
    """The columns with a delay each way for the packets that are ``covered`` and for no others; round trips stay."""
    seen = relation.exchanges
    offsets = seen.offset_ns + np.rint(_middles(relation)).astype(np.int64)
    rows, count = seen.rows[covered], len(columns["sequence"])
    forward, reverse = (np.ma.getdata(columns[name])[seen.rows].astype(np.int64) for name in ("forward_ns", "reverse_ns"))
    whole = np.flatnonzero(~_around_steps(relation))
    return dict(columns) | {
        "forward_ns": _masked(count, rows, (forward - offsets)[covered]),
        "reverse_ns": _masked(count, rows, (reverse + offsets)[covered]),
        "round_trip_ns": _kept(columns, count, seen.rows[whole], (forward + reverse)[whole]),
    }


def _middles(relation: Relation) -> Floats:
    middles = np.zeros(len(relation.exchanges))
    for segment in relation.segments:
        mine = slice(segment.first, segment.last)
        middles[mine] = segment.corrections(relation.exchanges.times[mine])
    return middles


def _around_steps(relation: Relation) -> Flags:
    """Packets that may have been under way when a clock was stepped: if it was this one, not even their round trip is known."""
    around = np.zeros(len(relation.exchanges), np.bool_)
    for change, gap in _gaps(relation):
        around[gap] = change.of_clock
    return around


def _kept(columns: Columns, count: int, rows: Places, values: Integers) -> Column:
    found = _masked(count, rows, values)
    before = columns.get("round_trip_ns")
    if before is None:
        return found
    lacking = np.ma.getmaskarray(found)
    data = np.where(lacking, np.ma.getdata(before), np.ma.getdata(found))
    return np.ma.MaskedArray(data, mask=lacking & np.ma.getmaskarray(before))


def _masked(count: int, rows: Places, values: Integers) -> Column:
    data, mask = np.zeros(count, np.int64), np.ones(count, np.bool_)
    data[rows], mask[rows] = values, False
    return np.ma.MaskedArray(data, mask=mask)


def _up(value_ns: float) -> int:
    return math.ceil(value_ns)
