"""Throughput of intervals: exact means, honest intervals, shares."""

import numpy as np
import pytest
from scipy import stats

from netbench.analysis.intervals import share_at_least, summarise_intervals
from netbench.analysis.means import effective_count
from netbench.analysis.summary import Summary
from netbench.measure.samples import Columns, Turn
from tests.analysis.packets import interval_columns

SECOND = 1_000_000_000


def _figure(columns: Columns, direction: str, statistic: str) -> Summary:
    return next(each for each in summarise_intervals(columns) if (each.direction, each.statistic) == (direction, statistic))


def test_mean_is_all_bytes_over_all_time() -> None:
    """A short interval weighs less: 10 MB in 1 s and 10 MB in 0.5 s are 106.67 Mbit/s, not the mean of 80 and 160."""
    columns = interval_columns([(0, SECOND, 10_000_000), (0, SECOND // 2, 10_000_000)])

    assert _figure(columns, "forward", "mean").value == 106_666_667
    assert _figure(columns, "forward", "min").value == 80_000_000
    assert _figure(columns, "forward", "max").value == 160_000_000
    assert _figure(columns, "forward", "p50").value == 80_000_000


def test_directions_are_kept_apart() -> None:
    """A direction without intervals has no entry."""
    columns = interval_columns([(1, SECOND, 1_000)])

    assert {each.direction for each in summarise_intervals(columns)} == {"reverse"}
    assert summarise_intervals(interval_columns([])) == ()


def test_interval_of_no_length_says_nothing() -> None:
    """It has no rate, so it neither counts nor divides."""
    columns = interval_columns([(0, SECOND, 1_000), (0, 0, 77)])

    assert (_figure(columns, "forward", "mean").value, _figure(columns, "forward", "mean").count) == (8_000, 1)


@pytest.mark.parametrize("count", [1, 4])
def test_fewer_than_five_intervals_have_no_interval(count: int) -> None:
    """The value stands, its uncertainty is not known."""
    mean = _figure(interval_columns([(0, SECOND, 1_000 + number) for number in range(count)]), "forward", "mean")

    assert mean.value is not None
    assert (mean.low, mean.high) == (None, None)


def test_uncorrelated_interval_is_students() -> None:
    """Where neighbours do not resemble each other it is scipy's t interval of the rates."""
    received = [900_000, 1_100_000, 950_000, 1_080_000, 930_000, 1_040_000, 980_000, 1_020_000]
    mean = _figure(interval_columns([(0, SECOND, each) for each in received]), "forward", "mean")
    rates = [8.0 * each for each in received]
    expected = stats.t.interval(0.95, len(rates) - 1, loc=np.mean(rates), scale=stats.sem(rates))

    assert (mean.low, mean.high) == pytest.approx(expected, abs=1)


def test_rate_is_never_below_zero() -> None:
    """A wide interval ends at zero: there is no negative throughput."""
    mean = _figure(interval_columns([(0, SECOND, each) for each in (0, 0, 0, 0, 10**9)]), "forward", "mean")

    assert mean.low == 0


def test_effective_count_of_a_trend_is_small() -> None:
    """Thirty rates that climb steadily are worth hardly more than two; thirty that alternate are worth thirty."""
    assert effective_count([float(number) for number in range(30)]) < 3
    assert effective_count([float(number % 2) for number in range(30)]) == 30
    assert effective_count([5.0] * 30) == 30


@pytest.mark.parametrize("correlation", [0.0, 0.5, 0.8])
def test_mean_covers_correlated_rates(correlation: float) -> None:
    """Over 1000 seeded AR(1) series of 40 intervals the interval holds the truth in at least 93 %."""
    generator = np.random.default_rng(11)
    held = 0
    for _ in range(1000):
        rates = [float(generator.normal(0, 1)) / (1 - correlation**2) ** 0.5]
        for noise in generator.normal(0, 1, 39):
            rates.append(correlation * rates[-1] + float(noise))
        columns = interval_columns([(0, SECOND, round(1e7 + 1e5 * rate)) for rate in rates])
        mean = _figure(columns, "forward", "mean")
        assert mean.low is not None
        assert mean.high is not None
        held += mean.low <= 8e7 <= mean.high

    assert held >= 930


def test_share_of_intervals_that_reach_a_rate() -> None:
    """Reaching it exactly counts; the interval is scipy's exact one."""
    columns = interval_columns([(1, SECOND, each) for each in (1_000, 999, 1_001, 1_000)] + [(0, SECOND, 5)])
    share = share_at_least(columns, Turn.REVERSE, 8_000.0)
    expected = stats.binomtest(3, 4).proportion_ci(0.95, method="exact")

    assert (share.metric, share.statistic, share.direction) == ("throughput", "share_at_least", "reverse")
    assert (share.value, share.count, share.unit) == (0.75, 4, "1")
    assert (share.low, share.high) == pytest.approx((expected.low, expected.high))


def test_a_share_is_as_unsure_as_the_rates_themselves() -> None:
    """With rates 5 % off, 8 % above the limit is surely enough, 3 % above or below may go either way."""
    columns = interval_columns([(0, SECOND, each) for each in (1_080, 1_030, 970, 920)])
    share = share_at_least(columns, Turn.FORWARD, 8_000.0, 0.05)

    assert share.value == 0.5
    assert share.low == pytest.approx(stats.binomtest(1, 4).proportion_ci(0.95, method="exact").low)
    assert share.high == pytest.approx(stats.binomtest(3, 4).proportion_ci(0.95, method="exact").high)


def test_share_of_no_intervals_has_no_value() -> None:
    """Nothing measured, nothing said."""
    assert share_at_least(interval_columns([]), Turn.FORWARD, 1.0).value is None
