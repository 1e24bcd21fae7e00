"""How many packets a second STAMP holds, and at what cost, beside sockperf on the same veth pair in the same run.

A rate is held where at most one packet in ten thousand has no answer, whatever the reason; sockperf, which paces itself more
loosely, is let off two in a hundred. The goal is
100 000 packets a second, the sender on one core; printed and kept, not asserted.
"""

import re
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Literal

import numpy as np
import pytest

from benchmarks.relay_measure import Benchmark
from benchmarks.stamp_measure import PORT, reflecting
from benchmarks.stamp_peers import SOCKPERF_PORT, children_seconds, serving
from netbench.measure.collect import MemorySink
from netbench.measure.probe import Control, Pair, Schedule
from netbench.measure.samples import PACKETS, Fate
from netbench.measure.vantage import RemoteEnd
from netbench_probes.stamp.parameters import StampParameters
from netbench_probes.stamp.probe import StampProbe
from tests.root.conftest import two_hosts as two_hosts  # noqa: PLC0414 - a fixture is used by being here

if TYPE_CHECKING:
    from tests.root.conftest import TwoHosts

RATES = (10_000, 20_000, 50_000, 80_000, 100_000, 150_000, 200_000)
SESSIONS, SESSION_RATE = 1000, 10
SECONDS = 2
LOSS = 1e-4
Engine = Literal["plain", "compiled"]


@pytest.mark.timeout(300)
def test_rate(benchmark: Benchmark, two_hosts: "TwoHosts") -> None:
    """Each climbs all steps: lost share and processor time a packet at every one, and the highest that was held."""
    held = benchmark.pedantic(climb, (two_hosts,), rounds=1)
    benchmark.extra_info.update(held)
    print(f"\nhighest rates held: {held}")
    assert held["compiled"] >= held["plain"]


def climb(hosts: "TwoHosts") -> dict[str, int]:
    """Return the highest rate that each holds."""
    held: dict[str, int] = {}
    with reflecting(hosts, "--compiled"):
        held["compiled"] = _highest("compiled", lambda rate: stamp(hosts, "compiled", 1, rate))
        held["plain"] = _highest("plain", lambda rate: stamp(hosts, "plain", 1, rate))
        lost, cpu_us = stamp(hosts, "compiled", SESSIONS, SESSIONS * SESSION_RATE)
    print(f"\n{SESSIONS} sessions of {SESSION_RATE} packets/s: {lost:.4%} lost, {cpu_us:.1f} µs a packet", end="")
    with serving(hosts, ["sockperf", "server", "-i", "10.9.0.2", "-p", str(SOCKPERF_PORT)]):
        held["sockperf"] = _highest("sockperf", lambda rate: sockperf(hosts, rate))
    return held


def stamp(hosts: "TwoHosts", engine: Engine, sessions: int, rate: int) -> tuple[float, float]:
    """Return which share had no answer, whatever the reason, and the sender's processor time a packet in µs."""
    sink = MemorySink()
    pairs = [Pair(str(number), hosts[0].vantage, RemoteEnd("10.9.0.2", PORT)) for number in range(sessions)]
    schedule = Schedule(sessions * 1_000_000_000 // rate, rate * SECONDS // sessions)
    before_ns = time.process_time_ns()
    StampProbe(StampParameters(engine=engine, timeout_ns=500_000_000)).measure(pairs, schedule, sink, Control())
    count = schedule.count * sessions
    cpu_us = (time.process_time_ns() - before_ns) / 1000 / count
    return 1 - int(np.sum(sink.columns(PACKETS)["fate"] == Fate.ANSWERED)) / count, cpu_us


def sockperf(hosts: "TwoHosts", rate: int) -> tuple[float, float]:
    """Return the same of sockperf's under-load mode, an answer to every packet; what was not sent counts as lost."""
    address = ["-i", "10.9.0.2", "-p", str(SOCKPERF_PORT)]
    before = children_seconds()
    process = hosts[0].vantage.popen(["sockperf", "under-load", *address, "-t", str(SECONDS), f"--mps={rate}", "--reply-every=1"])
    output = process.communicate(timeout=60)[0].decode()
    found = re.search(r"Total Run\] RunTime=([\d.]+) sec;.*ReceivedMessages=(\d+)", output)
    assert found, output
    wanted = rate * float(found[1])
    return max(0.0, 1 - int(found[2]) / wanted), (children_seconds() - before) * 1e6 / wanted


def _highest(name: str, step: Callable[[int], tuple[float, float]]) -> int:
    highest = 0
    for rate in RATES:
        lost, cpu_us = step(rate)
        print(f"\n{name:10} {rate:7} packets/s: {lost:.4%} lost, {cpu_us:.1f} µs a packet", end="")
        if lost <= (LOSS if name != "sockperf" else 0.02):
            highest = rate
    return highest
