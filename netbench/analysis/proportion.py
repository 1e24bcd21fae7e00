"""Proportions: loss, duplication, reordering, the share of a rate that is good enough.

Their 95 % intervals are Clopper and Pearson's (Biometrika 26, 1934), which hold at any size of sample and for any true ratio.
"""

from netbench.analysis.quantiles import TAIL
from netbench.analysis.summary import Summary, SummaryDirection

METHOD = "Clopper–Pearson"


def proportion_interval(successes: int, trials: int, tail: float = TAIL) -> tuple[float, float]:
    """Return the interval of the true ratio after ``successes`` of ``trials``, with ``tail`` of the chance beyond each end.

    :raises ValueError: unless 0 ≤ successes ≤ trials and trials ≥ 1
    """
    from scipy.special import betaincinv

    if not 0 <= successes <= trials or trials < 1:
        raise ValueError(f"{successes} of {trials} is no proportion")
    low = float(betaincinv(successes, trials - successes + 1, tail)) if successes else 0.0
    high = float(betaincinv(successes + 1, trials - successes, 1 - tail)) if successes < trials else 1.0
    return low, high


def proportion(metric: str, direction: SummaryDirection, successes: int, trials: int, statistic: str = "ratio") -> Summary:
    """Return ``successes`` of ``trials`` with its interval; without trials there is no value."""
    if trials == 0:
        return Summary(metric, direction, statistic, None, None, None, "1", 0, METHOD)
    low, high = proportion_interval(successes, trials)
    return Summary(metric, direction, statistic, successes / trials, low, high, "1", trials, METHOD)
