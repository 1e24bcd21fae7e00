"""What is said of delay and jitter: the wire's own doing, not the machine's."""

from dataclasses import replace

import pytest

from netbench.campaign.certificate import Standing
from netbench.campaign.condition import Condition
from netbench.campaign.delay_items import DelaySeen, delay_item, jitter_item
from netbench.plan.model import Link, PerDirection
from netbench.report.language import retell
from tests.campaign.test_calibration import delay
from tests.campaign.test_certificate import ASKED, FIT, LINK, SATURATED


@pytest.mark.parametrize("lie_ns", [100_000, -100_000])
def test_a_delay_off_by_100_us_is_off_by_default(lie_ns: int) -> None:
    """Though the machine adds ten microseconds of its own; ten alone are none."""
    assert delay_item(LINK, "forward", delay("forward", ASKED + lie_ns + 10_000, 0)).standing is Standing.OFF
    assert delay_item(LINK, "forward", delay("forward", ASKED + 10_000, 0)).standing is Standing.FAITHFUL


def seen(early_ns: int, median_ns: int, fared: Condition = FIT) -> DelaySeen:
    """The delay of west-mid forward as figures without intervals, from what was asked."""
    return DelaySeen(delay("forward", ASKED + early_ns, 0), delay("forward", ASKED + median_ns, 0), fared)


@pytest.mark.parametrize(
    ("seen_delay", "standing", "reason"),
    [
        (seen(5_000, 2_000_000), "not measurable here", "the machine made most of 120 packets late: a tenth of them took"),
        (seen(500_000, 2_000_000, SATURATED), "not measurable here", "saturated"),
        (seen(500_000, 2_000_000), "off", ""),
        (seen(100_000, 110_000), "off", ""),
        (seen(-110_000, -100_000, SATURATED), "off", ""),
    ],
)
def test_a_machine_that_makes_packets_late_is_not_the_link(seen_delay: DelaySeen, standing: str, reason: str) -> None:
    """It makes a delay longer and no shorter, and seldom that of every packet: whoever was in time tells the link's own."""
    item = delay_item(LINK, "forward", seen_delay.median, seen_delay)

    assert item.standing.value == standing
    assert reason in item.reason
    assert retell(item.reason, "zh") != item.reason or not reason


def test_jitter_is_not_read_off_a_median_that_the_machine_made_late() -> None:
    """It counts as what was asked then; jitter that is more or less than asked shows all the same."""
    shaky = replace(LINK, jitter_ns=PerDirection(1_000_000, 1_000_000))

    def standing(link: Link, early_ns: int, median_ns: int) -> Standing:
        return jitter_item(link, "forward", seen(early_ns, median_ns)).standing

    assert standing(LINK, 5_000, 2_000_000) is Standing.FAITHFUL
    assert standing(LINK, -200_000, 2_000_000) is Standing.OFF
    assert standing(shaky, -800_000, 2_000_000) is Standing.FAITHFUL
    assert standing(shaky, -3_000_000, 2_000_000) is Standing.OFF
    assert standing(shaky, 0, 10_000) is Standing.OFF


def test_a_probe_has_its_own_time_on_a_slow_wire() -> None:
    """At 5 Mbit/s its 880 bits take 176 µs, which the plan's delay does not include."""
    slow = replace(LINK, rate_bps=PerDirection(5_000_000, 5_000_000), rate_scale=1)

    assert delay_item(slow, "forward", delay("forward", ASKED + 176_000, 0)).standing is Standing.FAITHFUL
    assert delay_item(slow, "forward", delay("forward", ASKED, 0)).standing is Standing.OFF


def test_jitter_is_seen_below_the_median_where_a_busy_machine_adds_nothing() -> None:
    """Asked for ± 1 ms: nothing is off, two thirds are right, twice as much is off."""
    link = replace(LINK, jitter_ns=PerDirection(1_000_000, 1_000_000))

    def standing(below_ns: int) -> Standing:
        p10 = delay("forward", ASKED - below_ns, 0)
        return jitter_item(link, "forward", DelaySeen(p10, delay("forward", ASKED, 0), FIT)).standing

    assert [standing(below) for below in (0, 640_000, 2_000_000)] == [Standing.OFF, Standing.FAITHFUL, Standing.OFF]
