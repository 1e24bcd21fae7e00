"""``mn --custom topologies/first.py --topo first`` as people type it, in namespaces of its own."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from netbench.linux.sandbox import sandbox_argv
from netbench.plan import catalogue
from netbench.plan.routing import route_delay_ns, routes
from tests.root.nobody import as_nobody

FOLDER = Path(__file__).parents[2]
MN = (sys.executable, shutil.which("mn") or "/usr/bin/mn")
FIRST = ("--custom", str(FOLDER / "topologies" / "first.py"), "--controller", "none")
GENEROUS_MS = 2.0
# a clone that lies in /tmp is still there afterwards
_OWN_TMP = (
    f"mount --bind {FOLDER} /mnt; mount -t tmpfs none /tmp; mkdir -p {FOLDER}; mount --bind /mnt {FOLDER}; "
    if FOLDER.is_relative_to("/tmp")
    else "mount -t tmpfs none /tmp; "
)

pytestmark = [
    pytest.mark.skipif(os.geteuid() != 0, reason="needs root to become an ordinary user and to make network namespaces"),
    pytest.mark.skipif(not (FOLDER / "topologies").exists(), reason="the files for mn are part of the sources, not of the wheel"),
    pytest.mark.timeout(180),  # the relay compiles when it is used for the first time
]


def mn(*words: str, user: Sequence[str] = (), commands: str = "", before: str = "") -> "subprocess.CompletedProcess[str]":
    """Run ``mn`` in a sandbox, with a /tmp of its own in which a log lies that its clean-up would delete.

    ``before`` is run there first; the log is listed last.
    """
    script = f'{_OWN_TMP}touch /tmp/canary.log; {before} "$@"; code=$?; echo; ls /tmp/canary.log; exit $code'
    command = sandbox_argv(["sh", "-c", script, "sh", *MN, *FIRST, *words])
    assert command is not None
    packages = [folder for folder in sys.path if folder and not folder.startswith(sys.base_prefix)]
    return subprocess.run(
        [*user, *command],
        input=commands,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=120,
        check=False,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(packages)},
    )


def check_untouched(process: "subprocess.CompletedProcess[str]") -> None:
    """Nothing was cleaned up, and nobody saw a traceback."""
    assert process.stdout.splitlines()[-1] == "/tmp/canary.log", process.stdout
    assert not re.search("Traceback|[Cc]leaning up", process.stdout), process.stdout


def planned_ms(corridor: str) -> float:
    """The round trip of a corridor of ``first``, in ms."""
    plan = catalogue.find("first")
    route = routes(plan)[corridor]
    return (route_delay_ns(plan, route, "forward") + route_delay_ns(plan, route, "reverse")) / 1e6


@pytest.mark.parametrize("who", ["root", "nobody"])
def test_sites_are_as_far_apart_as_planned(who: str, tmp_path: Path) -> None:
    """The shell's ping by site names takes the planned round trip; every site reaches every other; cutting is refused."""
    user = as_nobody(tmp_path) if who == "nobody" else ()
    commands = "home ping -c 25 -i 0.04 guian\nhome ip -o link\nlink guian anshun down\npingall\nexit\n"

    process = mn("--topo", "first", user=user, commands=commands)

    assert process.returncode == 0, process.stdout
    times = [float(found) for found in re.findall(r"icmp_seq=\d+ ttl=63 time=([\d.]+) ms", process.stdout)]
    assert len(times) == 25, process.stdout
    assert planned_ms("home-guian") <= min(times) <= planned_ms("home-guian") + GENEROUS_MS
    assert "Results: 0% dropped (12/12 received)" in process.stdout
    assert process.stdout.count("would come back without its routes") == 2
    check_untouched(process)


@pytest.mark.parametrize(
    ("words", "code", "sentence"),
    [
        (["--topo", "first,wire=string"], 2, "netbench: there is no wire called 'string'; use relay or netem"),
        (["--topo", "first,delay=5ms"], 2, "netbench: --topo first takes wire=NAME and seed=NUMBER; leave delay out"),
        (["--topo", "first", "--link", "tc,bw=10"], 2, "netbench: the plan decides what its links are; leave --link out"),
        (["--topo", "first", "--mac"], 2, "netbench: a plan's sites are routers with addresses of their own; leave --mac out"),
    ],
)
def test_what_a_plan_cannot_do_is_refused(words: Sequence[str], code: int, sentence: str) -> None:
    """One sentence, netbench's exit code, and no clean-up."""
    process = mn(*words)

    assert process.returncode == code
    assert sentence in process.stdout.splitlines()
    check_untouched(process)


def test_a_network_that_cannot_stand_is_refused_half_way() -> None:
    """Where an interface is in the way the links cannot be made: a sentence, and no clean-up."""
    process = mn("--topo", "first", before="ip link add w1b type veth peer name other;")

    assert process.returncode == 1
    assert "netbench: the kernel refused to make the links: [Errno 17] File exists (a new link); is another" in process.stdout
    check_untouched(process)


@pytest.mark.parametrize("plan", ["first", "anshun"])
def test_a_python_without_netbench_is_told_which_has_it(plan: str) -> None:
    """Run by a Python that has no netbench, the file ends ``mn`` by SystemExit."""
    without = "import sys; sys.modules['netbench_topologies'] = None; exec(open(sys.argv[1]).read(), {})"
    argv = [sys.executable, "-c", without, str(FOLDER / "topologies" / f"{plan}.py")]
    process = subprocess.run(argv, capture_output=True, text=True, check=False)

    assert process.returncode == 1
    assert process.stderr.endswith("run mn by netbench's Python: .venv/bin/python $(command -v mn)\n")
    assert "Traceback" not in process.stderr
