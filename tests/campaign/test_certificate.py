"""What is said of each item of a link: faithful, off, or not measurable here, and why."""

from dataclasses import replace

import numpy as np
import pytest

from netbench.analysis.summary import Summary
from netbench.campaign.calibrating import fates
from netbench.campaign.calibration import LinkCalibration
from netbench.campaign.certificate import (
    Item,
    Kind,
    LossSeen,
    Standing,
    TrainsSeen,
    exchanged,
    fault,
    loss_item,
    queue_item,
    rate_item,
)
from netbench.campaign.condition import Condition
from netbench.campaign.delay_items import delay_item
from netbench.campaign.train_rounds import train_test
from netbench.measure.samples import Fate
from netbench.plan.model import PerDirection
from netbench.report.language import retell
from tests.campaign.plans import chain
from tests.campaign.test_calibration import delay

LINK = replace(chain().links["west-mid"], tolerance_ns=80_000)
ASKED = LINK.delay_ns.forward
FIT = Condition(frames=1_000, overrun_frames=0, late_frames=0)
SATURATED = Condition(frames=1_000, overrun_frames=0, late_frames=500)


def figure(value: float | None, unit: str = "ns", count: int = 15) -> Summary:
    """A figure whose interval is the value alone."""
    return Summary("made up", "forward", "p50", value, value, value, "bit/s" if unit == "bit/s" else "ns", count, "made up")


def trains(rate_bps: float | None, wait_ns: float = 50_000_000, fared: Condition = FIT, count: int = 15) -> TrainsSeen:
    """What trains showed of west-mid, forward: 100 Mbit/s and 50 ms are asked."""
    rate, wait = figure(rate_bps, "bit/s", count), figure(wait_ns, count=count)
    return TrainsSeen(train_test(LINK, "forward"), rate, wait, figure(2e9, "bit/s"), fared)


@pytest.mark.parametrize(
    ("rate_bps", "standing"),
    [(100e6, "faithful"), (98.1e6, "faithful"), (95e6, "off"), (105e6, "off"), (None, "not measurable here")],
)
def test_a_rate_may_be_two_per_cent_off(rate_bps: float | None, standing: str) -> None:
    """Five are always off; what did not arrive has no rate."""
    assert rate_item(trains(rate_bps)).standing.value == standing


def test_the_hosts_limit_is_not_the_links() -> None:
    """Too few trains fast enough, or a saturated machine: not measurable here, and why; nor is it proved."""
    slow, busy = rate_item(trains(100e6, count=5)), rate_item(trains(80e6, fared=SATURATED))

    assert (slow.standing, busy.standing) == (Standing.UNMEASURABLE, Standing.UNMEASURABLE)
    assert "this machine sends 2 Gbit/s" in slow.reason
    assert "saturated" in busy.reason
    assert slow.got.value is None
    link = LinkCalibration(LINK, PerDirection(delay("forward", ASKED, 0), delay("reverse", ASKED, 0)), (slow,))
    assert link.faithful
    assert "could not be proved here: this machine sends" in (link.rate_doubt("forward") or "")


def test_a_sender_that_pauses_is_not_called_slow() -> None:
    """A paced train needs no speed but steadiness: what was lacking is said, in both languages."""
    seen = trains(100e6, count=5)
    paced = replace(seen, test=replace(seen.test, frames=seen.test.burst + 100))

    assert "trains without a pause, too few to judge a rate" in rate_item(paced).reason
    assert "没有停顿" in retell(rate_item(paced).reason, "zh")


def test_a_queue_half_as_deep_is_off() -> None:
    """Within a tenth and a frame it is faithful."""
    assert queue_item(LINK, trains(100e6, 49_900_000)).standing is Standing.FAITHFUL
    assert queue_item(LINK, trains(100e6, 25_000_000)).standing is Standing.OFF


