"""Trains over links that follow a trace: each within one step tells that step's rate."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

import numpy as np

from netbench.analysis.quantiles import ranks
from netbench.analysis.trains import FULL_FRAME_BITS, SLOPE_POINTS, Train, offered_rate_bps, slope
from netbench.campaign.certificate import FEWEST_TRAINS, RATE_TOLERANCE, Item, Kind, Standing
from netbench.campaign.condition import LATE_SHARE_OF_RATE
from netbench.campaign.schedule import ROUND_LOAD_BPS
from netbench.campaign.trace_items import AROUND_A_STEP_NS, Followed, median_of
from netbench.campaign.trace_steps import Steps, rates_bps, shortest_step_ns
from netbench.campaign.train_rounds import CERTAINTY, HELD, LEAVING_OUT, REST_NS, SPREAD_OF_ENDS
from netbench.campaign.train_seeing import SMALLEST_OFFER
from netbench.clock import NANOSECONDS_PER_SECOND
from netbench.plan.model import DIRECTIONS, DirectionName, Link

TRAINS: Final = 20
"""A direction: some begin late in a step and tell nothing."""
SHARE_OF_A_STEP: Final = 0.6
"""As long as a train may last at the trace's highest rate."""
OUT_OF_STEP: Final = 0.38
"""Of a step, between trains: so that they do not all begin at the same place of theirs."""
LONGEST_OUT_OF_STEP_NS: Final = 100_000_000
FEWEST_FRAMES: Final = 5
LARGEST_BLUR: Final = 0.05
"""Of one train, by jitter at its two ends."""
LARGE_ERROR: Final = 0.1
"""Of a train's rate; of the middle half of all trains none is so far off."""
QUARTILES: Final = (Fraction(1, 4), Fraction(3, 4))


@dataclass(frozen=True, slots=True)
class TraceTest:
    """The trains over one direction: ``frames`` each, sent back to back."""

    link: str
    direction: DirectionName
    frames: int
    rate_bps: int
    interval_ns: int
    timeout_ns: int


def trace_rounds(links: Iterable[Link]) -> tuple[tuple[TraceTest, ...], ...]:
    """Return the tests of every direction whose trace changes its rate, as many in a round as the machine carries at once."""
    rounds: list[list[TraceTest]] = []
    for test in [test for link in links for way in DIRECTIONS if (test := _test(link, way))]:
        home = next((each for each in rounds if sum(other.rate_bps for other in each) + test.rate_bps <= ROUND_LOAD_BPS), None)
        if home is None:
            rounds.append([test])
        else:
            home.append(test)
    return tuple(tuple(each) for each in rounds)


