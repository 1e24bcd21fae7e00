"""``netbench reflect`` with several protocols in one process, over loopback."""

import json
import signal
import socket
import subprocess
import sys

from netbench.cli.main import main

LOOPBACK = "127.0.0.1"


def test_three_protocols_are_served_by_one_process() -> None:
    """Each answers its own client; SIGTERM ends all, with a summary each."""
    port, other = _free_port(), _free_port()
    argv = ["--bind", LOOPBACK, "--protocol", "iperf3", "twamp", "stamp", "--port", str(port), "--iperf3-port", str(other)]
    with subprocess.Popen(
        [sys.executable, "-m", "netbench", "reflect", *argv], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as reflector:
        assert reflector.stderr is not None
        told = [reflector.stderr.readline().decode() for _ in range(3)]
        for probe in ("stamp", "twamp"):
            main(["probe", probe, LOOPBACK, "--port", str(port), "--count", "5", "--interval", "10ms"])
        tested = subprocess.run(["iperf3", "-c", LOOPBACK, "-p", str(other), "-n", "64K", "-J"], capture_output=True, check=False)
        reflector.send_signal(signal.SIGTERM)
        output, errors = reflector.communicate(timeout=20)

    assert told == [
        f"reflecting STAMP and TWAMP-Light at udp {LOOPBACK} port {port}\n",
        f"reflecting TWAMP at tcp {LOOPBACK} port {port}\n",
        f"reflecting iperf3 at tcp {LOOPBACK} port {other}\n",
    ]
    assert json.loads(tested.stdout)["end"]["sum_received"]["bytes"] > 0
    assert (reflector.returncode, errors) == (0, b"")
    stamp, twamp, iperf3 = output.decode().splitlines()
    assert stamp.startswith("STAMP and TWAMP-Light: 5 replies to 1 sessions in ")
    assert twamp.startswith("TWAMP: 5 replies to 1 sessions in ")
    assert iperf3.startswith("iperf3: 1 tests in ")


def _free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.bind((LOOPBACK, 0))
        port: int = probe.getsockname()[1]
        return port
