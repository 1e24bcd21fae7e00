"""``netbench reflect`` with several protocols in one process, over loopback."""

import json
import signal
import socket
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager, suppress
from typing import Any

from netbench.cli.main import main

LOOPBACK = "127.0.0.1"


@contextmanager
def reflecting(*options: str, protocols: int = 1) -> Generator[tuple["subprocess.Popen[bytes]", list[str]]]:
    """A reflector at loopback and what it said when it listened; it is gone afterwards."""
    argv = [sys.executable, "-m", "netbench", "reflect", "--bind", LOOPBACK, *options]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stderr is not None
        try:
            yield process, [process.stderr.readline().decode() for _ in range(protocols)]
        finally:
            process.kill()


def ended(process: "subprocess.Popen[bytes]") -> list[str]:
    """Ask it to end, which it does in order; return the lines of its summary."""
    process.send_signal(signal.SIGTERM)
    output, errors = process.communicate(timeout=20)
    assert (process.returncode, errors) == (0, b"")
    return output.decode().splitlines()


def test_three_protocols_are_served_by_one_process() -> None:
    """Each answers its own client; SIGTERM ends all, with a summary each."""
    port, other = _free_port(), _free_port()
    options = ["--protocol", "iperf3", "twamp", "stamp", "--port", str(port), "--iperf3-port", str(other)]
    with reflecting(*options, protocols=3) as (process, told):
        for probe in ("stamp", "twamp"):
            main(["probe", probe, LOOPBACK, "--port", str(port), "--count", "5", "--interval", "10ms"])
        tested = _iperf3(other, LOOPBACK)
        stamp, twamp, iperf3 = ended(process)

    assert told == [
        f"reflecting STAMP and TWAMP-Light at udp {LOOPBACK} port {port}\n",
        f"reflecting TWAMP at tcp {LOOPBACK} port {port}\n",
        f"reflecting iperf3 at tcp {LOOPBACK} port {other}\n",
    ]
    assert tested["end"]["sum_received"]["bytes"] > 0
    assert stamp.startswith("STAMP and TWAMP-Light: 5 replies to 1 sessions in ")
    assert twamp.startswith("TWAMP: 5 replies to 1 sessions in ")
    assert iperf3.startswith("iperf3: 1 tests in ")


def test_iperf3_serves_only_who_is_let_in() -> None:
    """A client of the network is served after one from elsewhere could not connect; each test has its own door."""
    port = _free_port()
    with reflecting("--protocol", "iperf3", "--iperf3-port", str(port), "--allow", "127.0.0.2/32", "2001:db8::/32") as (
        process,
        _,
    ):
        stranger = _iperf3(port, "127.0.0.3", "--connect-timeout", "200")
        served = _iperf3(port, "127.0.0.2")
        (said,) = ended(process)

    assert "error" in stranger
    assert served["end"]["sum_received"]["bytes"] > 0
    assert said.startswith("1 tests in ")


def test_iperf3_outlives_clients_that_say_nothing() -> None:
    """Who connects and goes again ends a test at most: the server is there for the next."""
    port = _free_port()
    with reflecting("--protocol", "iperf3", "--iperf3-port", str(port)) as (process, _):
        for _ in range(20):
            with suppress(OSError), socket.create_connection((LOOPBACK, port), 5):
                pass
        assert process.poll() is None
        (said,) = ended(process)

    assert said.startswith("0 tests in ")


def _iperf3(port: int, source: str, *options: str) -> dict[str, Any]:
    argv = ["iperf3", "-c", LOOPBACK, "-p", str(port), "-B", source, "-n", "20M", "-J", *options]
    told: dict[str, Any] = json.loads(subprocess.run(argv, capture_output=True, check=False, timeout=60).stdout)
    return told


def _free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.bind((LOOPBACK, 0))
        port: int = probe.getsockname()[1]
        return port
