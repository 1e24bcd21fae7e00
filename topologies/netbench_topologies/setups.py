"""What every site of a plan is told: addresses, neighbours, routes and rules."""

from collections import Counter
from collections.abc import Mapping, Sequence

from netbench.plan.model import Plan
from netbench_topologies.addressing import FAMILIES, Addressing
from netbench_topologies.node import Adjacency, NodeSetup, Rule, Way, second_choice, unreachable, usual_way, way_to
from netbench_topologies.offloading import offloading
from netbench_topologies.steering import NextHops, Pin, exceptions, usual_link

_FIRST_PIN_TABLE = 1000


def node_setups(
    plan: Plan, addressing: Addressing, next_hops: NextHops, pinned: Sequence[Pin], second: NextHops | None = None
) -> dict[str, NodeSetup]:
    """Return the set-up of every site, in the plan's order, with its second routes where ``second`` has them."""
    return {
        site: NodeSetup(
            loopbacks=addressing.loopbacks[site],
            adjacencies=_adjacencies(plan, addressing, site),
            ways=(*_routes(addressing, next_hops, second, site), *_pinned_ways(addressing, pinned, site)),
            rules=_rules(addressing, pinned, site),
        )
        for site in plan.sites
    }


def protocol_setups(plan: Plan, addressing: Addressing) -> dict[str, NodeSetup]:
    """Return the set-up of every site, in the plan's order, where a protocol finds the routes."""
    return {
        site: NodeSetup(addressing.loopbacks[site], _adjacencies(plan, addressing, site), ways=(), rules=(), protocol=True)
        for site in plan.sites
    }


def _adjacencies(plan: Plan, addressing: Addressing, site: str) -> dict[str, Adjacency]:
    return {
        link.id: Adjacency(addressing.links[link.id].at(site), addressing.links[link.id].across(site), offloading(link).on)
        for link in plan.links.values()
        if site in (link.a, link.b)
    }


def _routes(addressing: Addressing, next_hops: NextHops, second: NextHops | None, site: str) -> list[Way]:
    return _tables(addressing, next_hops, site) if second is None else _protected(addressing, next_hops[site], second[site])


def _protected(addressing: Addressing, first: Mapping[str, str], second: Mapping[str, str]) -> list[Way]:
    """The same with second choices. Where both fail for a destination of its own it is unreachable: no wider route takes over."""
    pairs = {destination: (link, second.get(destination)) for destination, link in first.items()}
    usual = Counter(pairs.values()).most_common(1)
    ways: list[Way] = []
    for destination, pair in pairs.items():
        if pair != usual[0][0]:
            for family in FAMILIES:
                loopback = addressing.loopbacks[destination][family]
                ways += [way_to(family, loopback, pair[0]), unreachable(family, loopback)]
                ways += [second_choice(way_to(family, loopback, pair[1]))] if pair[1] else []
    for pair, _ in usual:
        ways += [usual_way(family, pair[0]) for family in FAMILIES]
        ways += [second_choice(usual_way(family, pair[1])) for family in FAMILIES] if pair[1] else []
    return ways


def _tables(addressing: Addressing, next_hops: NextHops, site: str) -> list[Way]:
    """One way for most destinations, and one for each of the others: a leaf needs no more than one."""
    usual = usual_link(next_hops[site])
    if usual is None:
        return []
    ways = [usual_way(family, usual) for family in FAMILIES]
    for destination, link in exceptions(next_hops[site]):
        ways += [way_to(family, addressing.loopbacks[destination][family], link) for family in FAMILIES]
    return ways


def _pinned_ways(addressing: Addressing, pinned: Sequence[Pin], site: str) -> list[Way]:
    return [
        way_to(family, addressing.loopbacks[pin.destination][family], pin.links[site], table)
        for table, pin in enumerate(pinned, start=_FIRST_PIN_TABLE)
        if site in pin.links
        for family in FAMILIES
    ]


def _rules(addressing: Addressing, pinned: Sequence[Pin], site: str) -> list[Rule]:
    return [
        Rule(family, addressing.loopbacks[pin.source][family], addressing.loopbacks[pin.destination][family], table)
        for table, pin in enumerate(pinned, start=_FIRST_PIN_TABLE)
        if site in pin.links
        for family in FAMILIES
    ]
