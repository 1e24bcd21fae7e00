"""What tc said in the VM (``recorded.json``, kernel 6.1, iproute2 6.1), held against what was asked there."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from netbench_topologies.netem.orders import QueueOrder, WayOrder
from netbench_topologies.netem.readback import Difference, queue_differences, way_differences

SAID: dict[str, Any] = {
    entry["dev"]: entry for entry in json.loads(Path(__file__).with_name("recorded.json").read_text(encoding="utf-8"))
}

# tc tbf rate 100mbit burst 12500 limit 62500 overhead 24 mpu 84
QUEUE = QueueOrder(rate_octets=12_500_000, burst_octets=12_500, limit_octets=62_500)
# tc netem limit 4000 delay 5ms 1ms loss gemodel 1% 20% rate 50gbit 24
RUNS = 1 / 0.2
RATIO = 0.01 / (0.01 + 0.2)
WAY = WayOrder(
    limit=4000,
    delay_ns=5_000_000,
    jitter_ns=1_000_000,
    rate_octets=6_250_000_000,
    loss_ratio=RATIO,
    loss_burst=RUNS,
    seed=None,
)


def test_what_was_asked_was_got() -> None:
    """No field differs."""
    assert queue_differences(QUEUE, SAID["wa"]) == []
    assert way_differences(WAY, SAID["wb"]) == []


@pytest.mark.parametrize(
    ("field", "changed", "got"),
    [
        ("rate", {"rate_octets": 12_500_001}, 12_500_000),
        ("burst", {"burst_octets": 12_400}, 12_524),
        ("limit", {"limit_octets": 62_501}, 62_500),
    ],
)
def test_every_field_of_the_queue_is_compared(field: str, changed: dict[str, int], got: float) -> None:
    """One that is off is named, with what the kernel says."""
    (difference,) = queue_differences(replace(QUEUE, **changed), SAID["wa"])

    assert difference.field == field
    assert difference.got == pytest.approx(got)


@pytest.mark.parametrize(
    ("fields", "changed"),
    [
        (["limit"], {"limit": 1000}),
        (["delay"], {"delay_ns": 5_002_000}),
        (["jitter"], {"jitter_ns": 0}),
        ([], {"delay_ns": 5_000_900, "jitter_ns": 1_000_040}),
        (["rate"], {"rate_octets": 1}),
        (["loss p"], {"loss_ratio": 0.05}),
        (["loss p", "loss r"], {"loss_burst": 6.0}),
        (["loss", "loss p", "loss r"], {"loss_burst": None}),
    ],
)
def test_every_field_of_the_way_is_compared(fields: list[str], changed: dict[str, Any]) -> None:
    """One that is off is named."""
    assert [difference.field for difference in way_differences(replace(WAY, **changed), SAID["wb"])] == fields


def test_what_nobody_asked_for_is_a_difference() -> None:
    """A netem that duplicates, reorders or corrupts is not ours."""
    options = {**SAID["wb"]["options"], "reorder": {"reorder": 0.01}}

    assert [difference.field for difference in way_differences(WAY, {**SAID["wb"], "options": options})] == ["reorder"]


def test_another_queue_discipline_is_nothing_of_the_kind() -> None:
    """The kernel left what was there before."""
    assert queue_differences(QUEUE, {"kind": "noqueue"}) == [Difference("tbf", 1, None)]
    assert way_differences(WAY, {}) == [Difference("netem", 1, None)]
