"""What the verdict's rules need to know of each corridor beside its samples."""

from collections.abc import Mapping
from dataclasses import dataclass

from netbench.campaign.calibration import LinkCalibration
from netbench.measure.network import LinkHealth
from netbench.plan import physics, routing
from netbench.plan.model import DIRECTIONS, Corridor, Plan, Route
from netbench.verdict.model import CorridorFacts

LATE_SHARE_LIMIT = 0.005
"""Frames that left a wire more than 1 ms late, of all that crossed it: half of what would move a p99."""


@dataclass(frozen=True, slots=True)
class Condition:
    """How the instrument fared while one corridor was measured: frames lost or delayed by the machine, of those that crossed."""

    overrun_frames: int
    late_frames: int
    crossing_frames: int

    @property
    def void(self) -> str | None:
        """Why nothing may be judged, or None."""
        if self.overrun_frames:
            return f"the machine lost {self.overrun_frames} frames that the network would have carried"
        if self.late_frames > LATE_SHARE_LIMIT * self.crossing_frames:
            return f"the machine was saturated: {self.late_frames} of {self.crossing_frames} frames were more than 1 ms late"
        return None


def corridor_facts(
    plan: Plan,
    corridor: Corridor,
    route: Route,
    calibrations: Mapping[str, LinkCalibration],
    *,
    timestamp_error_ns: int,
    condition: Condition,
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
        void=condition.void,
        emulated=True,
        ns_per_km=physics.propagation_ns(1_000_000, plan.theory.group_index) / 1_000_000,
    )


def emulation_error_ns(plan: Plan, route: Route, calibrations: Mapping[str, LinkCalibration]) -> int:
    """Bound what the emulation adds to or takes from a one-way delay: the links' own errors, added up, in the worse direction."""
    return max(
        sum(calibrations[link.id].error_ns(along) for link, along in routing.links_of(plan, route, direction))
        for direction in DIRECTIONS
    )


def conditions(
    routes: Mapping[str, Route], before: Mapping[str, LinkHealth], after: Mapping[str, LinkHealth], packets_per_corridor: int
) -> Mapping[str, Condition]:
    """Return how the instrument fared per corridor, from the wires' counters before and after the delay was measured."""
    crossings = _crossings(routes, packets_per_corridor)
    return {
        name: Condition(
            overrun_frames=sum(after[link].overrun_frames - before[link].overrun_frames for link in route.links),
            late_frames=sum(after[link].late_frames - before[link].late_frames for link in route.links),
            crossing_frames=sum(crossings[link] for link in route.links),
        )
        for name, route in routes.items()
    }


def _crossings(routes: Mapping[str, Route], packets_per_corridor: int) -> Mapping[str, int]:
    crossings: dict[str, int] = {}
    for route in routes.values():
        for link in route.links:
            crossings[link] = crossings.get(link, 0) + 2 * packets_per_corridor  # there and back
    return crossings
