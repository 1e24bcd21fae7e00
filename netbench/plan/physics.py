"""Distances on the Earth and light in glass.

Theoretical latency is one way and belongs to a plan's declared reading of 理论时延, since no document defines the term.
"""

import math

from netbench.errors import UsageError
from netbench.plan.model import Link, Medium, Plan, Route, Site, TheoryReading

EARTH_RADIUS_KM = 6371.0088
"""Mean radius of the WGS-84 ellipsoid (IUGG R1): a sphere of this size is within 0.6 % of geodesics on the ellipsoid."""

LIGHT_KM_PER_S = 299_792.458
AIR_INDEX = 1.0003


def great_circle_km(a: Site, b: Site) -> float:
    """Return the distance along the sphere, by the haversine formula, which keeps its digits at short distances."""
    latitude_a, latitude_b = math.radians(a.latitude), math.radians(b.latitude)
    half_latitude = (latitude_b - latitude_a) / 2
    half_longitude = math.radians(b.longitude - a.longitude) / 2
    chord = math.sin(half_latitude) ** 2 + math.cos(latitude_a) * math.cos(latitude_b) * math.sin(half_longitude) ** 2
    return 2 * EARTH_RADIUS_KM * math.asin(math.sqrt(min(1.0, chord)))


def propagation_ns(km: float, group_index: float) -> int:
    """Return how long light takes over ``km`` in a medium of that group index: 4.8967 µs/km at 1.468."""
    return round(km * group_index / LIGHT_KM_PER_S * 1e9)


def group_index_of(medium: Medium, fibre_index: float) -> float:
    """Return the index by which a medium slows light down; copper is held to the fibre's, radio goes through air."""
    return AIR_INDEX if medium is Medium.MOBILE else fibre_index


def position_error_km(a: Site, b: Site) -> float:
    """Return how far the distance between two sites may be off because of their coordinates."""
    return a.position_error_km + b.position_error_km


def shortest_possible_km(a: Site, b: Site) -> float:
    """Return the great circle less what the coordinates may be wrong by: no route is shorter."""
    return max(0.0, great_circle_km(a, b) - position_error_km(a, b))


def theoretical_latency_ns(plan: Plan, a: str, b: str, route: Route | None = None) -> int:
    """Return the one-way theoretical latency between two sites, by the plan's reading of the term.

    :raises UsageError: when the plan reads it along the route and none is given, or its length is not known
    """
    if plan.theory.reading is TheoryReading.GREAT_CIRCLE:
        return propagation_ns(great_circle_km(plan.sites[a], plan.sites[b]), plan.theory.group_index)
    length_km = route_km(plan, route) if route else None
    if length_km is None:
        raise UsageError(f"the theoretical latency of {a} to {b} is read along the route, whose length is not known")
    return propagation_ns(length_km, plan.theory.group_index)


def theory_error_ns(plan: Plan, a: str, b: str) -> int:
    """Return how far the theoretical latency may be off because of the two sites' coordinates; 0 along a stated route."""
    if plan.theory.reading is TheoryReading.ROUTE:
        return 0
    return propagation_ns(position_error_km(plan.sites[a], plan.sites[b]), plan.theory.group_index)


def route_km(plan: Plan, route: Route) -> float | None:
    """Return the length of a route, None where one of its links states a delay in place of a length."""
    lengths = [plan.links[link].route_km for link in route.links]
    return None if None in lengths else math.fsum(length for length in lengths if length is not None)


def fixed_ns(link: Link, towards_b: bool) -> int:
    """Return the part of a link's delay that does not come from its length: equipment, radio, or all of a stated delay."""
    if link.route_km is not None:
        return link.equipment_ns
    return link.delay_ns.forward if towards_b else link.delay_ns.reverse
