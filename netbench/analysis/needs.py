"""How much more to measure: the numbers of samples at which a figure could be judged."""

import math
from typing import Final

from netbench.analysis.means import FEWEST
from netbench.analysis.proportion import proportion_interval
from netbench.analysis.quantiles import quantile_of, samples_for_interval
from netbench.analysis.summary import Summary

PRACTICAL: Final = 1_000_000_000
"""More samples than this are no advice."""


def samples_for_both_ends(statistic: str) -> int | None:
    """Return how few samples give ``statistic`` an interval with two ends; None for an extreme, which never has them."""
    if statistic in {"min", "max"}:
        return None
    quantile = quantile_of(statistic)
    if quantile is not None:
        return samples_for_interval(quantile)
    return 1 if statistic in {"ratio", "share_at_least"} else FEWEST


def more_samples_for_both_ends(summary: Summary) -> int | None:
    """Return how many more samples would give this figure's interval two ends: 0 when it has them, None when none would."""
    needed = samples_for_both_ends(summary.statistic)
    return None if needed is None else max(0, needed - summary.count)


def attempts_to_decide(ratio: float, limit: float) -> int | None:
    """Return how many attempts at this ``ratio`` put its Clopper–Pearson interval on one side of ``limit``; None when hopeless.

    The interval narrows with the square root, so a ratio beside the limit may take more than anyone can send. With no loss at
    all, 36 887 attempts show that it is at most 1e-4.
    """
    if not _decided(ratio, limit, PRACTICAL):
        return None
    few, enough = 0, 1
    while not _decided(ratio, limit, enough):
        few, enough = enough, enough * 2
    while enough - few > 1:
        middle = (few + enough) // 2
        few, enough = (few, middle) if _decided(ratio, limit, middle) else (middle, enough)
    return enough


def samples_to_decide(summary: Summary, limit: float, error: float) -> int | None:
    """Return about how many samples would tell on which side of ``limit`` this figure lies; None when none would.

    ``error`` is what no number of samples removes, in the summary's unit. Elsewhere than for proportions the interval is
    expected to narrow with the square root of the number of samples.
    """
    if summary.value is None:
        return None
    if summary.unit == "1" and summary.statistic in {"ratio", "share_at_least"}:
        return attempts_to_decide(summary.value, limit)
    facing = summary.high if limit > summary.value else summary.low
    room = abs(limit - summary.value) - error
    if facing is None or room <= 0:
        return None
    factor = (abs(facing - summary.value) / room) ** 2
    needed = math.ceil(summary.count * factor) + 1
    return needed if needed <= PRACTICAL else None


def _decided(ratio: float, limit: float, attempts: int) -> bool:
    low, high = proportion_interval(round(ratio * attempts), attempts)
    return high <= limit or low > limit
