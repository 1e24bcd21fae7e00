"""How the instrument fared while it measured: what the machine did to the traffic is never reported as the network's doing."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from netbench.linux.hostload import HostLoad
from netbench.measure.network import LinkHealth
from netbench.units import format_ratio

LATE_SHARE_OF_DELAY = 0.005
"""Of frames more than 1 ms late, in a measurement of delay: half of what would move a p99."""
LATE_SHARE_OF_RATE = 0.05
"""The same in a measurement of throughput, which TCP averages over round trips."""

STEAL_SHARE = 0.3
"""Of the cores' time, taken by the hypervisor for others. Being busy voids nothing: what that does to frames, the wire counts."""
LATE_TICK_SHARE = 0.05
"""Of the watch's own ticks, more than 20 ms late: the machine stood still where no wire could notice it."""


@dataclass(frozen=True, slots=True)
class Condition:
    """The frames that crossed some links during one measurement, what the machine did to them, and how busy it was.

    ``late_frames`` is None where no link can tell.
    """

    frames: int
    overrun_frames: int
    late_frames: int | None
    host: HostLoad | None = None

    def unfit(self, late_share: float) -> str | None:
        """Return why nothing measured meanwhile may be judged, or None; up to ``late_share`` of the frames may be late."""
        if self.overrun_frames:
            return f"the machine lost {self.overrun_frames} frames that the network would have carried"
        if self.late_frames is not None and self.late_frames > late_share * self.frames:
            return f"the machine was saturated: {self.late_frames} of {self.frames} frames were more than 1 ms late"
        return host_unfit(self.host) if self.host else None


def host_unfit(host: HostLoad) -> str | None:
    """Return why nothing measured on a host that was so busy may be judged, or None."""
    if host.dropped_frames:
        return f"the kernel dropped {host.dropped_frames} frames for want of time"
    if host.steal > STEAL_SHARE:
        return f"the machine was not its own: {format_ratio(host.steal)} of its time went to others on the same hardware"
    if host.late_ticks > LATE_TICK_SHARE * host.ticks:
        return f"the machine stood still: {host.late_ticks} of {host.ticks} times it woke up more than 20 ms late"
    return None


def condition(
    links: Iterable[str], before: Mapping[str, LinkHealth], after: Mapping[str, LinkHealth], host: HostLoad | None = None
) -> Condition:
    """Return how these links, and the host, fared between two readings of the links' counters."""
    names = tuple(links)
    late = [_between(before[name].late_frames, after[name].late_frames) for name in names]
    return Condition(
        frames=sum(after[name].frames - before[name].frames for name in names),
        overrun_frames=sum(after[name].overrun_frames - before[name].overrun_frames for name in names),
        late_frames=None if None in late else sum(count for count in late if count is not None),
        host=host,
    )


def _between(before: int | None, after: int | None) -> int | None:
    return None if before is None or after is None else after - before
