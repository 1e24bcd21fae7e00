"""A campaign from beginning to end: prove the network, measure, judge, seal."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from zoneinfo import ZoneInfo

from netbench.archive.writer import RunWriter
from netbench.campaign import building, calibrating, circumstances, load_report, loading, measuring, rows
from netbench.campaign.building import Judgement
from netbench.campaign.calibration import LinkCalibration
from netbench.campaign.clocks import clock_entries
from netbench.campaign.condition import Condition, condition
from netbench.campaign.failure_entries import failure_entry
from netbench.campaign.failures import EventOutcome, event_seconds, measure_event
from netbench.campaign.judging import Measurements, judge_corridors
from netbench.campaign.live_run import run_live_campaign
from netbench.campaign.load_report import LoadReport
from netbench.campaign.manifest import manifest_facts
from netbench.campaign.measuring import Bench, Measured
from netbench.campaign.observer import Observer
from netbench.campaign.options import CampaignOptions
from netbench.campaign.result import CampaignResult
from netbench.campaign.routes_taken import first_astray
from netbench.campaign.schedule import TimeTable, time_table
from netbench.clock import NANOSECONDS_PER_SECOND, Clock, Instant
from netbench.errors import CannotMeasureError
from netbench.linux.clockstate import ClockState, read_clock_state
from netbench.linux.hostload import HostLoad, HostWatch
from netbench.measure.network import Network, NetworkOptions
from netbench.measure.probe import Control
from netbench.measure.sessions import FarEnds
from netbench.plan import routing
from netbench.plan.failures import Foresight
from netbench.plan.model import PerDirection, Plan, Route
from netbench.plan.segments import Flow

INCONCLUSIVE = 4
NO_THROUGHPUT = "throughput is not measured in a run that cuts links"


@dataclass(frozen=True, slots=True)
class _Campaign:
    """What every step needs to know."""

    bench: Bench
    routes: Mapping[str, Route]
    table: TimeTable
    observer: Observer
    options: CampaignOptions
    flows: tuple[Flow, ...]
    foresight: Foresight
    clock_state: ClockState


@dataclass(frozen=True, slots=True)
class _Latency:
    """What the measurement of delay brought, how each corridor fared, how busy the host was, and under what load."""

    measured: Measured
    conditions: Mapping[str, Condition]
    host: HostLoad
    load: LoadReport | None


def run_campaign(
    plan: Plan, network_class: type[Network], options: CampaignOptions, clock: Clock, observer: Observer
) -> CampaignResult:
    """Measure ``plan`` on a network, judge it and seal the run; one whose far ends answer for themselves is not proved first.

    When anything stops it once the network stands, the run stays in the archive unsealed, readable up to its last flush.

    :raises RefusedError: when the network is not as planned
    :raises CannotMeasureError: when a measurement could not be made at all
    """
    started = clock.now()
    plan = _only(plan, options.only)
    if issubclass(network_class, FarEnds):
        with network_class(plan, _network_options(options)) as live:
            return run_live_campaign(plan, live, options, clock, observer)
    routes = routing.routes(plan)
    table = time_table(plan, routes, options.latency_ns)
    flows = loading.flows_of(plan, options.load) if options.load else ()
    if options.events:
        table = replace(table, rounds=())
    _announce(table, routes, observer, calibrating.seconds(tuple(plan.links.values())) if options.calibrate else 0.0)
    foresight = Foresight(plan, options.routing)
    with network_class(plan, _network_options(options)) as network:
        state = read_clock_state()
        writer = RunWriter.create(options.results, plan, network_class.name, started, manifest_facts(options, state))
        try:
            bench = Bench(network, plan, writer, Control())
            return _run(_Campaign(bench, routes, table, observer, options, flows, foresight, state), started, clock)
        except BaseException:
            writer.abandon()
            raise


def _run(campaign: _Campaign, started: Instant, clock: Clock) -> CampaignResult:
    plan, network, writer = campaign.bench.plan, campaign.bench.network, campaign.bench.writer
    measurements = _measure(campaign)
    outcomes = _cut(campaign, clock)
    measurements = replace(measurements, links=_prove_again(campaign, measurements.links))
    judgement = judge_corridors(plan, campaign.routes, measurements, _today(plan, started))
    _keep(campaign, judgement)
    ended = clock.now()
    heading = building.Heading(writer.run_id, network.name, network.wire, started, ended)
    document = building.document(heading, plan, judgement, tuple(measurements.links.values()))
    document["host"] = circumstances.host_entries(measurements)
    document["clock"] = clock_entries({"start": campaign.clock_state, "end": read_clock_state()})
    if measurements.load:
        document["load"] = circumstances.load_entry(plan, measurements.load)
    if outcomes:
        document["failures"] = [failure_entry(outcome, campaign.foresight.routing) for outcome in outcomes]
    writer.seal(document, ended)
    return CampaignResult(document, _exit_code(judgement, outcomes), writer.folder)


def _exit_code(judgement: Judgement, outcomes: Sequence[EventOutcome]) -> int:
    """The verdict's; but where a cut did not go as foretold, at least inconclusive: one of the two is wrong about the network."""
    return judgement.exit_code or (0 if all(outcome.as_foretold for outcome in outcomes) else INCONCLUSIVE)


