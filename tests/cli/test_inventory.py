"""``netbench inventory``: begun, checked, described."""

import json
from pathlib import Path

import pytest

from netbench.cli.main import main
from tests.live.samples import FIRST


def test_what_is_begun_is_ok_and_is_not_overwritten(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """A new inventory holds; a second one of the same name is refused."""
    path = str(tmp_path / "inventory.yaml")

    assert main(["inventory", "new", "first", path]) == 0
    assert main(["inventory", "check", path]) == 0
    assert capsys.readouterr().out.endswith(f"{path}: ok, 1 sites, 0 of them answer\n")
    assert main(["inventory", "new", "first", path]) == 2
    assert capsys.readouterr().err == f"netbench: {path} exists already; name a new file\n"


def test_a_check_against_a_plan_says_what_can_be_measured(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """And why the rest cannot; nothing is sent and no name asked for."""
    path = tmp_path / "inventory.yaml"
    path.write_text(FIRST, "utf-8")

    assert main(["inventory", "check", str(path), "--plan", "first"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        f"{path}: ok, 3 sites, 2 of them answer",
        "  2 of 3 corridors of first have both ends, seen from guian",
        "  guian-anshun: by stamp, icmp, iperf3",
        "  guian-zunyi: by stamp, twamp",
        "  home-guian: the inventory gives no address at home",
    ]


def test_a_bad_one_has_its_sentence_and_code(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """The good one beside it is still told."""
    good, bad = tmp_path / "good.yaml", tmp_path / "bad.yaml"
    good.write_text(FIRST, "utf-8")
    bad.write_text(FIRST.replace("here:", "hear:"), "utf-8")

    assert main(["inventory", "check", str(bad), str(good)]) == 2
    captured = capsys.readouterr()
    assert captured.err == f"netbench: {bad}:3: hear: there is no such key; did you mean 'here'?\n"
    assert captured.out == f"{good}: ok, 3 sites, 2 of them answer\n"


def test_the_schema_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    """As JSON."""
    assert main(["inventory", "schema"]) == 0
    assert json.loads(capsys.readouterr().out)["title"] == "netbench inventory, version 1"
