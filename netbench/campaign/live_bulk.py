"""Throughput over live links: one corridor at a time, both ways, at most as fast as the inventory allows."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from netbench.archive.writer import RunWriter
from netbench.campaign.condition import Condition
from netbench.campaign.schedule import TEST_INTERVAL_NS
from netbench.campaign.sinks import Both, Renumbered
from netbench.clock import NANOSECONDS_PER_SECOND
from netbench.errors import NetbenchError
from netbench.linux.hostload import HostLoad, HostWatch
from netbench.measure import plugins
from netbench.measure.collect import MemorySink
from netbench.measure.probe import Control, Report, Schedule
from netbench.measure.sessions import BulkSession, Reached
from netbench.plan.model import DIRECTIONS

RAMP_UP_NS = NANOSECONDS_PER_SECOND
"""Left out of every test's figures: TCP finding its rate over a long way."""
SET_UP_NS = NANOSECONDS_PER_SECOND


@dataclass(frozen=True, slots=True)
class Bulk:
    """What the bulk tests brought: samples by the number of the corridor, why others have none, and how the host fared."""

    corridors: tuple[str, ...]
    memory: MemorySink
    not_measured: dict[str, str]
    conditions: dict[str, Condition]
    hosts: tuple[HostLoad, ...]
    evidence: dict[str, bytes]


def seconds(reached: Sequence[Reached], duration_ns: int) -> float:
    """Return what all tests take, about."""
    tests = len(DIRECTIONS) * sum(each.bulk is not None for each in reached)
    return tests * (duration_ns + RAMP_UP_NS + SET_UP_NS) / NANOSECONDS_PER_SECOND


def measure_bulk(reached: Sequence[Reached], duration_ns: int, writer: RunWriter, control: Control) -> Bulk:
    """Test every corridor that may be tested, for ``duration_ns`` each way; the others say why not."""
    corridors = tuple(each.corridor for each in reached)
    brought = Bulk(corridors, MemorySink(), {each.corridor: each.no_bulk for each in reached if each.no_bulk}, {}, (), {})
    tested = [each for each in reached if each.bulk is not None]
    if not tested:
        return brought
    sink = Both(writer.sink("iperf3", corridors), brought.memory)
    hosts: list[HostLoad] = []
    for each in tested:
        assert each.bulk is not None
        with HostWatch() as watch:
            report = _test(each.bulk, duration_ns, Renumbered(sink, [corridors.index(each.corridor)]), control)
        hosts.append(watch.load)
        brought.conditions[each.corridor] = Condition(0, 0, None, watch.load)
        brought.not_measured.update(report.not_measured)
        brought.evidence.update(report.evidence)
    return Bulk(corridors, brought.memory, brought.not_measured, brought.conditions, tuple(hosts), brought.evidence)


def _test(bulk: BulkSession, duration_ns: int, sink: Renumbered, control: Control) -> Report:
    probe_class: Any = plugins.probe("iperf3")
    parameters = probe_class.Parameters(turns=DIRECTIONS, omit_ns=RAMP_UP_NS, rate_bps=bulk.rate_bps)
    schedule = Schedule(TEST_INTERVAL_NS, max(1, duration_ns // TEST_INTERVAL_NS))
    try:
        report: Report = probe_class(parameters).measure([bulk.pair], schedule, sink, control)
    except NetbenchError as error:
        return Report(not_measured={bulk.pair.id: str(error)})
    return report
