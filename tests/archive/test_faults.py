"""What can go wrong with a disk, made to go wrong for real."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from netbench.archive.reader import list_runs, open_run
from netbench.archive.seals import TORN, read_chain
from netbench.archive.verify import verify, verify_archive
from netbench.errors import CannotMeasureError
from tests.archive.runs import DOCUMENT, STARTED, measured_writer, open_writer, sealed_run

REPOSITORY = Path(__file__).parents[2]

SEAL_AND_DIE = """
import os, signal, sys
from pathlib import Path
from tests.archive.runs import DOCUMENT, STARTED, measured_writer

writer = measured_writer(Path(sys.argv[1]))
really, left = os.fsync, [int(sys.argv[2])]

def fsync(descriptor):
    left[0] -= 1
    if left[0] < 0:
        os.kill(os.getpid(), signal.SIGKILL)
    really(descriptor)

os.fsync = fsync
writer.seal(DOCUMENT, STARTED)
"""

SEAL_EIGHT = """
import sys
from pathlib import Path
from tests.archive.runs import sealed_run

for _ in range(8):
    sealed_run(Path(sys.argv[1]))
"""

FILL_AND_GO_ON = """
from pathlib import Path
from netbench.archive.reader import open_run
from netbench.archive.verify import verify
from netbench.errors import CannotMeasureError
from netbench.measure.samples import PACKETS
from tests.archive.runs import DOCUMENT, PAIRS, STARTED, open_writer, packets, sealed_run

root = Path("results")
sealed = sealed_run(root)
writer = open_writer(root)
sink = writer.sink("stamp", PAIRS)
kept = 0
try:
    while True:
        sink.write(PACKETS, packets(2000, kept))
        kept += 2000
except CannotMeasureError as error:
    print(error)
assert kept > 0
with Path("ballast").open("ab", buffering=0) as ballast:  # what is left of the disk, too little for a batch
    try:
        while True:
            ballast.write(bytes(512))
    except OSError:
        pass
assert len(open_run(root, writer.run_id).samples("stamp-packets")["pair"]) == kept
try:
    writer.seal(DOCUMENT, STARTED)
    raise SystemExit("a run was sealed on a full disk")
except CannotMeasureError as error:
    print(error)
assert len(open_run(root, writer.run_id).samples("stamp-packets")["pair"]) == kept
assert not list(root.rglob("*.tmp"))
Path("ballast").unlink()
writer.seal(DOCUMENT, STARTED)
for run in (sealed.name, writer.run_id):
    assert verify(root, open_run(root, run)) == []
assert len(open_run(root, writer.run_id).samples("stamp-packets")["pair"]) == kept
print("sealed after all")
"""


def _python(script: str, *arguments: str, mounted: str = "") -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY)}
    argv = [sys.executable, "-c", script, *arguments]
    if mounted:
        # a file system of its own in a mount namespace of its own: gone with the process
        argv = ["unshare", "--mount", "sh", "-c", mounted + ' && exec "$@"', "sh", *argv]
    return subprocess.run(argv, env=environment, capture_output=True, text=True, timeout=100, check=False)


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to mount a small tmpfs: run as root")
def test_a_full_disk_loses_nothing_that_was_flushed_or_sealed(tmp_path: Path) -> None:
    """Writing and sealing say that the disk is full; what was kept stays readable, and with room again the run is sealed."""
    mount = f"mount -t tmpfs -o size=1m tmpfs {tmp_path} && cd {tmp_path} && head -c 300000 /dev/zero > ballast"
    done = _python(FILL_AND_GO_ON, mounted=mount)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "cannot keep samples" in done.stdout
    assert "the run is kept unsealed in results/" in done.stdout
    assert done.stdout.count("the disk is full: free some space or choose another folder with --results") == 2
    assert "sealed after all" in done.stdout


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to mount a read-only tmpfs: run as root")
def test_a_read_only_archive_is_refused_before_anything_is_measured(tmp_path: Path) -> None:
    """The sentence says why and what to do."""
    script = "import sys; from pathlib import Path; from tests.archive.runs import open_writer; open_writer(Path(sys.argv[1]))"
    done = _python(script, str(tmp_path / "results"), mounted=f"mount -t tmpfs -o ro tmpfs {tmp_path}")
    assert done.stderr.splitlines()[-1].endswith("results: the disk is read-only: choose another folder with --results")


def test_a_file_in_place_of_the_archive_is_told(tmp_path: Path) -> None:
    """The sentence names the place and the cure."""
    (tmp_path / "results").write_text("not a folder")
    with pytest.raises(CannotMeasureError, match="a file stands where a folder is needed: choose another folder"):
        open_writer(tmp_path / "results")


def test_killed_at_any_point_of_sealing_nothing_is_lost(tmp_path: Path) -> None:
    """At each forced write in turn: all samples readable, the run before whole, and the next one can be sealed."""
    points = 0
    while True:
        root = tmp_path / str(points)
        before = sealed_run(root)
        done = _python(SEAL_AND_DIE, str(root), str(points))
        entries = {entry.run: entry for entry in list_runs(root)}
        [run] = set(entries) - {before.name}
        assert len(open_run(root, run).samples("stamp-packets")["pair"]) == 300, points
        assert verify(root, open_run(root, before.name)) == [], points
        after = sealed_run(root)
        assert verify(root, open_run(root, after.name)) == [], points
        if done.returncode == 0:
            break
        assert done.returncode == -9, done.stderr
        assert entries[run].state in ("unsealed", "sealed"), points
        points += 1
    assert entries[run].state == "sealed"
    assert points > 5


def test_half_a_line_left_by_a_power_cut_is_set_aside(tmp_path: Path) -> None:
    """A torn last line is told, kept beside the chain, and does not stand in the way of the next seal."""
    first = sealed_run(tmp_path)
    with (tmp_path / "seals.ndjson").open("ab") as file:
        file.write(b'{"check":"abc')
    assert verify(tmp_path, open_run(tmp_path, first.name)) == ["seals.ndjson: ends in half a line"]
    second = sealed_run(tmp_path)
    assert (tmp_path / TORN).read_bytes() == b'{"check":"abc\n'
    assert [seal.run for seal in read_chain(tmp_path).seals] == [first.name, second.name]
    assert not verify_archive(tmp_path, []).damaged


def test_two_writers_seal_one_after_the_other(tmp_path: Path) -> None:
    """Two processes that seal at once make one chain."""
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY)}
    argv = [sys.executable, "-c", SEAL_EIGHT, str(tmp_path)]
    writers = [subprocess.Popen(argv, env=environment) for _ in range(2)]
    assert [writer.wait(timeout=100) for writer in writers] == [0, 0]
    checked = verify_archive(tmp_path, [])
    assert len(checked.runs) == 16
    assert not checked.damaged


def test_a_clock_set_back_does_not_break_the_chain(tmp_path: Path) -> None:
    """The chain is ordered by its lines, not by their times."""
    first, second = measured_writer(tmp_path), measured_writer(tmp_path)
    first.seal(DOCUMENT, STARTED)
    second.seal(DOCUMENT, type(STARTED)(0, STARTED.wall_ns - 10**15))
    assert not verify_archive(tmp_path, []).damaged
