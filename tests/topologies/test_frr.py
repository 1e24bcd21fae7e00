"""What FRR's daemons are told for a plan, how a kernel's tables are read, and what is said where FRR is not there."""

from dataclasses import replace
from pathlib import Path

import pytest

from netbench.errors import RefusedError, UnsupportedError
from netbench.measure.network import NetworkOptions
from netbench.plan.model import Plan
from netbench_topologies.addressing import Addressing
from netbench_topologies.frr import daemons
from netbench_topologies.frr.config import configurations
from netbench_topologies.frr.convergence import parse_ipv4, parse_ipv6
from netbench_topologies.network import EmulatedNetwork
from tests.topologies.plans import PINNED, USUAL, square

TAIL_OSPF = """hostname n4
interface n4-eth0
 ip ospf area 0
 ip ospf network point-to-point
 ip ospf cost 40000
 ip ospf hello-interval 1
 ip ospf dead-interval 4
 ip ospf retransmit-interval 1
 ip ospf bfd
 ip ospf bfd profile plan
exit
interface lo
 ip ospf area 0
 ip ospf passive
exit
router ospf
 ospf router-id 10.255.0.5
"""


def told(plan: Plan, site: str) -> dict[str, str]:
    """A site's configurations."""
    return configurations(plan, Addressing(plan))[site]


def test_a_site_is_told_its_links_costs_and_timers() -> None:
    """The tail's one link takes 4 ms both ways, two thirds of the 6 ms that the longest takes, which costs 60,000."""
    assert told(square(USUAL), "tail")["ospfd"].startswith(TAIL_OSPF)


def test_both_families_cost_the_same() -> None:
    """Or they would take different ways."""
    for site in square(USUAL).sites:
        both = told(square(USUAL), site)
        costs = [[line for line in both[name].splitlines() if " cost " in line] for name in ("ospfd", "ospf6d")]
        assert [line.replace("ipv6 ospf6", "ip ospf") for line in costs[1]] == costs[0] != []


def test_bfd_has_the_plans_timers_or_is_not_asked() -> None:
    """In milliseconds; without BFD nothing mentions it."""
    plan = square(USUAL)
    assert "multiplier 3\n  receive-interval 100\n  transmit-interval 100\n" in told(plan, "north")["bfdd"]

    without = told(replace(plan, routing=replace(plan.routing, bfd=None)), "north")
    assert not any("bfd" in text for text in without.values())


def test_a_kernels_tables_are_read() -> None:
    """Only routes to single addresses count, and not a site's own."""
    ipv4 = (
        "Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\tMTU\tWindow\tIRTT\n"
        "n0-eth0\t0200FF0A\t0100FE0A\t0007\t0\t0\t20\tFFFFFFFF\t0\t0\t0\n"
        "n0-eth0\t0000FE0A\t00000000\t0001\t0\t0\t0\tFEFFFFFF\t0\t0\t0\n"
    )
    zeros = "0" * 32
    ipv6 = "".join(
        f"fd6e62656e6300ff000000000000000{number} {length} {zeros} 00 {zeros} 00000014 00000001 00000000 00000003  {interface}\n"
        for number, length, interface in ((1, "80", "lo"), (2, "80", "n0-eth0"), (0, "7f", "n0-eth0"))
    )
    assert parse_ipv4(ipv4) == {"10.255.0.2": "n0-eth0"}
    assert parse_ipv6(ipv6) == {"fd6e:6265:6e63:ff::2": "n0-eth0"}


def test_a_pinned_corridor_is_refused() -> None:
    """OSPF would not take its route."""
    with pytest.raises(RefusedError, match="corridor 'pinned' is pinned by 'via'"):
        EmulatedNetwork(square(PINNED), NetworkOptions(wire="relay", routing="frr"))


def test_without_frr_it_is_refused_with_the_cure(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The sentence names what is missing, the package, and the way to do without."""
    monkeypatch.setattr(daemons, "PROGRAMS", tmp_path)

    with pytest.raises(UnsupportedError, match=r"no FRR here \(zebra.*apt-get install.*leave out --routing frr"):
        EmulatedNetwork(square(USUAL), NetworkOptions(wire="relay", routing="frr"))
