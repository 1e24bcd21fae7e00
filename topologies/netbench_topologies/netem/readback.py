"""What the kernel says it does, held against what it was asked."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from netbench.clock import NANOSECONDS_PER_SECOND
from netbench_topologies.netem.messages import run_chances
from netbench_topologies.netem.orders import FRAMING_OCTETS, SHORTEST_OCTETS, QueueOrder, WayOrder

Said = Mapping[str, Any]
"""A queue discipline as ``tc -j -d -r`` prints it."""

DIGITS = 1e-5
"""tc prints six digits of what is not whole, so a share is compared to this part of itself."""
LEAST = 1e-9
"""Two steps of the scale on which the kernel keeps a share."""
TICK_S = 64e-9
STEP_S = 1e-6 + TICK_S
"""tc prints a time in whole microseconds, cut off, of the ticks in which the kernel tells it."""


@dataclass(frozen=True, slots=True)
class Difference:
    """A field that is not as asked; ``got`` is None when the kernel does not know it."""

    field: str
    asked: float
    got: float | None


def queue_differences(order: QueueOrder, said: Said) -> list[Difference]:
    """Return what of a token bucket is not as asked."""
    if said.get("kind") != "tbf":
        return [Difference("tbf", 1, None)]
    options: Said = said["options"]
    # the kernel tells the bucket as the ticks that it and one frame's framing take
    step_octets = 1 + math.ceil(order.rate_octets * TICK_S)
    return _differing(
        ("rate", order.rate_octets, options.get("rate"), 0),
        ("burst", order.burst_octets + FRAMING_OCTETS, _bucket(options, order.rate_octets), step_octets),
        ("limit", order.limit_octets, options.get("limit"), 0),
        ("overhead", FRAMING_OCTETS, options.get("overhead"), 0),
        ("mpu", SHORTEST_OCTETS, options.get("mpu"), 0),
    )


def way_differences(order: WayOrder, said: Said) -> list[Difference]:
    """Return what of a netem is not as asked."""
    if said.get("kind") != "netem":
        return [Difference("netem", 1, None)]
    options: Said = said["options"]
    delay: Said = options.get("delay", {"delay": 0, "jitter": 0})
    rate: Said = options.get("rate", {})
    return _differing(
        ("limit", order.limit, options.get("limit"), 0),
        ("delay", order.delay_ns / NANOSECONDS_PER_SECOND, delay["delay"], STEP_S),
        ("jitter", order.jitter_ns / NANOSECONDS_PER_SECOND, delay["jitter"], STEP_S),
        ("rate", order.rate_octets, rate.get("rate"), 0),
        ("overhead", FRAMING_OCTETS, rate.get("packetoverhead"), 0),
        *_losses(order, options),
        *((name, 0, 1, 0) for name in ("duplicate", "reorder", "corrupt") if name in options),
    )


Comparison = tuple[str, float, float | None, float]
"""Field, asked, got, and by how much they may differ."""


def _losses(order: WayOrder, options: Said) -> list[Comparison]:
    """Loss is said in one of two ways, and the other one must be absent."""
    independent: Said = options.get("loss-random", {"loss": 0})
    runs: Said = options.get("loss-gemodel", {"p": 0, "r": 0})
    begins, ends = run_chances(order.loss_ratio, order.loss_burst) if order.loss_burst else (0.0, 0.0)
    return [
        _share("loss", 0 if order.loss_burst else order.loss_ratio, independent["loss"]),
        _share("loss p", begins, runs["p"]),
        _share("loss r", ends, runs["r"]),
    ]


def _share(field: str, asked: float, got: float) -> Comparison:
    return field, asked, got, DIGITS * asked + LEAST


def _differing(*compared: Comparison) -> list[Difference]:
    return [Difference(field, asked, got) for field, asked, got, room in compared if not _same(asked, got, room)]


def _same(asked: float, got: float | None, room: float) -> bool:
    if got is None:
        return False
    return abs(asked - got) <= room


def _bucket(options: Said, rate_octets: int) -> float | None:
    """What so many ticks (hexadecimal) hold at the rate; what tc makes of it in octets is rounded."""
    ticks: str | None = options.get("burst_raw")
    return int(ticks, 16) * TICK_S * rate_octets if ticks is not None else None
