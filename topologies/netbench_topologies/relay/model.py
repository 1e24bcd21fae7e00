"""What is asked of a link, and what became of its frames."""

from dataclasses import dataclass

from netbench.plan.model import PerDirection
from netbench_topologies.spec import DirectionSpec


@dataclass(frozen=True, slots=True)
class RelayLink:
    """One link: ``forward`` is for frames that come in by ``interface_a`` and leave by ``interface_b``."""

    id: str
    interface_a: str
    interface_b: str
    forward: DirectionSpec
    reverse: DirectionSpec

    def specs(self) -> PerDirection[DirectionSpec]:
        """Return both directions."""
        return PerDirection(self.forward, self.reverse)


@dataclass(frozen=True, slots=True)
class DirectionCounters:
    """What became of the frames of one direction since the relay started.

    ``queue_drops`` and ``loss_drops`` are the plan's doing. ``overruns`` were lost by the relay itself (a socket or the ring was
    full), ``send_errors`` could not leave (the far interface was down or too small); ``late_frames`` left more than 1 ms after
    their time. ``total_late_ns`` and ``max_late_ns`` are over all ``sent`` frames. ``accepted`` came through the queue, of which
    ``reordered`` were sent late so that others may overtake them.
    """

    received: int
    sent: int
    queue_drops: int
    loss_drops: int
    overruns: int
    send_errors: int
    late_frames: int
    max_late_ns: int
    total_late_ns: int
    accepted: int
    reordered: int

    @property
    def mean_late_ns(self) -> float | None:
        """How late frames left on average; None when none left."""
        return self.total_late_ns / self.sent if self.sent else None
