"""Whether one frame on a link may stand for many packets: only where nothing that the link does counts packets.

With segmentation offload on, a sender's frame is a superpacket of up to 64 KiB, which loss, jitter and reordering meet as one,
and which fills a queue all at once. Without it the emulation carries every packet by itself, and much less of them.
"""

from dataclasses import dataclass

from netbench.clock import NANOSECONDS_PER_SECOND
from netbench.plan.model import DIRECTIONS, Link
from netbench_topologies.spec import DirectionSpec, direction_spec

CARRIED_SINGLY_BPS = 2_000_000_000
"""Up to here packets can be carried one by one, and need not be joined."""
SUPERPACKET_BITS = 8 * 64 * 1024
SUPERPACKETS_IN_A_QUEUE = 50
"""With as many in a full queue, one superpacket more or less is 2 % of its depth."""


@dataclass(frozen=True, slots=True)
class Offloading:
    """Whether superpackets may cross a link, and why."""

    on: bool
    reason: str

    def told(self) -> dict[str, str]:
        """Return it as evidence tells it."""
        return {"offload": "on" if self.on else "off", "offload_reason": self.reason}


def offloading(link: Link) -> Offloading:
    """Return what a link's plan allows; both directions share their interfaces, so either forbids it for both."""
    for direction in DIRECTIONS:
        if link.trace.towards(direction) is not None:
            return Offloading(on=False, reason="the link follows a trace")
        if counted := _counts_packets(direction_spec(link, direction)):
            return Offloading(on=False, reason=counted)
    return Offloading(on=True, reason="the link has a rate and a delay alone, and its queue holds many superpackets")


def _counts_packets(spec: DirectionSpec) -> str | None:
    if spec.loss_ratio:
        return "loss is counted in packets"
    if spec.jitter_ns:
        return "jitter moves each packet"
    if spec.reorder_ratio:
        return "reordering moves each packet"
    if spec.rate_bps <= CARRIED_SINGLY_BPS:
        return "the emulated rate can be carried packet by packet"
    held = spec.rate_bps * spec.queue_ns // (SUPERPACKET_BITS * NANOSECONDS_PER_SECOND)
    if held < SUPERPACKETS_IN_A_QUEUE:
        return f"the queue holds {held} superpackets of 64 KiB, fewer than {SUPERPACKETS_IN_A_QUEUE}"
    return None
