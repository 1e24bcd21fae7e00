"""What FRR's daemons are told for a plan: pure text, one configuration a daemon and site.

A link's cost is that by which its failures are foretold (``netbench.plan.ospf``), in both families alike. Of ways that cost the
same one is used: a corridor has one route. The timers of the tables' computation are short ones, as carriers set them: FRR's own
would wait up to five seconds between two announcements of one router.
"""

import socket
from collections.abc import Iterator, Mapping

from netbench.clock import NANOSECONDS_PER_SECOND
from netbench.plan.model import Plan, RoutingTimers
from netbench.plan.ospf import ospf_costs
from netbench_topologies.addressing import Addressing

DAEMONS = ("zebra", "bfdd", "ospfd", "ospf6d")
"""In the order in which they start: each finds those before it."""
_NANOSECONDS_PER_MS = 1_000_000


def configurations(plan: Plan, addressing: Addressing) -> dict[str, dict[str, str]]:
    """Return the configuration of every daemon, by site and daemon.

    :raises RefusedError: when OSPF's costs cannot keep the plan's order of routes
    """
    costs = ospf_costs(plan)
    told: dict[str, dict[str, str]] = {}
    for site in plan.sites:
        costs_here = {
            addressing.links[link.id].at(site).interface: costs[link.id]
            for link in plan.links.values()
            if site in (link.a, link.b)
        }
        told[site] = _site(addressing, site, costs_here, plan.routing)
    return told


def _site(addressing: Addressing, site: str, costs: Mapping[str, int], timers: RoutingTimers) -> dict[str, str]:
    loopbacks = addressing.loopbacks[site]
    router, own6 = loopbacks[socket.AF_INET], loopbacks[socket.AF_INET6]
    lines = {
        "zebra": _zebra(router, own6),
        "bfdd": _bfdd(timers),
        "ospfd": _ospfd(router, costs, timers),
        "ospf6d": _ospf6d(router, costs, timers),
    }
    return {daemon: "\n".join((f"hostname {addressing.nodes[site]}", *text)) + "\n" for daemon, text in lines.items()}


def _zebra(own: str, own6: str) -> Iterator[str]:
    """What a site sends of its own comes from its loopback address, as with the plan's static routes."""
    for name, address in (("own", own), ("own6", own6)):
        yield f"route-map {name} permit 10"
        yield f" set src {address}"
        yield "exit"
    yield "ip protocol ospf route-map own"
    yield "ipv6 protocol ospf6 route-map own6"


def _bfdd(timers: RoutingTimers) -> Iterator[str]:
    if timers.bfd is None:
        return
    interval_ms = timers.bfd.interval_ns // _NANOSECONDS_PER_MS
    yield "bfd"
    yield " profile plan"
    yield f"  detect-multiplier {timers.bfd.multiplier}"
    yield f"  receive-interval {interval_ms}"
    yield f"  transmit-interval {interval_ms}"


def _ospfd(router: str, costs: Mapping[str, int], timers: RoutingTimers) -> Iterator[str]:
    for interface, cost in costs.items():
        yield from _interface(interface, "ip ospf", cost, timers)
        if timers.bfd is not None:
            yield " ip ospf bfd"
            yield " ip ospf bfd profile plan"
        yield "exit"
    yield from ("interface lo", " ip ospf area 0", " ip ospf passive", "exit")
    yield from ("router ospf", f" ospf router-id {router}", " log-adjacency-changes", " maximum-paths 1")
    yield from (" timers throttle spf 0 50 500", " timers throttle lsa all 100", " timers lsa min-arrival 50")
    yield " no proactive-arp"  # it would put an unanswered question in the place of the neighbour that is known for good


def _ospf6d(router: str, costs: Mapping[str, int], timers: RoutingTimers) -> Iterator[str]:
    for interface, cost in costs.items():
        yield from _interface(interface, "ipv6 ospf6", cost, timers)
        if timers.bfd is not None:
            yield " ipv6 ospf6 bfd profile plan"
        yield "exit"
    yield from ("interface lo", " ipv6 ospf6 area 0", " ipv6 ospf6 passive", "exit")
    yield from ("router ospf6", f" ospf6 router-id {router}", " log-adjacency-changes", " maximum-paths 1")
    yield from (" timers throttle spf 0 50 500", " timers lsa min-arrival 50")


def _interface(interface: str, protocol: str, cost: int, timers: RoutingTimers) -> Iterator[str]:
    yield f"interface {interface}"
    yield f" {protocol} area 0"
    yield f" {protocol} network point-to-point"
    yield f" {protocol} cost {cost}"
    yield f" {protocol} hello-interval {timers.hello_ns // NANOSECONDS_PER_SECOND}"
    yield f" {protocol} dead-interval {timers.dead_ns // NANOSECONDS_PER_SECOND}"
    yield f" {protocol} retransmit-interval 1"
