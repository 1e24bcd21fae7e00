"""How late a wire is, what it carries, and what it costs: figures for ``test_relay``."""

import json
import os
import socket
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from netbench.linux.namespaces import NamespaceVantage, run_inside
from tests.topologies.relay.bed import capturing, numbered_frame, numbers_captured, sending

PACE_SECONDS = 0.001


T = TypeVar("T")


class Benchmark(Protocol):
    """What is used of pytest-benchmark's fixture, with types."""

    extra_info: dict[str, object]

    def pedantic(self, target: Callable[..., T], args: Sequence[object], *, rounds: int) -> T:
        """Run and time ``target``; return what it returned."""
        ...


@dataclass(frozen=True)
class End:
    """A host: its namespace and the interface that leads to the other host."""

    namespace: int
    interface: str


def crossing_times_ns(near: End, far: End, count: int) -> NDArray[np.int64]:
    """Return how long ``count`` frames at 1000 a second took from one host's interface to the other's, by the kernel's clock."""
    with (
        run_inside(near.namespace, lambda: capturing(near.interface, outgoing=True)) as before,
        run_inside(far.namespace, lambda: capturing(far.interface, outgoing=False)) as after,
    ):
        sending(near.namespace, lambda raw: _send_paced(raw, count), near.interface)
        left = {number: stamp for number, stamp, _ in numbers_captured(before, count, outgoing=True)}
        came = numbers_captured(after, count)
    if len(came) < 0.99 * count:
        raise RuntimeError(f"{count - len(came)} of {count} frames were lost on the way; is this host overloaded?")
    return np.array([stamp - left[number] for number, stamp, _ in came])


def both_ways_ns(left: End, right: End, count: int) -> NDArray[np.int64]:
    """Return the crossing times of both directions, measured at the same time, in one array."""
    with ThreadPoolExecutor(2) as pool:
        return np.concatenate(list(pool.map(crossing_times_ns, (left, right), (right, left), (count, count))))


def error_figures(errors_ns: NDArray[np.int64]) -> dict[str, float]:
    """Return the figures of an error in µs: p1, median, p99 and p99.9."""
    names = {"p1_us": 0.01, "median_us": 0.5, "p99_us": 0.99, "p99.9_us": 0.999}
    return {name: round(float(np.quantile(errors_ns, share)) / 1000, 1) for name, share in names.items()}


def tcp_bps(client: NamespaceVantage, server: NamespaceVantage, seconds: int) -> float:
    """Return what one TCP connection (CUBIC) brings to the server, by iperf3's account of its receiver."""
    address = server.address(socket.AF_INET)
    with server.popen(["iperf3", "-s", "-1", "--forceflush"]) as listener:
        assert listener.stdout is not None
        while b"listening" not in listener.stdout.readline():
            pass
        argv = ["iperf3", "-c", address, "-t", str(seconds), "-C", "cubic", "-J"]
        with client.popen(argv) as process:
            report, _ = process.communicate()
    return float(json.loads(report)["end"]["sum_received"]["bits_per_second"])


def cpu_seconds(process: int) -> float:
    """Return the processor time that a process has used."""
    fields = Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _send_paced(raw: socket.socket, count: int) -> None:
    due = time.monotonic()
    for number in range(count):
        raw.send(numbered_frame(number))
        due += PACE_SECONDS
        time.sleep(max(0.0, due - time.monotonic()))
