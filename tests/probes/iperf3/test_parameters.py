"""What may be asked of the probe, and what is refused before anything is started."""

from typing import Any

import pytest

from netbench.errors import UsageError
from netbench.linux.namespaces import HostVantage
from netbench.measure import plugins
from netbench.measure.probe import Control, Pair, Report, Schedule
from netbench.measure.samples import Columns, Table
from netbench_probes.iperf3.parameters import Parameters
from netbench_probes.iperf3.probe import Iperf3Probe


class Nobody:
    """A sink that must not be given anything."""

    def write(self, table: Table, columns: Columns) -> None:
        raise AssertionError(table, columns)


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        ({"streams": 0}, "streams 0 is outside 1 to 128"),
        ({"streams": 129}, "streams 129 is outside 1 to 128"),
        ({"rate_bps": 9_999}, "rate_bps 9999 is outside 10000 to 10000000000000"),
        ({"port": 65536}, "port 65536 is outside 1 to 65535"),
        ({"omit_ns": -1}, "omit_ns -1 is outside 0 to 600000000000"),
        ({"connect_timeout_ns": 0}, "connect_timeout_ns 0 is outside 1000000 to 60000000000"),
        ({"maximum_segment_bytes": 20}, "maximum_segment_bytes 20 is outside 88 to 9216"),
        ({"block_bytes": 1 << 21}, "block_bytes 2097152 is outside 4 to 1048576"),
        ({"congestion_control": ""}, "congestion_control '' is no algorithm's name; say cubic, bbr or reno"),
        ({"congestion_control": "cubic; ls"}, "congestion_control 'cubic; ls' is no algorithm's name; say cubic, bbr or reno"),
        ({"family": "ipv5"}, "family 'ipv5' is none of any, ipv4, ipv6"),
        ({"turns": ()}, "turns () must name forward, reverse or both, once each"),
        ({"turns": ("up",)}, "turns ('up',) must name forward, reverse or both, once each"),
        ({"turns": ("forward", "forward")}, "turns ('forward', 'forward') must name forward, reverse or both, once each"),
    ],
)
def test_refused(asked: dict[str, Any], sentence: str) -> None:
    """Each value out of its range is named with its range."""
    with pytest.raises(UsageError) as caught:
        Parameters(**asked)
    assert str(caught.value) == sentence


@pytest.mark.parametrize("schedule", [Schedule(99_999_999, 10), Schedule(1_000_000_000, 0)])
def test_a_schedule_that_iperf3_cannot_keep(schedule: Schedule) -> None:
    """Intervals finer than 0.1 s and an empty schedule are refused."""
    here = HostVantage()
    with pytest.raises(UsageError):
        Iperf3Probe().measure([Pair("a", here, here)], schedule, Nobody(), Control())


def test_no_pairs() -> None:
    """Nothing to measure is no failure."""
    assert Iperf3Probe().measure([], Schedule(1_000_000_000, 1), Nobody(), Control()) == Report()


def test_it_is_found_by_its_name() -> None:
    """The entry point leads to the probe, and the probe to its parameters."""
    found = plugins.probe("iperf3")
    assert (found.name, found.metrics) == ("iperf3", ("throughput",))
    assert found.Parameters() == Parameters()
