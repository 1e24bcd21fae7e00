"""The wire: what carries frames between the ends of each link, told what the plan says of them."""

from typing import TYPE_CHECKING

from netbench.errors import UnsupportedError, UsageError
from netbench.measure.network import LinkHealth
from netbench.plan.model import DirectionName, Link, PerDirection, Plan
from netbench_topologies.addressing import Addressing

if TYPE_CHECKING:
    from collections.abc import Mapping

    from netbench_topologies.relay.model import DirectionCounters, DirectionSpec, RelayLink

RELAY = "relay"


def chosen(wire: str | None) -> str:
    """Return the backend to use for what the user asked (None to choose).

    :raises UnsupportedError: when it is known and not built yet
    :raises UsageError: when it is unknown
    """
    if wire in (None, RELAY):
        return RELAY
    if wire == "netem":
        raise UnsupportedError("the netem wire comes with a later release; use the relay, which needs nothing of the kernel")
    raise UsageError(f"there is no wire called '{wire}'; use {RELAY}")


def relay_links(plan: Plan, addressing: Addressing) -> "tuple[RelayLink, ...]":
    """Return what the relay is asked to do, link by link, in the plan's order."""
    from netbench_topologies.relay.model import RelayLink

    return tuple(
        RelayLink(
            id=link.id,
            interface_a=addressing.links[link.id].a.wire_interface,
            interface_b=addressing.links[link.id].b.wire_interface,
            forward=_spec(link, "forward"),
            reverse=_spec(link, "reverse"),
        )
        for link in plan.links.values()
    )


def link_health(counters: "Mapping[str, PerDirection[DirectionCounters]]") -> dict[str, LinkHealth]:
    """Return what the relay itself did to the frames, both directions together."""
    return {
        link: LinkHealth(
            frames=both.forward.sent + both.reverse.sent,
            overrun_frames=sum(way.overruns + way.send_errors for way in (both.forward, both.reverse)),
            late_frames=both.forward.late_frames + both.reverse.late_frames,
        )
        for link, both in counters.items()
    }


def _spec(link: Link, direction: DirectionName) -> "DirectionSpec":
    from netbench_topologies.relay.model import DirectionSpec

    return DirectionSpec(
        delay_ns=link.delay_ns.towards(direction),
        rate_bps=link.emulated_rate_bps(direction),
        planned_rate_bps=link.rate_bps.towards(direction),
        queue_ns=link.queue_ns,
        jitter_ns=link.jitter_ns.towards(direction),
        loss_ratio=link.loss_ratio.towards(direction),
    )
