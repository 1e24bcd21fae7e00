"""What a cut does to every corridor, foretold: who is hit, which way is left, and what it costs in delay.

A *visible* cut takes the carrier at both ends at once. A *silent* one loses every packet and shows nothing: only a protocol that
asks (OSPF's hellos, BFD) notices it. ``static`` routing has the plan's routes and, where there are any, second ones
(``failover``); it reacts to a visible cut alone, each site to its own links alone, and its tables are walked hop by hop here.
``frr`` is OSPF, which finds the shortest way that is left, however the link was cut.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from netbench.errors import RefusedError
from netbench.plan.failover import Tables, choices, tables
from netbench.plan.model import Corridor, PerDirection, Plan, Route
from netbench.plan.ospf import ospf_costs
from netbench.plan.routing import next_hops, route_delay_ns, routes, shortest_routes
from netbench.plan.utilisation import Cut

How = Literal["visible", "silent"]
HOWS: tuple[How, How] = ("visible", "silent")
Routing = Literal["static", "frr"]
ROUTINGS: tuple[Routing, Routing] = ("static", "frr")


@dataclass(frozen=True, slots=True)
class Change:
    """One corridor that crosses a cut, in the order of travel each way; None: nothing arrives in that direction."""

    corridor: Corridor
    before: PerDirection[Route]
    after: PerDirection[Route | None]
    delay_before_ns: PerDirection[int]
    delay_after_ns: PerDirection[int | None]

    @property
    def survives(self) -> bool:
        """Whether both directions still arrive."""
        return self.after.forward is not None and self.after.reverse is not None


class Foresight:
    """What becomes of a plan's corridors when links are cut."""

    def __init__(self, plan: Plan, routing: Routing) -> None:
        """The plan is routed.

        :raises RefusedError: when the routing cannot keep the plan's routes even while nothing is cut
        """
        self.routing: Routing = routing
        self._plan = plan
        self._ways = {name: PerDirection(route, _reversed(route)) for name, route in routes(plan).items()}
        self._tables: Tables | None = tables(plan) if routing == "static" else None
        if routing == "frr":
            check_ospf(plan)

    def crossing(self, links: Collection[str]) -> tuple[str, ...]:
        """Return the corridors whose route has one of the links."""
        return tuple(name for name, way in self._ways.items() if not set(links).isdisjoint(way.forward.links))

    def changes(self, cut: Cut, how: How) -> tuple[Change, ...]:
        """Return every corridor that crosses the cut; the others keep their route and their delay."""
        return tuple(self._change(name, cut.links, how) for name in self.crossing(cut.links))

    def _change(self, name: str, lost: Collection[str], how: How) -> Change:
        corridor, before = self._plan.corridors[name], self._ways[name]
        after = PerDirection(self._after(before.forward, lost, how), self._after(before.reverse, lost, how))
        return Change(
            corridor=corridor,
            before=before,
            after=after,
            delay_before_ns=PerDirection(self._delay_ns(before.forward), self._delay_ns(before.reverse)),
            delay_after_ns=PerDirection(
                None if after.forward is None else self._delay_ns(after.forward),
                None if after.reverse is None else self._delay_ns(after.reverse),
            ),
        )

    def _delay_ns(self, route: Route) -> int:
        return route_delay_ns(self._plan, route, "forward")

    def _after(self, route: Route, lost: Collection[str], how: How) -> Route | None:
        ends = route.sites[0], route.sites[-1]
        if self._tables is None:
            return shortest_routes(self._plan, [ends], lost).get(ends)
        return None if how == "silent" else self._walk(self._tables, route, lost)

    def _walk(self, known: Tables, route: Route, lost: Collection[str]) -> Route | None:
        """Follow the tables from one end of a route to the other; None where they end or lead in a circle."""
        pinned = dict(zip(route.sites, route.links, strict=False))
        sites, links = [route.sites[0]], list[str]()
        while sites[-1] != route.sites[-1]:
            tried = self._tried(known, pinned, sites[-1], route.sites[-1])
            link = next((link for link in tried if link not in lost), None)
            if link is None:
                return None
            links.append(link)
            sites.append(self._plan.links[link].other_end(sites[-1]))
            if sites[-1] in sites[:-1]:
                return None
        return Route(tuple(sites), tuple(links))

    @staticmethod
    def _tried(known: Tables, pinned: Mapping[str, str], site: str, destination: str) -> Iterator[str]:
        """A corridor's own route comes first (a policy rule where the tables differ), then the site's tables."""
        if site in pinned:
            yield pinned[site]
        yield from choices(known, site, destination)


def check_ospf(plan: Plan) -> None:
    """Return when OSPF would send every corridor where the plan does.

    :raises RefusedError: naming a corridor that is pinned to another route, or because the costs cannot tell routes apart
    """
    usual = next_hops(plan)
    for name, route in routes(plan).items():
        goal = route.sites[-1]
        if any(usual[site][goal] != link for site, link in zip(route.sites, route.links, strict=False)):
            raise RefusedError(
                f"corridor '{name}' is pinned by 'via' to a route that is not the shortest, and OSPF takes the shortest; "
                "leave it out with --only, or use --routing static"
            )
    ospf_costs(plan)


def _reversed(route: Route) -> Route:
    return Route(route.sites[::-1], route.links[::-1])