def _test(link: Link, direction: DirectionName) -> TraceTest | None:
    trace = link.trace.towards(direction)
    if trace is None or all(point.rate_bps is None for point in trace.points):
        return None
    rate_bps = max(1, int(rates_bps(link, direction, trace).max()) // link.rate_scale)
    queue_ns, step_ns = link.queue_ns.towards(direction), shortest_step_ns(trace)
    lasting_ns = min(HELD * queue_ns, SHARE_OF_A_STEP * step_ns)
    delay_ns = max([link.delay_ns.towards(direction), *(point.delay_ns or 0 for point in trace.points)])
    return TraceTest(
        link=link.id,
        direction=direction,
        frames=max(FEWEST_FRAMES, math.ceil(lasting_ns * rate_bps / (FULL_FRAME_BITS * NANOSECONDS_PER_SECOND))),
        rate_bps=rate_bps,
        interval_ns=queue_ns + REST_NS + int(OUT_OF_STEP * min(step_ns, LONGEST_OUT_OF_STEP_NS)),
        timeout_ns=delay_ns + link.jitter_ns.towards(direction) + queue_ns + 50_000_000,
    )


@dataclass(frozen=True, slots=True)
class _Told:
    """One train's rate as a share of what was asked, and by how much of it jitter may have moved it."""

    share: float
    blur: float


def rate_by_trace(followed: Followed, trains: Sequence[Train]) -> Item:
    """Return what is said of the rate: the median, over trains that a step held whole, of what they got of what it asks."""
    told = [found for train in trains if (found := _told(followed, train))]
    got = median_of("link_rate", followed.direction, "1", [each.share for each in told])
    blur = CERTAINTY * math.sqrt(sum(each.blur**2 for each in told)) / max(1, len(told))
    tolerance = RATE_TOLERANCE + blur
    if got.count < FEWEST_TRAINS or got.value is None:
        reason = (
            f"{got.count} of {len(trains)} trains were sent fast enough and within one step of its trace, too few to judge a rate"
        )
        return Item(Kind.TRACED_RATE, followed.direction, 1.0, got, tolerance, Standing.UNMEASURABLE, reason)
    wild = any(abs(quartile - 1) > LARGE_ERROR + blur for quartile in _quartiles([each.share for each in told]))
    if abs(got.value - 1) <= tolerance and not wild:
        return Item(Kind.TRACED_RATE, followed.direction, 1.0, got, tolerance, Standing.FAITHFUL)
    saturated = followed.fared.unfit(LATE_SHARE_OF_RATE)
    standing = Standing.UNMEASURABLE if saturated else Standing.OFF
    reason = saturated or f"of what its trace asked when each of {got.count} trains was sent"
    return Item(Kind.TRACED_RATE, followed.direction, 1.0, got, tolerance, standing, reason)


def _told(followed: Followed, train: Train) -> _Told | None:
    if len(train.sent_ns) < FEWEST_FRAMES:
        return None
    steps = followed.steps(train.sent_ns[:1] - followed.began_ns)
    rate_bps, offered_bps = int(steps.rate_bps[0]), offered_rate_bps(train, FULL_FRAME_BITS, len(train.sent_ns))
    if not followed.sure(steps)[0] or offered_bps is None or offered_bps < SMALLEST_OFFER * rate_bps:
        return None
    frame_ns = FULL_FRAME_BITS * NANOSECONDS_PER_SECOND / rate_bps
    last = _last_held(followed, train, steps, frame_ns)
    first = int(LEAVING_OUT * last)
    if last - first < FEWEST_FRAMES - 1:
        return None
    blur = SPREAD_OF_ENDS * followed.link.jitter_ns.towards(followed.direction) / ((last - first) * frame_ns)
    found_ns = _frame_ns(train, first, last)
    return None if found_ns is None or blur > LARGEST_BLUR else _Told(frame_ns / found_ns, blur)


def _frame_ns(train: Train, first: int, last: int) -> float | None:
    """How long a frame took of the wire between two of the train; None where too few of them arrived."""
    kept = np.flatnonzero((train.index >= first) & (train.index <= last))
    if len(kept) < FEWEST_FRAMES:
        return None
    some = kept[np.unique(np.linspace(0, len(kept) - 1, SLOPE_POINTS).round().astype(np.int64))]
    found_ns, _, _ = slope(train.index[some], train.arrived_ns[some])
    return found_ns if found_ns > 0 else None


def _last_held(followed: Followed, train: Train, steps: Steps, frame_ns: float) -> int:
    """The last packet that the queue surely held and that left it before the step ended."""
    left_ns = int(steps.left_ns[0]) - AROUND_A_STEP_NS
    held_ns = HELD * followed.link.queue_ns.towards(followed.direction)
    sent_in_step = int(np.count_nonzero(train.sent_ns < train.sent_ns[0] + left_ns))
    return min(int(min(held_ns, left_ns) / frame_ns), sent_in_step - 1, train.unbroken - 1)


def _quartiles(values: Sequence[float]) -> list[float]:
    ordered = sorted(values)
    return [ordered[ranks(len(ordered), quartile).value - 1] for quartile in QUARTILES]
