"""The front door: one sentence and an exit code for whatever goes wrong, and a light start."""

import os
import subprocess
import sys

import pytest

from netbench.cli import main as front


def test_a_fault_is_one_sentence_and_an_exit_code(capsys: pytest.CaptureFixture[str]) -> None:
    """An error of the user's is told on stderr in one line, nothing on stdout."""
    assert front.main(["run", "nowhere"]) == 2

    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("netbench: there is no plan 'nowhere'")
    assert captured.err.count("\n") == 1


def test_a_fault_of_netbench_itself_is_told_without_a_traceback(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What nobody foresaw is one sentence too, with the way to see more."""

    def broken() -> None:
        raise ZeroDivisionError("a fault")

    monkeypatch.delenv("NETBENCH_DEBUG", raising=False)
    monkeypatch.setattr("netbench.plan.catalogue.names", broken)

    assert front.main(["plan", "list"]) == 1
    assert "please report it" in capsys.readouterr().err


def test_system_folders_are_looked_in(monkeypatch: pytest.MonkeyPatch) -> None:
    """A user whose path lacks /usr/sbin finds ip and ifconfig all the same."""
    monkeypatch.setenv("PATH", "/usr/bin:/sbin")

    front.main(["run", "nowhere"])

    assert os.environ["PATH"] == "/usr/bin:/sbin:/usr/sbin"


def test_help_loads_no_heavy_library() -> None:
    """``netbench --help`` answers at once: nothing that measures, computes or stores is imported."""
    heavy = "numpy numba scipy pyarrow networkx mininet rich babel pyroute2 yaml"
    program = (
        "import sys, contextlib\nfrom netbench.cli.main import main\nwith contextlib.suppress(SystemExit): main(['--help'])\n"
        f"sys.exit(' '.join(sorted(set('{heavy}'.split()) & set(sys.modules))) or None)"
    )

    process = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)

    assert (process.returncode, process.stderr) == (0, "")
