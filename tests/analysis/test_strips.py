"""Bounds on straight lines between points, against scipy's linear programming and against every pair of points."""

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from netbench.analysis import kernels, twin
from netbench.analysis.engine import Kernels
from netbench.analysis.strips import Points, Range, Strip, strip

Floats = npt.NDArray[np.float64]

ENGINES: tuple[Kernels, Kernels] = (kernels, twin)
SLOPES = Range(-2.0, 2.0)

any_engine = pytest.mark.parametrize("passes", ENGINES, ids=lambda passes: passes.NAME)
levels = st.lists(st.integers(-1000, 1000), min_size=1, max_size=30)


def _best(roof: Points, ground: Points, slopes: Range, goal: tuple[float, float]) -> float | None:
    """The largest of goal · (slope, level), by scipy."""
    matrix = np.vstack(
        [np.column_stack([roof.times, np.ones(len(roof.times))]), -np.column_stack([ground.times, np.ones(len(ground.times))])]
    )
    limits = np.concatenate([roof.levels, -ground.levels])
    found = linprog(
        [-goal[0], -goal[1]], A_ub=matrix, b_ub=limits, bounds=[(slopes.low, slopes.high), (None, None)], method="highs"
    )
    return -float(found.fun) if found.fun is not None and found.success else None


def _points(values: list[int], above: float) -> Points:
    return Points(np.arange(len(values), dtype=np.float64) * 3, np.array(values, np.float64) + above)


def _agrees(found: Strip | None, roof: Points, ground: Points) -> None:
    steepest = _best(roof, ground, SLOPES, (1, 0))
    if steepest is None:
        assert found is None
        return
    assert found is not None
    assert found.slopes.high == pytest.approx(steepest, abs=1e-6)
    assert -found.slopes.low == pytest.approx(_best(roof, ground, SLOPES, (-1, 0)), abs=1e-6)
    for time in (-5.0, 7.5, 200.0):
        at = found.at(time)
        assert at.high == pytest.approx(_best(roof, ground, SLOPES, (time, 1)), abs=1e-3)
        assert -at.low == pytest.approx(_best(roof, ground, SLOPES, (-time, -1)), abs=1e-3)


@any_engine
@settings(max_examples=20, deadline=None)
@given(upper=levels, lower=levels, apart=st.integers(-500, 3000))
def test_bounds_are_those_of_the_linear_program(passes: Kernels, upper: list[int], lower: list[int], apart: int) -> None:
    """Slopes, and levels at times before, between and after the points; or that there is no line at all."""
    roof, ground = _points(upper, apart), _points(lower, 0)

    _agrees(strip(roof, ground, SLOPES, passes), roof, ground)


@any_engine
def test_packets_of_a_day_keep_their_nanoseconds(passes: Kernels) -> None:
    """A line of 40 ppm over 86,400 s with points 5 µs to either side: bounds within a few nanoseconds of the truth."""
    times = np.linspace(0, 86_400e9, 2_000)
    line = 4e-5 * times
    found = strip(Points(times, line + 5_000), Points(times, line - 5_000), Range(-1e-3, 1e-3), passes)

    assert found is not None
    assert found.slopes.low == pytest.approx(4e-5 - 10_000 / 86_400e9, rel=1e-6)
    assert found.at(43_200e9).low == pytest.approx(4e-5 * 43_200e9 - 5_000, abs=3)
    assert found.at(43_200e9).high == pytest.approx(4e-5 * 43_200e9 + 5_000, abs=3)


@any_engine
@settings(max_examples=100, deadline=None)
@given(values=levels)
def test_hull_is_what_no_two_points_pass_below(passes: Kernels, values: list[int]) -> None:
    """A point is on the lower hull when no line through two others, one a side, passes below or through it."""
    points = _points(values, 0)
    corners = set(passes.lower_hull(points.times, points.levels).tolist())

    def under(place: int) -> bool:
        return any(
            values[left] * (right - place) + values[right] * (place - left) <= values[place] * (right - left)
            for left in range(place)
            for right in range(place + 1, len(values))
        )

    assert corners == {place for place in range(len(values)) if not under(place)}


@any_engine
@settings(max_examples=25, deadline=None)
@given(values=levels)
def test_costs_are_those_of_the_nearest_line_below(passes: Kernels, values: list[int]) -> None:
    """For every beginning of the series: the sum over the points less what the highest line below them has at their mean time."""
    points = _points(values, 0)
    costs = passes.floor_costs(points.times, points.levels)
    for size in {1, (len(values) + 1) // 2, len(values)}:
        part = Points(points.times[:size], points.levels[:size])
        nothing = Points(np.empty(0), np.empty(0))
        height = _best(part, nothing, Range(-1e6, 1e6), (float(part.times.mean()), 1))
        assert height is not None
        assert costs[size - 1] == pytest.approx(float(part.levels.sum()) - size * height, abs=1e-6)


def test_of_two_points_at_one_time_the_lower_counts() -> None:
    """Whichever comes first."""
    times = np.array([0.0, 0.0, 1.0, 1.0])
    for passes in ENGINES:
        assert passes.lower_hull(times, np.array([5.0, 2.0, 3.0, 4.0])).tolist() == [1, 2]
