"""What the verdict's rules need to know of each corridor beside its samples."""

from collections.abc import Mapping

from netbench.campaign.calibration import LinkCalibration
from netbench.plan import physics, routing
from netbench.plan.model import DIRECTIONS, Corridor, DirectionName, Plan, Route
from netbench.verdict.model import CorridorFacts


def corridor_facts(
    plan: Plan,
    corridor: Corridor,
    route: Route,
    calibrations: Mapping[str, LinkCalibration],
    *,
    timestamp_error_ns: int,
    void: str | None,
    unproved: str | None = None,
) -> CorridorFacts:
    """Return the facts of one corridor on an emulated network."""
    source, destination = corridor.source, corridor.destination
    return CorridorFacts(
        theory_ns=physics.theoretical_latency_ns(plan, source, destination, route),
        theory_error_ns=physics.theory_error_ns(plan, source, destination),
        great_circle_km=physics.great_circle_km(plan.sites[source], plan.sites[destination]),
        route_km=routing.route_km(plan, route),
        fixed_ns=max(routing.fixed_ns(plan, route, direction) for direction in DIRECTIONS),
        assumed_links=tuple(name for name in route.links if plan.links[name].assumed),
        error_ns=timestamp_error_ns + emulation_error_ns(plan, route, calibrations),
        void=void,
        emulated=True,
        unproved=unproved,
        rate_error_ratio=rate_error_ratio(plan, route, calibrations),
        ns_per_km=physics.propagation_ns(1_000_000, plan.theory.group_index) / 1_000_000,
    )


def emulation_error_ns(plan: Plan, route: Route, calibrations: Mapping[str, LinkCalibration]) -> int:
    """Bound what the emulation adds to or takes from a one-way delay: the links' own errors, added up, in the worse direction."""
    return max(
        sum(calibrations[link.id].error_ns(along) for link, along in routing.links_of(plan, route, direction))
        for direction in DIRECTIONS
    )


def rate_error_ratio(plan: Plan, route: Route, calibrations: Mapping[str, LinkCalibration]) -> float:
    """Bound how far, as a share of itself, a throughput may be off because the link that limits it is, in the worse direction."""
    return max(
        max(
            calibrations[link.id].rate_error_ratio(along)
            for link, along in routing.links_of(plan, route, direction)
            if link.rate_bps.towards(along) == _slowest_bps(plan, route, direction)
        )
        for direction in DIRECTIONS
    )


def unproved_rate(plan: Plan, route: Route, calibrations: Mapping[str, LinkCalibration]) -> str | None:
    """Return why a throughput over this route proves nothing: a link's own rate could not be measured here."""
    hops = (hop for direction in DIRECTIONS for hop in routing.links_of(plan, route, direction))
    return next((doubt for link, along in hops if (doubt := calibrations[link.id].rate_doubt(along))), None)


def untraced(plan: Plan, route: Route, calibrations: Mapping[str, LinkCalibration]) -> str | None:
    """Return why nothing over this route is proved: nothing says that a link followed its trace."""
    hops = (hop for direction in DIRECTIONS for hop in routing.links_of(plan, route, direction))
    return next((doubt for link, along in hops if (doubt := calibrations[link.id].trace_doubt(along))), None)


def drifted(route: Route, calibrations: Mapping[str, LinkCalibration]) -> str | None:
    """Return which link of a route did not stay as it was while the campaign ran, and how."""
    return next((reason for name in route.links if (reason := calibrations[name].drift())), None)


def _slowest_bps(plan: Plan, route: Route, direction: DirectionName) -> int:
    return min(link.rate_bps.towards(along) for link, along in routing.links_of(plan, route, direction))
