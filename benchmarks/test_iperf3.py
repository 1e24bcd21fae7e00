"""The iperf3 probe beside iperf3's own command line: the same veth, the same run, turn by turn."""

import json
import statistics
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol

import pytest

from netbench.measure.probe import Control, Pair, Schedule
from netbench_probes.iperf3.probe import Iperf3Probe
from tests.root.conftest import two_hosts as two_hosts  # noqa: PLC0414 - pytest finds the fixture by its name here

if TYPE_CHECKING:
    from netbench.measure.samples import Columns, Table
    from tests.root.conftest import Host, TwoHosts

SECOND_NS = 1_000_000_000
ROUNDS = 5
SETUP_LIMIT_SECONDS = 0.5


class Benchmark(Protocol):
    """What is used of pytest-benchmark's fixture, which has no types of its own."""

    extra_info: dict[str, float]

    def pedantic(self, target: Callable[[], None], *, rounds: int) -> object: ...


class Counting:
    """A sink that adds up; ``first`` is set when the first row comes."""

    def __init__(self) -> None:
        self.bytes = 0
        self.nanoseconds = 0
        self.first = threading.Event()

    def write(self, table: "Table", columns: "Columns") -> None:
        assert table.name == "intervals"
        self.bytes += int(columns["received_bytes"].sum())
        self.nanoseconds += int(columns["duration_ns"].sum())
        self.first.set()

    @property
    def rate_bps(self) -> float:
        return self.bytes * 8e9 / self.nanoseconds


def by_probe(left: "Host", right: "Host", seconds: int) -> float:
    counted = Counting()
    schedule = Schedule(SECOND_NS, seconds)
    report = Iperf3Probe().measure([Pair("a", left.vantage, right.vantage)], schedule, counted, Control())
    assert report.not_measured == {}
    return counted.rate_bps


def by_command_line(left: "Host", right: "Host", seconds: int) -> float:
    server = right.vantage.popen(["iperf3", "-s", "-1", "-B", "10.9.0.2", "--forceflush"])
    try:
        assert server.stdout is not None
        while b"listening" not in server.stdout.readline():
            assert server.poll() is None
        client = left.vantage.popen(["iperf3", "-c", "10.9.0.2", "-t", str(seconds), "-C", "cubic", "-J"])
        output, _ = client.communicate(timeout=60)
    finally:
        server.kill()
        server.communicate()
    return float(json.loads(output)["end"]["sum_received"]["bits_per_second"])


def timed(call: Any, *arguments: Any) -> tuple[float, float]:
    begun_ns = time.monotonic_ns()
    rate_bps = call(*arguments)
    return rate_bps, (time.monotonic_ns() - begun_ns) / SECOND_NS


def shape(left: "Host", rate: str) -> None:
    argv = ["tc", "qdisc", "add", "dev", "left", "root", "tbf", "rate", rate, "burst", "64kb", "latency", "20ms"]
    process = left.vantage.popen(argv)
    process.communicate()
    assert process.returncode == 0


def tell(benchmark: Benchmark, **figures: float) -> None:
    benchmark.extra_info.update(figures)
    print("\n" + "  ".join(f"{name} {value:.4g}" for name, value in figures.items()))


@pytest.mark.parametrize("rate", ["100mbit", "300mbit", "unshaped"])
def test_goodput_is_the_command_lines(benchmark: Benchmark, two_hosts: "TwoHosts", rate: str) -> None:
    """On a shaped link the probe finds the command line's goodput within 2 %; unshaped, the figure is the host's noise."""
    left, right = two_hosts
    if rate != "unshaped":
        shape(left, rate)
    pairs: list[tuple[float, float]] = []

    def both() -> None:
        pairs.append((by_probe(left, right, 2), by_command_line(left, right, 2)))

    benchmark.pedantic(both, rounds=ROUNDS)
    ratio = statistics.median(ours / theirs for ours, theirs in pairs)
    ours_bps, theirs_bps = (statistics.median(each) for each in zip(*pairs, strict=True))
    tell(benchmark, probe_mbps=ours_bps / 1e6, command_line_mbps=theirs_bps / 1e6, ratio=ratio)
    if rate != "unshaped":
        assert ratio == pytest.approx(1, abs=0.02)


def test_set_up_of_a_test(benchmark: Benchmark, two_hosts: "TwoHosts") -> None:
    """Beyond the second it measures, a test costs under half a second, beside the command line's."""
    left, right = two_hosts
    ours: list[float] = []
    theirs: list[float] = []

    def both() -> None:
        ours.append(timed(by_probe, left, right, 1)[1] - 1)
        theirs.append(timed(by_command_line, left, right, 1)[1] - 1)

    benchmark.pedantic(both, rounds=ROUNDS)
    tell(benchmark, probe_s=statistics.median(ours), command_line_s=statistics.median(theirs), probe_worst_s=max(ours))
    assert statistics.median(ours) < SETUP_LIMIT_SECONDS


def test_stop_is_obeyed(benchmark: Benchmark, two_hosts: "TwoHosts") -> None:
    """From the caller's stop to the probe's return, with every process reaped: under 100 ms in the median."""
    left, right = two_hosts
    delays: list[float] = []

    def once() -> None:
        control, counted = Control(), Counting()
        arguments = ([Pair("a", left.vantage, right.vantage)], Schedule(SECOND_NS // 10, 100), counted, control)
        measuring = threading.Thread(target=Iperf3Probe().measure, args=arguments)
        measuring.start()
        assert counted.first.wait(30)
        begun_ns = time.monotonic_ns()
        control.stop()
        measuring.join()
        delays.append((time.monotonic_ns() - begun_ns) / 1e6)

    benchmark.pedantic(once, rounds=ROUNDS)
    tell(benchmark, median_ms=statistics.median(delays), worst_ms=max(delays))
    assert statistics.median(delays) < 100
