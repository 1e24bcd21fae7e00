import json
from pathlib import Path

import pytest

from netbench.cli.main import main
from tests.archive.runs import STARTED, empty_plan, measured_writer
from tests.report.sample import document


def _sealed(root: Path) -> Path:
    writer = measured_writer(root)
    writer.seal({**document(), "run": writer.run_id}, STARTED)
    return writer.folder


def _unsealed(root: Path) -> Path:
    writer = measured_writer(root)
    writer.abandon()
    return writer.folder


@pytest.fixture(autouse=True)
def _english(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    monkeypatch.delenv("NETBENCH_RESULTS", raising=False)


def test_the_list_tells_sealed_from_unsealed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A line a run, with its state."""
    sealed, unsealed = _sealed(tmp_path), _unsealed(tmp_path)
    assert main(["results", "list", "--results", str(tmp_path)]) == 0
    lines = {line.split()[0]: line for line in capsys.readouterr().out.splitlines()}
    assert "  sealed " in lines[sealed.name]
    assert "  missed " in lines[sealed.name]
    assert "  unsealed " in lines[unsealed.name]


def test_the_list_speaks_chinese(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The same list, in Chinese."""
    _sealed(tmp_path)
    main(["results", "list", "--results", str(tmp_path), "--lang", "zh"])
    assert {"已封存", "未达标", "仿真"} <= set(capsys.readouterr().out.split())


def test_the_list_as_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Programs read the same facts."""
    folder = _sealed(tmp_path)
    main(["results", "list", "--results", str(tmp_path), "--json"])
    listed = json.loads(capsys.readouterr().out)
    assert listed["schema"] == 1
    assert [(run["run"], run["state"], run["plan"], run["seconds"]) for run in listed["runs"]] == [
        (folder.name, "sealed", empty_plan().name, 141.2)
    ]


def test_the_archive_is_found_by_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """NETBENCH_RESULTS names it, and ./results is it where nothing does."""
    folder = _sealed(tmp_path / "results")
    monkeypatch.setenv("NETBENCH_RESULTS", str(tmp_path / "results"))
    assert main(["results", "list"]) == 0
    monkeypatch.delenv("NETBENCH_RESULTS")
    monkeypatch.chdir(tmp_path)
    assert main(["results", "list"]) == 0
    assert capsys.readouterr().out.count(folder.name) == 2


def test_show_prints_the_table_of_the_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The same table as at the end of the run, in the language asked for."""
    folder = _sealed(tmp_path)
    assert main(["results", "show", folder.name[-6:], "--results", str(tmp_path), "--lang", "zh"]) == 0
    shown = capsys.readouterr().out
    assert shown.startswith("安顺算力网络\n")
    assert folder.name in shown


def test_show_as_json_is_the_document(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What was sealed comes back whole."""
    folder = _sealed(tmp_path)
    main(["results", "show", folder.name, "--results", str(tmp_path), "--json"])
    assert json.loads(capsys.readouterr().out) == {**document(), "run": folder.name}


def test_show_says_what_can_be_read_of_a_run_cut_short(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """How many samples, of which table, of how many pairs."""
    folder = _unsealed(tmp_path)
    assert main(["results", "show", folder.name, "--results", str(tmp_path)]) == 0
    shown = capsys.readouterr().out
    assert "was not sealed" in shown
    assert "stamp-packets: 300 samples of 2 pairs" in shown


def test_verify_says_that_all_is_whole(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """All runs when none is named; one that was never sealed is told and is no damage."""
    sealed, unsealed = _sealed(tmp_path), _unsealed(tmp_path)
    assert main(["results", "verify", "--results", str(tmp_path)]) == 0
    shown = capsys.readouterr().out
    assert f"{sealed.name}: whole" in shown
    assert f"{unsealed.name}: not sealed, nothing to check" in shown


def test_verify_names_the_changed_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One changed byte: its file is named and the exit code is 5; the other run is still whole."""
    changed, whole = _sealed(tmp_path), _sealed(tmp_path)
    samples = changed / "samples" / "stamp-packets.parquet"
    content = bytearray(samples.read_bytes())
    content[100] ^= 1
    samples.write_bytes(content)
    assert main(["results", "verify", "--results", str(tmp_path)]) == 5
    shown = capsys.readouterr().out
    assert f"{changed.name}: samples/stamp-packets.parquet: was changed" in shown
    assert f"{whole.name}: whole" in shown


def test_verify_of_a_named_unsealed_run_is_undecided(tmp_path: Path) -> None:
    """Nothing can be said of it: 4."""
    folder = _unsealed(tmp_path)
    assert main(["results", "verify", str(folder), "--results", str(tmp_path / "elsewhere")]) == 4


@pytest.mark.parametrize("action", ["show", "verify"])
def test_an_unknown_run_is_one_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str], action: str) -> None:
    """Exit code 2 and the command that helps."""
    _sealed(tmp_path)
    assert main(["results", action, "1999", "--results", str(tmp_path)]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err == f"netbench: no run in {tmp_path} is called 1999: `netbench results list` shows them\n"


def test_json_of_a_run_without_a_document_is_refused(tmp_path: Path) -> None:
    """There is nothing to print, and that is said."""
    folder = _unsealed(tmp_path)
    assert main(["results", "show", folder.name, "--results", str(tmp_path), "--json"]) == 2
