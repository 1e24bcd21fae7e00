"""A saturated instrument is noticed by its own counters, and only by what happened meanwhile."""

from netbench.campaign.condition import Condition, condition
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
