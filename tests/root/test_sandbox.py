"""A sandbox ends as its command ended, passes signals on, and a kill at any moment leaves nothing."""

import contextlib
import os
import pty
import random
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator, Sequence
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from netbench.archive.verify import verify_archive
from netbench.linux.sandbox import MARK, inside, sandbox_argv
from netbench_topologies.frr.config import DAEMONS
from tests.root.interfaces import emulated_interfaces
from tests.root.nobody import as_nobody, compiled_before

EMULATION = Path(__file__).with_name("emulation.py")
TAG = "NETBENCH_TEST_TAG"
INCONCLUSIVE = 4
COMPILED = "netbench-0"
"""Where the relay's compiled loop is kept for a user who has no home and is root in the sandbox: a cache, not a left-over."""

pytestmark = [
    pytest.mark.skipif(os.geteuid() != 0, reason="needs root to make network namespaces and to become an ordinary user"),
    pytest.mark.timeout(180),  # the relay compiles when it is used for the first time
]


@pytest.fixture(params=["root", "nobody"])
def user(request: pytest.FixtureRequest, tmp_path: Path) -> Sequence[str]:
    """How to become the user: root, or an ordinary one."""
    return as_nobody(tmp_path) if request.param == "nobody" else ()


@pytest.fixture
def tag() -> Iterator[str]:
    """A mark that all processes of one test inherit, by which they are found; whoever is left is ended by its id."""
    made = uuid.uuid4().hex
    yield made
    for process in tagged(made):
        with contextlib.suppress(ProcessLookupError):
            os.kill(process, signal.SIGKILL)


def tagged(tag: str) -> set[int]:
    """The living processes that inherited the mark."""
    wanted = f"{TAG}={tag}".encode()
    found: set[int] = set()
    for place in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if wanted in (place / "environ").read_bytes().split(b"\0"):
                found.add(int(place.name))
    return found


def left_of(tag: str) -> set[int]:
    """The processes that are still there some time after they were to end."""
    deadline = time.monotonic() + 10
    while (left := tagged(tag)) and time.monotonic() < deadline:
        time.sleep(0.02)
    return left


def sandboxed(*argv: str) -> Sequence[str]:
    """The command that runs ``argv`` in a sandbox."""
    command = sandbox_argv(argv)
    assert command is not None
    return command


def run(user: Sequence[str], *argv: str, cwd: Path | None = None) -> "subprocess.CompletedProcess[str]":
    """Run ``argv`` in a sandbox to its end."""
    return subprocess.run([*user, *sandboxed(*argv)], capture_output=True, text=True, timeout=60, check=False, cwd=cwd)


def start(tag: str, *argv: str, **variables: str) -> "subprocess.Popen[str]":
    """Start a command whose processes can be found again, with more environment ``variables``."""
    packages = [folder for folder in sys.path if folder and not folder.startswith(sys.base_prefix)]
    environment = {**os.environ, TAG: tag, "PYTHONPATH": os.pathsep.join(packages), **variables}
    return subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment)


def test_the_exit_code_is_the_commands(user: Sequence[str]) -> None:
    """Whatever it is; death by signal n is 128 + n; a command that is not there is 127 and a sentence."""
    assert run(user, "sh", "-c", "exit 42").returncode == 42
    assert run(user, "sh", "-c", "kill -KILL $$").returncode == 128 + signal.SIGKILL
    missing = run(user, "/no/such/command")
    assert (missing.returncode, missing.stderr) == (127, "netbench: cannot start /no/such/command: No such file or directory\n")


def test_inside_is_root_alone_with_a_bare_network(user: Sequence[str]) -> None:
    """Root, one loopback interface, no processes but its own, and the mark."""
    said = run(
        user, "sh", "-c", f"id -u; ls /proc | grep -c '^[0-9]'; ip -o link | wc -l; [ ${MARK} = $(readlink /proc/1/ns/pid) ]"
    )

    assert said.stdout.split()[0] == "0"
    assert int(said.stdout.split()[1]) <= 5
    assert said.stdout.split()[2] == "1"
    assert said.returncode == 0


