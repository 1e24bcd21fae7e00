"""The hull under a session's delays and the bounds on two clocks, beside scipy doing the same in the same run."""

from collections.abc import Callable
from time import perf_counter_ns

import numpy as np
from pytest_benchmark.fixture import BenchmarkFixture

from netbench.analysis import kernels
from netbench.analysis.clocks import relate
from netbench.analysis.strips import Points, Range, strip
from tests.analysis.two_clocks import quiet, with_waits

PACKETS = 1_000_000
FEW = 10_000
ROUNDS = 5


def _points(count: int) -> Points:
    """Exponential waits over a floor that a skew of 20 ppm tilts."""
    times = np.arange(count, dtype=np.float64) * 1e6
    return Points(times, 3e6 + 2e-5 * times + np.random.default_rng(7).exponential(50_000, count))


def test_hull_beside_scipy(benchmark: BenchmarkFixture) -> None:
    """A million packets; Qhull takes microseconds and seconds, since it joins what lies close by its own measure."""
    from scipy.spatial import ConvexHull

    points = _points(PACKETS)
    plane = np.column_stack([points.times / 1e9, points.levels / 1e6])
    _beside(benchmark, "hull", lambda: kernels.lower_hull(points.times, points.levels), lambda: ConvexHull(plane))


def test_bounds_beside_scipy(benchmark: BenchmarkFixture) -> None:
    """Ten thousand packets both ways: the steepest and the flattest line between them, the highest and the lowest at one time."""
    from scipy.optimize import linprog

    points = _points(FEW)
    ground = Points(points.times, points.levels - 6e6)
    lines = np.column_stack([points.times / 1e9, np.ones(FEW)])
    matrix, limits = np.vstack([lines, -lines]), np.concatenate([points.levels, -ground.levels])

    def ours() -> Range:
        found = strip(points, ground, Range(-1e-3, 1e-3), kernels)
        assert found is not None
        return found.at(5e9)

    def scipys() -> list[object]:
        goals = ((1, 0), (-1, 0), (5, 1), (-5, -1))
        return [linprog(goal, A_ub=matrix, b_ub=limits, bounds=[(-1e6, 1e6), (None, None)], method="highs") for goal in goals]

    _beside(benchmark, "bounds", ours, scipys)


def test_session_of_an_hour(benchmark: BenchmarkFixture) -> None:
    """Ten packets a second, one step: what a watch does an hour and pair, beside sorting the delays once each way by numpy."""
    truth = quiet(36_000, steps=((20_000, 2e6),))
    columns = with_waits(truth)
    delays = [np.ma.getdata(columns[name]) for name in ("forward_ns", "reverse_ns")]
    _beside(benchmark, "session", lambda: relate(columns, truth.beforehand), lambda: [np.sort(each) for each in delays])


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
    kept_with_it = {"mine_ms": mine_ms, "peers_ms": peers_ms, "ratio": peers_ms / mine_ms}
    benchmark.extra_info.update(kept_with_it)  # pyright: ignore[reportUnknownMemberType] - the plug-in is not typed
    print(f"{name}: {mine_ms:.2f} ms, beside it {peers_ms:.2f} ms, ratio {peers_ms / mine_ms:.2f}")
    benchmark.pedantic(mine, rounds=ROUNDS)  # type: ignore[no-untyped-call]  # pyright: ignore[reportUnknownMemberType] - the same
