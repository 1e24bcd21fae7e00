"""From what was measured of live corridors to what is said of them: on no condition, and no better than the clocks are."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date

from netbench.analysis.intervals import share_at_least, summarise_intervals
from netbench.analysis.summary import Summary, SummaryDirection
from netbench.campaign.building import CorridorFindings, Judgement
from netbench.campaign.clocks import Claims, beforehand, between_two_clocks
from netbench.campaign.condition import LATE_SHARE_OF_DELAY, LATE_SHARE_OF_RATE, Condition
from netbench.campaign.document import ClocksEntry
from netbench.campaign.figuring import Figure
from netbench.campaign.live_bulk import Bulk
from netbench.campaign.live_choice import Choice
from netbench.campaign.live_sessions import Brought
from netbench.campaign.sinks import of_pair
from netbench.measure.samples import INTERVALS, PACKETS, Columns, Turn
from netbench.measure.sessions import Reached
from netbench.plan import physics, routing
from netbench.plan.model import DIRECTIONS, Corridor, Layer, Plan, Route, Target
from netbench.units import format_rate
from netbench.verdict.aggregate import corridor_outcome, exit_code, is_conditional, run_outcome
from netbench.verdict.judge import judge
from netbench.verdict.model import ONE_CLOCK, ClockErrors, CorridorFacts, Verdict

CAP_SHARE = 0.9
"""Of the rate that bulk tests are held to: a limit above that cannot be told from the inventory's own."""

_TURNED: Mapping[SummaryDirection, SummaryDirection] = {"forward": "reverse", "reverse": "forward", "both": "both"}


@dataclass(frozen=True, slots=True)
class LiveMeasurements:
    """Everything measured, before anything is judged: how each corridor was to be measured, and what each probe brought.

    ``clock_error_ns`` bounds how far this host's clock was from UTC meanwhile, None where nobody bounds it.
    """

    reached: Mapping[str, Reached]
    choice: Choice
    delays: Mapping[str, Brought]
    condition: Condition | None
    bulk: Bulk
    clock_error_ns: int | None = None

    def told_by(self, tell: Callable[[str], str]) -> "LiveMeasurements":
        """Return the same with every reason as ``tell`` says it."""

        def all_told(reasons: Mapping[str, str]) -> dict[str, str]:
            return {name: tell(reason) for name, reason in reasons.items()}

        refusals = {corridor: all_told(reasons) for corridor, reasons in self.choice.refusals.items()}
        delays = {
            probe: replace(brought, report=replace(brought.report, not_measured=all_told(brought.report.not_measured)))
            for probe, brought in self.delays.items()
        }
        bulk = replace(self.bulk, not_measured=all_told(self.bulk.not_measured))
        return replace(self, choice=replace(self.choice, refusals=refusals), delays=delays, bulk=bulk)

    def brought(self, corridor: str) -> Brought | None:
        """Return what the corridor's probe brought, None where nothing answers."""
        session = self.choice.chosen.get(corridor)
        return None if session is None else self.delays[session.probe]


def judge_live(plan: Plan, routes: Mapping[str, Route], measured: LiveMeasurements, today: date) -> Judgement:
    """Return the findings on every corridor that has both ends, and what they say together."""
    findings = tuple(_find(plan, plan.corridors[name], routes[name], measured, today) for name in measured.reached)
    verdicts = [verdict for found in findings for verdict in found.verdicts]
    return Judgement(findings, run_outcome(verdicts, today), is_conditional(verdicts, today), exit_code(verdicts, today))


@dataclass(frozen=True, slots=True)
class _Part:
    """The figures of one family of one corridor, and why they may not be judged where the host was not fit."""

    figures: tuple[Figure, ...]
    judged: tuple[Summary, ...]
    void: str | None
    clocks: ClockErrors = ONE_CLOCK
    clocks_entry: ClocksEntry | None = None


def _find(plan: Plan, corridor: Corridor, route: Route, measured: LiveMeasurements, today: date) -> CorridorFindings:
    brought, reached = measured.brought(corridor.id), measured.reached[corridor.id]
    delay, rate = _delay(plan, corridor, route, measured), _rate(corridor, measured)
    error_ns = brought.report.error_ns.get(corridor.id, 0) if brought else 0
    facts = replace(live_facts(plan, corridor, route, error_ns), clocks=delay.clocks)
    summaries = (*delay.judged, *rate.judged)
    verdicts: list[Verdict] = []
    for target in plan.targets_of(corridor):
        bulk = target.metric == "throughput"
        mine = replace(facts, void=(rate if bulk else delay).void, unproved=_capped(target, reached) if bulk else None)
        verdicts.append(judge(target, mine, summaries, today, Layer(reached.layer), _shares(target, corridor, measured)))
    return CorridorFindings(
        corridor=corridor,
        route=route,
        facts=facts,
        figures=(*delay.figures, *rate.figures),
        verdicts=tuple(verdicts),
        outcome=corridor_outcome(verdicts, today),
        timestamps=brought.report.timestamps.get(corridor.id) if brought else None,
        not_measured=_not_measured(corridor, measured, delay.void, rate.void),
        clocks=delay.clocks_entry,
    )