def test_a_mark_that_leaked_elsewhere_says_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only the PID namespace that made the mark counts as inside."""
    monkeypatch.setenv(MARK, "pid:[1]")
    assert not inside()
    monkeypatch.setenv(MARK, str(Path("/proc/self/ns/pid").readlink()))
    assert sandbox_argv(["true"]) is None


def test_files_belong_to_the_user(tmp_path: Path) -> None:
    """What an ordinary user's sandbox writes is that user's outside."""
    home = tmp_path / "results"
    home.mkdir()
    os.chown(home, 65534, 65534)
    for folder in (tmp_path, *tmp_path.parents[:2]):
        folder.chmod(0o755)

    assert run(as_nobody(tmp_path), "sh", "-c", "echo seal > file", cwd=home).returncode == 0
    assert (home / "file").stat().st_uid == 65534


def test_orphans_are_collected(user: Sequence[str]) -> None:
    """A grandchild whose parent ended leaves no zombie behind."""
    script = "sh -c 'sh -c \"sleep 0.1\" & exit 0'; sleep 0.5; cat /proc/[0-9]*/stat"
    states = [line.rpartition(")")[2].split()[0] for line in run(user, "sh", "-c", script).stdout.splitlines()]

    assert states
    assert "Z" not in states


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_to_the_outer_process_reaches_the_command(tag: str, number: signal.Signals) -> None:
    """The command's own handler decides."""
    script = f"trap 'exit 9' {number.name.removeprefix('SIG')}; echo ready; while :; do sleep 0.05; done"
    # whoever started the tests may have chosen to ignore one of them, as nohup does
    with start(tag, "env", "--default-signal", *sandboxed("sh", "-c", script)) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        process.send_signal(number)

        assert process.wait(timeout=10) == 9


def test_an_interrupt_from_the_keyboard_arrives_once(tag: str) -> None:
    """A terminal sends it to the whole group, so nobody passes it on."""
    child, terminal = pty.fork()
    if child == 0:
        counting = "import signal,time; n=[]; signal.signal(2, lambda *_: n.append(1)); print('ready', flush=True)\n"
        counting += "while not n: time.sleep(0.01)\ntime.sleep(0.5); print('counted', len(n), 'times', flush=True)"
        os.environ[TAG] = tag
        command = sandboxed(sys.executable, "-c", counting)
        os.execvp(command[0], list(command))
    said = _read_until(terminal, b"ready")
    os.write(terminal, b"\x03")
    said += _read_until(terminal, b"times")

    assert b"counted 1 times" in said
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    os.close(terminal)


def _read_until(terminal: int, wanted: bytes) -> bytes:
    said = b""
    while wanted not in said:
        said += os.read(terminal, 1024)
    return said


def outside() -> tuple[list[str], list[str]]:
    """The names of emulated interfaces and of named namespaces, as this process sees them."""
    names = Path("/run/netns")
    return emulated_interfaces(), sorted(place.name for place in names.iterdir()) if names.exists() else []


_CHANCE = random.Random(2)
MOMENTS = [0.0, 0.02, 0.08, *(_CHANCE.uniform(0.1, 2.5) for _ in range(6)), None]


@pytest.mark.parametrize("moment", MOMENTS)
def test_killed_at_any_moment_it_leaves_nothing(tag: str, user: Sequence[str], tmp_path: Path, moment: float | None) -> None:
    """SIGKILL to the outer process, while it starts or (None) when it is up: no process, interface, name or file is left."""
    scratch = open_folder(tmp_path)
    before = outside()
    with start(tag, *user, sys.executable, str(EMULATION), "first", TMPDIR=str(scratch)) as process:
        if moment is None:
            assert process.stdout is not None
            assert process.stdout.readline() == "up\n"
            assert len(tagged(tag)) > 3  # the outer process, the first inside, the network and its relay
        else:
            time.sleep(moment)
        process.kill()

    assert left_of(tag) == set()
    assert outside() == before
    assert {left.name for left in scratch.iterdir()} <= {COMPILED}


PAIR = """
netbench: 1
plan: pair
rate_scale: 1
sites:
  west: {at: [26.0, 106.0]}
  east: {at: [26.0, 106.01]}
links:
  - {id: west-east, between: [west, east], class: metro, delay: 1ms, rate: 100M, jitter: 0ms, loss: 0}
corridors:
  - {id: west-east, kind: in-province, from: west, to: east}
"""


def test_frr_runs_as_an_ordinary_user_and_is_gone_when_killed(tag: str, tmp_path: Path) -> None:
    """Uid 65534 routes by OSPF, with every daemon at both sites; SIGKILL leaves none, and no interface, name or file."""
    scratch = open_folder(tmp_path)
    plan = scratch.parent / "pair.yaml"
    plan.write_text(PAIR, "utf-8")
    before = (outside(), files_of_frr())
    variables = {"TMPDIR": str(scratch), **compiled_before(tmp_path / "cache")}
    with start(tag, *as_nobody(tmp_path), sys.executable, str(EMULATION), str(plan), "frr", **variables) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "up\n", process.communicate()[1]
        running = sorted(name for number in tagged(tag) if (name := program(number)) in DAEMONS)
        process.kill()

    assert running == sorted([*DAEMONS, *DAEMONS])
    assert left_of(tag) == set()
    assert (outside(), files_of_frr()) == before
    assert list(scratch.iterdir()) == []


