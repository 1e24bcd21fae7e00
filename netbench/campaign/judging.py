"""From samples to figures to verdicts, corridor by corridor."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

from netbench.analysis.intervals import share_at_least, summarise_intervals
from netbench.analysis.packets import summarise_packets
from netbench.analysis.summary import Summary
from netbench.measure.samples import Columns, Turn
from netbench.plan.model import DirectionName, Layer, Plan, Route, Target
from netbench.plan.routing import bottleneck
from netbench.verdict.judge import judge
from netbench.verdict.model import CorridorFacts, Verdict

_TURNS: dict[DirectionName, Turn] = {"forward": Turn.FORWARD, "reverse": Turn.REVERSE}


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure in the plan's terms; for a rate, what was really measured on the scaled link, and the scale."""

    summary: Summary
    emulated: Summary | None = None
    rate_scale: int | None = None


def delay_figures(packets: Columns) -> tuple[Figure, ...]:
    """Return the delay, loss and order figures of one corridor's packets."""
    return tuple(Figure(summary) for summary in summarise_packets(packets))


def rate_figures(plan: Plan, route: Route, intervals: Columns) -> tuple[Figure, ...]:
    """Return the throughput figures of one corridor, multiplied by what the narrowest link's rate was divided by."""
    return tuple(_in_plan_terms(plan, route, summary) for summary in summarise_intervals(intervals))


def judged(
    targets: Sequence[Target], facts: CorridorFacts, figures: Sequence[Figure], shares: Sequence[Summary], today: date
) -> tuple[Verdict, ...]:
    """Return the verdict on each target."""
    summaries = [figure.summary for figure in figures]
    return tuple(judge(target, facts, summaries, today, Layer.IP, shares) for target in targets)


def target_shares(targets: Sequence[Target], plan: Plan, route: Route, intervals: Columns) -> tuple[Summary, ...]:
    """Return, for each target on a share of intervals that reach a rate, that share."""
    return tuple(_share(target, plan, route, intervals) for target in targets if target.statistic == "share_at_least")


def _share(target: Target, plan: Plan, route: Route, intervals: Columns) -> Summary:
    direction = target.measured_direction or "forward"
    threshold_bps = (target.of or 0.0) / bottleneck(plan, route, direction).rate_scale
    return share_at_least(intervals, _TURNS[direction], threshold_bps)


def _in_plan_terms(plan: Plan, route: Route, measured: Summary) -> Figure:
    direction: DirectionName = "reverse" if measured.direction == "reverse" else "forward"
    scale = bottleneck(plan, route, direction).rate_scale
    return Figure(_times(measured, scale), measured, scale)


def _times(summary: Summary, factor: int) -> Summary:
    value, low, high = (None if bound is None else bound * factor for bound in (summary.value, summary.low, summary.high))
    return replace(summary, value=value, low=low, high=high)
