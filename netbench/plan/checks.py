"""What must hold between the parts of a plan, beyond each part by itself."""

from collections.abc import Mapping, Sequence

from netbench.errors import PlanError
from netbench.plan.fields import Value
from netbench.plan.model import DIRECTIONS, Corridor, CorridorKind, DirectionName, Plan, Route, TheoryReading
from netbench.plan.routing import bottleneck, links_of, route_km, routes, shortest_routes
from netbench.units import format_rate


def check_corridors(plan: Plan, values: Mapping[str, Value]) -> None:
    """Hold every corridor to its route; ``values`` are the corridors' places in the file, by id.

    :raises PlanError: when a corridor has no route, or one that cannot be measured as planned
    """
    try:
        ways = routes(plan)
    except PlanError as error:
        raise values[(error.key or "").removeprefix("corridors.")].error(error.sentence) from error
    for corridor in plan.corridors.values():
        _check_class(plan, corridor, ways[corridor.id], values[corridor.id])
        _check_length(plan, ways[corridor.id], values[corridor.id])
        _check_symmetry(plan, corridor, ways[corridor.id], values[corridor.id])
        for direction in DIRECTIONS:
            _check_bottleneck(plan, corridor.id, ways[corridor.id], direction, values[corridor.id])


def check_demands(plan: Plan, values: Sequence[Value]) -> None:
    """Hold every demand to the links; ``values`` are the demands' places in the file.

    :raises PlanError: when nothing joins the two ends of one
    """
    ways = shortest_routes(plan, {demand.ends for demand in plan.demands}) if plan.demands else {}
    for demand, value in zip(plan.demands, values, strict=True):
        if demand.ends not in ways:
            raise value.error(f"no route leads from '{demand.source}' to '{demand.destination}'; add the links that are missing")


def _check_class(plan: Plan, corridor: Corridor, route: Route, value: Value) -> None:
    classes = {plan.links[link].link_class for link in route.links}
    if corridor.kind is CorridorKind.CLASS and corridor.link_class not in classes:
        raise value.error(f"the corridor is measured as {corridor.link_class} and its route has no such link")


def _check_length(plan: Plan, route: Route, value: Value) -> None:
    if plan.theory.reading is TheoryReading.ROUTE and route_km(plan, route) is None:
        unknown = next(link for link in route.links if plan.links[link].route_km is None)
        raise value.error(f"theory is read along the route, and link '{unknown}' gives a delay in place of 'route_km'")


def _check_symmetry(plan: Plan, corridor: Corridor, route: Route, value: Value) -> None:
    links = (plan.links[name] for name in route.links) if corridor.symmetric else ()
    differing = next((link.id for link in links if link.delay_ns.forward != link.delay_ns.reverse), None)
    if differing is not None:
        raise value.error(f"the corridor is declared symmetric, and the delays of link '{differing}' on its route differ")


def _check_bottleneck(plan: Plan, corridor: str, route: Route, direction: DirectionName, value: Value) -> None:
    """A measured rate stands for the planned one only if the same link limits both."""
    planned = bottleneck(plan, route, direction)
    rates = {link.id: link.emulated_rate_bps(towards) for link, towards in links_of(plan, route, direction)}
    emulated = min(rates, key=lambda link: rates[link])
    if rates[emulated] < rates[planned.id]:
        raise value.error(
            f"as planned the link '{planned.id}' limits the rate of '{corridor}' {direction}, as emulated '{emulated}' would "
            f"({format_rate(rates[emulated])} under {format_rate(rates[planned.id])}); choose rate_scale so that it does not"
        )