def files_of_frr() -> list[Path]:
    """What lies where FRR keeps its files on a machine of its own."""
    return sorted(place for folder in ("/etc/frr", "/run/frr", "/var/tmp/frr") for place in Path(folder).glob("**/*"))


def program(process: int) -> str:
    """The name of what a process runs, empty when it has ended."""
    with contextlib.suppress(OSError):
        return Path(f"/proc/{process}/comm").read_text("utf-8").strip()
    return ""


def open_folder(scratch: Path) -> Path:
    """An empty folder in which every user may write."""
    folder = scratch / "temporary"
    folder.mkdir()
    folder.chmod(0o777)
    for parent in (scratch, *scratch.parents[:2]):
        parent.chmod(0o755)
    return folder


def settings() -> dict[str, str]:
    """What Mininet is known to change of the whole machine and never to restore, as it is now."""
    names = ("net/core/rmem_max", "net/core/wmem_max", "net/core/netdev_max_backlog", "net/ipv4/tcp_rmem", "net/ipv4/tcp_wmem")
    limits = ("fs/file-max", "kernel/pid_max", "net/ipv4/neigh/default/gc_thresh1", "net/ipv4/ip_forward")
    return {name: (Path("/proc/sys") / name).read_text() for name in (*names, *limits)}


def test_four_run_side_by_side_and_end_cleanly(tag: str) -> None:
    """All are up at the same time, every route of each as planned; each is ended by SIGTERM and says so, and nothing else.

    The settings of the machine are as they were.
    """
    before = (outside(), settings())
    all_four = [start(tag, sys.executable, str(EMULATION), "first") for _ in range(4)]
    for process in all_four:
        assert process.stdout is not None
        assert process.stdout.readline() == "up\n"
    for process in all_four:
        process.send_signal(signal.SIGTERM)

    assert [(*process.communicate(timeout=60), process.returncode) for process in all_four] == [("down\n", "", 0)] * 4
    assert not tagged(tag)
    assert (outside(), settings()) == before


def test_four_whole_runs_at_once_do_not_touch_each_other(tag: str, tmp_path: Path) -> None:
    """Each measures the delay and the rate of its own plan, all into one archive, which seals every one of them.

    The soonest packet tells the delay, and no rate comes near another's: a busy machine does not confuse them.
    """
    before = (outside(), settings())
    results = tmp_path / "results"
    plans = {delay_ms: tmp_path / f"after{delay_ms}ms.yaml" for delay_ms in (4, 8, 16, 32)}
    for delay_ms, plan in plans.items():
        text = PAIR.replace("plan: pair", f"plan: after{delay_ms}ms").replace(
            "1ms, rate: 100M", f"{delay_ms}ms, rate: {delay_ms}M"
        )
        plan.write_text(text, "utf-8")
    words = ("--no-calibrate", "--duration", "1s", "--results", str(results))
    all_four = [start(tag, sys.executable, "-m", "netbench", "run", str(plan), *words) for plan in plans.values()]

    for process in all_four:
        said = process.communicate(timeout=120)
        assert process.returncode == INCONCLUSIVE, said
    assert not tagged(tag)
    assert (outside(), settings()) == before
    for delay_ms in plans:
        (run,) = results.glob(f"2*-after{delay_ms}ms-*")
        soonest_ns = min(filter(None, samples(run, "stamp-packets", "forward_ns")))
        assert 0 <= soonest_ns - delay_ms * 1_000_000 < 3_000_000
        octets, lasted_ns = (sum(samples(run, "iperf3-intervals", name)) for name in ("received_bytes", "duration_ns"))
        assert 0.55 < 8e9 * octets / lasted_ns / (delay_ms * 1_000_000) < 1.1
    verified = verify_archive(results, [])
    assert (len(verified.runs), verified.damaged, verified.unsealed) == (4, False, frozenset())


def samples(run: Path, name: str, column: str) -> list[int]:
    """One column of a run's samples."""
    return [int(row[column] or 0) for row in pq.read_table(run / "samples" / f"{name}.parquet").to_pylist()]


def test_a_user_without_namespaces_is_told_what_to_allow(tag: str, tmp_path: Path) -> None:
    """Where the limit is zero the sentence names the settings, and the exit code says unsupported."""
    forbid = "echo 0 > /proc/sys/user/max_net_namespaces"  # in the user namespace of the sandbox around it, and there alone
    inner = f"{forbid} && exec {sys.executable} -P -m netbench.linux.sandbox -- true"
    with start(
        tag, *as_nobody(tmp_path), sys.executable, "-P", "-m", "netbench.linux.sandbox", "--", "sh", "-c", inner
    ) as process:
        said = process.communicate(timeout=30)[1]

    assert process.returncode == 127
    assert said.startswith(
        "netbench: netbench cannot make namespaces: No space left on device; run it as root, or allow user namesp"
    )
