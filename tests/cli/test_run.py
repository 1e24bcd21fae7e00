"""What ``netbench run`` refuses before anything is measured."""

from pathlib import Path

import pytest

from netbench.cli.main import main
from tests.live.samples import FIRST


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--cut", "home-pon@2s"], "--cut: live links are as they are: that is for an emulation (--on emulated)"),
        (["--no-calibrate"], "--no-calibrate: live links are as they are: that is for an emulation (--on emulated)"),
        (["--wire", "relay"], "--wire: live links are as they are: that is for an emulation (--on emulated)"),
        (["--routing", "frr"], "--routing: live links are as they are: that is for an emulation (--on emulated)"),
        (["--here", "zunji"], "--here zunji: the inventory has no such site; it has guian, anshun, zunyi"),
        (
            ["--only", "home-guian"],
            "no corridor that was asked for has both ends here: home-guian: the inventory gives no address at home",
        ),
    ],
)
def test_what_live_links_have_no_use_for_is_refused(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, options: list[str], sentence: str
) -> None:
    """Nothing that was asked for is silently left out."""
    path = tmp_path / "inventory.yaml"
    path.write_text(FIRST, "utf-8")

    code = main(["run", "first", "--on", "live", "--inventory", str(path), "--results", str(tmp_path), *options])

    assert (code, capsys.readouterr().err) == (2, f"netbench: {sentence}\n")
    assert [found.name for found in tmp_path.iterdir()] == ["inventory.yaml"]


@pytest.mark.parametrize("options", [["--inventory", "x.yaml"], ["--here", "guian"], ["--throughput"]])
def test_what_an_emulation_has_no_use_for_is_refused(capsys: pytest.CaptureFixture[str], options: list[str]) -> None:
    """An inventory does not make links live."""
    assert main(["run", "first", *options]) == 2
    assert capsys.readouterr().err == f"netbench: {options[0]}: that is for live links (--on live)\n"


def test_live_links_need_an_inventory(capsys: pytest.CaptureFixture[str]) -> None:
    """The sentence says how to begin one."""
    assert main(["run", "first", "--on", "live"]) == 2
    assert capsys.readouterr().err.startswith("netbench: live links need an inventory: --inventory FILE;")
