"""What is asked of a link, and what became of its frames."""

from dataclasses import dataclass

from netbench.errors import UsageError
from netbench.plan.model import PerDirection


@dataclass(frozen=True, slots=True)
class DirectionSpec:
    """One direction of a link.

    A frame waits for the backlog before it, which drains at ``rate_bps`` (the emulated rate), and is dropped at the tail when
    that backlog is longer than ``queue_ns``. Then it takes its own time on the wire, at ``planned_rate_bps``: an idle link whose
    rate was scaled down must not be slower than the real one. Then ``delay_ns``, varied within ± ``jitter_ns`` without
    overtaking. ``loss_ratio`` of what came through the queue is lost.

    Rates count Ethernet framing: preamble, frame check sequence and inter-frame gap are 24 octets a frame, and no frame takes
    less than 84 octets of wire. A superpacket counts as the segments it stands for and has one fate: switch segmentation
    offload off where queue, jitter or loss must act on packets.

    :raises UsageError: when a value cannot be meant
    """

    delay_ns: int
    rate_bps: int
    planned_rate_bps: int
    queue_ns: int
    jitter_ns: int
    loss_ratio: float

    def __post_init__(self) -> None:
        if not 0 < self.rate_bps <= self.planned_rate_bps:
            raise UsageError(
                f"an emulated rate of {self.rate_bps} bit/s for a planned one of {self.planned_rate_bps} bit/s; "
                "it must be positive and not above the planned rate"
            )
        if self.queue_ns < 0 or self.delay_ns < 0:
            raise UsageError("a link's delay and queue cannot be negative")
        if not 0 <= self.jitter_ns <= self.delay_ns:
            raise UsageError(
                f"a jitter of {self.jitter_ns} ns on a delay of {self.delay_ns} ns; it must lie between 0 and the delay"
            )
        if not 0 <= self.loss_ratio <= 1:
            raise UsageError(f"a loss ratio of {self.loss_ratio}; it must lie between 0 and 1")


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
    their time. ``total_late_ns`` and ``max_late_ns`` are over all ``sent`` frames.
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

    @property
    def mean_late_ns(self) -> float | None:
        """How late frames left on average; None when none left."""
        return self.total_late_ns / self.sent if self.sent else None
