"""The way that traffic takes: shortest by delay, the same in both directions, the same on every machine.

The weight of a link is the sum of its two one-way delays, so a corridor's route serves both directions. Ties are broken by the
number of hops, then by the links' order in the alphabet; no two routes ever weigh the same, so the per-destination trees
that routers follow agree with every corridor that pins nothing.
"""

import itertools
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from netbench.errors import PlanError
from netbench.plan import physics
from netbench.plan.model import Corridor, DirectionName, Link, Plan, Route

if TYPE_CHECKING:
    import networkx as nx

    Graph = nx.Graph[str]


def routes(plan: Plan) -> dict[str, Route]:
    """Return the route of every corridor, by corridor id, from its source to its destination.

    :raises PlanError: when there is none; ``file`` is then the plan's name, and ``key`` names the corridor
    """
    graph = _graph(plan)
    return {corridor.id: _route(plan, graph, corridor) for corridor in plan.corridors.values()}


def symmetric(plan: Plan, corridor: Corridor, route: Route) -> bool:
    """Whether the plan declares that both directions take the same way: of the corridor, or of every link on its route."""
    return corridor.symmetric or all(plan.links[name].symmetric for name in route.links)


def next_hops(plan: Plan) -> Mapping[str, Mapping[str, str]]:
    """Return, by site and destination site, the id of the link that unpinned traffic leaves by.

    A destination that cannot be reached from a site is absent there.
    """
    import networkx as nx

    graph = _graph(plan)
    hops: dict[str, dict[str, str]] = {site: {} for site in plan.sites}
    for destination in plan.sites:
        for site, path in nx.single_source_dijkstra_path(graph, destination, weight="weight").items():
            if len(path) > 1:
                hops[site][destination] = _link_between(graph, site, path[-2])
    return hops


def shortest_routes(plan: Plan, ends: Iterable[tuple[str, str]], lost: Collection[str] = ()) -> dict[tuple[str, str], Route]:
    """Return the route of unpinned traffic between each two sites, over the links that are not ``lost``.

    Two sites that nothing joins any more are absent.
    """
    import networkx as nx

    graph = _graph(replace(plan, links={name: link for name, link in plan.links.items() if name not in lost}))
    destinations: dict[str, list[str]] = defaultdict(list)
    for source, destination in ends:
        destinations[source].append(destination)
    found: dict[tuple[str, str], Route] = {}
    for source, wanted in destinations.items():
        paths = nx.single_source_dijkstra_path(graph, source, weight="weight")
        found |= {(source, site): _along(graph, paths[site]) for site in wanted if site in paths}
    return found


def weights(plan: Plan) -> dict[str, int]:
    """Return the weight of every link, by id: no two routes ever have the same sum."""
    links = sorted(plan.links.values(), key=lambda link: link.id)
    return {link.id: _weight(link, rank, len(links)) for rank, link in enumerate(links)}


def distances(plan: Plan) -> Mapping[str, Mapping[str, int]]:
    """Return the weight of the shortest route between every two sites that a route joins."""
    import networkx as nx

    graph = _graph(plan)
    found: dict[str, dict[str, int]] = {}
    for site in plan.sites:
        lengths: Any = nx.single_source_dijkstra_path_length(graph, site, weight="weight")  # the stubs say float; weights are int
        found[site] = dict(lengths)
    return found


def route_delay_ns(plan: Plan, route: Route, direction: DirectionName) -> int:
    """Return the planned one-way delay of an idle route; ``reverse`` goes from its last site to its first."""
    return sum(link.delay_ns.towards(towards) for link, towards in links_of(plan, route, direction))


def route_km(plan: Plan, route: Route) -> float | None:
    """Return the length of a route, None where one of its links states a delay in place of a length."""
    return physics.route_km(plan, route)


def fixed_ns(plan: Plan, route: Route, direction: DirectionName) -> int:
    """Return the part of the route's delay that does not come from its length."""
    return sum(physics.fixed_ns(link, towards == "forward") for link, towards in links_of(plan, route, direction))


def bottleneck(plan: Plan, route: Route, direction: DirectionName) -> Link:
    """Return the link that limits the rate: the slowest as planned, among equals the slowest as emulated, then the first."""
    return min(
        links_of(plan, route, direction),
        key=lambda hop: (hop[0].rate_bps.towards(hop[1]), hop[0].emulated_rate_bps(hop[1])),
    )[0]


def links_of(plan: Plan, route: Route, direction: DirectionName) -> Sequence[tuple[Link, DirectionName]]:
    """Return the links in the order in which traffic of that direction passes them, each with the link's own direction."""
    hops: list[tuple[Link, DirectionName]] = []
    for site, link in zip(route.sites, route.links, strict=False):
        hops.append((plan.links[link], plan.links[link].direction_from(site)))
    if direction == "forward":
        return hops
    return [(link, _opposite(towards)) for link, towards in reversed(hops)]


def _opposite(direction: DirectionName) -> DirectionName:
    return "reverse" if direction == "forward" else "forward"


def _graph(plan: Plan) -> "Graph":
    import networkx as nx

    graph: Graph = nx.Graph()
    graph.add_nodes_from(plan.sites)
    for name, weight in weights(plan).items():
        link = plan.links[name]
        if not graph.has_edge(link.a, link.b) or weight < graph.edges[link.a, link.b]["weight"]:
            graph.add_edge(link.a, link.b, weight=weight, link=link.id)
    return graph


def _weight(link: Link, rank: int, count: int) -> int:
    """Delay first, then hops, then a power of two of its own for each link: sums of those are unique to a set of links."""
    delay_ns = link.delay_ns.forward + link.delay_ns.reverse
    return (delay_ns << (count + 32)) + (1 << count) + (1 << rank)


def _route(plan: Plan, graph: "Graph", corridor: Corridor) -> Route:
    stops = (corridor.source, *corridor.via, corridor.destination)
    sites = [corridor.source]
    for index, stop in enumerate(stops[1:], start=1):
        avoided = {*sites[:-1], *stops[index + 1 :]}
        sites += _path(plan, graph, corridor, (sites[-1], stop), avoided)[1:]
    return _along(graph, sites)


def _along(graph: "Graph", sites: Sequence[str]) -> Route:
    return Route(tuple(sites), tuple(_link_between(graph, a, b) for a, b in itertools.pairwise(sites)))


def _path(plan: Plan, graph: "Graph", corridor: Corridor, ends: tuple[str, str], avoided: set[str]) -> list[str]:
    import networkx as nx

    allowed = nx.restricted_view(graph, avoided, ()) if avoided else graph
    try:
        return nx.dijkstra_path(allowed, *ends, weight="weight")
    except nx.NetworkXNoPath as error:
        pinned = " that passes no site twice" if corridor.via else ""
        sentence = f"no route leads from '{ends[0]}' to '{ends[1]}'{pinned}; add the links that are missing"
        raise PlanError(sentence, file=plan.name, key=f"corridors.{corridor.id}") from error


def _link_between(graph: "Graph", a: str, b: str) -> str:
    link: str = graph.edges[a, b]["link"]
    return link
