"""The busy hour cut into flows that an emulation can offer, although its links may have different rate scales.

A demand is offered segment by segment: consecutive links of one scale form a segment, and packets go between its two ends at the
demand over that scale. So every link is as full as the plan says, whatever its scale. Where packets between the two ends would
go another way than the demand does, each link of the segment is a segment of its own, offered between the link's own addresses.
"""

import itertools
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from netbench.plan.model import DirectionName, Link, Plan, Route
from netbench.plan.routing import links_of
from netbench.plan.utilisation import demand_routes, traffic_routes

Hop = tuple[Link, DirectionName]


@dataclass(frozen=True, slots=True)
class Segment:
    """Consecutive links of one scale, each with the direction in which it is crossed."""

    source: str
    destination: str
    hops: tuple[Hop, ...]

    @property
    def rate_scale(self) -> int:
        """What the rates of its links are divided by."""
        return self.hops[0][0].rate_scale

    @property
    def name(self) -> str:
        """Tells it from every other: its ends and its links."""
        return f"{self.source}>{self.destination} {' '.join(link.id for link, _ in self.hops)}"


@dataclass(frozen=True, slots=True)
class Flow:
    """What is offered over one segment, by all demands together; ``emulated_bps`` is the planned rate over the scale."""

    segment: Segment
    planned_bps: int

    @property
    def emulated_bps(self) -> float:
        """What is really to be sent, Ethernet framing included."""
        return self.planned_bps / self.segment.rate_scale


def busy_hour_flows(plan: Plan) -> tuple[Flow, ...]:
    """Return what to offer so that every link of the emulation is as full as the demands make it in the plan."""
    ways = demand_routes(plan)
    segments = {ends: _segments(route, links_of(plan, route, "forward")) for ends, route in ways.items()}
    passable = _passable(plan, [segment for found in segments.values() for segment in found])
    planned: dict[Segment, int] = defaultdict(int)
    for demand in plan.demands:
        for segment in segments[demand.ends]:
            for part in (segment,) if segment in passable else _alone(segment):
                planned[part] += demand.busy_hour_bps
    return tuple(Flow(segment, rate) for segment, rate in planned.items())


def _segments(route: Route, hops: Sequence[Hop]) -> list[Segment]:
    found: list[Segment] = []
    start = 0
    for _, group in itertools.groupby(hops, key=lambda hop: hop[0].rate_scale):
        links = tuple(group)
        found.append(Segment(route.sites[start], route.sites[start + len(links)], links))
        start += len(links)
    return found


def _passable(plan: Plan, segments: Sequence[Segment]) -> set[Segment]:
    """The segments whose links are those that packets between their ends take; a single link is taken in any case."""
    natural = traffic_routes(plan, {(segment.source, segment.destination) for segment in segments})
    return {
        segment
        for segment in segments
        if len(segment.hops) == 1
        or natural[segment.source, segment.destination].links == tuple(link.id for link, _ in segment.hops)
    }


def _alone(segment: Segment) -> Iterator[Segment]:
    site = segment.source
    for link, direction in segment.hops:
        far = link.other_end(site)
        yield Segment(site, far, ((link, direction),))
        site = far
