"""A saturated instrument is noticed by its own counters, and only by what happened meanwhile."""

from dataclasses import replace

import pytest

from netbench.campaign.condition import Condition, condition
from netbench.linux.hostload import HostLoad
from netbench.measure.network import LinkHealth


def test_one_lost_frame_of_the_machine_is_one_too_many() -> None:
    """Loss that is the instrument's own is never reported as the network's."""
    assert "lost 1 frames" in (Condition(1000, 1, 0).unfit(1.0) or "")


def test_late_frames_count_beyond_the_share_that_is_allowed() -> None:
    """At half a percent, five late frames of a thousand are borne, six are not."""
    assert Condition(1000, 0, 5).unfit(0.005) is None
    assert "6 of 1000 frames" in (Condition(1000, 0, 6).unfit(0.005) or "")


def test_only_the_named_links_and_only_the_meantime_count() -> None:
    """Counters are differences, and links off the route do not count."""
    before = {"a": LinkHealth(10, 5, 7), "b": LinkHealth(100, 0, 0), "c": LinkHealth(0, 0, 0)}
    after = {"a": LinkHealth(50, 5, 9), "b": LinkHealth(130, 3, 0), "c": LinkHealth(9, 9, 9)}

    assert condition(["a", "b"], before, after) == Condition(frames=70, overrun_frames=3, late_frames=2)


def test_what_one_link_cannot_tell_is_not_known_of_all() -> None:
    """A link that does not know how late its frames were leaves the sum unknown: not zero, and no reason to be unfit."""
    before = {"a": LinkHealth(0, 0, 0), "b": LinkHealth(0, 0, None)}
    after = {"a": LinkHealth(10, 0, 10), "b": LinkHealth(10, 0, None)}

    found = condition(["a", "b"], before, after)

    assert found == Condition(frames=20, overrun_frames=0, late_frames=None)
    assert found.unfit(0.0) is None


BUSY = HostLoad(
    seconds=20.0, cores=2, busy=1.0, busiest_core=1.0, softirq=0.4, steal=0.25, waiting=0.9, dropped_frames=0, ticks=1000,
    late_ticks=50, max_late_ns=90_000_000,
)  # fmt: skip


def test_a_busy_shared_host_voids_nothing_by_itself() -> None:
    """Full cores, tasks that wait and a quarter of the time stolen: while frames leave in time, figures stand."""
    assert Condition(1000, 0, 5, BUSY).unfit(0.005) is None


@pytest.mark.parametrize(
    ("worse", "reason"),
    [
        (replace(BUSY, dropped_frames=1), "the kernel dropped 1 frames for want of time"),
        (replace(BUSY, steal=0.31), "the machine was not its own: 31% of its time went to others on the same hardware"),
        (replace(BUSY, late_ticks=51), "the machine stood still: 51 of 1000 times it woke up more than 20 ms late"),
    ],
)
def test_what_no_wire_can_count_voids_too(worse: HostLoad, reason: str) -> None:
    """Each threshold by itself; a kernel that tells nothing of dropped frames accuses nobody."""
    assert Condition(1000, 0, 0, worse).unfit(1.0) == reason
    assert Condition(1000, 0, 0, replace(BUSY, dropped_frames=None)).unfit(1.0) is None


def test_late_frames_are_named_before_what_made_them_late() -> None:
    """The wire's own count is the most direct sign."""
    assert "were more than 1 ms late" in (Condition(1000, 0, 6, replace(BUSY, steal=0.9)).unfit(0.005) or "")
