"""Worker processes: what they load, how they end, and that they never outlive who started them."""

import json
import os
import select
import signal
import subprocess
import sys
from typing import Any

import pytest

from netbench.linux.namespaces import HostVantage
from netbench_probes.iperf3.child import Child, pump

SERVER: dict[str, Any] = {
    "role": "server",
    "bind": "127.0.0.1",
    "streams": 1,
    "first_ns": 0,
    "interval_ns": 500_000_000,
    "count": 1,
    "deadline_s": 60,
}
PATIENCE_SECONDS = 30

ORPHANING = """
import json, os, signal, sys
from netbench.linux.namespaces import HostVantage
from netbench_probes.iperf3.child import Child, pump
child = Child(HostVantage(), json.loads(sys.argv[1]))
while not any(event["event"] == "listening" for _, event in pump([child], 30)):
    pass
print(child.process.pid, flush=True)
sys.stdin.read()
os.kill(os.getpid(), signal.SIGKILL)
"""


def events_until(child: Child, awaited: str) -> list[str]:
    seen: list[str] = []
    while awaited not in seen and not child.has_ended:
        told = pump([child], PATIENCE_SECONDS)
        seen += [event["event"] for _, event in told]
    return seen


def test_a_worker_loads_little() -> None:
    """Two workers start for every test: none of the heavy libraries may come with them."""
    code = "import sys, netbench_probes.iperf3.worker; print('\\n'.join(sys.modules))"
    loaded = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout.split()
    assert "iperf3" in loaded
    assert not {"numpy", "numba", "scipy", "pyarrow", "netbench", "dataclasses", "asyncio"} & set(loaded)


def test_a_server_tells_its_port_and_goes_when_left() -> None:
    """It listens where it says, and leaving its context ends and reaps it."""
    with Child(HostVantage(), SERVER) as child:
        assert events_until(child, "listening")[-1] == "listening"
        pid = child.process.pid
    assert child.process.returncode == -signal.SIGKILL
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_a_worker_ends_with_its_reader() -> None:
    """When the process that started it is killed, a worker that was waiting for a client ends too."""
    argv = [sys.executable, "-c", ORPHANING, json.dumps(SERVER)]
    parent = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert parent.stdout is not None
    orphan = os.pidfd_open(int(parent.stdout.readline()))
    try:
        parent.communicate()  # the end of its input is its sign to kill itself
        assert parent.returncode == -signal.SIGKILL
        assert select.select([orphan], [], [], PATIENCE_SECONDS)[0] == [orphan]
    finally:
        os.close(orphan)


def test_a_worker_has_a_deadline() -> None:
    """A server that no client comes to ends by itself."""
    with Child(HostVantage(), {**SERVER, "deadline_s": 1}) as child:
        events_until(child, "never")
        assert child.ending() == f"was ended by signal {int(signal.SIGALRM)}"


def test_a_worker_that_breaks_says_its_last_words() -> None:
    """An order that cannot be carried out ends in a status and the last line of the complaint."""
    with Child(HostVantage(), {"role": "server", "deadline_s": 60}) as child:
        events_until(child, "never")
        assert child.result is None
        assert child.ending() == "ended with status 1: KeyError: 'bind'"
