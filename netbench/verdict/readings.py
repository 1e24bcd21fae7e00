"""The two readings of a figure whose source may not say what it counts: one way, or both ways together."""

from collections.abc import Sequence

from netbench.analysis.summary import Summary
from netbench.plan.model import Target, TargetDirection
from netbench.verdict import reasons
from netbench.verdict.compare import Finding, compare, found
from netbench.verdict.figures import Figure, both_ways, bounds_each_way, one_way
from netbench.verdict.model import CorridorFacts, Outcome
from netbench.verdict.wording import shown


def read(target: Target, facts: CorridorFacts, summaries: Sequence[Summary]) -> Finding:
    """Return what the figures say of the target by the reading that it states, or by both when it states none."""
    together = both_ways(target, facts, summaries)
    if together and (target.metric == "round_trip_delay" or target.direction is TargetDirection.ROUND_TRIP):
        return compare(together, target)
    each_way = one_way(target, facts, summaries)
    if together is None:
        return _worst(each_way, target)
    if target.direction is TargetDirection.ONE_WAY:
        return _by_one_way(each_way, together, target)
    return _by_both(each_way, together, target)


def _worst(figures: Sequence[Figure], target: Target) -> Finding:
    """Of several directions one that fails decides; all must pass; else the one that is furthest from being decided."""
    findings = [compare(figure, target) for figure in figures]
    for outcome in (Outcome.FAIL, Outcome.INCONCLUSIVE):
        chosen = [finding for finding in findings if finding.outcome is outcome]
        if chosen:
            return max(chosen, key=lambda finding: _hardness(finding, target))
    return max(findings, key=lambda finding: _badness(finding, target))


def _hardness(finding: Finding, target: Target) -> tuple[float, float]:
    return float("inf") if finding.needs_samples is None else finding.needs_samples, _badness(finding, target)


def _badness(finding: Finding, target: Target) -> float:
    value = finding.figure.summary.value if finding.figure else None
    if value is None:
        return float("-inf")
    return value if target.comparison == "at_most" else -value


def _by_one_way(each_way: Sequence[Figure], together: Figure, target: Target) -> Finding:
    if any(figure.measured for figure in each_way) or not together.measured or not bounds_each_way(target):
        return _or_together(_worst(each_way, target), together, target)
    return _by_bound(together, target)


def _or_together(finding: Finding, together: Figure, target: Target) -> Finding:
    """What one way's own error leaves open both ways together may settle, which have no clock's error: each is less than they."""
    if finding.outcome is not Outcome.INCONCLUSIVE or not bounds_each_way(target):
        return finding
    both = compare(together, target)
    return found(Outcome.PASS, reasons.EVEN_ROUND_TRIP_MEETS, together, target) if both.outcome is Outcome.PASS else finding


def _by_bound(together: Figure, target: Target) -> Finding:
    """Only both ways together were measured: what they meet, each way meets; what they miss, one way may still meet."""
    finding = compare(together, target)
    if finding.outcome is Outcome.PASS:
        return found(Outcome.PASS, reasons.EVEN_ROUND_TRIP_MEETS, together, target)
    if finding.outcome is Outcome.FAIL:
        return found(Outcome.INCONCLUSIVE, reasons.ONLY_ROUND_TRIP, together, target)
    return finding


def _by_both(each_way: Sequence[Figure], together: Figure, target: Target) -> Finding:
    bounding = bounds_each_way(target)
    if bounding and together.measured and not any(figure.measured for figure in each_way):
        return _by_bound(together, target)
    one, both = _worst(each_way, target), compare(together, target)
    if both.outcome is Outcome.PASS and (bounding or one.outcome is Outcome.PASS):
        return found(Outcome.PASS, reasons.EVEN_ROUND_TRIP_MEETS, together, target)
    if one.outcome is Outcome.FAIL and one.figure and (bounding or both.outcome is Outcome.FAIL):
        return found(Outcome.FAIL, reasons.EVEN_ONE_WAY_MISSES, one.figure, target)
    return _differing(one, both, target)


def _differing(one: Finding, both: Finding, target: Target) -> Finding:
    if one.figure is None or both.figure is None:
        return one if one.figure is None else both
    if both.outcome is Outcome.INCONCLUSIVE and both.figure.measured and _badness(both, target) <= target.limit:
        return both  # so far even both ways together meet it: what is lacking is certainty, not the source's word
    needs = [each.needs_samples for each in (one, both) if each.needs_samples is not None]
    undecided = [each for each in (one, both) if each.outcome is Outcome.INCONCLUSIVE]
    settled = max(needs) if needs and len(needs) == len(undecided) else None
    one_way_value, round_trip = _value(one.figure, target), _value(both.figure, target)
    template = reasons.READINGS_DIFFER
    return found(Outcome.INCONCLUSIVE, template, both.figure, target, settled, one_way=one_way_value, round_trip=round_trip)


def _value(figure: Figure, target: Target) -> str:
    return "?" if figure.summary.value is None else shown(figure.summary.value, target)
