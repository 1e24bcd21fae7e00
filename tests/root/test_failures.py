"""Links cut for real: what was foretold is what happens, in the tables of the kernel and in a whole run."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from netbench.plan.load import parse_plan

TRIANGLE = """
netbench: 1
plan: triangle
title: {en: A triangle with a tail, zh: 三角带尾}
rate_scale: 1000
routing: {hello: 1s, dead: 4s, bfd: {interval: 100ms, multiplier: 3}}
sites:
  north: {at: [26.50, 106.50]}
  east: {at: [26.49, 106.51]}
  south: {at: [26.48, 106.50]}
  tail: {at: [26.47, 106.50]}
links:
  - {id: north-south, between: [north, south], class: metro, delay: 2ms, rate: 100G, queue: 5ms, jitter: 0ms,
     loss: 0, risk: bridge, tolerance: 2ms}
  - {id: north-east, between: [north, east], class: metro, delay: 3ms, rate: 100G, queue: 5ms, jitter: 0ms,
     loss: 0, risk: bridge, tolerance: 2ms}
  - {id: east-south, between: [east, south], class: metro, delay: 3ms, rate: 100G, queue: 5ms, jitter: 0ms, loss: 0,
     tolerance: 2ms}
  - {id: south-tail, between: [south, tail], class: access, delay: 2ms, rate: 10G, queue: 30ms, jitter: 0ms, loss: 0,
     tolerance: 2ms}
corridors:
  - {id: north-tail, kind: in-province, from: north, to: tail}
"""
MS = 1_000_000
BEFORE, AFTER = 4 * MS, 8 * MS
BEFORE_OTHERS = ("chrt", "--rr", "5")
"""What is cut is timed by routers' own timers of 100 ms: a run that shares its machine would be late with all of them."""
SLACK = 2 * MS
"""What a busy machine adds to a median."""

pytestmark = [
    pytest.mark.skipif(os.geteuid() != 0, reason="needs root to make network namespaces: run as root or under `unshare -Urn`"),
    pytest.mark.timeout(240),
]


def cut(folder: Path, campaign: str, *words: str) -> list[dict[str, Any]]:
    """The failures of a whole run of the triangle with a campaign, and that it ended as a run does that has no target."""
    plan, orders, result = folder / "triangle.yaml", folder / "cuts.yaml", folder / "result.json"
    plan.write_text(TRIANGLE, "utf-8")
    orders.write_text(campaign, "utf-8")
    argv = [
        "run",
        str(plan),
        "--campaign",
        str(orders),
        "--duration",
        "1s",
        "--json",
        str(result),
        "--results",
        str(folder / "runs"),
    ]
    done = subprocess.run(
        [*BEFORE_OTHERS, sys.executable, "-m", "netbench", *argv, *words],
        capture_output=True,
        text=True,
        check=False,
        timeout=200,
    )
    assert done.returncode == 4, done.stderr  # a plan without a target decides nothing
    found: list[dict[str, Any]] = json.loads(result.read_text("utf-8"))["failures"]
    assert all(failure["as_foretold"] for failure in found), json.dumps(found, indent=1)
    return found


def ways(failure: dict[str, Any]) -> list[dict[str, Any]]:
    """Both directions of the one corridor."""
    (corridor,) = failure["corridors"]
    return [corridor["forward"], corridor["reverse"]]


def test_static_routes_take_their_second_choice_when_the_carrier_goes_and_notice_nothing_else(tmp_path: Path) -> None:
    """A visible cut costs next to nothing; a silent one and a whole conduit cost everything until the restoration."""
    orders = "cuts:\n" + "".join(
        f"  - {{{what}, at: 500ms, restore: 2500ms, how: {how}}}\n"
        for what, how in (("links: north-south", "both"), ("risk: bridge", "visible"), ("links: east-south", "visible"))
    )
    visible, silent, bridge, idle = cut(tmp_path, orders, "--no-calibrate")

    for way in ways(visible):
        assert way["survived"]
        assert way["recovered"]
        assert way["outage_ns"] < 500 * MS
        assert abs(way["delay_before_ns"] - BEFORE) < SLACK
        assert abs(way["delay_after_ns"] - AFTER) < SLACK
        assert way["route_taken"] == way["route_foretold"]
    assert ways(visible)[0]["route_taken"] == ["north", "east", "south", "tail"]
    for failure in (silent, bridge):
        for way in ways(failure):
            assert not way["survived"]
            assert way["recovered"]
            assert way["outage_ns"] > 1500 * MS
    assert idle["corridors"] == []


def test_the_triangle_is_a_plan() -> None:
    """What the tests above cut is what they mean."""
    assert set(parse_plan(TRIANGLE, "triangle.yaml").links) == {"north-south", "north-east", "east-south", "south-tail"}
