"""One stretch between two steps: how far the far clock is ahead of this one, from three kinds of knowledge.

- Causality: no packet took less than light needs. Every packet there bounds the offset from above, every one back from below.
  This is always used, and it alone cannot tell a longer way there from a clock that is ahead.
- The errors that both clocks claim, where both are synchronised.
- Symmetry, where the plan declares that both ways take the same path: then the floors of both directions are equally high.

Times and levels are those of the exchanges: the rough offset and drift are taken off them.
"""

from dataclasses import dataclass, field
from typing import Final

import numpy as np

from netbench.analysis.engine import Kernels
from netbench.analysis.exchanges import MOST_SKEW, Exchanges
from netbench.analysis.floors import NOISE_NS, Floors, floors
from netbench.analysis.steps import Windows
from netbench.analysis.strips import Points, Range, Strip, strip

TOO_SHORT: Final = "light needs longer than the round trip took: a coordinate or a clock's rate is wrong"
UNSTEADY: Final = "no steady clock explains the delays: one of the two was stepped or slewed too often to tell"
CLAIM_BROKEN: Final = "a clock that claims to be right is wrong: packets would have been faster than light"
NOT_SYMMETRIC: Final = "the plan declares the path symmetric, and the delays both ways say that it is not"


@dataclass(frozen=True, slots=True)
class Beforehand:
    """What is known before a packet is sent: light's one-way delay at least, and perhaps more.

    ``clocks_ns`` is how far the two clocks can be apart by their own claims, None where either claims nothing. ``stamps_ns``
    bounds what timestamping adds to a one-way delay, which may be more on one way than on the other.
    """

    least_ns: int = 0
    symmetric: bool = False
    clocks_ns: int | None = None
    stamps_ns: int = 0

    @property
    def bounds_one_way(self) -> bool:
        """Whether more is known of the one-way delay than that it is a part of the round trip."""
        return self.least_ns > 0 or self.symmetric or self.clocks_ns is not None


@dataclass(frozen=True, slots=True)
class Stretch:
    """Packets ``first`` up to ``last`` of the exchanges, between two ``ends`` in time, without a step of a clock.

    The offset is one of the lines of ``offsets``. Both directions agree on its slope where ``skew_known``.
    """

    first: int
    last: int
    ends: tuple[float, float]
    offsets: Strip
    skew_known: bool
    bounds: tuple[Range, Range] = field(init=False)

    def __post_init__(self) -> None:
        """Bound the offset at both ends; between them it lies within the straight lines that join the bounds'."""
        object.__setattr__(self, "bounds", tuple(self.offsets.at(time) for time in self.ends))


def stretch(seen: Exchanges, windows: Windows, packets: tuple[int, int], known: Beforehand, engine: Kernels) -> Stretch | str:
    """Return what is known of the offset during some packets, or the sentence why nothing that fits all that is known."""
    part = slice(*packets)
    ends = float(seen.times[part][0]), float(seen.times[part][-1])
    lines, skew_known = _by_light(
        seen, part, floors_here := floors(windows, NOISE_NS + seen.resolution_ns, engine), known, engine
    )
    if lines is None:
        too_short = np.min(seen.forward[part] + seen.reverse[part]) < 2 * _slack(seen, known)
        return TOO_SHORT if too_short else UNSTEADY
    for bounds, contradicted in (
        (_claims(seen, known, ends), CLAIM_BROKEN),
        (_symmetry(floors_here, known, ends), NOT_SYMMETRIC),
    ):
        lines = lines if bounds is None else narrowed(lines, ends, bounds, engine)
        if lines is None:
            return contradicted
    return Stretch(*packets, ends, lines, skew_known)


def narrowed(lines: Strip, times: tuple[float, float], bounds: tuple[Range, Range], engine: Kernels) -> Strip | None:
    """Return those of some lines that are within bounds at two times; None when there is none."""
    roof = lines.roof.with_points(list(times), [bound.high for bound in bounds])
    ground = lines.ground.with_points(list(times), [bound.low for bound in bounds])
    return strip(roof, ground, lines.slopes, engine)


def _by_light(
    seen: Exchanges, part: slice, known_floors: Floors | None, known: Beforehand, engine: Kernels
) -> tuple[Strip | None, bool]:
    """The lines that causality leaves, and whether both directions agree on their slope."""
    slack, times = _slack(seen, known), seen.times[part]
    roof, ground = Points(times, seen.forward[part] - slack), Points(times, slack - seen.reverse[part])
    possible = Range(-MOST_SKEW - seen.drift, MOST_SKEW - seen.drift)
    agreed = known_floors.skew if known_floors else None
    slopes = agreed.common(possible) if agreed else None
    found = strip(roof, ground, slopes, engine) if slopes else None
    return (found, True) if found else (strip(roof, ground, possible, engine), False)


def _slack(seen: Exchanges, known: Beforehand) -> float:
    """What light needs, less what a far clock that is read coarsely may be off by, and the nanosecond that rounding takes."""
    return float(known.least_ns - seen.resolution_ns - 1)


def _claims(seen: Exchanges, known: Beforehand, ends: tuple[float, float]) -> tuple[Range, Range] | None:
    if known.clocks_ns is None:
        return None
    rough = (seen.offset_ns + seen.drift * time for time in ends)
    first, last = (Range(-known.clocks_ns - each, known.clocks_ns - each) for each in rough)
    return first, last


def _symmetry(known_floors: Floors | None, known: Beforehand, ends: tuple[float, float]) -> tuple[Range, Range] | None:
    if not known.symmetric or known_floors is None:
        return None
    stamps = known.stamps_ns / 2
    halves = (known_floors.half_difference(time) for time in ends)
    first, last = (Range(half.low - stamps, half.high + stamps) for half in halves)
    return first, last
