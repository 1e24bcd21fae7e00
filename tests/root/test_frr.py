"""Routes found by OSPF, for real: as planned before a cut, as foretold after it, and a silent cut noticed by BFD."""

import os
from pathlib import Path

import pytest

from tests.root.test_failures import AFTER, BEFORE, MS, SLACK, cut, ways

pytestmark = [
    pytest.mark.skipif(os.geteuid() != 0, reason="needs root to make network namespaces: run as root or under `unshare -Urn`"),
    pytest.mark.timeout(240),
]


def test_a_cut_is_noticed_by_its_carrier_or_by_bfd_and_ospf_takes_the_way_that_is_left(tmp_path: Path) -> None:
    """A silent cut costs about what BFD takes, 300 ms; hellos alone would take 4 s, longer than it lasts."""
    # the silent one first: BFD begins anew after a restoration, and slowly
    orders = "cuts:\n" + "".join(
        f"  - {{links: north-south, at: {at}, restore: {restore}, how: {how}}}\n"
        for at, restore, how in (("1500ms", "4500ms", "silent"), ("500ms", "3s", "visible"))
    )
    silent, visible = cut(tmp_path, orders, "--routing", "frr", "--wire", "relay", "--no-calibrate")

    for failure in (visible, silent):
        assert ways(failure)[0]["route_taken"] == ["north", "east", "south", "tail"]
        for way in ways(failure):
            assert way["survived"]
            assert way["recovered"]
            assert abs(way["delay_before_ns"] - BEFORE) < SLACK
            assert abs(way["delay_after_ns"] - AFTER) < SLACK
    assert all(way["outage_ns"] < 1500 * MS for way in ways(visible))
    assert all(150 * MS < way["outage_ns"] < 3000 * MS for way in ways(silent))
    (state,) = tmp_path.glob("runs/*/evidence/frr-state.txt")
    others = 3 * 2 * 2  # sessions: links, ends and families; those of the link that was just restored may still begin slowly
    assert state.read_text("utf-8").count("Status: up") >= others
