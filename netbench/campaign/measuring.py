"""The three times a campaign measures: its links, the corridors' delay, their throughput."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from netbench.archive.writer import RunWriter
from netbench.campaign.condition import Condition, condition
from netbench.campaign.schedule import RAMP_UP_NS, BulkTest, TimeTable
from netbench.campaign.sinks import Both, Renumbered
from netbench.errors import CannotMeasureError
from netbench.linux.hostload import HostLoad, HostWatch
from netbench.measure import plugins
from netbench.measure.collect import MemorySink
from netbench.measure.network import Network
from netbench.measure.probe import Control, Pair, Report, Schedule
from netbench.measure.samples import Sink
from netbench.plan.model import Link, Plan, Route


@dataclass(frozen=True, slots=True)
class Measured:
    """What one phase brought: samples by pair number (the index into ``pairs``) and the probe's report."""

    pairs: tuple[str, ...]
    memory: MemorySink
    report: Report


@dataclass(frozen=True, slots=True)
class Throughput:
    """What the bulk tests brought, how the instrument fared during each, and how busy the host was in every round."""

    measured: Measured
    conditions: Mapping[BulkTest, Condition]
    hosts: tuple[HostLoad, ...] = ()


@dataclass(frozen=True, slots=True)
class Bench:
    """Where measuring happens: a network that stands, the plan it is built from, the archive, and how to be told to stop."""

    network: Network
    plan: Plan
    writer: RunWriter
    control: Control


def measure_links(bench: Bench, links: Sequence[Link], schedule: Schedule, name: str = "calibration") -> Measured:
    """Measure the delay of every link at once, between its two ends."""
    return _measure_delay(bench, name, [Pair(link.id, *bench.network.link_ends(link.id)) for link in links], schedule)


def measure_latency(bench: Bench, corridors: Sequence[str], schedule: Schedule) -> Measured:
    """Measure the delay of every corridor at once."""
    return _measure_delay(bench, "stamp", [_corridor_pair(bench, name) for name in corridors], schedule)


def measure_throughput(bench: Bench, routes: Mapping[str, Route], table: TimeTable) -> Throughput:
    """Measure throughput round by round; tests of one round share no link."""
    corridors = tuple(routes)
    memory = MemorySink()
    sink = Both(bench.writer.sink("iperf3", corridors), memory)
    conditions: dict[BulkTest, Condition] = {}
    reports: list[Report] = []
    hosts: list[HostLoad] = []
    for tests in table.rounds:
        before = bench.network.health()
        numbered = Renumbered(sink, [corridors.index(test.corridor) for test in tests])
        with HostWatch() as watch:
            reports.append(_measure_round(bench, tests, table.throughput, numbered))
        after = bench.network.health()
        hosts.append(watch.load)
        conditions |= {test: condition(routes[test.corridor].links, before, after, watch.load) for test in tests}
    return Throughput(Measured(corridors, memory, _merged(reports)), conditions, tuple(hosts))


def no_throughput(corridors: Sequence[str], reason: str) -> Throughput:
    """Return what bulk tests bring that were not made."""
    return Throughput(
        Measured(corridors := tuple(corridors), MemorySink(), Report(not_measured=dict.fromkeys(corridors, reason))), {}
    )


def _corridor_pair(bench: Bench, name: str) -> Pair:
    corridor = bench.plan.corridors[name]
    return Pair(name, bench.network.vantage(corridor.source), bench.network.vantage(corridor.destination))


def _measure_delay(bench: Bench, name: str, pairs: Sequence[Pair], schedule: Schedule) -> Measured:
    names = tuple(pair.id for pair in pairs)
    memory = MemorySink()
    probe = plugins.probe("stamp")()
    report = probe.measure(pairs, schedule, Both(bench.writer.sink(name, names), memory), bench.control)
    keep_evidence(bench.writer, report, prefix=f"{name}-")
    return Measured(names, memory, report)


def _measure_round(bench: Bench, tests: Sequence[BulkTest], schedule: Schedule, sink: Sink) -> Report:
    pairs = [_corridor_pair(bench, test.corridor) for test in tests]
    probe_class: Any = plugins.probe("iperf3")
    probe = probe_class(probe_class.Parameters(turns=(tests[0].direction,), omit_ns=RAMP_UP_NS))
    try:
        report: Report = probe.measure(pairs, schedule, sink, bench.control)
    except CannotMeasureError as error:
        # one round that failed altogether is told per corridor; the other rounds still count
        return Report(not_measured={pair.id: str(error) for pair in pairs})
    keep_evidence(bench.writer, report)
    return report


def keep_evidence(writer: RunWriter, report: Report, prefix: str = "") -> None:
    """What the probe says of its own work is kept in the run."""
    for name, content in report.evidence.items():
        writer.evidence(prefix + name, content)


def _merged(reports: Sequence[Report]) -> Report:
    return Report(
        timestamps=_union([report.timestamps for report in reports]),
        error_ns=_union([report.error_ns for report in reports]),
        not_measured=_union([report.not_measured for report in reports]),
    )


def _union(mappings: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    return {name: value for mapping in mappings for name, value in mapping.items()}
