"""What every cut would do to a plan's corridors, as JSON."""

from typing import Any

from netbench.plan.failures import HOWS, Change, Foresight, How, Routing
from netbench.plan.model import DIRECTIONS, Plan, Route
from netbench.plan.utilisation import Cut, all_cuts

SCHEMA = 1


def failures_document(plan: Plan, routing: Routing) -> dict[str, Any]:
    """Return every single link and every shared risk, cut visibly and silently, with the corridors that cross it.

    Routes are site ids in the order of travel; a route and a delay are null where nothing arrives. ``detection_ns`` is after how
    long a silent cut is noticed, null where it never is.

    :raises RefusedError: when the routing cannot keep the plan's routes
    """
    foresight = Foresight(plan, routing)
    return {
        "schema": SCHEMA,
        "plan": {"name": plan.name, "title": {"en": plan.title.en, "zh": plan.title.zh}, "digest": plan.digest},
        "routing": routing,
        "detection_ns": plan.routing.detection_ns if routing == "frr" else None,
        "cuts": [cut_entry(foresight, cut, how) for cut in all_cuts(plan) for how in HOWS],
    }


def cut_entry(foresight: Foresight, cut: Cut, how: How) -> dict[str, Any]:
    """Return one cut."""
    return {
        "kind": cut.kind,
        "name": cut.name,
        "links": list(cut.links),
        "how": how,
        "corridors": [_change(change) for change in foresight.changes(cut, how)],
    }


def _change(change: Change) -> dict[str, Any]:
    return {
        "id": change.corridor.id,
        "survives": change.survives,
        **{
            direction: {
                "route_before": _sites(change.before.towards(direction)),
                "route_after": _sites(change.after.towards(direction)),
                "delay_before_ns": change.delay_before_ns.towards(direction),
                "delay_after_ns": change.delay_after_ns.towards(direction),
            }
            for direction in DIRECTIONS
        },
    }


def _sites(route: Route | None) -> list[str] | None:
    return None if route is None else list(route.sites)
