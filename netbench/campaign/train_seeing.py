"""Trains over every link, and what they show of its rate and its queue."""

from collections.abc import Mapping, Sequence
from typing import Any

from netbench.analysis.summary import Summary
from netbench.analysis.trains import (
    FULL_FRAME_BITS,
    Train,
    counted_rate_bps,
    held_rate,
    longest_pause_ns,
    longest_wait_ns,
    offered_rate_bps,
    paced_rate_bps,
    quantile_over,
    trains_of,
    usual_wait_ns,
)
from netbench.campaign.certificate import TrainsSeen
from netbench.campaign.condition import Condition, condition
from netbench.campaign.measuring import Bench
from netbench.campaign.sinks import Both, Renumbered, of_pair
from netbench.campaign.train_rounds import TrainRound, TrainTest, train_rounds
from netbench.errors import CannotMeasureError
from netbench.measure import plugins
from netbench.measure.collect import MemorySink
from netbench.measure.probe import Pair
from netbench.measure.samples import PACKETS, Sink
from netbench.plan.model import DirectionName, Link

SMALLEST_OFFER = 1.5
"""A train must be sent at this many times the link's rate: else it is the machine that is measured."""
ENOUGH_FILLED = 1.1
"""Of the queue: a train that would fill no more could not tell a deeper one."""
SHORT_PAUSE = 0.5
"""Of the queue: where the machine stopped sending for longer the queue may have run dry, and the train tells no rate."""
ON_TIME = "p25"
"""Of what trains waited, since a busy machine only makes packets late: a quarter of them must have come through in time."""

Direction = tuple[str, DirectionName]


def measure_trains(bench: Bench, links: Sequence[Link], idle_ns: Mapping[Direction, int]) -> dict[Direction, TrainsSeen]:
    """Return what trains show of every link both ways; ``idle_ns`` is the delay of a packet that does not wait."""
    rounds = train_rounds(links)
    tests = [test for each in rounds for test in each.tests]
    memory = MemorySink()
    sink = Both(bench.writer.sink("trains", [test.name for test in tests]), memory)
    fared: dict[Direction, Condition] = {}
    for each in rounds:
        fared |= _measure_round(bench, each, Renumbered(sink, [tests.index(test) for test in each.tests]))
    packets = memory.columns(PACKETS)
    return {
        (test.link, test.direction): _seen(
            test,
            trains_of(of_pair(packets, number), test.frames),
            (bench.plan.links[test.link].loss_ratio.towards(test.direction), idle_ns[test.link, test.direction]),
            fared[test.link, test.direction],
        )
        for number, test in enumerate(tests)
    }


def _measure_round(bench: Bench, train_round: TrainRound, sink: Sink) -> dict[Direction, Condition]:
    tests = train_round.tests
    before = bench.network.health()
    probe_class: Any = plugins.probe("trains")
    parameters = probe_class.Parameters(
        frames=tuple(test.frames for test in tests),
        burst=tuple(test.burst for test in tests),
        pace_ns=tuple(test.pace_ns for test in tests),
        timeout_ns=train_round.timeout_ns,
    )
    report = probe_class(parameters).measure([_pair(bench, test) for test in tests], train_round.schedule, sink, bench.control)
    if report.not_measured:
        raise CannotMeasureError("; ".join(f"link {name}: {reason}" for name, reason in report.not_measured.items()))
    for name, content in report.evidence.items():
        bench.writer.evidence(f"calibration-{name}", content)
    after = bench.network.health()
    return {(test.link, test.direction): condition([test.link], before, after) for test in tests}


def _pair(bench: Bench, test: TrainTest) -> Pair:
    a, b = bench.network.link_ends(test.link)
    return Pair(test.name, a, b) if test.direction == "forward" else Pair(test.name, b, a)


def _seen(test: TrainTest, trains: Sequence[Train], link: tuple[float, int], fared: Condition) -> TrainsSeen:
    loss_ratio, idle_ns = link
    offers = {train: offered_rate_bps(train, FULL_FRAME_BITS, test.burst) for train in trains}
    filling = [train for train, offered in offers.items() if offered and offered >= SMALLEST_OFFER * test.rate_bps]
    overfilling = [train for train in filling if _overfills(test, train, offers[train] or 0)]
    waits_ns = [_wait_ns(test, train, idle_ns) for train in overfilling]
    return TrainsSeen(
        test=test,
        rate=_rate(test, filling, loss_ratio),
        wait=quantile_over("queue", test.direction, ON_TIME, "ns", waits_ns),
        offered=quantile_over("offered_rate", test.direction, "p50", "bit/s", list(offers.values())),
        fared=fared,
    )


def _rate(test: TrainTest, trains: Sequence[Train], loss_ratio: float) -> Summary:
    if not test.paced:
        return held_rate("link_rate", test.direction, trains, FULL_FRAME_BITS, range(test.first, test.last + 1))
    unpaused = [train for train in trains if not _paused(test, train)]
    rates_bps = [counted_rate_bps(train, FULL_FRAME_BITS, loss_ratio) for train in unpaused]
    return quantile_over("link_rate", test.direction, "p50", "bit/s", rates_bps)


def _wait_ns(test: TrainTest, train: Train, idle_ns: int) -> float | None:
    return usual_wait_ns(train, idle_ns, test.burst) if test.paced else longest_wait_ns(train, idle_ns)


def _overfills(test: TrainTest, train: Train, offered_bps: float) -> bool:
    """Whether the burst alone is more than the queue holds, for all that left meanwhile, or a paced train kept it full."""
    if test.paced:
        paced_bps = paced_rate_bps(train, FULL_FRAME_BITS, test.burst)
        return paced_bps is not None and paced_bps >= ENOUGH_FILLED * test.rate_bps and not _paused(test, train)
    return test.burst * (1 - test.rate_bps / offered_bps) * test.frame_ns >= ENOUGH_FILLED * test.queue_ns


def _paused(test: TrainTest, train: Train) -> bool:
    return longest_pause_ns(train) > test.queue_ns * SHORT_PAUSE
