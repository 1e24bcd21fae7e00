"""The second routes of static routing: where a site sends when the link it would use has lost its carrier.

A second route is a loop-free alternate (RFC 5286, inequality 1): over a neighbour whose own way to the destination does not lead
back. It needs no signalling, so it exists only where such a neighbour does; the best of them is taken.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from netbench.plan.model import Link, Plan
from netbench.plan.routing import distances, next_hops, weights

Hops = Mapping[str, Mapping[str, str]]


@dataclass(frozen=True, slots=True)
class Tables:
    """By site and destination, the link of first choice and, where there is one, of second."""

    first: Hops
    second: Hops


def tables(plan: Plan) -> Tables:
    """Return the static routes of every site."""
    first = next_hops(plan)
    return Tables(first, _second_hops(plan, first))


def _second_hops(plan: Plan, first: Hops) -> Hops:
    weight, distance = weights(plan), distances(plan)
    leaving = _links_by_site(plan)
    second: dict[str, dict[str, str]] = {site: {} for site in plan.sites}
    for site, by_destination in first.items():
        for destination, usual in by_destination.items():
            others = [
                (weight[link.id] + distance[link.other_end(site)][destination], link.id)
                for link in leaving[site]
                if link.id != usual and _leads_on(distance, link.other_end(site), site, destination)
            ]
            if others:
                second[site][destination] = min(others)[1]
    return second


def _leads_on(distance: Mapping[str, Mapping[str, int]], neighbour: str, site: str, destination: str) -> bool:
    """Whether the neighbour's way to the destination does not lead back through the site."""
    return distance[neighbour][destination] < distance[neighbour][site] + distance[site][destination]


def _links_by_site(plan: Plan) -> Mapping[str, list[Link]]:
    leaving: dict[str, list[Link]] = defaultdict(list)
    for link in plan.links.values():
        leaving[link.a].append(link)
        leaving[link.b].append(link)
    return leaving


def choices(found: Tables, site: str, destination: str) -> Iterator[str]:
    """Yield the links that a site tries, first choice first."""
    for hops in (found.first, found.second):
        if destination in hops[site]:
            yield hops[site][destination]
