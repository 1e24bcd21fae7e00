"""What is asked of the kernel for one direction of a link."""

from dataclasses import dataclass

from netbench.clock import NANOSECONDS_PER_SECOND
from netbench.errors import RefusedError
from netbench_topologies.spec import DirectionSpec

FRAMING_OCTETS = 24
"""Preamble, frame check sequence and inter-frame gap."""
SHORTEST_OCTETS = 84
"""What the shortest frame takes of the wire, framing included."""
LONGEST_OCTETS = 1514 + FRAMING_OCTETS
BURST_NS = 1_000_000
"""What the token bucket holds: how late the kernel may look at it before the rate falls below what was asked."""


@dataclass(frozen=True, slots=True)
class QueueOrder:
    """The token bucket: ``limit_octets`` may wait, framing not counted, which full frames leave in ``queue_ns``."""

    rate_octets: int
    burst_octets: int
    limit_octets: int


@dataclass(frozen=True, slots=True)
class WayOrder:
    """netem: ``limit`` packets may be on their way, more than the token bucket can ever let in.

    ``loss_burst`` is the mean length of a run of lost packets, None when each is lost by itself.
    """

    limit: int
    delay_ns: int
    jitter_ns: int
    rate_octets: int
    loss_ratio: float
    loss_burst: float | None
    seed: int | None


@dataclass(frozen=True, slots=True)
class DirectionOrder:
    """Both places of one direction."""

    queue: QueueOrder
    way: WayOrder


def direction_order(name: str, spec: DirectionSpec, seed: int | None) -> DirectionOrder:
    """Return what the kernel is asked for one direction; ``name`` is what a refusal calls it.

    :raises RefusedError: when netem cannot do that
    """
    if spec.reorder_ratio:
        raise RefusedError(
            f"{name}: netem cannot make some packets late and keep the others in order, it sends the chosen ones ahead of time; "
            "use --wire relay"
        )
    return DirectionOrder(_queue(spec), _way(spec, seed))


def _queue(spec: DirectionSpec) -> QueueOrder:
    rate = _octets(spec.rate_bps)
    burst = max(2 * LONGEST_OCTETS, rate * BURST_NS // NANOSECONDS_PER_SECOND)
    # framing takes time and no room here: a queue of full frames lasts as long as it should
    unframed = rate * spec.queue_ns * (LONGEST_OCTETS - FRAMING_OCTETS) // (LONGEST_OCTETS * NANOSECONDS_PER_SECOND)
    # one frame at least: a queue that holds none would carry none
    return QueueOrder(rate, burst, max(LONGEST_OCTETS, unframed))


def _way(spec: DirectionSpec, seed: int | None) -> WayOrder:
    way_octets = _octets(spec.rate_bps) * (spec.delay_ns + spec.jitter_ns) // NANOSECONDS_PER_SECOND
    return WayOrder(
        limit=1000 + 2 * way_octets // SHORTEST_OCTETS + _queue(spec).burst_octets // SHORTEST_OCTETS,
        delay_ns=spec.delay_ns,
        jitter_ns=spec.jitter_ns,
        rate_octets=_octets(spec.planned_rate_bps),
        loss_ratio=spec.loss_ratio,
        loss_burst=spec.loss_burst if spec.loss_ratio else None,
        seed=seed,
    )


def _octets(rate_bps: int) -> int:
    return max(1, round(rate_bps / 8))
