"""How full a plan's links are, as JSON."""

from typing import Any

from netbench.plan.model import Demand, Plan
from netbench.plan.utilisation import Cut, Filling, Occupancy, utilisation


def utilisation_document(plan: Plan) -> dict[str, Any]:
    """Return the demands, every link and direction that carries some, and the cuts that leave a demand without a route.

    Rates are planned bit/s, ``utilisation`` is a fraction of 1 and ``overloaded`` says that it is more than 1. ``fullest`` is
    the worst state of all, ``cut`` is null where that is the network as planned.
    """
    found = utilisation(plan)
    return {
        "demands": [_demand(demand) for demand in plan.demands],
        "links": [_occupancy(item) for item in found.occupancies],
        "stranded": [{"cut": _cut(cut), "demands": [_ends(demand) for demand in lost]} for cut, lost in found.stranded.items()],
    }


def _demand(demand: Demand) -> dict[str, Any]:
    origin = demand.origin
    source = None if origin is None else {"title": origin.title, "date": origin.date, "url": origin.url}
    return {**_ends(demand), "busy_hour_bps": demand.busy_hour_bps, "source": source, "assumed": demand.assumed}


def _ends(demand: Demand) -> dict[str, Any]:
    return {"from": demand.source, "to": demand.destination}


def _occupancy(item: Occupancy) -> dict[str, Any]:
    link, direction = item.planned.link, item.planned.direction
    return {
        "id": link.id,
        "direction": direction,
        "rate_bps": link.rate_bps.towards(direction),
        "rate_scale": link.rate_scale,
        "emulated_rate_bps": link.emulated_rate_bps(direction),
        "planned": _filling(item.planned),
        "fullest": {**_filling(item.fullest), "cut": _cut(item.fullest.cut)},
    }


def _filling(filling: Filling) -> dict[str, Any]:
    return {
        "offered_bps": filling.offered_bps,
        "emulated_bps": filling.offered_bps // filling.link.rate_scale,
        "utilisation": filling.utilisation,
        "overloaded": filling.overloaded,
    }


def _cut(cut: Cut | None) -> dict[str, Any] | None:
    return None if cut is None else {"kind": cut.kind, "name": cut.name, "links": list(cut.links)}
