"""What came of cutting links, as entries of the result document."""

from netbench.analysis.outages import Outage
from netbench.campaign.document import FailureCorridorEntry, FailureEntry, FailureWay
from netbench.campaign.failures import CorridorOutcome, EventOutcome
from netbench.plan.failures import Routing
from netbench.plan.model import DirectionName


def failure_entry(outcome: EventOutcome, routing: Routing) -> FailureEntry:
    """Return one cut."""
    whole = outcome.event.whole
    return {
        "cut": whole.name,
        "kind": whole.kind,
        "links": list(whole.links),
        "how": outcome.event.how,
        "routing": routing,
        "at_ns": outcome.at_ns,
        "restored_ns": outcome.restored_ns,
        "resolution_ns": _resolution_ns(outcome),
        "as_foretold": outcome.as_foretold,
        "corridors": [_corridor(corridor) for corridor in outcome.corridors],
    }


def _resolution_ns(outcome: EventOutcome) -> int | None:
    """That of the worst known outage."""
    outages = (way for corridor in outcome.corridors for way in (corridor.outages.forward, corridor.outages.reverse))
    return max((outage.resolution_ns for outage in outages if outage), default=outcome.pace_ns)


def _corridor(outcome: CorridorOutcome) -> FailureCorridorEntry:
    return {
        "id": outcome.change.corridor.id,
        "survived": outcome.survived,
        "foretold_to_survive": outcome.change.survives,
        "as_foretold": outcome.as_foretold,
        "forward": _way(outcome, "forward"),
        "reverse": _way(outcome, "reverse"),
        "not_traced": outcome.not_traced,
    }


def _way(outcome: CorridorOutcome, direction: DirectionName) -> FailureWay:
    change, outage = outcome.change, outcome.outages.towards(direction)
    after = change.after.towards(direction)
    return {
        **_seen(outage),
        "delay_foretold_ns": change.delay_after_ns.towards(direction),
        "route_foretold": None if after is None else list(after.sites),
        "route_taken": None if outcome.taken is None else list(outcome.taken.towards(direction)),
    }


def _seen(outage: Outage | None) -> "FailureWay":
    return {
        "outage_ns": outage.outage_ns if outage else None,
        "lost": outage.lost if outage else None,
        "attempted": outage.attempted if outage else None,
        "survived": outage.survived if outage else False,
        "recovered": outage.recovered if outage else False,
        "delay_before_ns": outage.delay_before_ns if outage else None,
        "delay_after_ns": outage.delay_after_ns if outage else None,
        "delay_foretold_ns": None,
        "route_foretold": None,
        "route_taken": None,
    }
