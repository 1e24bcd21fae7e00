"""From samples to figures in the plan's terms."""

from dataclasses import dataclass, replace

from netbench.analysis.intervals import share_at_least, summarise_intervals
from netbench.analysis.packets import summarise_packets
from netbench.analysis.summary import Summary
from netbench.measure.samples import Columns, Turn
from netbench.plan.model import DirectionName, Plan, Route, Target
from netbench.plan.routing import bottleneck

_TURNS: dict[DirectionName, Turn] = {"forward": Turn.FORWARD, "reverse": Turn.REVERSE}


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure in the plan's terms; for a rate, what was really measured on the scaled link, and the scale.

    ``reason`` is why it has no value although packets came back.
    """

    summary: Summary
    emulated: Summary | None = None
    rate_scale: int | None = None
    reason: str | None = None


def delay_figures(packets: Columns) -> tuple[Figure, ...]:
    """Return the delay, loss and order figures of one corridor's packets."""
    return tuple(Figure(summary) for summary in summarise_packets(packets))


def rate_figures(plan: Plan, route: Route, intervals: Columns) -> tuple[Figure, ...]:
    """Return the throughput figures of one corridor, multiplied by what the narrowest link's rate was divided by."""
    return tuple(_in_plan_terms(plan, route, summary) for summary in summarise_intervals(intervals))


def target_shares(target: Target, plan: Plan, route: Route, intervals: Columns, rate_error_ratio: float) -> tuple[Summary, ...]:
    """Return, for a target on the share of intervals that reach a rate, that share in each direction; nothing for others.

    Its interval covers what the share would be if every rate were off by ``rate_error_ratio``.
    """
    if target.statistic != "share_at_least" or target.of is None:
        return ()
    return tuple(
        share_at_least(intervals, turn, target.of / bottleneck(plan, route, direction).rate_scale, rate_error_ratio)
        for direction, turn in _TURNS.items()
    )


def _in_plan_terms(plan: Plan, route: Route, measured: Summary) -> Figure:
    direction: DirectionName = "reverse" if measured.direction == "reverse" else "forward"
    scale = bottleneck(plan, route, direction).rate_scale
    return Figure(_times(measured, scale), measured, scale)


def _times(summary: Summary, factor: int) -> Summary:
    value, low, high = (None if bound is None else bound * factor for bound in (summary.value, summary.low, summary.high))
    return replace(summary, value=value, low=low, high=high)
