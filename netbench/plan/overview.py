"""A plan at a glance: what each corridor takes, before anything is measured."""

from dataclasses import dataclass
from typing import Any

from netbench.plan.model import DIRECTIONS, Corridor, DirectionName, PerDirection, Plan, Route, Target, Text
from netbench.plan.physics import great_circle_km, theoretical_latency_ns
from netbench.plan.routing import links_of, route_delay_ns, route_km, routes
from netbench.plan.utilisation_document import utilisation_document

SCHEMA = 1


@dataclass(frozen=True, slots=True)
class CorridorOverview:
    """One corridor. ``planned_ns`` is the one-way delay of the idle route, ``planned_bps`` the rate its slowest link allows."""

    corridor: Corridor
    route: Route
    route_km: float | None
    great_circle_km: float
    theory_ns: int
    planned_ns: PerDirection[int]
    planned_bps: PerDirection[int]
    assumed_links: tuple[str, ...]
    targets: tuple[Target, ...]


def corridors(plan: Plan) -> list[CorridorOverview]:
    """Return every corridor in the plan's order."""
    ways = routes(plan)
    return [_overview(plan, corridor, ways[corridor.id]) for corridor in plan.corridors.values()]


def document(plan: Plan, *, utilisation: bool = False) -> dict[str, Any]:
    """Return the plan as one JSON document: its sites, corridors and targets; ns, bit/s and fractions of 1."""
    return {
        "schema": SCHEMA,
        "plan": {"name": plan.name, "title": _text(plan.title), "digest": plan.digest, "rate_scale": plan.rate_scale},
        "theory": {"group_index": plan.theory.group_index, "reading": plan.theory.reading.value},
        "sites": {site.id: {**_text(site.name), "at": [site.latitude, site.longitude]} for site in plan.sites.values()},
        "corridors": [_corridor_entry(overview) for overview in corridors(plan)],
        "targets": [_target_entry(target) for target in plan.targets.values()],
        **({"utilisation": utilisation_document(plan)} if utilisation else {}),
    }


def _overview(plan: Plan, corridor: Corridor, route: Route) -> CorridorOverview:
    return CorridorOverview(
        corridor=corridor,
        route=route,
        route_km=route_km(plan, route),
        great_circle_km=great_circle_km(plan.sites[corridor.source], plan.sites[corridor.destination]),
        theory_ns=theoretical_latency_ns(plan, corridor.source, corridor.destination, route),
        planned_ns=PerDirection(*(route_delay_ns(plan, route, direction) for direction in DIRECTIONS)),
        planned_bps=PerDirection(*(_slowest_bps(plan, route, direction) for direction in DIRECTIONS)),
        assumed_links=tuple(link for link in route.links if plan.links[link].assumed),
        targets=plan.targets_of(corridor),
    )


def _slowest_bps(plan: Plan, route: Route, direction: DirectionName) -> int:
    return min(link.rate_bps.towards(towards) for link, towards in links_of(plan, route, direction))


def _corridor_entry(overview: CorridorOverview) -> dict[str, Any]:
    corridor = overview.corridor
    return {
        "id": corridor.id,
        "kind": corridor.kind.value,
        "class": corridor.link_class.value if corridor.link_class else None,
        "from": corridor.source,
        "to": corridor.destination,
        "route": list(overview.route.sites),
        "links": list(overview.route.links),
        "route_km": overview.route_km,
        "great_circle_km": round(overview.great_circle_km, 3),
        "theory_ns": overview.theory_ns,
        "planned_delay_ns": _directed(overview.planned_ns),
        "planned_rate_bps": _directed(overview.planned_bps),
        "assumed_links": list(overview.assumed_links),
        "targets": [target.id for target in overview.targets],
    }


def _target_entry(target: Target) -> dict[str, Any]:
    return {
        "id": target.id,
        "metric": target.metric,
        "statistic": target.statistic,
        "comparison": target.comparison,
        "limit": target.limit,
        "unit": target.unit,
        "of": target.of,
        "direction": target.direction.value,
        "toward": target.measured_direction,
        "layer": target.layer.value,
        "status": target.status.value,
        "due": target.due.isoformat() if target.due else None,
        "source": {"title": target.source.title, "date": target.source.date, "url": target.source.url},
    }


def _text(text: Text) -> dict[str, str]:
    return {"en": text.en, "zh": text.zh}


def _directed(values: PerDirection[int]) -> dict[str, int]:
    return {"forward": values.forward, "reverse": values.reverse}
