"""The busy hour on a network that stands: what is offered, what is carried, and what it does to delay."""

import os
from typing import TYPE_CHECKING

import pytest

from netbench.campaign.load_report import LoadReport
from netbench.campaign.loading import Loading, flows_of
from netbench.linux.namespaces import new_network_namespace
from netbench.linux.sender import WIRE_OCTETS
from netbench.measure import plugins
from netbench.measure.collect import MemorySink
from netbench.measure.probe import Control, Pair, Schedule
from netbench.measure.samples import PACKETS
from netbench.plan.load import parse_plan
from netbench_topologies.network import EmulatedNetwork
from tests.root.test_network import emulated

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = [
    pytest.mark.skipif(os.geteuid() != 0, reason="needs root to make network namespaces: run as root or under `unshare -Urn`"),
    pytest.mark.timeout(180),
]

PLAN = parse_plan(
    """
netbench: 1
plan: loaded
rate_scale: 100
sites:
  a: {at: [26, 106], position_error_km: 10}
  b: {at: [26, 106], position_error_km: 10}
  c: {at: [26, 106], position_error_km: 10}
links:
  - {id: ab, between: [a, b], class: metro, delay: 5ms, rate: 1G, queue: 50ms, jitter: 0ms, loss: 0, assumed: false}
  - {id: bc, between: [b, c], class: access, delay: 5ms, rate: 100M, rate_scale: 20, queue: 50ms, jitter: 0ms, loss: 0,
     assumed: false}
corridors:
  - {id: a-b, kind: in-province, from: a, to: b}
  - {id: b-c, kind: in-province, from: b, to: c}
demands:
  - {from: a, to: b, busy_hour: 700M}
  - {from: c, to: a, busy_hour: 120M}
""",
    "loaded",
)
SERVICE_NS = WIRE_OCTETS * 8 * 100  # one datagram at 10 Mbit/s: 1.23 ms


@pytest.fixture(scope="module")
def measured() -> "Iterator[tuple[LoadReport, MemorySink]]":
    """Ten seconds of delay on both links under load; pair 0 is a-b, pair 1 b-c."""
    namespace = new_network_namespace()
    try:
        with emulated(PLAN, namespace) as network:
            yield _measure(network)
    finally:
        os.close(namespace)


def _measure(network: EmulatedNetwork) -> tuple[LoadReport, MemorySink]:
    memory = MemorySink()
    pairs = [Pair(name, network.vantage(name[0]), network.vantage(name[2])) for name in ("a-b", "b-c")]
    with Loading(network, "busy-hour", flows_of(PLAN, "busy-hour"), seed=1) as load:
        plugins.probe("stamp")().measure(pairs, Schedule(10_000_000, 1000), memory, Control())
    return load.report, memory


def test_links_of_different_scale_are_as_full_as_planned(measured: "tuple[LoadReport, MemorySink]") -> None:
    """70 % one way, 12 % back over the first; the second is offered 120 % and carries what it can."""
    links = {(item.link.id, item.direction): item for item in measured[0].links}
    assert links["ab", "forward"].utilisation == pytest.approx(0.70, abs=0.05)
    assert links["ab", "reverse"].utilisation == pytest.approx(0.12, abs=0.05)
    over = links["bc", "reverse"]
    assert over.planned_utilisation == 1.2
    assert over.offered_bps == pytest.approx(6_000_000, rel=0.1)
    assert over.utilisation == pytest.approx(1.0, abs=0.05)


def test_waiting_is_that_of_random_arrivals(measured: "tuple[LoadReport, MemorySink]") -> None:
    """Pollaczek and Khinchine: the mean wait at 70 % is 0.7 / (2 × 0.3) of the time that one datagram takes, 1.4 ms."""
    packets = measured[1].columns(PACKETS)
    mine = packets["forward_ns"][packets["pair"] == 0]
    waited_ns = float(mine.mean()) - 5_000_000
    assert waited_ns == pytest.approx(0.7 / 0.6 * SERVICE_NS, rel=0.5)


def test_a_full_queue_delays_by_its_length_and_loses_the_rest(measured: "tuple[LoadReport, MemorySink]") -> None:
    """What gets through the overloaded direction waited for most of 50 ms; the other direction did not."""
    packets = measured[1].columns(PACKETS)
    mine = packets["pair"] == 1
    assert float(packets["reverse_ns"][mine].mean()) == pytest.approx(55_000_000, rel=0.15)
    assert float(packets["forward_ns"][mine].mean()) < 7_000_000
    lost = [found for found in measured[0].flows if found.flow.segment.hops[0][0].id == "bc"]
    assert lost[0].arrived < lost[0].sent * 0.95
