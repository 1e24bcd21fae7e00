"""Exact quantiles and their distribution-free intervals.

The q-quantile of n samples is the smallest sample with at least q·n samples at or below it: the order statistic of rank
⌈q·n⌉, the inverse of the empirical distribution (the percentile of RFC 2330 section 11.3 and RFC 8912). Its 95 % interval runs
between two order statistics whose ranks come from the binomial distribution alone, so that it holds whatever the distribution
of the samples, ties and all, as long as they are independent; it is never narrower than 95 % takes.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from typing import Final

CONFIDENCE: Final = 0.95
TAIL: Final = (1 - CONFIDENCE) / 2

QUANTILES: Final[Mapping[str, Fraction]] = {
    "p50": Fraction(50, 100),
    "p90": Fraction(90, 100),
    "p95": Fraction(95, 100),
    "p99": Fraction(99, 100),
    "p99.9": Fraction(999, 1000),
}

_NAME = re.compile(r"p(\d{1,2}(?:\.\d+)?)")


def quantile_of(statistic: str) -> Fraction | None:
    """Return 99/100 for ``p99``, 999/1000 for ``p99.9``; None for what is no quantile's name."""
    match = _NAME.fullmatch(statistic)
    quantile = Fraction(match[1]) / 100 if match else Fraction(0)
    return quantile if quantile > 0 else None


@dataclass(frozen=True, slots=True)
class Ranks:
    """Which order statistics, counted from 1, are the value and the ends of its interval; None: too few samples for that end."""

    value: int
    low: int | None
    high: int | None


@lru_cache(maxsize=1024)
def ranks(count: int, quantile: Fraction) -> Ranks:
    """Return the ranks for ``count`` samples.

    :raises ValueError: when there are no samples, or the quantile is not strictly between 0 and 1
    """
    if count < 1 or not 0 < quantile < 1:
        raise ValueError(f"no quantile {quantile} of {count} samples")
    return Ranks(-(-quantile.numerator * count // quantile.denominator), _low_rank(count, quantile), _high_rank(count, quantile))


def samples_for_interval(quantile: Fraction) -> int:
    """Return how few samples give a quantile an interval with two ends: 368 for the 99th percentile, 6 for the median."""
    few, enough = 0, 1
    while not _has_both_ends(enough, quantile):
        few, enough = enough, enough * 2
    while enough - few > 1:
        middle = (few + enough) // 2
        few, enough = (few, middle) if _has_both_ends(middle, quantile) else (middle, enough)
    return enough


def _has_both_ends(count: int, quantile: Fraction) -> bool:
    found = ranks(count, quantile)
    return found.low is not None and found.high is not None


def _low_rank(count: int, quantile: Fraction) -> int | None:
    """The largest rank r with P(fewer than r samples at or below the quantile) ≤ 2.5 %."""
    from scipy.special import bdtr

    below, above = -1, count  # P(B ≤ below) ≤ tail < P(B ≤ above)
    while above - below > 1:
        middle = (below + above) // 2
        below, above = (middle, above) if bdtr(middle, count, float(quantile)) <= TAIL else (below, middle)
    return below + 1 if below >= 0 else None


def _high_rank(count: int, quantile: Fraction) -> int | None:
    """The smallest rank r with P(r or more samples strictly below the quantile) ≤ 2.5 %."""
    from scipy.special import bdtrc

    below, above = -1, count  # P(B > below) > tail ≥ P(B > above)
    while above - below > 1:
        middle = (below + above) // 2
        below, above = (below, middle) if bdtrc(middle, count, float(quantile)) <= TAIL else (middle, above)
    return above + 1 if above < count else None
