"""The summary of five million delays, beside numpy doing the same in the same run."""

from collections.abc import Callable
from time import perf_counter_ns

import numpy as np
import numpy.typing as npt
import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from netbench.analysis.distribution import moments, summarise_delays
from netbench.analysis.engine import kernels
from netbench.analysis.quantiles import QUANTILES, ranks

Integers = npt.NDArray[np.int64]

COUNT = 5_000_000
ROUNDS = 5
SHARES = [float(share) for share in QUANTILES.values()]


@pytest.fixture(scope="module")
def delays() -> Integers:
    """5 ms of propagation under a log-normal queue, in ns."""
    return (5e6 + np.random.default_rng(1).lognormal(10, 1, COUNT)).astype(np.int64)


@pytest.fixture(scope="module")
def sequence() -> Integers:
    return np.arange(COUNT, dtype=np.int64)


def ours(sequence: Integers, delays: Integers) -> None:
    """Delay, IPDV and PDV with exact quantiles and all their intervals."""
    summarise_delays("one_way_delay", "forward", delays)
    summarise_delays("ipdv", "forward", kernels().absolute_differences(sequence, delays))


def numpys(delays: Integers) -> list[object]:
    """The same values by numpy, without one interval: five quantiles, mean, extremes, of delays and their differences."""
    differences = np.abs(np.diff(delays))
    percentages = [100 * share for share in SHARES]
    return [
        (np.percentile(values, percentages, method="inverted_cdf"), values.mean(), values.min(), values.max())
        for values in (delays, differences)
    ]


def test_summary_beside_numpy(benchmark: BenchmarkFixture, sequence: Integers, delays: Integers) -> None:
    """Ours gives intervals too; the ratio is numpy's time over ours."""
    _beside(benchmark, "summary", lambda: ours(sequence, delays), lambda: numpys(delays))


def test_order_statistics_beside_numpy(benchmark: BenchmarkFixture, delays: Integers) -> None:
    """Fifteen order statistics (five quantiles and their ends) against numpy's selection of the same."""
    wanted = [ranks(COUNT, share) for share in QUANTILES.values()]
    places = sorted({rank for each in wanted for rank in (each.low, each.value, each.high) if rank is not None})
    indices = [place - 1 for place in places]
    _beside(
        benchmark,
        "order statistics",
        lambda: kernels().order_statistics(delays, places),
        lambda: np.partition(delays, indices)[indices],
    )


def test_moments_beside_a_bare_sum(benchmark: BenchmarkFixture, delays: Integers) -> None:
    """The exact sum, extremes and batches against numpy's sum alone, which memory bandwidth bounds."""
    _beside(benchmark, "moments", lambda: moments(delays), delays.sum)


def _beside(benchmark: BenchmarkFixture, name: str, mine: Callable[[], object], peers: Callable[[], object]) -> None:
    """Time both in turns, so that a noisy host is as noisy for one as for the other, and keep the ratio of their medians."""
    mine()
    times: tuple[list[int], list[int]] = ([], [])
    for _ in range(ROUNDS):
        for kept, run in zip(times, (mine, peers), strict=True):
            started = perf_counter_ns()
            run()
            kept.append(perf_counter_ns() - started)
    mine_ms, peers_ms = (float(np.median(kept)) / 1e6 for kept in times)
    kept_with_it = {"mine_ms": mine_ms, "numpy_ms": peers_ms, "ratio": peers_ms / mine_ms, "engine": kernels().NAME}
    benchmark.extra_info.update(kept_with_it)  # pyright: ignore[reportUnknownMemberType] - the plug-in is not typed
    print(f"{name}: {mine_ms:.1f} ms, numpy {peers_ms:.1f} ms, ratio {peers_ms / mine_ms:.2f}")
    benchmark.pedantic(mine, rounds=ROUNDS)  # type: ignore[no-untyped-call]  # pyright: ignore[reportUnknownMemberType] - the same
