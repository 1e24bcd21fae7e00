"""Which way each site sends: its routing table, and the policy rules that pin what the tables alone would send elsewhere."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from netbench.errors import RefusedError
from netbench.plan.model import Plan, Route

NextHops = Mapping[str, Mapping[str, str]]


@dataclass(frozen=True, slots=True)
class Pin:
    """Traffic from one site's loopback to another's that leaves each site of ``links`` by the link named there."""

    source: str
    destination: str
    links: Mapping[str, str]


def pins(plan: Plan, routes: Mapping[str, Route], next_hops: NextHops) -> tuple[Pin, ...]:
    """Return what must be pinned so that every corridor takes its route both ways.

    :raises RefusedError: when two corridors want different routes between the same two sites
    """
    wanted: dict[tuple[str, str], tuple[str, Route]] = {}
    for corridor in plan.corridors.values():
        for route in (routes[corridor.id], _reversed(routes[corridor.id])):
            ends = (route.sites[0], route.sites[-1])
            other, taken = wanted.setdefault(ends, (corridor.id, route))
            if taken.links != route.links:
                raise RefusedError(
                    f"corridors '{other}' and '{corridor.id}' take different routes from '{ends[0]}' to '{ends[1]}', and an "
                    "emulated network tells traffic apart by its two ends alone; run them one at a time with --only"
                )
    return tuple(
        Pin(source, destination, dict(zip(route.sites, route.links, strict=False)))
        for (source, destination), (_, route) in wanted.items()
        if _strays(route, next_hops)
    )


def usual_link(next_hops: Mapping[str, str]) -> str | None:
    """Return the link that most destinations are reached by (the first of the alphabet among equals), None without any."""
    counted = Counter(next_hops.values())
    return min(counted, key=lambda link: (-counted[link], link), default=None)


def exceptions(next_hops: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Yield the destinations that are not reached by the usual link, each with its link."""
    usual = usual_link(next_hops)
    return ((destination, link) for destination, link in next_hops.items() if link != usual)


def _strays(route: Route, next_hops: NextHops) -> bool:
    """Whether the tables alone would send the route's traffic another way."""
    destination = route.sites[-1]
    return any(next_hops[site].get(destination) != link for site, link in zip(route.sites[:-1], route.links, strict=True))


def _reversed(route: Route) -> Route:
    return Route(route.sites[::-1], route.links[::-1])
