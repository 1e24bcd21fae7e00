"""Clopper–Pearson against scipy's exact interval, and what more samples would do."""

import pytest
from scipy import stats

from netbench.analysis.needs import attempts_to_decide, more_samples_for_both_ends, samples_for_both_ends, samples_to_decide
from netbench.analysis.proportion import proportion, proportion_interval
from netbench.analysis.summary import Summary


@pytest.mark.parametrize("trials", [1, 2, 10, 368, 10_000, 1_000_000])
@pytest.mark.parametrize("share", [0.0, 0.001, 0.3, 0.999, 1.0])
def test_interval_is_scipys(trials: int, share: float) -> None:
    """Both ends agree to nine digits, also where nothing or everything was lost."""
    successes = round(share * trials)
    expected = stats.binomtest(successes, trials).proportion_ci(0.95, method="exact")

    assert proportion_interval(successes, trials) == pytest.approx((expected.low, expected.high), rel=1e-9)


@pytest.mark.parametrize(("successes", "trials"), [(-1, 10), (11, 10), (0, 0)])
def test_no_proportion(successes: int, trials: int) -> None:
    """More successes than trials, or no trials, are refused."""
    with pytest.raises(ValueError, match="no proportion"):
        proportion_interval(successes, trials)


def test_nothing_tried_has_no_value() -> None:
    """No attempt, no ratio: neither zero nor one."""
    found = proportion("loss_ratio", "both", 0, 0)

    assert (found.value, found.low, found.high, found.count) == (None, None, None, 0)


@pytest.mark.parametrize(
    ("ratio", "limit", "needed"),
    [(0.0, 0.001, 3688), (0.0, 1e-4, 36_887), (1.0, 0.95, 72), (0.01, 0.01, None)],
)
def test_attempts_to_decide(ratio: float, limit: float, needed: int | None) -> None:
    """With no loss the rule of 0.025 ** (1/n); exactly at the limit no number does."""
    assert attempts_to_decide(ratio, limit) == needed


@pytest.mark.parametrize(("ratio", "limit"), [(0.0005, 0.001), (0.002, 0.001), (0.9, 0.95), (0.5, 0.51)])
def test_that_many_attempts_do_decide(ratio: float, limit: float) -> None:
    """By scipy's interval: at the number given the limit is outside, at half of it it is not."""
    needed = attempts_to_decide(ratio, limit)
    assert needed is not None

    def outside(trials: int) -> bool:
        interval = stats.binomtest(round(ratio * trials), trials).proportion_ci(0.95, method="exact")
        return bool(interval.high <= limit or interval.low > limit)

    assert outside(needed)
    assert not outside(needed // 2)


@pytest.mark.parametrize(
    ("statistic", "needed"), [("p99", 368), ("mean", 5), ("ratio", 1), ("share_at_least", 1), ("max", None), ("min", None)]
)
def test_samples_for_both_ends(statistic: str, needed: int | None) -> None:
    """An extreme never has two ends."""
    assert samples_for_both_ends(statistic) == needed


def _delay(value: int, low: int | None, high: int | None, count: int) -> Summary:
    return Summary("one_way_delay", "forward", "p99", value, low, high, "ns", count, "")


def test_more_samples_for_both_ends() -> None:
    """What is missing to 368, and nothing when it is there."""
    assert more_samples_for_both_ends(_delay(10, 9, None, 100)) == 268
    assert more_samples_for_both_ends(_delay(10, 9, 11, 1000)) == 0
    assert more_samples_for_both_ends(Summary("one_way_delay", "forward", "max", 10, 10, None, "ns", 5, "")) is None


def test_samples_to_decide_grow_with_the_square() -> None:
    """Half the room takes four times the samples; no room, none at all."""
    straddling = _delay(1000, 900, 1200, 1000)

    assert samples_to_decide(straddling, 1100, 0) == 4001
    assert samples_to_decide(straddling, 1100, 50) == 16001
    assert samples_to_decide(straddling, 1100, 100) is None
    assert samples_to_decide(straddling, 950, 0) == 4001
    assert samples_to_decide(_delay(1000, 900, None, 1000), 1100, 0) is None
    assert samples_to_decide(Summary("ipdv", "forward", "p99", None, None, None, "ns", 0, ""), 1, 0) is None
