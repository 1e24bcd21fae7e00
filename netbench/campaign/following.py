"""Before the campaign: links that follow a trace do so for some seconds, and prove that they do."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from netbench.analysis.trains import Train, trains_of
from netbench.campaign import measuring
from netbench.campaign.certificate import Item
from netbench.campaign.condition import condition
from netbench.campaign.measuring import Bench, Measured
from netbench.campaign.schedule import trace_schedule
from netbench.campaign.sinks import Both, Renumbered, of_pair
from netbench.campaign.trace_items import Followed, crossings, delay_by_trace, loss_by_trace
from netbench.campaign.trace_trains import TRAINS, TraceTest, rate_by_trace, trace_rounds
from netbench.campaign.train_rounds import SET_UP_NS, SHARE_NS
from netbench.clock import NANOSECONDS_PER_SECOND
from netbench.errors import CannotMeasureError
from netbench.measure import plugins
from netbench.measure.collect import MemorySink
from netbench.measure.probe import Pair, Schedule
from netbench.measure.samples import PACKETS, Sink
from netbench.plan.model import DIRECTIONS, DirectionName, Link

Direction = tuple[str, DirectionName]


def seconds(links: Sequence[Link]) -> float:
    """Return what ``follow`` takes, about."""
    traced = _traced(links)
    if not traced:
        return 0.0
    trains_ns = sum(_schedule(tests).duration_ns + _timeout_ns(tests) + SET_UP_NS for tests in trace_rounds(traced))
    return (trace_schedule(len(traced)).duration_ns + trains_ns) / NANOSECONDS_PER_SECOND


def follow(bench: Bench, links: Sequence[Link]) -> dict[Direction, list[Item]]:
    """Return what is said of every direction that follows a trace; afterwards links are as the plan itself says.

    :raises CannotMeasureError: when a trace was not followed, or nothing could be measured
    """
    traced = _traced(links)
    if not traced:
        return {}
    before, record = bench.network.health(), bench.network.start_traces()
    if record is None:
        return {}
    measured = measuring.measure_links(bench, traced, trace_schedule(len(traced)), "traces")
    trains = _measure_trains(bench, traced)
    after = bench.network.health()
    bench.network.stop_traces()
    late_ns = {place: np.array(late, np.int64) for place, late in record.late_ns.items()}
    return {
        (link.id, way): _items(
            Followed(link, way, trace, record.began.wall_ns, late_ns[link.id, way], condition([link.id], before, after)),
            measured,
            number,
            trains,
        )
        for number, link in enumerate(traced)
        for way in DIRECTIONS
        if (trace := link.trace.towards(way))
    }


def _traced(links: Sequence[Link]) -> tuple[Link, ...]:
    return tuple(link for link in links if link.trace.forward or link.trace.reverse)


def _items(followed: Followed, measured: Measured, number: int, trains: Mapping[Direction, Sequence[Train]]) -> list[Item]:
    seen = crossings(of_pair(measured.memory.columns(PACKETS), number), followed.direction, followed.began_ns)
    items = [delay_by_trace(followed, seen), loss_by_trace(followed, seen)]
    mine = trains.get((followed.link.id, followed.direction))
    return items if mine is None else [*items, rate_by_trace(followed, mine)]


def _measure_trains(bench: Bench, links: Sequence[Link]) -> dict[Direction, Sequence[Train]]:
    rounds = trace_rounds(links)
    tests = [test for each in rounds for test in each]
    if not tests:
        return {}
    memory = MemorySink()
    sink = Both(bench.writer.sink("trace-trains", [f"{test.link} {test.direction}" for test in tests]), memory)
    for each in rounds:
        _measure_round(bench, each, Renumbered(sink, [tests.index(test) for test in each]))
    packets = memory.columns(PACKETS)
    return {(test.link, test.direction): trains_of(of_pair(packets, number), test.frames) for number, test in enumerate(tests)}


def _measure_round(bench: Bench, tests: Sequence[TraceTest], sink: Sink) -> None:
    probe_class: Any = plugins.probe("trains")
    parameters = probe_class.Parameters(frames=tuple(test.frames for test in tests), timeout_ns=_timeout_ns(tests))
    report = probe_class(parameters).measure([_pair(bench, test) for test in tests], _schedule(tests), sink, bench.control)
    if report.not_measured:
        raise CannotMeasureError("; ".join(f"link {name}: {reason}" for name, reason in report.not_measured.items()))
    measuring.keep_evidence(bench.writer, report, prefix="traces-")


def _pair(bench: Bench, test: TraceTest) -> Pair:
    a, b = bench.network.link_ends(test.link)
    ends = (a, b) if test.direction == "forward" else (b, a)
    return Pair(f"{test.link} {test.direction}", *ends)


def _schedule(tests: Sequence[TraceTest]) -> Schedule:
    return Schedule(max([SHARE_NS * len(tests), *(test.interval_ns for test in tests)]), TRAINS)


def _timeout_ns(tests: Sequence[TraceTest]) -> int:
    return max(test.timeout_ns for test in tests)
