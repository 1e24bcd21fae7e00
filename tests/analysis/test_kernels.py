"""The compiled passes and their numpy twin against exact arithmetic, over many distributions."""

import statistics
from fractions import Fraction
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from netbench.analysis import engine, kernels, twin
from netbench.analysis.distribution import moments, variance
from netbench.analysis.engine import Kernels
from netbench.analysis.quantiles import QUANTILES, ranks
from tests.analysis.reference import neighbour_differences, quantile

Integers = npt.NDArray[np.int64]

LARGEST = 2**62 - 1
ENGINES: tuple[Kernels, Kernels] = (kernels, twin)


def _distributions() -> dict[str, Integers]:
    generator = np.random.default_rng(20)
    few = {f"{count} values": generator.integers(0, 1000, count) for count in range(1, 6)}
    return few | {
        "constant": np.full(10_000, 5_000_000, np.int64),
        "two values": generator.choice([1_000_000, 9_000_000], 10_000),
        "bimodal": np.concatenate([generator.normal(5e6, 1e4, 9000), generator.normal(9e6, 1e5, 3000)]).astype(np.int64),
        "heavy tail": (generator.pareto(0.8, 20_000) * 1e5).astype(np.int64),
        "one outlier far away": np.append(generator.integers(0, 100_000, 20_000), [LARGEST]),
        "outliers on both sides": np.append(generator.integers(0, 100_000, 20_000), [LARGEST, -LARGEST]),
        "huge and close": LARGEST - generator.integers(0, 3, 10_000),
        "negative": -(generator.exponential(1e6, 20_000).astype(np.int64)),
        "around zero": generator.integers(-5, 6, 20_000),
        "ascending": np.arange(20_000, dtype=np.int64),
        "descending": np.arange(20_000, 0, -1, dtype=np.int64),
        "whole range": generator.integers(-LARGEST, LARGEST, 20_000),
    }


DISTRIBUTIONS = _distributions()
any_engine = pytest.mark.parametrize("passes", ENGINES, ids=lambda passes: passes.NAME)
any_distribution = pytest.mark.parametrize("name", DISTRIBUTIONS)


@any_engine
@any_distribution
def test_moments_are_exact(passes: Kernels, name: str) -> None:
    """Extremes, sum and mean are those of exact integers, however large; so are the means of the batches."""
    values = DISTRIBUTIONS[name]
    exact = [int(value) for value in values]
    found = moments(values, passes)

    assert (found.count, found.least, found.greatest, found.total) == (len(exact), min(exact), max(exact), sum(exact))
    assert found.mean == Fraction(sum(exact), len(exact))
    edges = [batch * len(exact) // min(20, len(exact)) for batch in range(min(20, len(exact)) + 1)]
    expected = [statistics.fmean(exact[start:end]) for start, end in pairwise(edges)]
    assert found.batch_means == pytest.approx(expected, rel=1e-15)


@any_engine
@any_distribution
def test_variance(passes: Kernels, name: str) -> None:
    """The variance is that of exact fractions to twelve digits, also where values are huge and close together."""
    values = DISTRIBUTIONS[name]
    exact = [Fraction(int(value)) for value in values]
    found = variance(values, moments(values, passes), passes)

    if len(values) < 2:
        assert found is None
    else:
        assert found == pytest.approx(float(statistics.variance(exact)), rel=1e-12)


@any_engine
@any_distribution
def test_order_statistics(passes: Kernels, name: str) -> None:
    """Every rank asked for, in any order and more than once, is what sorting gives."""
    values = DISTRIBUTIONS[name]
    ordered = sorted(int(value) for value in values)
    count = len(ordered)
    asked = sorted({1, (count + 1) // 2, -(-count * 9 // 10), -(-count * 999 // 1000), count}, reverse=True)
    asked += asked[:1]

    assert passes.order_statistics(values, asked) == [ordered[rank - 1] for rank in asked]


@any_engine
def test_no_rank_asked_for(passes: Kernels) -> None:
    """Nothing asked, nothing given."""
    assert passes.order_statistics(DISTRIBUTIONS["ascending"], []) == []


@any_engine
@given(packets=st.dictionaries(st.integers(0, 60), st.integers(-(2**61), 2**61), max_size=40))
def test_neighbour_differences(passes: Kernels, packets: dict[int, int]) -> None:
    """Only packets whose numbers follow each other are subtracted."""
    sequence = np.array(sorted(packets), np.int64)
    values = np.array([packets[int(number)] for number in sequence], np.int64)
    expected = neighbour_differences(list(packets), list(packets.values()))

    assert passes.absolute_differences(sequence, values).tolist() == expected


@any_engine
@settings(max_examples=50)
@given(
    values=st.lists(st.integers(-LARGEST, LARGEST), min_size=1, max_size=60), share=st.sampled_from(sorted(QUANTILES.values()))
)
def test_quantile_is_the_inverse_of_the_empirical_distribution(passes: Kernels, values: list[int], share: Fraction) -> None:
    """The value at the rank of a quantile is the smallest that the share of samples does not exceed."""
    rank = ranks(len(values), share).value

    assert passes.order_statistics(np.array(values, np.int64), [rank]) == [quantile(values, share)]


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), scale=st.integers(0, 61), count=st.integers(8193, 12_000))
def test_large_series_by_both_engines(seed: int, scale: int, count: int) -> None:
    """Where values are divided into buckets the result is still what numpy's selection gives."""
    generator = np.random.default_rng(seed)
    values = (generator.standard_cauchy(count) * 2.0**scale).clip(-LARGEST, LARGEST // 2).astype(np.int64)
    asked = [int(rank) for rank in generator.integers(1, count + 1, 15)]

    assert kernels.order_statistics(values, asked) == twin.order_statistics(values, asked)


def test_nothing_measured_has_no_moments() -> None:
    """An empty series is an error, not a zero."""
    with pytest.raises(ValueError, match="nothing was measured"):
        moments(np.empty(0, np.int64))


def test_compiled_kernels_are_used_here() -> None:
    """On a host that lets code be compiled the twin is not needed."""
    assert engine.kernels().NAME == "numba"


def test_twin_is_used_where_nothing_can_be_compiled(monkeypatch: pytest.MonkeyPatch) -> None:
    """A kernel that cannot run leads to the twin, and it says so."""

    def refuses(*_: object) -> None:
        raise OSError("memory may not be made executable")

    monkeypatch.setattr(kernels, "batch_sums", refuses)
    engine.kernels.cache_clear()
    try:
        assert engine.kernels().NAME == "numpy"
    finally:
        engine.kernels.cache_clear()
