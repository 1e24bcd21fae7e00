"""A route as traffic crosses it: every link with the direction in which it is crossed."""

from collections.abc import Iterator

from netbench.plan.model import DirectionName, Link, Plan, Route

OPPOSITE: dict[DirectionName, DirectionName] = {"forward": "reverse", "reverse": "forward"}


def hops(plan: Plan, route: Route, direction: DirectionName) -> Iterator[tuple[Link, DirectionName]]:
    """Yield each link of a route and which of its own directions carries the corridor's ``direction``, in the route's order."""
    for site, name in zip(route.sites, route.links, strict=False):
        link = plan.links[name]
        along = link.direction_from(site)
        yield link, along if direction == "forward" else OPPOSITE[along]


def route_rate_bps(plan: Plan, route: Route, direction: DirectionName) -> int:
    """Return the planned rate of the narrowest link."""
    return min(link.rate_bps.towards(along) for link, along in hops(plan, route, direction))


def route_scale(plan: Plan, route: Route, direction: DirectionName) -> int:
    """Return the divisor of the narrowest link (the loader saw that it is the narrowest in the emulation too)."""
    narrowest = min(hops(plan, route, direction), key=lambda hop: hop[0].rate_bps.towards(hop[1]))
    return narrowest[0].rate_scale