def losses(lost: list[int], predicted: list[int] | None, far_lost: int | None) -> Item:
    """What is said of west-mid when 1 % is asked, of 370 probes and of 100 000 foretold frames."""
    link = replace(LINK, loss_ratio=PerDirection(0.01, 0.01))
    foretold = None if predicted is None else flags(370, predicted)
    far = None if far_lost is None else flags(100_000, list(range(far_lost)))
    got = Summary("loss_ratio", "forward", "ratio", len(lost) / 370, 0.0, 0.02, "1", 370, "made up")
    return loss_item(link, "forward", got, LossSeen(flags(370, lost), foretold, far), FIT)


def flags(count: int, which: list[int]) -> "np.ndarray[tuple[int], np.dtype[np.bool_]]":
    """True at these places."""
    found = np.zeros(count, np.bool_)
    found[which] = True
    return found


def test_losses_are_the_foretold_ones() -> None:
    """The same frames: faithful. Another frame: off. The wire's own forecast of another ratio: off."""
    assert losses([3, 99], [3, 99], 1_000).standing is Standing.FAITHFUL
    assert "frame 99 of 370" in losses([3, 99], [3, 98, 99], 1_000).reason
    assert losses([3, 99], [3, 98, 99], 1_000).standing is Standing.OFF
    assert losses([3, 99], [3, 99], 1_300).standing is Standing.OFF


def test_where_nobody_can_foretell_it_is_said_what_could_not_be_seen() -> None:
    """370 probes of a wire without a forecast: two lost are likely, sixty are not, and the smallest visible error is told."""
    honest = losses([3, 99], None, None)

    assert honest.standing is Standing.FAITHFUL
    assert "could not be seen with 370 probes" in honest.reason
    assert losses(list(range(60)), None, None).standing is Standing.OFF


def test_fates_are_in_the_order_in_which_frames_met_the_link() -> None:
    """Sent there in sequence, without what was not sent; answered in the order of arrival."""
    packets = {
        "sequence": np.array([0, 1, 2, 3, 4]),
        "fate": np.array([Fate.ANSWERED, Fate.NOT_SENT, Fate.LOST_FORWARD, Fate.LOST_REVERSE, Fate.ANSWERED]),
        "sent_ns": np.array([0, 10, 20, 30, 40]),
        "forward_ns": np.ma.MaskedArray([100, 0, 0, 5, 5], mask=[False, True, True, False, False]),
    }

    assert list(fates(packets, "forward")) == [False, True, False, False]
    assert list(fates(packets, "reverse")) == [True, False, False]


def test_two_directions_exchanged_are_named_as_such() -> None:
    """Each got what was asked of the other."""
    link = replace(LINK, delay_ns=PerDirection(1_000_000, 4_000_000))
    there = delay_item(link, "forward", delay("forward", 4_010_000, 0))
    back = delay_item(link, "reverse", delay("reverse", 1_010_000, 0))

    (found,) = exchanged([there, back])

    assert found.kind is Kind.DIRECTION
    assert fault(link, found) == "link west-mid: its two directions are exchanged, by their delay"
    assert list(exchanged([there, replace(back, got=delay("reverse", 2_000_000, 0))])) == []


def test_drift_is_told_beyond_the_tolerance_and_counts_in_the_error() -> None:
    """70 µs are within 80 µs and widen the budget; 100 µs void, and so does silence."""

    def again(after_ns: int | None) -> LinkCalibration:
        before = PerDirection(delay("forward", ASKED, 0), delay("reverse", ASKED, 0))
        after = figure(None) if after_ns is None else delay("forward", ASKED + after_ns, 0)
        return LinkCalibration(LINK, before).measured_again(PerDirection(after, before.reverse))

    assert again(70_000).drift() is None
    assert again(70_000).error_ns("forward") == 70_000
    assert "link west-mid forward drifted: asked" in (again(100_000).drift() or "")
    assert "did not answer after the campaign" in (again(None).drift() or "")
