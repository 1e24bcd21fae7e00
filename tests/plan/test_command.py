"""``netbench plan``: what it prints, where, and with which exit code."""

import argparse
import json
from pathlib import Path
from unicodedata import east_asian_width

import pytest

from netbench.cli import plan as command
from netbench.errors import UsageError


def run(*words: str) -> int:
    """Run the verb as the front door does."""
    parser = argparse.ArgumentParser()
    command.add_parser(parser.add_subparsers())
    arguments = parser.parse_args(["plan", *words])
    code: int = arguments.handler(arguments)
    return code


def _cells(line: str) -> int:
    return sum(2 if east_asian_width(character) in "WF" else 1 for character in line)


def test_list_names_the_built_in_plans(capsys: pytest.CaptureFixture[str]) -> None:
    """One a line, with the title in the language asked for."""
    assert run("list", "--lang", "zh") == 0
    assert "anshun  安顺算力网络" in capsys.readouterr().out.splitlines()


@pytest.mark.parametrize("language", ["zh", "en"])
def test_show_prints_routes_theory_and_targets_in_aligned_columns(language: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The figures are those of the plan, and each table is as wide in every line."""
    assert run("show", "first", "--lang", language) == 0
    lines = capsys.readouterr().out.splitlines()
    corridor = next(line for line in lines if "guian-zunyi" in line)
    names = ("贵安集群", "遵义") if language == "zh" else ("Gui'an cluster", "Zunyi")
    assert " → ".join(names) in corridor
    assert all(figure in corridor for figure in ("147.4", "205.0", "722 µs", "1.06 ms", "region-5ms"))
    tables = [line for line in lines if line and line[0] in "┌│├└"]
    assert len({_cells(line) for line in tables}) == 2


def test_show_as_json_is_one_document(capsys: pytest.CaptureFixture[str]) -> None:
    """Integers in ns and bit/s, under a schema number."""
    assert run("show", "first", "--json") == 0
    shown = json.loads(capsys.readouterr().out)
    assert shown["schema"] == 1
    home = shown["corridors"][2]
    assert home["route"] == ["home", "anshun", "guian"]
    assert home["links"] == ["home-pon", "guian-anshun"]
    assert home["planned_rate_bps"] == {"forward": 2_500_000_000, "reverse": 10_000_000_000}
    assert home["planned_delay_ns"] == {"forward": 1_069_259, "reverse": 1_069_259}
    assert home["assumed_links"] == []
    assert {target["id"] for target in shown["targets"]} >= {"region-5ms", "home-download"}


@pytest.mark.parametrize(("language", "worst"), [("zh", "正常时 guian-guiyang-1"), ("en", "Fullest: guian-guiyang-1")])
def test_show_tells_how_full_the_links_are(language: str, worst: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Every demand of the plan leaves or enters the cluster; its uplinks are in the table, and so is what is assumed."""
    assert run("show", "anshun", "--utilisation", "--lang", language) == 0
    lines = capsys.readouterr().out.splitlines()
    assert sum("guian-zunyi" in line and "400 Gbit/s" in line for line in lines) == 2
    assert any(worst in line for line in lines)
    tables = [line for line in lines if line and line[0] in "┌│├└"]
    assert len({_cells(line) for line in tables}) == 1


def test_utilisation_as_json_shows_planned_and_emulated_figures(capsys: pytest.CaptureFixture[str]) -> None:
    """And is there only when asked for."""
    assert run("show", "first", "--json") == 0
    assert "utilisation" not in json.loads(capsys.readouterr().out)
    assert run("show", "first", "--json", "--utilisation") == 0
    shown = json.loads(capsys.readouterr().out)["utilisation"]
    (link,) = shown["links"]
    assert (link["id"], link["direction"], link["rate_bps"], link["emulated_rate_bps"]) == (
        "guian-zunyi",
        "forward",
        10**11,
        10**8,
    )
    assert link["planned"] == {"offered_bps": 18 * 10**9, "emulated_bps": 18 * 10**6, "utilisation": 0.18, "overloaded": False}
    assert shown["stranded"] == [
        {"cut": {"kind": "link", "name": "guian-zunyi", "links": ["guian-zunyi"]}, "demands": [{"from": "guian", "to": "zunyi"}]}
    ]


def test_a_plan_without_demands_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """There is no table then."""
    run("new", str(tmp_path / "new.yaml"))
    assert run("show", str(tmp_path / "new.yaml"), "--utilisation", "--lang", "en") == 0
    assert "The plan has no demands: nothing says how full its links are." in capsys.readouterr().out


def test_check_looks_at_every_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Good ones are told on stdout, bad ones on stderr, and one bad one makes the exit code 2."""
    bad = tmp_path / "bad.yaml"
    bad.write_text("netbench: 2\n", "utf-8")
    assert run("check", str(bad), "first") == 2
    printed = capsys.readouterr()
    assert printed.out == "first: ok, 4 sites, 3 links (0 assumed), 3 corridors, 4 targets\n"
    assert (
        printed.err
        == f"netbench: {bad}:1: netbench: this plan is version 2 and this netbench reads version 1; upgrade netbench\n"
    )


def test_a_new_plan_passes_the_check(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It bears its file's name, and no existing file is overwritten."""
    path = tmp_path / "my plan.yaml"
    assert run("new", str(path)) == 0
    assert run("check", str(path)) == 0
    assert "plan: my-plan\n" in path.read_text("utf-8")
    capsys.readouterr()
    with pytest.raises(UsageError, match=r"exists already; name a new file$"):
        run("new", str(path))


def test_a_plan_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    """The system's reason is passed on."""
    with pytest.raises(UsageError, match=r"cannot be written: No such file or directory$"):
        run("new", str(tmp_path / "none" / "plan.yaml"))


def test_schema_prints_json(capsys: pytest.CaptureFixture[str]) -> None:
    """What is printed is the schema itself."""
    assert run("schema") == 0
    assert json.loads(capsys.readouterr().out)["$id"] == "urn:netbench:plan:1"


@pytest.mark.parametrize(("language", "word"), [("zh", "业务中断"), ("en", "does not survive")])
def test_resilience_says_who_does_not_survive(language: str, word: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The first plan has no second way anywhere: every corridor ends with its link, and columns stay aligned."""
    assert run("resilience", "first", "--lang", language) == 0
    lines = capsys.readouterr().out.splitlines()
    assert sum(word in line for line in lines if line.startswith("│")) == 4
    assert len({_cells(line) for line in lines if line and line[0] in "┌│├└"}) == 1


def test_resilience_as_json_has_every_cut_both_ways(capsys: pytest.CaptureFixture[str]) -> None:
    """Links and risks, visible and silent; OSPF notices a silent cut after 300 ms, static routes never do."""
    assert run("resilience", "first", "--json", "--routing", "frr") == 0
    shown = json.loads(capsys.readouterr().out)
    assert (shown["schema"], shown["routing"], shown["detection_ns"]) == (1, "frr", 300_000_000)
    assert [(cut["kind"], cut["name"], cut["how"]) for cut in shown["cuts"][:2]] == [
        ("link", "guian-anshun", "visible"), ("link", "guian-anshun", "silent"),
    ]  # fmt: skip
    assert len(shown["cuts"]) == 10
    assert shown["cuts"][0]["corridors"][0]["forward"] == {
        "route_before": ["guian", "anshun"],
        "route_after": None,
        "delay_before_ns": 530_085,
        "delay_after_ns": None,
    }
