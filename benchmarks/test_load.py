"""The busy hour's sender beside iperf3's own UDP: offered against asked, over the same veth, in the same run.

What was offered is counted by the kernel where it arrives, for both alike: neither is believed.
"""

import json
import math
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, cast

import pytest

from benchmarks.test_iperf3 import Benchmark
from benchmarks.test_iperf3 import two_hosts as two_hosts  # noqa: PLC0414 - pytest finds the fixture by its name here
from netbench.campaign.load_report import WIRE_BITS, LoadReport
from netbench.campaign.loading import Loading, flows_of
from netbench.linux.namespaces import run_inside
from netbench.linux.sender import PAYLOAD_OCTETS
from netbench.measure.network import LinkTraffic
from netbench.plan.load import parse_plan
from netbench.plan.model import PerDirection, Plan

if TYPE_CHECKING:
    from netbench.measure.network import Network
    from netbench.measure.vantage import Vantage
    from tests.root.conftest import TwoHosts

SECONDS = 2
RATES_MBPS = (10, 50, 200)
ALLOWANCE = 0.01
"""Of the rate: on a machine that others use too."""
SIGMAS = 4
"""The sender's times are random (Poisson), so that its count varies by the root of itself."""
OCTETS_OF_A_FRAME = WIRE_BITS // 8


class Veth:
    """As much of a network as a load needs: one link, and what the kernel counts where it ends."""

    wire = "veth"

    def __init__(self, hosts: "TwoHosts") -> None:
        self._hosts = hosts

    def link_ends(self, _link: str) -> "tuple[Vantage, Vantage]":
        return self._hosts[0].vantage, self._hosts[1].vantage

    def traffic(self) -> Mapping[str, PerDirection[LinkTraffic]]:
        left, right = (run_inside(host.namespace, partial(received, host.interface)) for host in self._hosts)
        return {"ab": PerDirection(right, left)}


def received(interface: str) -> LinkTraffic:
    """What an interface of the calling thread's namespace has received, Ethernet's framing included."""
    lines = Path("/proc/thread-self/net/dev").read_text("ascii").splitlines()
    octets, frames, *_ = next(line.split(":", 1)[1].split() for line in lines if line.strip().startswith(f"{interface}:"))
    return LinkTraffic(int(frames), int(octets) + 24 * int(frames))


@dataclass(frozen=True)
class Offered:
    """What arrived of what was asked, as a share of it, and what the sender says that it sent."""

    arrived: float
    said: float


def plan_of(rate_mbps: int) -> Plan:
    """Two sites and a demand from one to the other."""
    return parse_plan(
        f"""
netbench: 1
plan: offered
rate_scale: 1
sites:
  a: {{at: [26, 106], position_error_km: 10}}
  b: {{at: [26, 106], position_error_km: 10}}
links:
  - {{id: ab, between: [a, b], class: metro, delay: 1ms, rate: 1G, queue: 50ms, jitter: 0ms, loss: 0}}
corridors:
  - {{id: a-b, kind: in-province, from: a, to: b}}
demands:
  - {{from: a, to: b, busy_hour: {rate_mbps}M}}
""",
        "offered",
    )


def by_load(hosts: "TwoHosts", rate_mbps: int) -> tuple[Offered, LoadReport]:
    plan = plan_of(rate_mbps)
    with Loading(cast("Network", Veth(hosts)), "busy-hour", flows_of(plan, "busy-hour"), seed=1) as load:
        time.sleep(SECONDS - 1)  # it settles for a second, and sends meanwhile
    (link,) = load.report.links
    return Offered(link.carried_bps / link.asked_bps, link.offered_bps / link.asked_bps), load.report


def by_iperf3(hosts: "TwoHosts", rate_mbps: int) -> Offered:
    left, right = hosts
    server = right.vantage.popen(["iperf3", "-s", "-1", "-B", "10.9.0.2", "--forceflush"])
    try:
        assert server.stdout is not None
        while b"listening" not in server.stdout.readline():
            assert server.poll() is None
        payload_bps = round(rate_mbps * 1e6 * PAYLOAD_OCTETS / OCTETS_OF_A_FRAME)
        before = Veth(hosts).traffic()["ab"].forward
        words = ["-u", "-b", str(payload_bps), "-l", str(PAYLOAD_OCTETS), "-t", str(SECONDS), "-J"]
        output, _ = left.vantage.popen(["iperf3", "-c", "10.9.0.2", *words]).communicate(timeout=60)
        after = Veth(hosts).traffic()["ab"].forward
    finally:
        server.kill()
        server.communicate()
    told = json.loads(output)["end"]["sum"]
    asked_octets = rate_mbps * 1e6 * told["seconds"] / 8
    return Offered((after.wire_octets - before.wire_octets) / asked_octets, told["bits_per_second"] / payload_bps)


@pytest.mark.parametrize("rate_mbps", RATES_MBPS)
def test_what_is_offered_is_what_was_asked(two_hosts: "TwoHosts", benchmark: Benchmark, rate_mbps: int) -> None:
    """Off by no more than iperf3 is, chance aside; and what it says that it sent is what arrived."""
    found: list[tuple[Offered, LoadReport]] = []
    benchmark.pedantic(lambda: found.append(by_load(two_hosts, rate_mbps)), rounds=1)
    ours, report = found[0]
    theirs = by_iperf3(two_hosts, rate_mbps)

    benchmark.extra_info["error"] = ours.arrived - 1
    benchmark.extra_info["error_of_iperf3"] = theirs.arrived - 1
    benchmark.extra_info["said_beside_arrived"] = ours.said / ours.arrived - 1
    benchmark.extra_info["late_share"] = report.late_ratio
    benchmark.extra_info["max_late_ms"] = report.max_late_ns / 1e6
    chance = SIGMAS / math.sqrt(report.flows[0].sent)
    assert abs(ours.said / ours.arrived - 1) < 1e-3
    assert abs(ours.arrived - 1) < max(abs(theirs.arrived - 1), ALLOWANCE) + chance
