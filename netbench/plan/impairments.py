"""Reading what a link does to packets beside carrying them: queue, jitter, loss, reordering."""

from dataclasses import dataclass
from typing import TypeVar

from netbench.plan import defaults
from netbench.plan.fields import Fields, Value
from netbench.plan.model import DIRECTIONS, DirectionName, PerDirection, Reordering
from netbench.units import format_duration, format_rate

T = TypeVar("T")

LONGEST_DELAY_NS = 60_000_000_000
LONGEST_BURST = 1_000_000
"""Packets lost in a row on average; a longer silence is a cut, not loss."""


@dataclass(frozen=True, slots=True)
class Loss:
    """The mean share of packets lost, and the mean length of a run of them; None where each is lost by itself."""

    ratio: float
    burst: float | None


def bounded_duration(value: Value) -> int:
    """Return a duration in nanoseconds that a link may take."""
    duration_ns = value.duration_ns()
    if duration_ns > LONGEST_DELAY_NS:
        raise value.error(f"{format_duration(duration_ns)} is impossible: a minute is the most a link may take")
    return duration_ns


def read_queue(fields: Fields, rate_bps: PerDirection[int], rate_scale: int) -> PerDirection[int]:
    """Return how long a full queue takes to drain: stated, from octets at the planned rate, or long enough for ten frames."""
    if "queue" not in fields:
        return _both(max(_default_queue_ns(rate_bps.towards(direction) // rate_scale) for direction in DIRECTIONS))
    given = fields["queue"].per_direction(lambda value: value)
    return PerDirection(*(_queue(given.towards(way), rate_bps.towards(way), rate_scale) for way in DIRECTIONS))


def _default_queue_ns(emulated_bps: int) -> int:
    return max(defaults.QUEUE_NS, -(-_frames_ns(emulated_bps) // 1_000_000) * 1_000_000)


def _queue(value: Value, rate_bps: int, rate_scale: int) -> int:
    queue_ns = _queue_ns(value, rate_bps)
    emulated_bps = rate_bps // rate_scale
    frames_ns = _frames_ns(emulated_bps)
    if queue_ns < frames_ns:
        raise value.error(
            f"{format_duration(queue_ns)} at the emulated rate of {format_rate(emulated_bps)} holds fewer than "
            f"{defaults.QUEUE_FRAMES} full frames; say at least {format_duration(-(-frames_ns // 100_000) * 100_000)}, or "
            f"make rate_scale smaller"
        )
    return queue_ns


def _queue_ns(value: Value, rate_bps: int) -> int:
    if not value.text().endswith("B"):
        return bounded_duration(value)
    queue_ns = value.octets() * 8 * 1_000_000_000 // rate_bps
    if queue_ns > LONGEST_DELAY_NS:
        drains = f"{value.text()} at {format_rate(rate_bps)} take {format_duration(queue_ns)} to drain"
        raise value.error(f"{drains}; a minute is the most")
    return queue_ns


def _frames_ns(emulated_bps: int) -> int:
    return -(-defaults.QUEUE_FRAMES * defaults.FRAME_BITS * 1_000_000_000 // emulated_bps)


def read_jitter(fields: Fields, delay_ns: PerDirection[int]) -> PerDirection[int]:
    """Return by how much the delay varies either way, which is never more than the delay itself."""
    if "jitter" not in fields:
        return _both(defaults.JITTER_NS)
    jitter_ns = fields["jitter"].per_direction(bounded_duration)
    for direction in DIRECTIONS:
        _check_jitter(fields["jitter"], direction, jitter_ns.towards(direction), delay_ns.towards(direction))
    return jitter_ns


def _check_jitter(value: Value, direction: DirectionName, jitter_ns: int, delay_ns: int) -> None:
    if jitter_ns > delay_ns:
        raise value.error(
            f"{format_duration(jitter_ns)} {direction} is more than the delay of {format_duration(delay_ns)} that it varies"
        )


def read_loss(fields: Fields) -> PerDirection[Loss]:
    """Return how packets are lost: a ratio for independent loss, ``{ratio: …, burst: …}`` for loss in runs."""
    return fields.get("loss", lambda given: given.per_direction(_loss), _both(Loss(defaults.LOSS_RATIO, None)))


def _loss(value: Value) -> Loss:
    if value.is_scalar:
        return Loss(_loss_ratio(value), None)
    fields = value.fields(("ratio", "burst"), ("ratio", "burst"))
    ratio = _loss_ratio(fields["ratio"])
    burst = fields["burst"].number(1, LONGEST_BURST, "a mean run of lost packets")
    if ratio * (burst + 1) > burst:
        raise fields["burst"].error(
            f"runs of {burst:g} cannot lose {ratio:.3g} of all packets: the runs between them would be shorter than one packet; "
            "make the ratio smaller or the burst longer"
        )
    return Loss(ratio, burst)


def _loss_ratio(value: Value) -> float:
    ratio = value.ratio()
    if ratio == 1:
        raise value.error("a link that loses everything is no link; leave it out")
    return ratio


def read_reorder(fields: Fields) -> PerDirection[Reordering | None]:
    """Return which share of packets may be overtaken, and by how much they are late; None where all keep their order."""
    return fields.get("reorder", lambda given: given.per_direction(_reordering), _both(None))


def _reordering(value: Value) -> Reordering:
    fields = value.fields(("ratio", "late"), ("ratio", "late"))
    ratio, late_ns = fields["ratio"].ratio(), bounded_duration(fields["late"])
    if late_ns == 0:
        raise fields["late"].error("packets that are late by nothing are not overtaken; say by how much, like 2ms")
    return Reordering(ratio, late_ns)


def _both(value: T) -> PerDirection[T]:
    return PerDirection(value, value)
