"""The three times a campaign measures: its links, the corridors' delay, their throughput."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from netbench.archive.writer import RunWriter
from netbench.campaign.schedule import RAMP_UP_NS, BulkTest, TimeTable
from netbench.campaign.sinks import Both, Renumbered
from netbench.errors import CannotMeasureError
from netbench.measure import plugins
from netbench.measure.collect import MemorySink
from netbench.measure.network import Network
from netbench.measure.probe import Control, Pair, Report, Schedule
from netbench.measure.samples import Sink
from netbench.plan.model import Link, Plan


@dataclass(frozen=True, slots=True)
class Measured:
    """What one phase brought: samples by pair number (the index into ``pairs``) and the probe's report."""

    pairs: tuple[str, ...]
    memory: MemorySink
    report: Report


def measure_links(network: Network, links: Sequence[Link], schedule: Schedule, writer: RunWriter, control: Control) -> Measured:
    """Measure the delay of every link at once, between its two ends."""
    pairs = [Pair(link.id, *network.link_ends(link.id)) for link in links]
    return _measure_delay("calibration", pairs, schedule, writer, control)


def measure_latency(
    network: Network, plan: Plan, corridors: Sequence[str], schedule: Schedule, writer: RunWriter, control: Control
) -> Measured:
    """Measure the delay of every corridor at once."""
    pairs = [corridor_pair(network, plan, name) for name in corridors]
    return _measure_delay("stamp", pairs, schedule, writer, control)


def measure_throughput(
    network: Network, plan: Plan, corridors: Sequence[str], table: TimeTable, writer: RunWriter, control: Control
) -> Measured:
    """Measure throughput round by round; tests of one round share no link."""
    memory = MemorySink()
    sink = Both(writer.sink("iperf3", corridors), memory)
    reports = [
        _measure_round(network, plan, corridors, tests, table.throughput, sink, control)
        for tests in table.rounds
        if not control.stopped
    ]
    for report in reports:
        _keep_evidence(writer, report)
    return Measured(tuple(corridors), memory, _merged(reports))


def corridor_pair(network: Network, plan: Plan, name: str) -> Pair:
    """Return the pair of vantages that a corridor is measured between."""
    corridor = plan.corridors[name]
    return Pair(name, network.vantage(corridor.source), network.vantage(corridor.destination))


def _measure_delay(name: str, pairs: Sequence[Pair], schedule: Schedule, writer: RunWriter, control: Control) -> Measured:
    names = tuple(pair.id for pair in pairs)
    memory = MemorySink()
    probe = plugins.probe("stamp")()
    report = probe.measure(pairs, schedule, Both(writer.sink(name, names), memory), control)
    _keep_evidence(writer, report, prefix=f"{name}-")
    return Measured(names, memory, report)


def _measure_round(
    network: Network,
    plan: Plan,
    corridors: Sequence[str],
    tests: Sequence[BulkTest],
    schedule: Schedule,
    sink: Sink,
    control: Control,
) -> Report:
    probe_class: Any = plugins.probe("iperf3")
    probe = probe_class(probe_class.Parameters(turns=(tests[0].direction,), omit_ns=RAMP_UP_NS))
    pairs = [corridor_pair(network, plan, test.corridor) for test in tests]
    numbered = Renumbered(sink, [corridors.index(pair.id) for pair in pairs])
    try:
        report: Report = probe.measure(pairs, schedule, numbered, control)
    except CannotMeasureError as error:
        # one round that failed altogether is told per corridor; the other rounds still count
        return Report(not_measured={pair.id: str(error) for pair in pairs})
    return report


def _keep_evidence(writer: RunWriter, report: Report, prefix: str = "") -> None:
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
