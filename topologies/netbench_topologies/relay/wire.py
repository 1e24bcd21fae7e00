"""The relay as the wire of a plan (see ``netbench_topologies.wire.Wire``)."""

import json
from collections.abc import Mapping
from dataclasses import asdict, replace

import numpy as np
from numpy.typing import NDArray

from netbench.measure.network import LinkHealth
from netbench.plan.model import DIRECTIONS, DirectionName, Link, PerDirection, Plan
from netbench_topologies.addressing import Addressing
from netbench_topologies.offloading import offloading
from netbench_topologies.relay.model import DirectionCounters, RelayLink
from netbench_topologies.relay.process import Relay
from netbench_topologies.spec import DirectionSpec, direction_spec


class RelayWire:
    """Every link of a plan, carried by one relay."""

    name = "relay"

    def __init__(self, plan: Plan, addressing: Addressing, seed: int) -> None:
        """Nothing happens yet."""
        self._links = relay_links(plan, addressing)
        self._offload = {link.id: offloading(link).told() for link in plan.links.values()}
        largest: dict[tuple[str, DirectionName], DirectionSpec] = {
            (link.id, way): largest_spec(link, way) for link in plan.links.values() for way in DIRECTIONS
        }
        self._relay = Relay(self._links, seed, largest)

    def prepare(self) -> None:
        """The relay's process is on its way.

        :raises UnsupportedError: when this machine cannot
        """
        self._relay.prepare()

    def start(self) -> None:
        """Every link carries frames.

        :raises UnsupportedError: when this machine cannot
        """
        self._relay.start()

    def stop(self) -> None:
        """Nothing is carried any more."""
        self._relay.stop()

    def health(self) -> Mapping[str, LinkHealth]:
        """Return, by link id, what the relay itself did to the frames, both directions together.

        :raises CannotMeasureError: when the relay has ended
        """
        self._relay.check()
        return link_health(self._relay.counters())

    def alter(self, link: str, direction: DirectionName, spec: DirectionSpec) -> None:
        """Frames that arrive from now on are treated as ``spec`` says."""
        self._relay.alter(link, direction, spec)

    def forecast(self, link: str, direction: DirectionName, count: int) -> NDArray[np.bool_]:
        """Return which of the next ``count`` frames that come through the queue will be lost, shape (count,)."""
        return self._relay.forecast(link, direction, count)

    def evidence(self) -> Mapping[str, bytes]:
        """Return the relay's orders and counts as JSON."""
        return {
            "wire.json": _json([asdict(link) | self._offload[link.id] for link in self._links]),
            "wire-counters.json": _json({link: asdict(both) for link, both in self._relay.counters().items()}),
        }


def relay_links(plan: Plan, addressing: Addressing) -> tuple[RelayLink, ...]:
    """Return what the relay is asked to do, link by link, in the plan's order."""
    return tuple(
        RelayLink(
            id=link.id,
            interface_a=addressing.links[link.id].a.wire_interface,
            interface_b=addressing.links[link.id].b.wire_interface,
            forward=direction_spec(link, "forward"),
            reverse=direction_spec(link, "reverse"),
        )
        for link in plan.links.values()
    )


def largest_spec(link: Link, direction: DirectionName) -> DirectionSpec:
    """Return one direction with the longest delay and the highest rate that its trace brings: what there must be room for."""
    spec, trace = direction_spec(link, direction), link.trace.towards(direction)
    points = trace.points if trace else ()
    delay_ns = max([spec.delay_ns, *(point.delay_ns for point in points if point.delay_ns is not None)])
    planned_bps = max([spec.planned_rate_bps, *(point.rate_bps for point in points if point.rate_bps is not None)])
    rate_bps = max(spec.rate_bps, planned_bps // link.rate_scale)
    return replace(spec, delay_ns=delay_ns, rate_bps=rate_bps, planned_rate_bps=planned_bps)


def link_health(counters: Mapping[str, PerDirection[DirectionCounters]]) -> dict[str, LinkHealth]:
    """Return what the relay itself did to the frames, both directions together."""
    return {
        link: LinkHealth(
            frames=both.forward.sent + both.reverse.sent,
            overrun_frames=sum(way.overruns + way.send_errors for way in (both.forward, both.reverse)),
            late_frames=both.forward.late_frames + both.reverse.late_frames,
        )
        for link, both in counters.items()
    }


def _json(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, indent=1, sort_keys=True).encode() + b"\n"
