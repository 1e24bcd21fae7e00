"""The relay beside a plain veth in the same run: how late, how much, at what cost."""

import os
import time
from collections.abc import Generator
from contextlib import contextmanager
from functools import partial

import pytest
from pyroute2 import IPRoute

from benchmarks.relay_measure import Benchmark, End, both_ways_ns, cpu_seconds, error_figures, tcp_bps
from netbench.linux.namespaces import new_network_namespace, run_inside
from netbench.linux.offload import one_packet_a_frame
from netbench_topologies.relay import Relay, RelayLink
from tests.root.conftest import TwoHosts, two_hosts
from tests.topologies.relay.bed import Bed, relay_bed
from tests.topologies.relay.directions import plain_spec

FRAMES = 2000
MEDIAN_GOAL_US = 15
IDLE_LINKS = 100
IDLE_SECONDS = 5
IDLE_GOAL_CORES = 0.1
FAST_BPS = 100_000_000_000

__all__ = ["two_hosts"]


@pytest.fixture(autouse=True)
def _root() -> None:
    if os.geteuid() != 0:
        pytest.skip("needs root to make network namespaces: run as root or under `unshare -Urn`")


def ends_of(bed: Bed) -> tuple[End, End]:
    left, _, right = bed.namespaces
    return End(left, "host"), End(right, "host")


@pytest.mark.parametrize("delay_ms", [0.5, 1, 5, 20])
def test_added_delay(benchmark: Benchmark, two_hosts: TwoHosts, delay_ms: float) -> None:
    """Far kernel timestamp − near one − asked delay, both directions at once, 1000 frames a second each."""
    delay_ns = int(delay_ms * 1_000_000)
    spec = plain_spec(delay_ns=delay_ns, rate_bps=FAST_BPS, planned_rate_bps=FAST_BPS)
    near, far = (End(host.namespace, host.interface) for host in two_hosts)
    veth_ns = both_ways_ns(near, far, FRAMES)
    with relay_bed(spec, spec) as bed:
        before = cpu_seconds(bed.relay.process_id)
        crossing_ns = benchmark.pedantic(both_ways_ns, (*ends_of(bed), FRAMES), rounds=1)
        cores = (cpu_seconds(bed.relay.process_id) - before) / (FRAMES / 1000)

    relay, veth = error_figures(crossing_ns - delay_ns), error_figures(veth_ns)
    benchmark.extra_info.update({"relay": relay, "veth": veth, "cores": cores, "realtime": bed.relay.realtime})
    print(f"\n{delay_ms} ms: relay {relay} {cores:.2f} cores, plain veth {veth}")
    assert crossing_ns.min() >= delay_ns
    assert relay["median_us"] <= MEDIAN_GOAL_US


@pytest.mark.parametrize("offload", [True, False], ids=["superpackets", "packets"])
def test_throughput(benchmark: Benchmark, two_hosts: TwoHosts, *, offload: bool) -> None:
    """One TCP connection over 1 ms, with segmentation offload and without, beside the same over a plain veth."""
    spec = plain_spec(delay_ns=1_000_000, rate_bps=FAST_BPS, planned_rate_bps=FAST_BPS)
    with relay_bed(spec, spec) as bed:
        if not offload:
            _without_offload(bed, two_hosts)
        before = cpu_seconds(bed.relay.process_id)
        relay_bps = benchmark.pedantic(tcp_bps, (bed.left, bed.right, 4), rounds=1)
        cores = (cpu_seconds(bed.relay.process_id) - before) / 4
        counters = bed.relay.counters()["link"]
    veth_bps = tcp_bps(two_hosts[0].vantage, two_hosts[1].vantage, 4)

    benchmark.extra_info.update({"relay_bps": relay_bps, "veth_bps": veth_bps, "cores": cores})
    print(
        f"\nrelay {relay_bps / 1e9:.2f} Gbit/s at {cores:.2f} cores, plain veth {veth_bps / 1e9:.2f} Gbit/s; {counters.forward}"
    )
    assert relay_bps > veth_bps / 50


def test_idle_links(benchmark: Benchmark) -> None:
    """A hundred links that carry nothing cost less than a tenth of a core."""
    with idle_links(IDLE_LINKS) as relay:
        before = cpu_seconds(relay.process_id)
        benchmark.pedantic(time.sleep, (IDLE_SECONDS,), rounds=1)
        cores = (cpu_seconds(relay.process_id) - before) / IDLE_SECONDS

    benchmark.extra_info["cores"] = cores
    print(f"\n{IDLE_LINKS} idle links: {cores:.3f} cores")
    assert cores < IDLE_GOAL_CORES


@contextmanager
def idle_links(count: int) -> Generator[Relay]:
    """So many links, up at all four ends, carried by one relay."""
    middle, nodes = new_network_namespace(), new_network_namespace()
    spec = plain_spec()
    relay = Relay([RelayLink(f"link-{number}", f"a{number}", f"b{number}", spec, spec) for number in range(count)], 1)
    try:
        run_inside(middle, lambda: _pairs([f"{side}{number}" for number in range(count) for side in "ab"], nodes))
        run_inside(middle, relay.start)
        yield relay
    finally:
        relay.stop()
        os.close(middle)
        os.close(nodes)


def _pairs(names: list[str], peers: int) -> None:
    with IPRoute() as route:
        for name in names:
            route.link("add", ifname=name, kind="veth", peer={"ifname": name, "net_ns_fd": peers})
            route.link("set", index=route.link_lookup(ifname=name)[0], state="up")
    run_inside(peers, lambda: _all_up(names))


def _all_up(names: list[str]) -> None:
    with IPRoute() as route:
        for name in names:
            route.link("set", index=route.link_lookup(ifname=name)[0], state="up")


def _without_offload(bed: Bed, hosts: TwoHosts) -> None:
    left, middle, right = bed.namespaces
    places = [(left, ["host"]), (middle, ["left", "right"]), (right, ["host"])]
    for namespace, interfaces in (*places, *((host.namespace, [host.interface]) for host in hosts)):
        run_inside(namespace, partial(one_packet_a_frame, interfaces))
