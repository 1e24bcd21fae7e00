"""What cannot be meant is refused with its reason."""

import pytest

from netbench.errors import UsageError
from netbench_topologies.relay import DirectionCounters, Relay, RelayLink
from tests.topologies.relay.directions import plain_spec


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"rate_bps": 0}, "must be positive"),
        ({"rate_bps": 2 * 10**9}, "not above the planned rate"),
        ({"delay_ns": -1}, "cannot be negative"),
        ({"queue_ns": -1}, "cannot be negative"),
        ({"jitter_ns": 1_000_001}, "between 0 and the delay"),
        ({"loss_ratio": 1.1}, "between 0 and 1"),
        ({"loss_ratio": float("nan")}, "between 0 and 1"),
        ({"loss_ratio": 0.5, "loss_burst": 0.9}, "would last no packet"),
        ({"loss_ratio": 0.9, "loss_burst": 2}, "would last no packet"),
        ({"reorder_ratio": 1.1}, "between 0 and 1"),
        ({"reorder_ns": -1}, "cannot be negative"),
    ],
)
def test_impossible_specs(changes: dict[str, float], words: str) -> None:
    """Each impossible value is named."""
    with pytest.raises(UsageError, match=words):
        plain_spec(**changes)


def test_links_need_distinct_ids() -> None:
    """No links, or two of one name, are refused."""
    link = RelayLink("x", "a", "b", plain_spec(), plain_spec())

    with pytest.raises(UsageError, match="id of its own"):
        Relay([link, link], 1)
    with pytest.raises(UsageError, match="at least one"):
        Relay([], 1)


def test_mean_lateness_of_nothing_is_none() -> None:
    """A mean over no frames has no value."""
    assert DirectionCounters(5, 0, 0, 5, 0, 0, 0, 0, 0, 5, 0).mean_late_ns is None
    assert DirectionCounters(5, 4, 0, 1, 0, 0, 0, 6, 10, 5, 0).mean_late_ns == 2.5
