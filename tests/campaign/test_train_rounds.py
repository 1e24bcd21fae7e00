"""Which trains are sent: longer than the queue, read where nothing is dropped, no more at once than the machine carries."""

from dataclasses import replace

import pytest

from netbench.campaign import calibrating
from netbench.campaign.schedule import ROUND_LOAD_BPS
from netbench.campaign.train_rounds import PACED_TRAINS, TRAINS, train_rounds, train_test
from netbench.plan import catalogue
from netbench.plan.model import PerDirection
from tests.campaign.plans import chain

LINK = chain().links["west-mid"]
"""1 Gbit/s at a tenth, a queue of 50 ms: 406 full frames."""


def test_a_train_is_longer_than_the_queue_and_read_within_it() -> None:
    """406 frames are held; what is read lies well within them, what is sent well beyond."""
    test = train_test(LINK, "forward")

    assert (test.rate_bps, test.frame_ns) == (100_000_000, 123_040)
    assert 0 < test.first < test.last < 406 < test.burst == test.frames
    assert not test.paced
    assert test.blur == 0


@pytest.mark.parametrize("change", ["jitter", "tolerance", "short queue"])
def test_where_arrivals_vary_or_the_queue_is_short_the_train_is_paced(change: str) -> None:
    """It keeps the queue full for long instead, a little faster than the link."""
    link = {
        "jitter": replace(LINK, jitter_ns=PerDirection(100_000, 4_000_000)),
        "tolerance": replace(LINK, tolerance_ns=5_000_000),
        "short queue": replace(LINK, queue_ns=PerDirection(500_000, 500_000)),
    }[change]

    test = train_test(link, "reverse")

    assert test.paced
    assert test.pace_ns < test.frame_ns
    assert (test.frames - test.burst) * test.pace_ns >= 99_000_000
    assert test.blur < 0.02


def test_losses_in_bursts_make_a_train_longer() -> None:
    """So that by chance alone its rate is not 5 % off."""
    lossy = replace(
        LINK, jitter_ns=PerDirection(1_000, 1_000), loss_ratio=PerDirection(0.02, 0.0), loss_burst=PerDirection(5.0, None)
    )

    assert train_test(lossy, "forward").frames > train_test(lossy, "reverse").frames + 400
    assert train_test(lossy, "forward").blur < 0.02


def test_every_direction_is_tested_once_and_no_round_is_too_much() -> None:
    """Paced trains are with their like."""
    plan = catalogue.find("anshun")

    rounds = train_rounds(plan.links.values())

    names = [test.name for each in rounds for test in each.tests]
    assert sorted(names) == sorted(f"{link} {direction}" for link in plan.links for direction in ("forward", "reverse"))
    for each in rounds:
        assert len({test.paced for test in each.tests}) == 1
        assert sum(test.rate_bps for test in each.tests) <= ROUND_LOAD_BPS
        assert each.schedule.count == (PACED_TRAINS if each.tests[0].paced else TRAINS)


@pytest.mark.parametrize(("name", "most"), [("first", 8), ("anshun", 25)])
def test_shipped_plans_are_calibrated_in_seconds(name: str, most: float) -> None:
    """As announced: 8 s for the small one, 25 s for 71 links."""
    assert calibrating.seconds(tuple(catalogue.find(name).links.values())) <= most
