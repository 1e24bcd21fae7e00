"""Which figures a target is compared with: its one-way readings, and the reading that takes both ways together."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from netbench.analysis.summary import Summary, SummaryDirection
from netbench.plan.model import DIRECTIONS, Target
from netbench.verdict.model import CorridorFacts

DELAYS: Final = frozenset({"one_way_delay", "round_trip_delay", "theory_ratio"})
"""Metrics that no clock and no coordinate may put below theory."""

_VARIATIONS: Final = frozenset({"ipdv", "pdv"})
_ADDING_UP: Final = frozenset({"one_way_delay", "round_trip_delay", "loss_ratio", "reordering_ratio", "duplicate_ratio"})


@dataclass(frozen=True, slots=True)
class Figure:
    """A summary in the terms of a target, its interval not yet widened by the measurement's error ``below`` and ``above``."""

    summary: Summary
    below: float = 0.0
    above: float = 0.0

    @property
    def measured(self) -> bool:
        """Whether there is a value at all."""
        return self.summary.value is not None

    @property
    def widened(self) -> Summary:
        """The summary with its interval widened by the measurement's own error."""
        return self.summary.widened(self.below, self.above)


def bounds_each_way(target: Target) -> bool:
    """Whether both ways together are never better than one: what they keep to, each of them keeps to."""
    return target.metric in _ADDING_UP and target.comparison == "at_most"


def one_way(target: Target, facts: CorridorFacts, summaries: Sequence[Summary]) -> tuple[Figure, ...]:
    """Return the figure of every direction that the target is for; one that was not measured has no value."""
    wanted = (target.measured_direction,) if target.measured_direction else DIRECTIONS
    metric = "one_way_delay" if target.metric in DELAYS else target.metric
    return tuple(_figure(target, facts, _pick(metric, direction, target.statistic, summaries), 1) for direction in wanted)


def both_ways(target: Target, facts: CorridorFacts, summaries: Sequence[Summary]) -> Figure | None:
    """Return the figure of both ways together; None for a metric that has none."""
    metric = "round_trip_delay" if target.metric in DELAYS else target.metric
    if metric != "round_trip_delay" and metric not in _ADDING_UP:
        return None
    return _figure(target, facts, _pick(metric, "both", target.statistic, summaries), 2)


def _pick(metric: str, direction: SummaryDirection, statistic: str, summaries: Sequence[Summary]) -> Summary:
    found = [each for each in summaries if (each.metric, each.direction, each.statistic) == (metric, direction, statistic)]
    if len(found) > 1:
        raise ValueError(f"{metric} {statistic} {direction} is given {len(found)} times, so it is not known which one counts")
    return found[0] if found else Summary(metric, direction, statistic, None, None, None, "1", 0, "")


def _figure(target: Target, facts: CorridorFacts, summary: Summary, ways: int) -> Figure:
    if target.metric == "theory_ratio":
        return _over_theory(facts, summary, ways)
    if target.metric in DELAYS:
        error_ns = _delay_error_ns(facts, ways)
        return Figure(summary, error_ns, error_ns)
    if target.metric == "throughput" and summary.unit == "bit/s":
        error = facts.rate_error_ratio * (summary.value or 0)
        return Figure(summary, error, error)
    error = _variation_error_ns(target.metric, facts) if target.metric in _VARIATIONS else 0.0
    return Figure(summary, error, error)


def _delay_error_ns(facts: CorridorFacts, ways: int) -> int:
    """A round trip has the errors of two delays, and begins and ends at one clock."""
    return facts.error_ns + facts.clocks.one_way_ns if ways == 1 else ways * facts.error_ns


def _variation_error_ns(metric: str, facts: CorridorFacts) -> float:
    """A difference has the errors of two delays; what the clocks' offset adds to both alike is no part of it."""
    return 2.0 * facts.error_ns + (facts.clocks.pdv_ns if metric == "pdv" else facts.clocks.ipdv_ns)


def _over_theory(facts: CorridorFacts, summary: Summary, ways: int) -> Figure:
    """The delay over the theoretical one; the errors of both widen it, so that its ends hold together."""
    theory_ns, theory_error_ns, error_ns = ways * facts.theory_ns, ways * facts.theory_error_ns, _delay_error_ns(facts, ways)
    value, low, high = (None if bound is None else bound / theory_ns for bound in (summary.value, summary.low, summary.high))
    least_ns, most_ns = (summary.value, summary.value) if summary.given else (summary.low, summary.high)
    below = 0.0 if least_ns is None else least_ns / theory_ns - (least_ns - error_ns) / (theory_ns + theory_error_ns)
    above = 0.0 if most_ns is None else (most_ns + error_ns) / (theory_ns - theory_error_ns) - most_ns / theory_ns
    ratio = replace(summary, metric="theory_ratio", value=value, low=low, high=high, unit="1")
    return Figure(ratio, below, above)