def _network_options(options: CampaignOptions) -> NetworkOptions:
    return NetworkOptions(
        options.wire,
        options.seed,
        routing=options.routing,
        switching=options.switching,
        failover=bool(options.events),
        inventory=options.inventory,
        here=options.here,
        bulk=options.bulk,
    )


def _only(plan: Plan, corridors: Sequence[str]) -> Plan:
    if not corridors:
        return plan
    return replace(plan, corridors={name: corridor for name, corridor in plan.corridors.items() if name in corridors})


def _announce(table: TimeTable, routes: Mapping[str, Route], observer: Observer, calibration_s: float) -> None:
    observer.announce(
        "{corridors} corridors: links {calibration} s, delay {latency} s, throughput {throughput} s in {rounds} rounds",
        corridors=str(len(routes)),
        calibration=f"{calibration_s:.0f}",
        latency=f"{_seconds(table.latency.duration_ns):.0f}",
        throughput=f"{_seconds(table.throughput_ns):.0f}",
        rounds=str(len(table.rounds)),
    )


def _measure(campaign: _Campaign) -> Measurements:
    """Prove the links as the plan says they are, then measure the corridors while links follow their traces."""
    links = _prove(campaign)
    campaign.bench.network.start_traces()
    measurements = _measure_corridors(campaign, links)
    campaign.bench.network.stop_traces()
    return measurements


def _measure_corridors(campaign: _Campaign, links: Mapping[str, LinkCalibration]) -> Measurements:
    bench, table = campaign.bench, campaign.table
    campaign.observer.phase("measuring delay", _seconds(table.latency.duration_ns))
    latency = _measure_latency(campaign)
    if campaign.options.events:
        throughput = measuring.no_throughput(tuple(campaign.routes), NO_THROUGHPUT)
        return Measurements(links, latency.measured, latency.conditions, throughput, latency.host, latency.load)
    campaign.observer.phase("measuring throughput", _seconds(table.throughput_ns))
    throughput = measuring.measure_throughput(bench, campaign.routes, table)
    return Measurements(links, latency.measured, latency.conditions, throughput, latency.host, latency.load)


def _measure_latency(campaign: _Campaign) -> _Latency:
    """Measure delay, under the load that was asked for."""
    bench, options = campaign.bench, campaign.options
    if options.load is None:
        return _measure_latency_now(campaign)
    with loading.Loading(bench.network, options.load, campaign.flows, options.seed) as load:
        latency = _measure_latency_now(campaign)
    bench.writer.evidence("load.json", load_report.evidence(load.report))
    return replace(latency, load=load.report)


def _measure_latency_now(campaign: _Campaign) -> _Latency:
    network = campaign.bench.network
    before = network.health()
    with HostWatch() as watch:
        measured = measuring.measure_latency(campaign.bench, tuple(campaign.routes), campaign.table.latency)
    after = network.health()
    conditions = {name: condition(route.links, before, after, watch.load) for name, route in campaign.routes.items()}
    return _Latency(measured, conditions, watch.load, None)


def _cut(campaign: _Campaign, clock: Clock) -> list[EventOutcome]:
    outcomes: list[EventOutcome] = []
    if campaign.options.events:
        campaign.observer.phase("cutting links", sum(map(event_seconds, campaign.options.events)))
    for number, event in enumerate(campaign.options.events, start=1):
        outcomes.append(measure_event(campaign.bench, campaign.foresight, event, number, clock))
    return outcomes


def _prove(campaign: _Campaign) -> Mapping[str, LinkCalibration]:
    if not campaign.options.calibrate:
        return calibrating.unproved(tuple(campaign.bench.plan.links.values()))
    silent = campaign.options.routing == "static"
    found = calibrating.prove(campaign.bench, campaign.routes, campaign.observer, silent=silent)
    if not silent:
        _await_routes(campaign)
    return found


def _await_routes(campaign: _Campaign) -> None:
    """The corridors take their planned routes: trains that overfilled a queue may have cost a routing protocol its hellos."""
    corridors = campaign.bench.plan.corridors
    planned = [(corridors[name], PerDirection(route.sites, route.sites[::-1])) for name, route in campaign.routes.items()]
    away = first_astray(campaign.bench.network, planned)
    if away is not None:
        raise CannotMeasureError(
            f"after calibration corridor {away.id} is not on its planned route with routing {campaign.options.routing}: the "
            "protocol's timers are too short for this machine; lengthen routing in the plan, or use --routing static"
        )


def _prove_again(campaign: _Campaign, links: Mapping[str, LinkCalibration]) -> Mapping[str, LinkCalibration]:
    return calibrating.measure_drift(campaign.bench, links, campaign.observer) if campaign.options.calibrate else links


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
