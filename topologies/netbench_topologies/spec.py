"""What is asked of one direction of a link, whichever wire carries it."""

from dataclasses import dataclass

from netbench.errors import UsageError
from netbench.plan.model import DirectionName, Link


@dataclass(frozen=True, slots=True)
class DirectionSpec:
    """One direction of a link.

    A frame waits for the backlog before it, which drains at ``rate_bps`` (the emulated rate), and is dropped at the tail when
    that backlog is longer than ``queue_ns``. Then it takes its own time on the wire, at ``planned_rate_bps``: an idle link whose
    rate was scaled down must not be slower than the real one. Then ``delay_ns``, varied within ± ``jitter_ns`` without
    overtaking; ``reorder_ratio`` of the frames are late by ``reorder_ns`` and may be overtaken. ``loss_ratio`` of what came
    through the queue is lost: each by itself, or in runs of ``loss_burst`` frames on average (Gilbert–Elliott).

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
    loss_burst: float | None = None
    reorder_ratio: float = 0.0
    reorder_ns: int = 0

    def __post_init__(self) -> None:
        self._check_rates()
        if self.queue_ns < 0 or self.delay_ns < 0 or self.reorder_ns < 0:
            raise UsageError("a link's delay and queue, and what packets are late by, cannot be negative")
        if not 0 <= self.jitter_ns <= self.delay_ns:
            raise UsageError(
                f"a jitter of {self.jitter_ns} ns on a delay of {self.delay_ns} ns; it must lie between 0 and the delay"
            )
        if not (0 <= self.loss_ratio <= 1 and 0 <= self.reorder_ratio <= 1):
            raise UsageError(
                f"a loss ratio of {self.loss_ratio}, a reordering ratio of {self.reorder_ratio}; both lie between 0 and 1"
            )
        self._check_burst()

    def _check_rates(self) -> None:
        if not 0 < self.rate_bps <= self.planned_rate_bps:
            raise UsageError(
                f"an emulated rate of {self.rate_bps} bit/s for a planned one of {self.planned_rate_bps} bit/s; "
                "it must be positive and not above the planned rate"
            )

    def _check_burst(self) -> None:
        if self.loss_burst is not None and not (
            self.loss_burst >= 1 and self.loss_ratio * (self.loss_burst + 1) <= self.loss_burst
        ):
            raise UsageError(
                f"a loss ratio of {self.loss_ratio} in runs of {self.loss_burst}; the runs between would last no packet"
            )


def direction_spec(link: Link, direction: DirectionName) -> DirectionSpec:
    """Return what the plan asks of one direction of a link."""
    reorder = link.reorder.towards(direction)
    return DirectionSpec(
        delay_ns=link.delay_ns.towards(direction),
        rate_bps=link.emulated_rate_bps(direction),
        planned_rate_bps=link.rate_bps.towards(direction),
        queue_ns=link.queue_ns.towards(direction),
        jitter_ns=link.jitter_ns.towards(direction),
        loss_ratio=link.loss_ratio.towards(direction),
        loss_burst=link.loss_burst.towards(direction),
        reorder_ratio=reorder.ratio if reorder else 0.0,
        reorder_ns=reorder.late_ns if reorder else 0,
    )
