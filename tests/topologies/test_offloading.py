"""Superpackets cross a link only where nothing counts packets."""

from dataclasses import replace
from typing import Any

import pytest

from netbench.plan.model import Link, PerDirection, Reordering, Trace
from netbench_topologies.offloading import Offloading, offloading
from tests.topologies.plans import USUAL, square


def pure(**changes: Any) -> Link:
    """A link of 10 Gbit/s with a 5 ms queue and nothing else, changed as told."""
    link = square(USUAL).links["north-east"]
    return replace(link, rate_scale=1, rate_bps=PerDirection(10**10, 10**10), **changes)


def test_a_pure_rate_may_be_carried_in_superpackets() -> None:
    """Ninety-five of them fit into the queue."""
    assert offloading(pure()) == Offloading(
        on=True, reason="the link has a rate and a delay alone, and its queue holds many superpackets"
    )


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"loss_ratio": PerDirection(0.0, 0.001)}, "loss is counted in packets"),
        ({"jitter_ns": PerDirection(1000, 0)}, "jitter moves each packet"),
        ({"reorder": PerDirection(None, Reordering(0.01, 1_000_000))}, "reordering moves each packet"),
        ({"trace": PerDirection(Trace("t", (), 1, "", ""), None)}, "the link follows a trace"),
        ({"queue_ns": PerDirection(5_000_000, 2_000_000)}, "the queue holds 38 superpackets of 64 KiB, fewer than 50"),
    ],
)
def test_what_counts_packets_forbids_it(changes: dict[str, Any], reason: str) -> None:
    """In either direction, with the reason."""
    assert offloading(pure(**changes)) == Offloading(on=False, reason=reason)


def test_a_scaled_link_is_judged_by_its_emulated_rate() -> None:
    """What is 10 Gbit/s in the plan and 10 Mbit/s here needs no superpackets."""
    assert offloading(replace(pure(), rate_scale=1000)).told() == {
        "offload": "off",
        "offload_reason": "the emulated rate can be carried packet by packet",
    }
