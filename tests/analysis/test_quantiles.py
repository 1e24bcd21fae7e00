"""Ranks of quantiles and of the ends of their intervals."""

from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from netbench.analysis.quantiles import QUANTILES, TAIL, Ranks, quantile_of, ranks, samples_for_interval
from tests.analysis.reference import at_most

Floats = npt.NDArray[np.float64]

COUNTS = [1, 2, 5, 6, 7, 20, 72, 73, 100, 367, 368, 500, 1000]
EXACT_TAIL = Fraction(25, 1000)


@pytest.mark.parametrize("share", QUANTILES.values(), ids=QUANTILES)
@pytest.mark.parametrize("count", COUNTS)
def test_ends_are_the_narrowest_that_the_binomial_distribution_allows(count: int, share: Fraction) -> None:
    """By exact enumeration: each end is wrong with at most 2.5 %, and one rank further in it would be wrong with more."""
    found = ranks(count, share)

    assert found.value == -(-share * count // 1)
    if found.low is None:
        assert at_most(0, count, share) > EXACT_TAIL
    else:
        assert at_most(found.low - 1, count, share) <= EXACT_TAIL < at_most(found.low, count, share)
    if found.high is None:
        assert 1 - at_most(count - 1, count, share) > EXACT_TAIL
    else:
        assert 1 - at_most(found.high - 1, count, share) <= EXACT_TAIL < 1 - at_most(found.high - 2, count, share)


@pytest.mark.parametrize("share", QUANTILES.values(), ids=QUANTILES)
def test_ends_for_very_many_samples(share: Fraction) -> None:
    """With a thousand million samples the ends are those of scipy's binomial distribution."""
    count = 1_000_000_000
    binomial = stats.binom(count, float(share))
    found = ranks(count, share)

    assert found.low is not None
    assert found.high is not None
    assert binomial.cdf(found.low - 1) <= TAIL < binomial.cdf(found.low)
    assert binomial.sf(found.high - 1) <= TAIL < binomial.sf(found.high - 2)


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), count=st.integers(6, 400), share=st.sampled_from([0.5, 0.9, 0.99]))
def test_interval_agrees_with_scipy_quantile_test(seed: int, count: int, share: float) -> None:
    """scipy's test of a quantile gives the same ends, and none where we give none."""
    values = np.sort(np.random.default_rng(seed).exponential(1.0, count))
    expected: Any = stats.quantile_test(values, p=share).confidence_interval(0.95)
    found = ranks(count, Fraction(share).limit_denominator(1000))

    assert _value(values, found.low) == pytest.approx(expected.low, nan_ok=True)
    assert _value(values, found.high) == pytest.approx(expected.high, nan_ok=True)


def _value(values: Floats, rank: int | None) -> float:
    return float("nan") if rank is None else float(values[rank - 1])


def _series(source: str, generator: np.random.Generator) -> Floats:
    """2000 series of 600."""
    shape = (2000, 600)
    if source == "lognormal":
        return generator.lognormal(0, 1, shape)
    if source == "ties":
        return generator.binomial(10, 0.3, shape).astype(np.float64)
    return generator.random(shape) + np.where(generator.random(shape) < 0.7, 0.0, 9.0)


def _truth(source: str, share: float) -> float:
    if source == "lognormal":
        return float(stats.lognorm(1).ppf(share))
    if source == "ties":
        return float(stats.binom(10, 0.3).ppf(share))
    return share / 0.7 if share < 0.7 else 9 + (share - 0.7) / 0.3


@pytest.mark.parametrize("name", ["p50", "p99"])
@pytest.mark.parametrize("source", ["lognormal", "bimodal", "ties"])
def test_coverage(name: str, source: str) -> None:
    """Over 2000 seeded series of 600, the interval holds the true quantile in at least 93 % (by design, 95 %)."""
    truth, found = _truth(source, float(QUANTILES[name])), ranks(600, QUANTILES[name])
    series = np.sort(_series(source, np.random.default_rng(len(source))), axis=1)

    assert found.low is not None
    assert found.high is not None
    held = (series[:, found.low - 1] <= truth) & (truth <= series[:, found.high - 1])
    assert held.mean() >= 0.93


@pytest.mark.parametrize(("name", "needed"), [("p50", 6), ("p90", 36), ("p95", 72), ("p99", 368), ("p99.9", 3688)])
def test_fewest_samples_for_two_ends(name: str, needed: int) -> None:
    """The smallest n with q^n (or (1-q)^n) at most 2.5 %."""
    share = QUANTILES[name]

    assert samples_for_interval(share) == needed
    assert max(share, 1 - share) ** needed <= EXACT_TAIL < max(share, 1 - share) ** (needed - 1)
    assert ranks(needed - 1, share).high is None


def test_one_sample() -> None:
    """One sample is every quantile; of a high one it is also the lower end."""
    assert ranks(1, Fraction(1, 2)) == Ranks(1, None, None)
    assert ranks(1, Fraction(99, 100)) == Ranks(1, 1, None)


@pytest.mark.parametrize(("count", "share"), [(0, Fraction(1, 2)), (5, Fraction(0)), (5, Fraction(1))])
def test_no_quantile(count: int, share: Fraction) -> None:
    """Nothing has no quantile, and extremes are not quantiles."""
    with pytest.raises(ValueError, match="no quantile"):
        ranks(count, share)


@pytest.mark.parametrize(
    ("name", "share"),
    [
        ("p50", Fraction(1, 2)),
        ("p99.9", Fraction(999, 1000)),
        ("p99.99", Fraction(9999, 10000)),
        ("p0", None),
        ("mean", None),
        ("p", None),
    ],
)
def test_quantile_by_name(name: str, share: Fraction | None) -> None:
    """Names are percentiles in full precision."""
    assert quantile_of(name) == share