def live_facts(plan: Plan, corridor: Corridor, route: Route, error_ns: int) -> CorridorFacts:
    """What is known beside the samples: nothing rests on a link that the plan assumes, and nothing is an emulation's."""
    source, destination = corridor.source, corridor.destination
    return CorridorFacts(
        theory_ns=physics.theoretical_latency_ns(plan, source, destination, route),
        theory_error_ns=physics.theory_error_ns(plan, source, destination),
        great_circle_km=physics.great_circle_km(plan.sites[source], plan.sites[destination]),
        route_km=routing.route_km(plan, route),
        fixed_ns=max(routing.fixed_ns(plan, route, direction) for direction in DIRECTIONS),
        assumed_links=(),
        error_ns=error_ns,
        void=None,
        emulated=False,
        ns_per_km=physics.propagation_ns(1_000_000, plan.theory.group_index) / 1_000_000,
    )


def _delay(plan: Plan, corridor: Corridor, route: Route, measured: LiveMeasurements) -> _Part:
    brought, condition = measured.brought(corridor.id), measured.condition
    void = condition.unfit(LATE_SHARE_OF_DELAY) if brought and condition else None
    if brought is None or void is not None or corridor.id in brought.report.not_measured:
        return _Part((), (), void)
    packets = of_pair(brought.memory.columns(PACKETS), brought.corridors.index(corridor.id))
    claims = Claims(measured.clock_error_ns, brought.report.far_clock_error_ns.get(corridor.id))
    known = beforehand(plan, corridor, route, claims, brought.report.error_ns.get(corridor.id, 0))
    found = between_two_clocks(packets, known, claims)
    turned = measured.reached[corridor.id].turned
    figures = tuple(replace(figure, summary=_in_order(figure.summary, turned=turned)) for figure in found.figures)
    judged = tuple(_in_order(summary, turned=turned) for summary in found.judged)
    return _Part(figures, judged, None, found.errors, found.entry)


def _in_order(summary: Summary, *, turned: bool) -> Summary:
    return replace(summary, direction=_TURNED[summary.direction]) if turned else summary


def _rate(corridor: Corridor, measured: LiveMeasurements) -> _Part:
    condition = measured.bulk.conditions.get(corridor.id)
    void = condition.unfit(LATE_SHARE_OF_RATE) if condition else None
    if void is not None or corridor.id in measured.bulk.not_measured:
        return _Part((), (), void)
    summaries = summarise_intervals(_intervals(corridor, measured))
    return _Part(tuple(map(Figure, summaries)), summaries, None)


def _intervals(corridor: Corridor, measured: LiveMeasurements) -> Columns:
    """The corridor's intervals, each in the corridor's own direction."""
    bulk = measured.bulk
    mine = of_pair(bulk.memory.columns(INTERVALS), bulk.corridors.index(corridor.id))
    return {**mine, "turn": 1 - mine["turn"]} if measured.reached[corridor.id].turned else mine


def _shares(target: Target, corridor: Corridor, measured: LiveMeasurements) -> tuple[Summary, ...]:
    if target.statistic != "share_at_least" or target.of is None or corridor.id in measured.bulk.not_measured:
        return ()
    return tuple(share_at_least(_intervals(corridor, measured), turn, target.of) for turn in Turn)


def _capped(target: Target, reached: Reached) -> str | None:
    """Why a rate proves nothing of this target: the test was held to less than it takes."""
    cap_bps = reached.bulk.rate_bps if reached.bulk else None
    needed_bps = target.limit if target.of is None else target.of
    if cap_bps is None or needed_bps <= CAP_SHARE * cap_bps:
        return None
    return f"the inventory holds bulk tests to {format_rate(cap_bps)}, too little to tell"


def _not_measured(corridor: Corridor, measured: LiveMeasurements, delay: str | None, rate: str | None) -> dict[str, str]:
    reasons = dict(measured.choice.refusals.get(corridor.id, {}))
    session, brought = measured.choice.chosen.get(corridor.id), measured.brought(corridor.id)
    if session is not None and brought is not None:
        told = delay or brought.report.not_measured.get(corridor.id)
        reasons |= {session.probe: told} if told else {}
    bulk = rate or measured.bulk.not_measured.get(corridor.id)
    return reasons | ({"iperf3": bulk} if bulk else {})
