"""Trains between two hosts, against the kernel's own shaper: TBF, whose rate counts octets of layer 2 without framing."""

import subprocess

import pytest

from netbench.analysis.trains import held_rate, trains_of
from netbench.linux.namespaces import run_inside
from netbench.measure.collect import MemorySink
from netbench.measure.probe import Control, Pair, Schedule
from netbench.measure.samples import PACKETS
from netbench.measure.vantage import RemoteEnd
from netbench_probes.trains.probe import TrainParameters, TrainProbe
from tests.root.conftest import TwoHosts

FRAME_BITS = 8 * 1514


def shape(host_interface: str, rate: str) -> None:
    """Give an interface of the calling thread's namespace a rate and a queue of 60 ms."""
    subprocess.run(
        ["tc", "qdisc", "replace", "dev", host_interface, "root", "tbf", "rate", rate, "burst", "5k", "latency", "60ms"],
        check=True,
        capture_output=True,
    )


@pytest.mark.parametrize("rate_mbit", [20, 50])
def test_a_train_tells_the_rate_of_a_shaper(two_hosts: TwoHosts, rate_mbit: int) -> None:
    """Within two per cent, whatever the burst lets through at first."""
    left, right = two_hosts
    run_inside(left.namespace, lambda: shape(left.interface, f"{rate_mbit}mbit"))
    held = int(0.06 * rate_mbit * 1e6 / FRAME_BITS)
    frames = held * 3 // 2
    sink = MemorySink()

    report = TrainProbe(TrainParameters(frames=(frames,), timeout_ns=300_000_000)).measure(
        [Pair("shaped", left.vantage, right.vantage)], Schedule(150_000_000, 7), sink, Control()
    )

    trains = trains_of(sink.columns(PACKETS), frames)
    rate = held_rate("link_rate", "forward", trains, FRAME_BITS, range(held // 4, held * 4 // 5))
    assert report.not_measured == {}
    assert len(trains) == 7
    assert rate.value == pytest.approx(rate_mbit * 1e6, rel=0.02)


def test_a_far_end_that_is_not_ours_is_told(two_hosts: TwoHosts) -> None:
    """Nothing is sent to a stranger, and the reason says what to use instead."""
    left, right = two_hosts

    report = TrainProbe(TrainParameters(frames=(2,), timeout_ns=1_000_000)).measure(
        [Pair("ours", left.vantage, right.vantage), Pair("theirs", left.vantage, RemoteEnd("10.9.0.2"))],
        Schedule(1_000_000, 1),
        MemorySink(),
        Control(),
    )

    assert set(report.not_measured) == {"theirs"}
    assert "use stamp or iperf3" in report.not_measured["theirs"]
