"""From what others measured to what is said of it: by the rules of live corridors, with what was given as it was given."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from netbench.analysis.packets import summarise_packets
from netbench.analysis.summary import Summary, SummaryDirection
from netbench.campaign.building import CorridorFindings, Judgement
from netbench.campaign.clocks import Claims, beforehand, between_two_clocks
from netbench.campaign.document import ClocksEntry
from netbench.campaign.figuring import Figure
from netbench.campaign.import_assigning import Assigned
from netbench.campaign.live_judging import live_facts
from netbench.foreign.numbers import LONGEST_NS
from netbench.measure.samples import Columns
from netbench.plan.model import Corridor, Layer, Plan, Route
from netbench.verdict.aggregate import corridor_outcome, exit_code, is_conditional, run_outcome
from netbench.verdict.judge import judge
from netbench.verdict.model import ONE_CLOCK, ClockErrors

_TURNED: Mapping[SummaryDirection, SummaryDirection] = {"forward": "reverse", "reverse": "forward", "both": "both"}
_OF_ANSWERS = ("one_way_delay", "round_trip_delay")
"""What may be said where only the packets that came back were written down."""

_UNBOUNDED_NS = LONGEST_NS
"""Where nobody says how far apart two clocks were: more than any delay, so that no one-way delay decides anything."""

_NOBODY = Claims(None, None)


def judge_imported(plan: Plan, routes: Mapping[str, Route], assigned: Sequence[Assigned], layer: Layer, today: date) -> Judgement:
    """Return the findings on every corridor that the file has something of, and what they say together."""
    findings = tuple(_find(plan, routes[each.corridor], each, layer, today) for each in assigned)
    verdicts = [verdict for found in findings for verdict in found.verdicts]
    return Judgement(findings, run_outcome(verdicts, today), is_conditional(verdicts, today), exit_code(verdicts, today))


@dataclass(frozen=True, slots=True)
class _Figures:
    figures: tuple[Figure, ...]
    judged: tuple[Summary, ...]
    clocks: ClockErrors = ONE_CLOCK
    clocks_entry: ClocksEntry | None = None


def _find(plan: Plan, route: Route, assigned: Assigned, layer: Layer, today: date) -> CorridorFindings:
    corridor, subject = plan.corridors[assigned.corridor], assigned.subject
    found = _figures(plan, corridor, route, assigned)
    facts = replace(live_facts(plan, corridor, route, subject.resolution_ns), clocks=found.clocks)
    verdicts = tuple(judge(target, facts, found.judged, today, layer) for target in plan.targets_of(corridor))
    return CorridorFindings(
        corridor=corridor,
        route=route,
        facts=facts,
        figures=found.figures,
        verdicts=verdicts,
        outcome=corridor_outcome(verdicts, today),
        timestamps=None,
        not_measured={},
        clocks=found.clocks_entry,
    )


def _figures(plan: Plan, corridor: Corridor, route: Route, assigned: Assigned) -> _Figures:
    subject = assigned.subject
    clocks = ClockErrors(one_way_ns=_UNBOUNDED_NS if subject.clock_error_ns is None else subject.clock_error_ns)
    if subject.packets is None:
        summaries = tuple(_in_order(summary, assigned) for summary in subject.summaries)
        return _Figures(tuple(map(Figure, summaries)), summaries, clocks)
    if subject.only_delays:
        made = summarise_packets(subject.packets)
        summaries = tuple(_in_order(summary, assigned) for summary in made if summary.metric in _OF_ANSWERS)
        return _Figures(tuple(map(Figure, summaries)), summaries, clocks)
    return _between_clocks(plan, corridor, route, subject.packets, assigned)


def _between_clocks(plan: Plan, corridor: Corridor, route: Route, packets: Columns, assigned: Assigned) -> _Figures:
    """Nobody says how right the two clocks were: what the plan knows of the path bounds them, or nothing does."""
    known = beforehand(plan, corridor, route, _NOBODY, assigned.subject.resolution_ns)
    found = between_two_clocks(packets, known, _NOBODY)
    figures = tuple(replace(figure, summary=_in_order(figure.summary, assigned)) for figure in found.figures)
    judged = tuple(_in_order(summary, assigned) for summary in found.judged)
    return _Figures(figures, judged, found.errors, found.entry)


def _in_order(summary: Summary, assigned: Assigned) -> Summary:
    return replace(summary, direction=_TURNED[summary.direction]) if assigned.turned else summary
