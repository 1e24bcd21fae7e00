"""What the kernel echoed in the VM (Linux 6.1), held against what it was asked there and against what tc said of it."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from netbench_topologies.netem.echo import echoed
from netbench_topologies.netem.readback import queue_differences, way_differences
from tests.topologies.netem.test_readback import QUEUE, SAID, WAY

RECORDED: dict[str, str] = json.loads(Path(__file__).with_name("echoes.json").read_text(encoding="ascii"))
QUEUE_SAID, WAY_SAID = (echoed(bytes.fromhex(RECORDED[kind])) for kind in ("tbf", "netem"))


def test_what_was_asked_was_got() -> None:
    """No field differs."""
    assert queue_differences(QUEUE, QUEUE_SAID) == []
    assert way_differences(WAY, WAY_SAID) == []


@pytest.mark.parametrize(
    "changed",
    [{"rate_octets": 12_500_001}, {"burst_octets": 12_400}, {"limit_octets": 62_501}],
    ids=lambda changed: next(iter(changed)),
)
def test_of_the_queue_it_says_what_tc_says(changed: dict[str, int]) -> None:
    """What is off is named, with the same figure."""
    asked = replace(QUEUE, **changed)

    differences = queue_differences(asked, QUEUE_SAID)

    assert differences
    assert differences == queue_differences(asked, SAID["wa"])


@pytest.mark.parametrize(
    "changed",
    [
        {"limit": 1000},
        {"delay_ns": 5_002_000},
        {"jitter_ns": 0},
        {"rate_octets": 1},
        {"loss_ratio": 0.05},
        {"loss_burst": None},
    ],
    ids=lambda changed: next(iter(changed)),
)
def test_of_the_way_it_says_what_tc_says(changed: dict[str, Any]) -> None:
    """What is off is named, with the same figure as far as tc's digits go."""
    asked = replace(WAY, **changed)

    differences = way_differences(asked, WAY_SAID)
    by_tc = way_differences(asked, SAID["wb"])

    assert differences
    assert [difference.field for difference in differences] == [difference.field for difference in by_tc]
    assert [difference.got for difference in differences] == pytest.approx([difference.got for difference in by_tc], rel=1e-5)


def test_another_discipline_is_none_of_ours() -> None:
    """It has its name and nothing else."""
    message = bytes(20) + (11).to_bytes(2, "little") + (1).to_bytes(2, "little") + b"pfifo\0" + bytes(2)

    assert echoed(message) == {"kind": "pfifo", "options": {}}
