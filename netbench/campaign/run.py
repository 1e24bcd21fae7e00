"""A campaign from beginning to end: prove the network, measure, judge, seal."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from zoneinfo import ZoneInfo

from netbench.archive.writer import RunWriter
from netbench.campaign import building, calibration, judging, measuring, rows
from netbench.campaign.calibration import LinkCalibration
from netbench.campaign.document import Document
from netbench.campaign.facts import Condition, conditions, corridor_facts
from netbench.campaign.manifest import manifest_facts
from netbench.campaign.observer import Observer
from netbench.campaign.options import CampaignOptions
from netbench.campaign.schedule import TimeTable, time_table
from netbench.campaign.sinks import of_pair
from netbench.clock import NANOSECONDS_PER_SECOND, Clock, Instant
from netbench.measure.network import Network, NetworkOptions
from netbench.measure.probe import Control
from netbench.measure.samples import INTERVALS, PACKETS
from netbench.plan import routing
from netbench.plan.model import Plan, Route
from netbench.verdict import aggregate
from netbench.verdict.model import Outcome


@dataclass(frozen=True, slots=True)
class CampaignResult:
    """What came of it: the sealed document and the exit code that says the same in a number."""

    document: Document
    exit_code: int
    folder: str


@dataclass(frozen=True, slots=True)
class _Campaign:
    """What every step needs to know."""

    plan: Plan
    routes: Mapping[str, Route]
    table: TimeTable
    network: Network
    writer: RunWriter
    control: Control
    observer: Observer


@dataclass(frozen=True, slots=True)
class _Measurements:
    """Everything measured, before anything is judged."""

    links: Mapping[str, LinkCalibration]
    latency: measuring.Measured
    conditions: Mapping[str, Condition]
    throughput: measuring.Measured


def run_campaign(
    plan: Plan, network_class: type[Network], options: CampaignOptions, clock: Clock, observer: Observer
) -> CampaignResult:
    """Measure ``plan`` on a network, judge it and seal the run.

    When anything stops it the run stays in the archive unsealed, readable up to its last flush.

    :raises RefusedError: when the network is not as planned
    :raises CannotMeasureError: when a measurement could not be made at all
    """
    routes = {name: route for name, route in routing.routes(plan).items() if not options.only or name in options.only}
    table = time_table(plan, routes, options.latency_ns)
    _announce(table, routes, observer)
    started = clock.now()
    writer = RunWriter.create(options.results, plan, network_class.name, started, manifest_facts(options))
    try:
        with network_class(plan, NetworkOptions(options.wire, options.seed)) as network:
            campaign = _Campaign(plan, routes, table, network, writer, Control(), observer)
            measurements = _measure(campaign)
            findings, outcome, exit_code = _judge(campaign, measurements, started)
            _keep(campaign, measurements, findings)
        ended = clock.now()
        document = building.document(
            run=writer.run_id,
            plan=plan,
            network=network_class.name,
            wire=network.wire,
            started=started.iso(),
            seconds=ended.since_ns(started) / NANOSECONDS_PER_SECOND,
            outcome=outcome,
            calibrations=tuple(measurements.links.values()),
            findings=findings,
            notes=(),
        )
        writer.seal(document, ended)
    except BaseException:
        writer.abandon()
        raise
    return CampaignResult(document, exit_code, str(writer.folder))


def _announce(table: TimeTable, routes: Mapping[str, Route], observer: Observer) -> None:
    observer.announce(
        "{corridors} corridors: links {calibration} s, delay {latency} s, throughput {throughput} s in {rounds} rounds",
        corridors=str(len(routes)),
        calibration=_seconds(table.calibration.duration_ns),
        latency=_seconds(table.latency.duration_ns),
        throughput=_seconds(table.throughput_ns),
        rounds=str(len(table.rounds)),
    )


def _measure(campaign: _Campaign) -> _Measurements:
    links = _prove(campaign)
    names = tuple(campaign.routes)
    campaign.observer.phase("measuring delay", campaign.table.latency.duration_ns / NANOSECONDS_PER_SECOND)
    before = campaign.network.health()
    latency = measuring.measure_latency(
        campaign.network, campaign.plan, names, campaign.table.latency, campaign.writer, campaign.control
    )
    after = campaign.network.health()
    campaign.observer.phase("measuring throughput", campaign.table.throughput_ns / NANOSECONDS_PER_SECOND)
    throughput = measuring.measure_throughput(
        campaign.network, campaign.plan, names, campaign.table, campaign.writer, campaign.control
    )
    fared = conditions(campaign.routes, before, after, campaign.table.latency.count)
    return _Measurements(links, latency, fared, throughput)


def _prove(campaign: _Campaign) -> Mapping[str, LinkCalibration]:
    campaign.observer.phase("checking routes", 3)
    calibration.check_routes(campaign.network, campaign.plan, campaign.routes)
    campaign.observer.phase("calibrating links", campaign.table.calibration.duration_ns / NANOSECONDS_PER_SECOND)
    links = tuple(campaign.plan.links.values())
    measured = measuring.measure_links(campaign.network, links, campaign.table.calibration, campaign.writer, campaign.control)
    found = calibration.calibrations(links, measured.memory, measured.report.not_measured)
    campaign.writer.write_table("calibration", [row for link in found for row in rows.calibration_rows(link)])
    calibration.check_links(found)
    return {link.link.id: link for link in found}


def _judge(
    campaign: _Campaign, measurements: _Measurements, started: Instant
) -> tuple[tuple[building.CorridorFindings, ...], Outcome, int]:
    today = started.utc().astimezone(ZoneInfo(campaign.plan.timezone)).date()
    findings = tuple(
        _find(campaign, measurements, number, name, route, today) for number, (name, route) in enumerate(campaign.routes.items())
    )
    verdicts = [verdict for found in findings for verdict in found.verdicts]
    return findings, aggregate.run_outcome(verdicts, today), aggregate.exit_code(verdicts, today)


def _find(
    campaign: _Campaign, measurements: _Measurements, number: int, name: str, route: Route, today: date
) -> building.CorridorFindings:
    plan, latency, throughput = campaign.plan, measurements.latency, measurements.throughput
    corridor = plan.corridors[name]
    targets = plan.targets_of(corridor)
    intervals = of_pair(throughput.memory.columns(INTERVALS), number)
    facts = corridor_facts(
        plan, corridor, route, measurements.links, latency.report.error_ns.get(name, 0), measurements.conditions[name]
    )
    delays = judging.delay_figures(of_pair(latency.memory.columns(PACKETS), number))
    figures = (*delays, *judging.rate_figures(plan, route, intervals))
    shares = judging.target_shares(targets, plan, route, intervals)
    verdicts = judging.judged(targets, facts, figures, shares, today)
    return building.CorridorFindings(
        corridor=corridor,
        route=route,
        facts=facts,
        figures=figures,
        verdicts=verdicts,
        outcome=aggregate.run_outcome(verdicts, today),
        timestamps=latency.report.timestamps.get(name),
        not_measured=_not_measured(measurements, name),
    )


def _not_measured(measurements: _Measurements, name: str) -> Mapping[str, str]:
    phases = {"stamp": measurements.latency, "iperf3": measurements.throughput}
    return {
        probe: measured.report.not_measured[name] for probe, measured in phases.items() if name in measured.report.not_measured
    }


def _keep(campaign: _Campaign, measurements: _Measurements, findings: tuple[building.CorridorFindings, ...]) -> None:
    for name, content in campaign.network.evidence().items():
        campaign.writer.evidence(name, content)
    campaign.writer.write_table("summaries", [row for found in findings for row in rows.summary_rows(found)])
    campaign.writer.write_table("verdicts", [row for found in findings for row in rows.verdict_rows(found)])


def _seconds(nanoseconds: int) -> str:
    return f"{nanoseconds / NANOSECONDS_PER_SECOND:.0f}"
