"""Links carried by netem that change: by a trace, by a cut and its end, under a load. Run inside the VM by ``make vm-test``.

The machine is late as it pleases; what is asserted are floors, orders and counts, which lateness does not spoil.
"""

import os
import socket
import struct
import time
from collections.abc import Iterator
from dataclasses import replace
from fcntl import ioctl

import numpy as np
import pytest

from netbench.campaign.loading import Loading, flows_of
from netbench.linux.namespaces import new_network_namespace, run_inside
from netbench.linux.trials import in_namespace
from netbench.plan.failures import HOWS, How
from netbench.plan.load import parse_plan
from netbench.plan.model import Plan
from tests.root.test_network import emulated
from tests.root.wire_bed import OpenedNetwork, WireBed, bed_of

TRIED = in_namespace("netem")
pytestmark = pytest.mark.skipif(not TRIED.ok, reason=f"run by make vm-test, where the kernel has netem: {TRIED.said}")

PLAN = """
netbench: 1
plan: changing
sites:
  left: {at: [26.50, 106.50], role: city}
  right: {at: [26.49, 106.51], role: city}
links:
  - {id: link, between: [left, right], class: metro, delay: 10ms, rate: 2M, queue: 100ms, jitter: 0ms, loss: 0,
     trace: {forward: steps.csv}}
corridors:
  - {id: corridor, kind: in-province, from: left, to: right}
demands:
  - {from: right, to: left, busy_hour: 1.4M}
"""
STEPS = "time,delay,rate,loss\n0ms,20ms,2M,0\n500ms,60ms,2M,0\n1s,20ms,2M,0\n"
EARLY_NS = 100_000
LATE_NS = 8_000_000
MS = 1_000_000
SIOCGIFFLAGS, IFF_RUNNING = 0x8913, 0x40
_FLAGS = struct.Struct("16sH14x")


@pytest.fixture(scope="module")
def plan(tmp_path_factory: pytest.TempPathFactory) -> Plan:
    """The plan above, its trace beside it."""
    folder = tmp_path_factory.mktemp("plan")
    (folder / "steps.csv").write_text(STEPS, "utf-8")
    return parse_plan(PLAN, "changing.yaml", folder)


@pytest.fixture(scope="module")
def network(plan: Plan) -> Iterator[OpenedNetwork]:
    """It stands, on netem."""
    namespace = new_network_namespace()
    with emulated(plan, namespace) as built:
        assert built.wire == "netem"
        yield built
    os.close(namespace)


@pytest.fixture
def bed(network: OpenedNetwork) -> WireBed:
    """Its link."""
    return bed_of(network)


def is_as_planned(bed: WireBed) -> None:
    """The link takes 10 ms, hardly more, and loses nothing."""
    crossing = bed.cross(50, gap_seconds=0.004)
    assert len(crossing.numbers) >= 50 - crossing.dropped
    assert crossing.delays_ns.min() >= 10 * MS - EARLY_NS
    assert crossing.soon_ns <= 10 * MS + LATE_NS


def test_a_trace_is_followed_and_left(network: OpenedNetwork, bed: WireBed) -> None:
    """20 ms and 60 ms take turns, a half second each, for as long as it is followed; before and after, the link is as planned."""
    is_as_planned(bed)
    network.start_traces()
    crossing = bed.cross(300, gap_seconds=0.008)
    network.stop_traces()

    assert len(crossing.numbers) >= 300 - crossing.dropped
    assert np.diff(crossing.numbers).min() > 0
    assert crossing.delays_ns.min() >= 20 * MS - EARLY_NS
    assert crossing.soon_ns <= 20 * MS + LATE_NS
    assert np.quantile(crossing.delays_ns, 0.85) >= 60 * MS - EARLY_NS
    is_as_planned(bed)


@pytest.mark.parametrize("how", HOWS)
def test_a_cut_loses_everything_until_it_is_mended(network: OpenedNetwork, bed: WireBed, how: How) -> None:
    """Nothing arrives either way; the carrier is gone where the cut is to be seen, and there where it is not."""
    network.cut("link", how)
    back = replace(bed, namespaces=bed.namespaces[::-1], interfaces=bed.interfaces[::-1])
    came = [len(way.cross(30, gap_seconds=0.001, patience=0.3).numbers) for way in (bed, back)]
    wait_for_carrier((bed, back), there=how == "silent")
    network.restore("link")

    assert came == [0, 0]
    wait_for_carrier((bed, back), there=True)
    is_as_planned(bed)
    is_as_planned(back)


def wait_for_carrier(beds: tuple[WireBed, ...], *, there: bool) -> None:
    """All near ends have, or have not, a carrier; the kernel tells of it up to a second later."""
    deadline = time.monotonic() + 20
    while any(carrier(bed) != there for bed in beds):
        assert time.monotonic() < deadline, f"the carrier should {'' if there else 'not '}be there"
        time.sleep(0.05)


def carrier(bed: WireBed) -> bool:
    """Whether the near end of the link sees the other."""
    request = _FLAGS.pack(bed.interfaces[0].encode(), 0)

    def flags() -> int:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
            return int(_FLAGS.unpack(ioctl(asking, SIOCGIFFLAGS, request))[1])

    return bool(run_inside(bed.namespaces[0], flags) & IFF_RUNNING)


def test_the_busy_hour_fills_the_link(plan: Plan, network: OpenedNetwork, bed: WireBed) -> None:
    """1.4 Mbit/s are offered to 2 Mbit/s, from right to left: nothing else is, and they cross, as the kernel counts them."""
    with Loading(network, "busy-hour", flows_of(plan, "busy-hour"), seed=1) as load:
        bed.cross(100, gap_seconds=0.02)

    links = {item.direction: item for item in load.report.links if item.link.id == "link"}
    assert links["reverse"].planned_utilisation == pytest.approx(0.7)
    assert 0.3 <= links["reverse"].utilisation <= 0.8
    assert "forward" not in links
