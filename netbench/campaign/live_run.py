"""A campaign on live links: find out who answers, measure, judge, seal. Nothing is proved beforehand: it is the real thing."""

import json
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from zoneinfo import ZoneInfo

from netbench.archive.writer import RunWriter
from netbench.campaign import building, circumstances, rows
from netbench.campaign.building import Judgement
from netbench.campaign.clocks import claimed_here, clock_entries
from netbench.campaign.condition import Condition
from netbench.campaign.document import Document, LiveCorridorEntry, LiveEntry, UnreachedEntry
from netbench.campaign.live_bulk import Bulk, measure_bulk, seconds
from netbench.campaign.live_choice import TRIAL, Choice, choose
from netbench.campaign.live_judging import LiveMeasurements, judge_live
from netbench.campaign.live_sessions import Brought, Pace, interval_ns, measure
from netbench.campaign.manifest import manifest_facts
from netbench.campaign.observer import Observer
from netbench.campaign.options import CampaignOptions
from netbench.campaign.result import CampaignResult
from netbench.clock import NANOSECONDS_PER_SECOND, Clock, Instant
from netbench.errors import UsageError
from netbench.linux.clockstate import ClockState, read_clock_state
from netbench.linux.hostload import HostWatch
from netbench.measure.probe import Control
from netbench.measure.sessions import DistantNetwork, Reached, Session, Unreached
from netbench.plan import routing
from netbench.plan.model import Plan
from netbench.verdict.model import Outcome

COULD_NOT_MEASURE = 1
_TIMEOUT_S = 1.0


@dataclass(frozen=True, slots=True)
class _Campaign:
    """What every step needs to know."""

    plan: Plan
    network: DistantNetwork
    writer: RunWriter
    observer: Observer
    options: CampaignOptions
    control: Control
    clock: Clock
    clock_state: ClockState


def run_live_campaign(
    plan: Plan, network: DistantNetwork, options: CampaignOptions, clock: Clock, observer: Observer
) -> CampaignResult:
    """Measure the corridors of ``plan`` that have both ends on an entered network, judge them and seal the run.

    A run in which nobody answered is sealed too, and its exit code is that of what could not be measured.

    :raises UsageError: when no corridor has both ends
    """
    started = clock.now()
    _check_reach(plan, network)
    state = read_clock_state()
    facts = {**manifest_facts(options, _nameless(state)), "options": _told(options), "inventory": asdict(network.facts())}
    writer = RunWriter.create(options.results, plan, network.name, started, facts)
    try:
        for file, content in network.private().items():
            writer.private(file, content)
        return _run(_Campaign(plan, network, writer, observer, options, Control(), clock, state), started)
    except BaseException:
        writer.abandon()
        raise


def _nameless(state: ClockState) -> ClockState:
    """The same without its reference, which may be an address of the operator's network."""
    return replace(state, reference=None)


def _told(options: CampaignOptions) -> dict[str, int | bool | list[str]]:
    """The options that mean something on live links."""
    return {"latency_ns": options.latency_ns, "only": list(options.only), "bulk": options.bulk, "bulk_ns": options.bulk_ns}


def _check_reach(plan: Plan, network: DistantNetwork) -> None:
    unreached = network.unreached()
    if len(unreached) == len(plan.corridors):
        reasons = dict.fromkeys(f"{corridor}: {why.reason}" for corridor, why in unreached.items())
        first = "; ".join(list(reasons)[:3])
        more = f"; and {len(reasons) - 3} more" if len(reasons) > 3 else ""
        raise UsageError(f"no corridor that was asked for has both ends here: {first}{more}")


def _run(campaign: _Campaign, started: Instant) -> CampaignResult:
    plan, network = campaign.plan, campaign.network
    choice = _choose(campaign, network.reached(_local(plan, started)))
    delays, condition = _measure_delays(campaign, choice)
    states = {"start": campaign.clock_state, "end": read_clock_state()}
    # whether a bulk test may be made is asked anew, when it would begin
    reached = network.reached(_local(plan, campaign.clock.now()))
    bulk = _measure_bulk(campaign, reached)
    _keep_apart(campaign, delays, bulk)
    campaign.writer.private("clock.json", json.dumps({when: asdict(state) for when, state in states.items()}, indent=1).encode())
    measured = LiveMeasurements(
        {each.corridor: each for each in reached}, choice, delays, condition, bulk, claimed_here(list(states.values()))
    )
    judgement = judge_live(plan, routing.routes(plan), measured.told_by(network.anonymous), _local(plan, started).date())
    _keep(campaign, judgement)
    ended = campaign.clock.now()
    heading = building.Heading(campaign.writer.run_id, network.name, network.wire, started, ended)
    document = _document(campaign, heading, judgement, measured)
    document["clock"] = clock_entries({when: _nameless(state) for when, state in states.items()})
    campaign.writer.seal(document, ended)
    return CampaignResult(document, _exit_code(judgement), campaign.writer.folder)


