"""What came of a load that was offered: what the plan asked, what was sent, what each link carried."""

import json
import math
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from netbench.clock import NANOSECONDS_PER_SECOND
from netbench.linux.sender import WIRE_OCTETS
from netbench.measure.network import LinkTraffic
from netbench.plan.model import DirectionName, Link, PerDirection
from netbench.plan.segments import Flow
from netbench.units import format_rate

LoadName = Literal["busy-hour"]

WIRE_BITS = WIRE_OCTETS * 8
SHORT_BY = 0.05
"""A flow that is offered by so much less than asked, and by more than chance explains, is not the load that was asked for."""
SIGMAS = 4.0
LATE_SHARE = 0.02
"""Of datagrams more than 1 ms late: they leave in one burst, which fills queues as the busy hour would not."""


@dataclass(frozen=True, slots=True)
class LinkLoad:
    """One direction of one link under load. ``planned_bps`` is the demands' sum in the plan; the rest is as emulated.

    ``carried_bps`` is all that came out of the link meanwhile, probes included.
    """

    link: Link
    direction: DirectionName
    planned_bps: int
    asked_bps: float
    offered_bps: float
    carried_bps: float

    @property
    def utilisation(self) -> float:
        """The share of the emulated rate that was carried."""
        return self.carried_bps / self.link.emulated_rate_bps(self.direction)

    @property
    def planned_utilisation(self) -> float:
        """The share of the planned rate that the demands take."""
        return self.planned_bps / self.link.rate_bps.towards(self.direction)


@dataclass(frozen=True, slots=True)
class FlowLoad:
    """One flow: what was sent, and how much of it arrived."""

    flow: Flow
    sent: int
    refused: int
    arrived: int


@dataclass(frozen=True, slots=True)
class LoadReport:
    """What was asked, offered and carried while ``elapsed_ns`` passed; ``late`` datagrams left over 1 ms after their time."""

    name: LoadName
    elapsed_ns: int
    late: int
    max_late_ns: int
    flows: tuple[FlowLoad, ...]
    links: tuple[LinkLoad, ...]

    @property
    def unfit(self) -> str | None:
        """Why what was measured meanwhile is not a measurement under that load, or None."""
        if self.late_ratio > LATE_SHARE:
            return f"the machine could not keep up with the load: {self.late} of {self._sent} datagrams left more than 1 ms late"
        short = next((found for found in self.flows if self._short(found)), None)
        if short is None:
            return None
        asked, offered = short.flow.emulated_bps, short.sent * WIRE_BITS * NANOSECONDS_PER_SECOND / self.elapsed_ns
        return (
            f"the machine offered {format_rate(offered)} of {format_rate(asked)} from {short.flow.segment.source} to "
            f"{short.flow.segment.destination}"
        )

    @property
    def late_ratio(self) -> float:
        """The share of datagrams that left more than 1 ms after their time."""
        return self.late / max(1, self._sent)

    @property
    def _sent(self) -> int:
        return sum(found.sent for found in self.flows)

    def _short(self, found: FlowLoad) -> bool:
        expected = found.flow.emulated_bps / WIRE_BITS * self.elapsed_ns / NANOSECONDS_PER_SECOND
        return found.sent < expected * (1 - SHORT_BY) - SIGMAS * math.sqrt(expected)


def evidence(report: LoadReport) -> bytes:
    """Return, as JSON, what became of every flow: what a doubter would ask for."""
    flows = [
        {
            "from": found.flow.segment.source,
            "to": found.flow.segment.destination,
            "links": [link.id for link, _ in found.flow.segment.hops],
            "rate_scale": found.flow.segment.rate_scale,
            "planned_bps": found.flow.planned_bps,
            "emulated_bps": found.flow.emulated_bps,
            "sent": found.sent,
            "refused": found.refused,
            "arrived": found.arrived,
        }
        for found in report.flows
    ]
    told = {"load": report.name, "elapsed_ns": report.elapsed_ns, "late": report.late, "max_late_ns": report.max_late_ns}
    return json.dumps({**told, "wire_octets": WIRE_OCTETS, "flows": flows}, indent=1).encode() + b"\n"


def link_loads(
    flows: Sequence[FlowLoad],
    elapsed_ns: int,
    before: Mapping[str, PerDirection[LinkTraffic]],
    after: Mapping[str, PerDirection[LinkTraffic]],
) -> Iterator[LinkLoad]:
    """Yield every direction of every link that some flow crosses, from the counts before and after."""
    crossing: dict[tuple[str, DirectionName], list[FlowLoad]] = defaultdict(list)
    links: dict[str, Link] = {}
    for found in flows:
        for link, direction in found.flow.segment.hops:
            crossing[link.id, direction].append(found)
            links[link.id] = link
    per_second = NANOSECONDS_PER_SECOND / elapsed_ns
    for (link_id, direction), mine in crossing.items():
        octets = [state[link_id].towards(direction).wire_octets for state in (before, after)]
        yield LinkLoad(
            link=links[link_id],
            direction=direction,
            planned_bps=sum(found.flow.planned_bps for found in mine),
            asked_bps=sum(found.flow.emulated_bps for found in mine),
            offered_bps=sum(found.sent for found in mine) * WIRE_BITS * per_second,
            carried_bps=(octets[1] - octets[0]) * 8 * per_second,
        )
