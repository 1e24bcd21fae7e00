"""A campaign from beginning to end: prove the network, measure, judge, seal."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from zoneinfo import ZoneInfo

from netbench.archive.writer import RunWriter
from netbench.campaign import building, calibration, figuring, measuring, rows
from netbench.campaign.building import CorridorFindings, Judgement
from netbench.campaign.calibration import LinkCalibration
from netbench.campaign.document import Document
from netbench.campaign.facts import Condition, conditions, corridor_facts
from netbench.campaign.manifest import manifest_facts
from netbench.campaign.measuring import Bench, Measured
from netbench.campaign.observer import Observer
from netbench.campaign.options import CampaignOptions
from netbench.campaign.schedule import TimeTable, time_table
from netbench.campaign.sinks import of_pair
from netbench.clock import NANOSECONDS_PER_SECOND, Clock, Instant
from netbench.measure.network import Network, NetworkOptions
from netbench.measure.probe import Control
from netbench.measure.samples import INTERVALS, PACKETS
from netbench.plan import routing
from netbench.plan.model import Corridor, Layer, Plan, Route
from netbench.verdict.aggregate import corridor_outcome, exit_code, is_conditional, run_outcome
from netbench.verdict.judge import judge

ROUTE_CHECK_SECONDS = 3.0
"""What tracing every corridor takes, about: for the progress bar."""


@dataclass(frozen=True, slots=True)
class CampaignResult:
    """What came of it: the sealed document and the exit code that says the same in a number."""

    document: Document
    exit_code: int
    folder: Path


@dataclass(frozen=True, slots=True)
class _Campaign:
    """What every step needs to know."""

    bench: Bench
    routes: Mapping[str, Route]
    table: TimeTable
    observer: Observer


@dataclass(frozen=True, slots=True)
class _Measurements:
    """Everything measured, before anything is judged."""

    links: Mapping[str, LinkCalibration]
    latency: Measured
    conditions: Mapping[str, Condition]
    throughput: Measured


def run_campaign(
    plan: Plan, network_class: type[Network], options: CampaignOptions, clock: Clock, observer: Observer
) -> CampaignResult:
    """Measure ``plan`` on a network, judge it and seal the run.

    When anything stops it the run stays in the archive unsealed, readable up to its last flush.

    :raises RefusedError: when the network is not as planned
    :raises CannotMeasureError: when a measurement could not be made at all
    """
    started = clock.now()
    routes = {name: route for name, route in routing.routes(plan).items() if not options.only or name in options.only}
    table = time_table(plan, routes, options.latency_ns)
    _announce(table, routes, observer)
    writer = RunWriter.create(options.results, plan, network_class.name, started, manifest_facts(options))
    try:
        with network_class(plan, NetworkOptions(options.wire, options.seed)) as network:
            campaign = _Campaign(Bench(network, plan, writer, Control()), routes, table, observer)
            measurements = _measure(campaign)
            judgement = _judge(plan, routes, measurements, _today(plan, started))
            _keep(campaign, judgement)
            wire = network.wire
        ended = clock.now()
        heading = building.Heading(writer.run_id, network_class.name, wire, started, ended)
        document = building.document(heading, plan, judgement, tuple(measurements.links.values()))
        writer.seal(document, ended)
    except BaseException:
        writer.abandon()
        raise
    return CampaignResult(document, judgement.exit_code, writer.folder)


def _announce(table: TimeTable, routes: Mapping[str, Route], observer: Observer) -> None:
    observer.announce(
        "{corridors} corridors: links {calibration} s, delay {latency} s, throughput {throughput} s in {rounds} rounds",
        corridors=str(len(routes)),
        calibration=f"{_seconds(table.calibration.duration_ns):.0f}",
        latency=f"{_seconds(table.latency.duration_ns):.0f}",
        throughput=f"{_seconds(table.throughput_ns):.0f}",
        rounds=str(len(table.rounds)),
    )


def _measure(campaign: _Campaign) -> _Measurements:
    links = _prove(campaign)
    bench, table, names = campaign.bench, campaign.table, tuple(campaign.routes)
    campaign.observer.phase("measuring delay", _seconds(table.latency.duration_ns))
    before = bench.network.health()
    latency = measuring.measure_latency(bench, names, table.latency)
    fared = conditions(campaign.routes, before, bench.network.health(), table.latency.count)
    campaign.observer.phase("measuring throughput", _seconds(table.throughput_ns))
    return _Measurements(links, latency, fared, measuring.measure_throughput(bench, names, table))


def _prove(campaign: _Campaign) -> Mapping[str, LinkCalibration]:
    bench = campaign.bench
    campaign.observer.phase("checking routes", ROUTE_CHECK_SECONDS)
    calibration.check_routes(bench.network, bench.plan, campaign.routes)
    campaign.observer.phase("calibrating links", _seconds(campaign.table.calibration.duration_ns))
    links = tuple(bench.plan.links.values())
    measured = measuring.measure_links(bench, links, campaign.table.calibration)
    found = calibration.calibrations(links, measured.memory, measured.report.not_measured)
    bench.writer.write_table("calibration", [row for link in found for row in rows.calibration_rows(link)])
    calibration.check_links(found)
    return {link.link.id: link for link in found}


def _judge(plan: Plan, routes: Mapping[str, Route], measurements: _Measurements, today: date) -> Judgement:
    findings = tuple(
        _find(plan, route, plan.corridors[name], (number, measurements), today)
        for number, (name, route) in enumerate(routes.items())
    )
    verdicts = [verdict for found in findings for verdict in found.verdicts]
    return Judgement(findings, run_outcome(verdicts, today), is_conditional(verdicts, today), exit_code(verdicts, today))


def _find(plan: Plan, route: Route, corridor: Corridor, measured: tuple[int, _Measurements], today: date) -> CorridorFindings:
    number, measurements = measured
    latency = measurements.latency
    intervals = of_pair(measurements.throughput.memory.columns(INTERVALS), number)
    facts = corridor_facts(
        plan,
        corridor,
        route,
        measurements.links,
        timestamp_error_ns=latency.report.error_ns.get(corridor.id, 0),
        condition=measurements.conditions[corridor.id],
    )
    delays = figuring.delay_figures(of_pair(latency.memory.columns(PACKETS), number))
    figures = (*delays, *figuring.rate_figures(plan, route, intervals))
    summaries = [figure.summary for figure in figures]
    verdicts = tuple(
        judge(target, facts, summaries, today, Layer.IP, figuring.target_shares(target, plan, route, intervals))
        for target in plan.targets_of(corridor)
    )
    return CorridorFindings(
        corridor=corridor,
        route=route,
        facts=facts,
        figures=figures,
        verdicts=verdicts,
        outcome=corridor_outcome(verdicts, today),
        timestamps=latency.report.timestamps.get(corridor.id),
        not_measured=_not_measured(measurements, corridor.id),
    )


def _not_measured(measurements: _Measurements, corridor: str) -> Mapping[str, str]:
    reasons = {"stamp": measurements.latency.report.not_measured, "iperf3": measurements.throughput.report.not_measured}
    return {probe: by_corridor[corridor] for probe, by_corridor in reasons.items() if corridor in by_corridor}


def _keep(campaign: _Campaign, judgement: Judgement) -> None:
    writer = campaign.bench.writer
    for name, content in campaign.bench.network.evidence().items():
        writer.evidence(name, content)
    writer.write_table("summaries", [row for found in judgement.findings for row in rows.summary_rows(found)])
    writer.write_table("verdicts", [row for found in judgement.findings for row in rows.verdict_rows(found)])


def _today(plan: Plan, started: Instant) -> date:
    return started.utc().astimezone(ZoneInfo(plan.timezone)).date()


def _seconds(nanoseconds: int) -> float:
    return nanoseconds / NANOSECONDS_PER_SECOND