def _choose(campaign: _Campaign, reached: Sequence[Reached]) -> Choice:
    slowest_ns = max((session.interval_ns for each in reached for session in each.delays), default=0)
    trial_s = TRIAL.least * slowest_ns / NANOSECONDS_PER_SECOND + _TIMEOUT_S
    campaign.observer.announce(
        "{corridors} corridors have both ends here, {others} have not: delay {latency} s, throughput {throughput} s",
        corridors=str(len(reached)),
        others=str(len(campaign.network.unreached())),
        latency=f"{trial_s + campaign.options.latency_ns / NANOSECONDS_PER_SECOND:.0f}",
        throughput=f"{seconds(reached, campaign.options.bulk_ns):.0f}",
    )
    campaign.observer.phase("finding out who answers", trial_s)
    return choose(campaign.plan, reached, campaign.writer, campaign.control)


def _measure_delays(campaign: _Campaign, choice: Choice) -> tuple[Mapping[str, Brought], Condition | None]:
    """Measure all corridors at once, each by its probe; how the host fared is None where nobody answered."""
    by_probe: dict[str, list[Session]] = {}
    for session in choice.chosen.values():
        by_probe.setdefault(session.probe, []).append(session)
    if not by_probe:
        return {}, None
    campaign.observer.phase("measuring delay", campaign.options.latency_ns / NANOSECONDS_PER_SECOND)
    pace = Pace(campaign.options.latency_ns)

    def measured(probe: str) -> Brought:
        sessions = by_probe[probe]
        sink = campaign.writer.sink(probe, [session.pair.id for session in sessions])
        return measure(probe, sessions, pace, sink, campaign.control)

    with HostWatch() as watch, ThreadPoolExecutor(len(by_probe), thread_name_prefix="netbench-probes") as threads:
        delays = dict(zip(by_probe, threads.map(measured, by_probe), strict=True))
    return delays, Condition(0, 0, None, watch.load)


def _measure_bulk(campaign: _Campaign, reached: Sequence[Reached]) -> Bulk:
    if any(each.bulk for each in reached):
        campaign.observer.phase("measuring throughput", seconds(reached, campaign.options.bulk_ns))
    return measure_bulk(reached, campaign.options.bulk_ns, campaign.writer, campaign.control)


def _keep_apart(campaign: _Campaign, delays: Mapping[str, Brought], bulk: Bulk) -> None:
    """What probes say of their own work holds addresses."""
    for probe, brought in delays.items():
        for name, content in brought.report.evidence.items():
            campaign.writer.private(f"{probe}/{name}", content)
        if brought.remarks:
            campaign.writer.private(f"{probe}/remarks.json", json.dumps(brought.remarks, ensure_ascii=False, indent=1).encode())
    for name, content in bulk.evidence.items():
        campaign.writer.private(f"iperf3/{name}", content)


def _keep(campaign: _Campaign, judgement: Judgement) -> None:
    for name, content in campaign.network.evidence().items():
        campaign.writer.evidence(name, content)
    campaign.writer.write_table("summaries", [row for found in judgement.findings for row in rows.summary_rows(found)])
    campaign.writer.write_table("verdicts", [row for found in judgement.findings for row in rows.verdict_rows(found)])


def _document(campaign: _Campaign, heading: building.Heading, judgement: Judgement, measured: LiveMeasurements) -> Document:
    document = building.document(heading, campaign.plan, judgement, ())
    document["host"] = circumstances.phase_entries(
        [measured.condition.host] if measured.condition and measured.condition.host else [], measured.bulk.hosts
    )
    document["live"] = _live_entry(campaign)
    for corridor in document["corridors"]:
        corridor["live"] = _corridor_entry(measured, corridor["id"])
    return document


def _live_entry(campaign: _Campaign) -> LiveEntry:
    inventory = campaign.network.facts()
    return {
        "inventory": inventory.name,
        "inventory_digest": inventory.digest,
        "here": list(inventory.here),
        "unreached": [_unreached_entry(campaign.plan, name, why) for name, why in campaign.network.unreached().items()],
    }


def _unreached_entry(plan: Plan, name: str, why: Unreached) -> UnreachedEntry:
    corridor = plan.corridors[name]
    return {"id": name, "from": corridor.source, "to": corridor.destination, "lack": why.lack, "reason": why.reason}


def _corridor_entry(measured: LiveMeasurements, name: str) -> LiveCorridorEntry:
    reached, session = measured.reached[name], measured.choice.chosen.get(name)
    together = sum(each.probe == session.probe for each in measured.choice.chosen.values()) if session else 0
    return {
        "here": reached.here,
        "probe": session.probe if session else None,
        "layer": reached.layer,
        "operators": list(reached.operators),
        "packets_per_second": round(NANOSECONDS_PER_SECOND / interval_ns(session, together), 3) if session else None,
    }


def _exit_code(judgement: Judgement) -> int:
    """The verdict's, but where nothing at all was measured."""
    measured = any(found.figures or found.outcome is Outcome.VOID for found in judgement.findings)
    return judgement.exit_code if measured else COULD_NOT_MEASURE


def _local(plan: Plan, instant: Instant) -> datetime:
    return instant.utc().astimezone(ZoneInfo(plan.timezone))
