"""One figure against one limit."""

from dataclasses import dataclass

from netbench.analysis.needs import samples_for_both_ends, samples_to_decide
from netbench.plan.model import Target
from netbench.verdict import reasons
from netbench.verdict.figures import Figure
from netbench.verdict.model import Outcome
from netbench.verdict.reasons import Reason
from netbench.verdict.wording import shown, shown_interval, shown_limit


@dataclass(frozen=True, slots=True)
class Finding:
    """What one rule says: the outcome, why, how many samples would settle it, and the figure it was said of."""

    outcome: Outcome
    reason: Reason
    needs_samples: int | None = None
    figure: Figure | None = None


def compare(figure: Figure, target: Target) -> Finding:
    """Return pass or fail where the whole widened interval is on one side of the limit, else inconclusive and what it lacks.

    A figure that somebody else made has no interval: only an extreme, which was seen, decides what one packet can decide.
    """
    if not figure.measured:
        return not_measured(figure, target)
    if figure.summary.given:
        return _as_given(figure, target)
    if _meets(figure, target):
        return found(Outcome.PASS, reasons.MET, figure, target)
    if _misses(figure, target):
        return found(Outcome.FAIL, reasons.MISSED, figure, target)
    return _undecided(figure, target)


def not_measured(figure: Figure, target: Target) -> Finding:
    """Return inconclusive: there is no figure to compare."""
    words = {"metric": target.metric, "statistic": target.statistic, "direction": figure.summary.direction}
    return Finding(Outcome.INCONCLUSIVE, Reason.of(reasons.NOT_MEASURED, **words))


def found(outcome: Outcome, template: str, figure: Figure, target: Target, needs: int | None = None, **fields: str) -> Finding:
    """Return a finding whose reason fills ``template`` from the figure, the target and ``fields``."""
    return Finding(outcome, Reason.of(template, **(described(figure, target) | fields)), needs, figure)


def described(figure: Figure, target: Target) -> dict[str, str]:
    """Return the fields that every sentence about a compared figure may use."""
    summary = figure.widened
    return {
        "value": "?" if summary.value is None else shown(summary.value, target),
        "interval": shown_interval(summary, target),
        "direction": summary.direction,
        "limit": shown_limit(target),
        "statistic": target.statistic,
        "count": str(summary.count),
    }


def _as_given(figure: Figure, target: Target) -> Finding:
    """Of a figure without an interval only this much is sure: what somebody saw was there to be seen."""
    value = figure.summary.value or 0
    if target.comparison == "at_most" and target.statistic == "max" and value - figure.below > target.limit:
        return found(Outcome.FAIL, reasons.SEEN_TO_MISS, figure, target)
    if target.comparison == "at_most" and target.statistic == "min" and value + figure.above <= target.limit:
        return found(Outcome.PASS, reasons.SEEN_TO_MEET, figure, target)
    return found(Outcome.INCONCLUSIVE, reasons.NO_INTERVAL, figure, target)


def _meets(figure: Figure, target: Target) -> bool:
    low, high = figure.widened.low, figure.widened.high
    if target.comparison == "at_most":
        return high is not None and high <= target.limit
    return low is not None and low >= target.limit


def _misses(figure: Figure, target: Target) -> bool:
    low, high = figure.widened.low, figure.widened.high
    if target.comparison == "at_most":
        return low is not None and low > target.limit
    return high is not None and high < target.limit


def _undecided(figure: Figure, target: Target) -> Finding:
    fewest = samples_for_both_ends(target.statistic)
    if fewest is None:
        return found(Outcome.INCONCLUSIVE, reasons.UNPROVABLE, figure, target)
    value, count = figure.summary.value or 0, figure.summary.count
    error = figure.above if value <= target.limit else figure.below
    if error and abs(value - target.limit) <= error:
        return found(Outcome.INCONCLUSIVE, reasons.WITHIN_ERROR, figure, target, error=shown(error, target))
    if count < fewest:
        return found(Outcome.INCONCLUSIVE, reasons.TOO_FEW, figure, target, fewest, needed=str(fewest))
    needed = samples_to_decide(figure.summary, target.limit, error)
    if needed is None:
        return found(Outcome.INCONCLUSIVE, reasons.TOO_CLOSE, figure, target)
    return found(Outcome.INCONCLUSIVE, reasons.STRADDLES, figure, target, needed, needed=str(needed))
