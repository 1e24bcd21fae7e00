"""``netbench import``: maps listed and shown, a file imported, and what is refused."""

import json
from pathlib import Path

import pytest

from netbench.cli.main import main

TABLE = (
    "corridor,time,sent,lost,round_trip_min_ms,round_trip_mean_ms,round_trip_p99_ms,round_trip_max_ms\n"
    "guian-anshun,2026-03-01 08:00,1000,0,1.10,1.20,1.90,2.40\n"
)


def test_maps_are_listed_shown_and_described(capsys: pytest.CaptureFixture[str]) -> None:
    """What is shown is what can be copied."""
    assert main(["import", "--list", "--lang", "en"]) == 0
    assert "huawei-nqa" in capsys.readouterr().out
    assert main(["import", "--list", "--lang", "zh"]) == 0
    assert "华为" in capsys.readouterr().out
    assert main(["import", "--show", "h3c-nqa"]) == 0
    assert "it was not tried" in capsys.readouterr().out
    assert main(["import", "--schema"]) == 0
    assert json.loads(capsys.readouterr().out)["title"] == "netbench column map, version 1"


def test_a_file_is_imported_and_found_again(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """Its verdict is the exit code, its document on stdout, its run in the archive."""
    file = tmp_path / "nqa.csv"
    file.write_text(TABLE, "utf-8")
    results = ["--results", str(tmp_path / "results")]

    assert main(["import", str(file), "--map", "csv", "--plan", "first", "--json", "-", *results]) == 4
    document = json.loads(capsys.readouterr().out)
    assert (document["origin"], document["corridors"][0]["targets"][0]["verdict"]) == ("imported", "inconclusive")
    assert main(["results", "show", document["run"], "--lang", "en", *results]) == 0
    assert "imported by map csv" in capsys.readouterr().out
    assert main(["results", "verify", document["run"], "--lang", "en", *results]) == 0


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ([], "an import takes FILE, --map NAME and --plan PLAN; FILE is missing (--list lists maps)"),
        (["x.csv", "--plan", "first"], "an import takes FILE, --map NAME and --plan PLAN; --map is missing (--list lists maps)"),
        (["no.csv", "--map", "csv", "--plan", "first"], "no.csv: the file cannot be read: No such file or directory"),
        (["x", "--map", "ping", "--plan", "first", "--at", "noon"], "--at noon: write an instant like 2026-11-25T08:00:00+08:00"),
        (
            ["x", "--map", "ping", "--plan", "first", "--at", "2026-11-25T08:00"],
            "--at 2026-11-25T08:00: this says no time zone; write it like 2026-11-25T08:00+08:00, or Z for UTC",
        ),
    ],
)
def test_what_cannot_be_is_one_sentence(capsys: pytest.CaptureFixture[str], arguments: list[str], sentence: str) -> None:
    """And exit code 2."""
    assert main(["import", *arguments]) == 2
    assert capsys.readouterr().err == f"netbench: {sentence}\n"
