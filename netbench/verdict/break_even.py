"""How long a route may be for its limit still to hold."""

from netbench.analysis.summary import Summary
from netbench.plan.model import Target
from netbench.verdict.model import BreakEven, CorridorFacts


def break_even(target: Target, facts: CorridorFacts, summary: Summary) -> BreakEven | None:
    """Return the route length at which this delay would be at its limit, everything but the fibre staying as it is.

    A round trip counts half. None for what is no delay or has no upper limit, where the route's length or the great circle is
    not known. Where not even a route of no length would do, the length is 0.
    """
    limit_ns, value_ns = _one_way_ns(target.limit, facts, summary), _one_way_ns(summary.value, facts, summary)
    if limit_ns is None or value_ns is None or target.comparison != "at_most":
        return None
    if facts.route_km is None or not facts.great_circle_km:
        return None
    elsewhere_ns = value_ns - facts.route_km * facts.ns_per_km
    route_km = max(0.0, (limit_ns - elsewhere_ns) / facts.ns_per_km)
    return BreakEven(route_km, route_km / facts.great_circle_km)


def _one_way_ns(value: float | None, facts: CorridorFacts, summary: Summary) -> float | None:
    ns_per_unit = {"one_way_delay": 1.0, "round_trip_delay": 0.5, "theory_ratio": float(facts.theory_ns)}.get(summary.metric)
    return None if value is None or ns_per_unit is None else value * ns_per_unit
