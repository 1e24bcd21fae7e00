"""How full the busy hour makes a plan's links: every demand over its route, as planned and after each cut.

A demand counts as a link's rate does, Ethernet framing included. It takes the corridor's route where a corridor has its two
ends, else the shortest. After a cut it keeps its route while every link of it stands, and else takes the shortest that is left:
what a link-state routing protocol does.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from netbench.plan.model import DIRECTIONS, Demand, DirectionName, Link, PerDirection, Plan, Route
from netbench.plan.routing import links_of, routes, shortest_routes

Ends = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Cut:
    """Links that fail together: one alone, or all that share a risk. ``name`` is the link's id or the risk's name."""

    kind: Literal["link", "risk"]
    name: str
    links: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Loads:
    """Planned traffic in bit/s on every link that carries some, by direction; ``stranded`` demands have no route."""

    offered_bps: Mapping[str, PerDirection[int]]
    stranded: tuple[Demand, ...]


@dataclass(frozen=True, slots=True)
class Filling:
    """One direction of one link in one state of the network; ``cut`` is None for the network as planned."""

    link: Link
    direction: DirectionName
    offered_bps: int
    cut: Cut | None

    @property
    def utilisation(self) -> float:
        """The share of the planned rate; more than 1 does not fit."""
        return self.offered_bps / self.link.rate_bps.towards(self.direction)

    @property
    def overloaded(self) -> bool:
        """Whether more is offered than fits."""
        return self.offered_bps > self.link.rate_bps.towards(self.direction)


@dataclass(frozen=True, slots=True)
class Occupancy:
    """One direction of one link that carries a demand: as planned, and in its fullest state (the first of equals)."""

    planned: Filling
    fullest: Filling


@dataclass(frozen=True, slots=True)
class Utilisation:
    """All of it; ``stranded`` has the demands that lose every route, by cut."""

    occupancies: tuple[Occupancy, ...]
    stranded: Mapping[Cut, tuple[Demand, ...]]


def utilisation(plan: Plan) -> Utilisation:
    """Return how full every link is that carries a demand, in the network as planned or after some cut."""
    ways = demand_routes(plan)
    states: dict[Cut | None, Loads] = {None: loads(plan, ways)}
    states |= {cut: loads(plan, reroute(plan, ways, cut.links)) for cut in cuts(plan)}
    stranded = {cut: state.stranded for cut, state in states.items() if cut and state.stranded}
    return Utilisation(tuple(_occupancies(plan, states)), stranded)


def cuts(plan: Plan) -> tuple[Cut, ...]:
    """Return every single link and every risk that more than one link shares, in the plan's order."""
    return tuple(cut for cut in all_cuts(plan) if cut.kind == "link" or len(cut.links) > 1)


def all_cuts(plan: Plan) -> tuple[Cut, ...]:
    """Return every single link, then every risk, of one link or many, in the plan's order."""
    sharing: dict[str, list[str]] = defaultdict(list)
    for link in plan.links.values():
        for risk in link.risk:
            sharing[risk].append(link.id)
    alone = [Cut("link", name, (name,)) for name in plan.links]
    return (*alone, *(Cut("risk", risk, tuple(links)) for risk, links in sharing.items()))


def demand_routes(plan: Plan) -> dict[Ends, Route]:
    """Return, by its two ends, the way of every demand."""
    return traffic_routes(plan, {demand.ends for demand in plan.demands})


def traffic_routes(plan: Plan, ends: Collection[Ends]) -> dict[Ends, Route]:
    """Return the ways that packets between these sites take: what the corridors pin, else the shortest."""
    return {**shortest_routes(plan, ends), **{pair: route for pair, route in _corridor_routes(plan).items() if pair in ends}}


def reroute(plan: Plan, ways: Mapping[Ends, Route], lost: Collection[str]) -> dict[Ends, Route]:
    """Return the ways after ``lost`` links are gone; ends that nothing joins any more are absent."""
    broken = [ends for ends, route in ways.items() if not set(lost).isdisjoint(route.links)]
    kept = {ends: route for ends, route in ways.items() if ends not in broken}
    return {**kept, **(shortest_routes(plan, broken, lost) if broken else {})}


def loads(plan: Plan, ways: Mapping[Ends, Route]) -> Loads:
    """Return what the demands put on the links when they take these ways."""
    offered: dict[tuple[str, DirectionName], int] = defaultdict(int)
    for demand in plan.demands:
        if demand.ends in ways:
            for link, towards in links_of(plan, ways[demand.ends], "forward"):
                offered[link.id, towards] += demand.busy_hour_bps
    carrying = dict.fromkeys(link for link, _ in offered)
    return Loads(
        {link: PerDirection(*(offered[link, direction] for direction in DIRECTIONS)) for link in carrying},
        tuple(demand for demand in plan.demands if demand.ends not in ways),
    )


def _corridor_routes(plan: Plan) -> dict[Ends, Route]:
    found: dict[Ends, Route] = {}
    for route in routes(plan).values():
        found[route.sites[0], route.sites[-1]] = route
        found[route.sites[-1], route.sites[0]] = Route(route.sites[::-1], route.links[::-1])
    return found


def _occupancies(plan: Plan, states: Mapping[Cut | None, Loads]) -> Iterator[Occupancy]:
    for link in plan.links.values():
        for direction in DIRECTIONS:
            every = [Filling(link, direction, _offered_bps(state, link, direction), cut) for cut, state in states.items()]
            fullest = max(every, key=lambda filling: filling.offered_bps)
            if fullest.offered_bps:
                yield Occupancy(every[0], fullest)


def _offered_bps(state: Loads, link: Link, direction: DirectionName) -> int:
    return state.offered_bps[link.id].towards(direction) if link.id in state.offered_bps else 0
