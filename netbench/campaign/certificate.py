"""The certificate of a link: what was asked of each direction, what was got, and whether that is faithful."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from netbench.analysis.proportion import proportion_interval
from netbench.analysis.summary import Summary, SummaryDirection, Unit
from netbench.campaign.condition import LATE_SHARE_OF_RATE, Condition
from netbench.campaign.train_rounds import TrainTest
from netbench.plan.model import DIRECTIONS, DirectionName, Link
from netbench.units import format_duration, format_rate, format_ratio

RATE_TOLERANCE = 0.02
QUEUE_TOLERANCE = 0.1
"""Of what was asked; a frame, the link's tolerance and its jitter come on top."""
FEWEST_TRAINS = 6
"""So many must have been sent fast enough: the fewest whose median has an interval with two ends."""
IMPLAUSIBLE = 1e-6
"""A loss ratio is off when what was seen has no more than this chance: hundreds of links are judged a day."""
FAR_FRAMES = 100_000
"""How far ahead a wire's own forecast of losses is read to check its ratio."""

Losses = NDArray[np.bool_]


class Kind(StrEnum):
    """What is measured of a link."""

    PATH = "path"
    DELAY = "delay"
    LATE = "delay p99"
    RATE = "rate"
    LOSS = "loss"
    JITTER = "jitter"
    QUEUE = "queue"
    TRACED_DELAY = "delay by its trace"
    TRACED_LOSS = "loss by its trace"
    TRACED_RATE = "rate by its trace"
    DIRECTION = "direction"


class Standing(StrEnum):
    """What is said of one item. ``told``: nothing is asked, the figure is for the reader."""

    FAITHFUL = "faithful"
    OFF = "off"
    UNMEASURABLE = "not measurable here"
    TOLD = "told"


@dataclass(frozen=True, slots=True)
class Item:
    """One item of one direction. ``tolerance`` is in the figure's own unit. ``reason`` says why it is not simply faithful."""

    kind: Kind
    direction: DirectionName
    asked: float | None
    got: Summary
    tolerance: float | None
    standing: Standing
    reason: str = ""

    @property
    def error_ratio(self) -> float | None:
        """How far the true figure may be from what was asked, as a share of it: the worst end of the interval."""
        ends = [bound for bound in (self.got.low, self.got.value, self.got.high) if bound is not None]
        return max(abs(end / self.asked - 1) for end in ends) if self.asked and ends else None


@dataclass(frozen=True, slots=True)
class LossSeen:
    """The fates of the probes of one direction, in the order in which they met the link, True where lost.

    ``predicted`` is what the wire forecast for them, ``far`` for many more; both None where it cannot.
    """

    lost: Losses
    predicted: Losses | None
    far: Losses | None


def loss_item(link: Link, direction: DirectionName, got: Summary, seen: LossSeen, fared: Condition) -> Item:
    """Return what is said of loss: by the wire's own forecast where there is one, by what so many probes can show elsewhere."""
    asked, burst = link.loss_ratio.towards(direction), link.loss_burst.towards(direction) or 1.0
    if fared.overrun_frames:
        reason = f"the machine lost {fared.overrun_frames} frames itself"
        return Item(Kind.LOSS, direction, asked, got, None, Standing.UNMEASURABLE, reason)
    shown = seen.lost if seen.far is None else seen.far
    reason = _implausible(asked, burst, shown) or _unforeseen(seen)
    if reason:
        return Item(Kind.LOSS, direction, asked, got, None, Standing.OFF, reason)
    return Item(Kind.LOSS, direction, asked, got, None, Standing.FAITHFUL, _loss_evidence(seen, got))


@dataclass(frozen=True, slots=True)
class TrainsSeen:
    """What the trains of one direction showed, and how the machine fared meanwhile.

    ``rate`` is over the trains that were sent fast enough to fill the link, ``wait`` the lower quartile over those that
    overfilled its queue, ``offered`` the median over all.
    """

    test: TrainTest
    rate: Summary
    wait: Summary
    offered: Summary
    fared: Condition


def rate_item(seen: TrainsSeen) -> Item:
    """Return what is said of the emulated rate; what the machine could not drive is not the link's fault."""
    asked, direction = seen.test.rate_bps, seen.test.direction
    tolerance = asked * (RATE_TOLERANCE + seen.test.blur)
    unfit = _cannot_fill(seen)
    if seen.rate.value is None or unfit:
        return Item(
            Kind.RATE, direction, asked, _unknown(seen.rate), tolerance, Standing.UNMEASURABLE, unfit or "no train arrived"
        )
    if abs(seen.rate.value - asked) <= tolerance:
        return Item(Kind.RATE, direction, asked, seen.rate, tolerance, Standing.FAITHFUL)
    saturated = seen.fared.unfit(LATE_SHARE_OF_RATE)
    if saturated:
        return Item(Kind.RATE, direction, asked, seen.rate, tolerance, Standing.UNMEASURABLE, saturated)
    return Item(Kind.RATE, direction, asked, seen.rate, tolerance, Standing.OFF)


def queue_item(link: Link, seen: TrainsSeen) -> Item:
    """Return what is said of the queue: how long the packet waits that finds it full."""
    direction = seen.test.direction
    asked, jitter_ns = link.queue_ns.towards(direction), link.jitter_ns.towards(direction)
    tolerance = seen.test.frame_ns + asked * QUEUE_TOLERANCE + link.tolerance_ns + jitter_ns
    unfit = _cannot_overfill(seen, asked)
    if seen.wait.value is None or unfit:
        reason = unfit or "no train arrived"
        return Item(Kind.QUEUE, direction, asked, _unknown(seen.wait), tolerance, Standing.UNMEASURABLE, reason)
    if abs(seen.wait.value - asked) <= tolerance:
        return Item(Kind.QUEUE, direction, asked, seen.wait, tolerance, Standing.FAITHFUL)
    saturated = seen.fared.unfit(LATE_SHARE_OF_RATE)
    standing = Standing.UNMEASURABLE if saturated else Standing.OFF
    return Item(Kind.QUEUE, direction, asked, seen.wait, tolerance, standing, saturated or "")


def exchanged(items: Sequence[Item]) -> Iterator[Item]:
    """Yield an item where a figure that is off is, both ways, what was asked of the other direction."""
    for kind in (Kind.DELAY, Kind.RATE):
        pair = [item for direction in DIRECTIONS for item in items if (item.kind, item.direction) == (kind, direction)]
        if len(pair) == len(DIRECTIONS) and all(item.standing is Standing.OFF for item in pair) and _crossed(pair[0], pair[1]):
            reason = f"its two directions are exchanged, by their {kind.value}"
            yield Item(Kind.DIRECTION, "forward", None, _unknown(pair[0].got), None, Standing.OFF, reason)


def fault(link: Link, item: Item) -> str:
    """Return one item that is off as a sentence's part: ``link x forward: rate asked …, got …, tolerance …``."""
    if item.kind in {Kind.PATH, Kind.DIRECTION}:
        return f"link {link.id}: {item.reason}"
    got = figure(item.got.value, item.got.unit)
    figures = f"off by {got}" if item.kind is Kind.TRACED_DELAY else f"asked {figure(item.asked, item.got.unit)}, got {got}"
    tolerance = "" if item.tolerance is None else f", tolerance {figure(item.tolerance, item.got.unit)}"
    reason = f": {item.reason}" if item.reason else ""
    name = "" if item.kind is Kind.DELAY else f" {item.kind.value}"
    return f"link {link.id} {item.direction}{name}: {figures}{tolerance}{reason}"


def figure(value: float | None, unit: str) -> str:
    """Return a figure with its unit, ``nothing`` where there is none."""
    if value is None:
        return "nothing"
    if unit == "ns":
        return format_duration(value)
    return format_rate(value) if unit == "bit/s" else format_ratio(value)


def nothing(metric: str, direction: SummaryDirection, unit: Unit) -> Summary:
    """Return the summary of what was not measured."""
    return Summary(metric, direction, "p50", None, None, None, unit, 0, "")


def _unknown(summary: Summary) -> Summary:
    return nothing(summary.metric, summary.direction, summary.unit)


def _implausible(asked: float, burst: float, lost: Losses) -> str:
    """Why this many losses cannot come from what was asked; bursts make a sample worth less."""
    worth = 1.0 if burst <= 1 else 2 * burst
    trials, losses = max(1, int(len(lost) / worth)), int(np.count_nonzero(lost) / worth)
    low, high = proportion_interval(min(losses, trials), trials, IMPLAUSIBLE)
    return "" if low <= asked <= high else f"{np.count_nonzero(lost)} of {len(lost)} frames lost cannot come from that"


def _unforeseen(seen: LossSeen) -> str:
    if seen.predicted is None:
        return ""
    differing = np.flatnonzero(seen.predicted[: len(seen.lost)] != seen.lost)
    return (
        f"the fate of frame {differing[0] + 1} of {len(seen.lost)} is not the one that the seed gives it"
        if len(differing)
        else ""
    )


def _loss_evidence(seen: LossSeen, got: Summary) -> str:
    if seen.predicted is not None:
        return f"the fates of {len(seen.lost)} frames are those that the seed gives"
    unseen = format_ratio((got.high or 1.0) - (got.value or 0.0))
    return f"this wire cannot foretell which frames it loses; an error below {unseen} could not be seen with {got.count} probes"


def _cannot_fill(seen: TrainsSeen) -> str:
    if seen.rate.count >= FEWEST_TRAINS or not seen.offered.value:
        return ""
    if seen.test.paced and seen.offered.value > seen.test.rate_bps:
        return f"this machine sent {seen.rate.count} of {seen.offered.count} trains without a pause, too few to judge a rate"
    return f"this machine sends {format_rate(seen.offered.value)}, too little to fill a link of {format_rate(seen.test.rate_bps)}"


def _cannot_overfill(seen: TrainsSeen, queue_ns: int) -> str:
    if seen.wait.count >= FEWEST_TRAINS or not seen.offered.value:
        return ""
    offered = format_rate(seen.offered.value)
    return f"this machine sends {offered}, too little to fill a queue of {format_duration(queue_ns)}"


def _crossed(forward: Item, reverse: Item) -> bool:
    return all(
        one.got.value is not None
        and other.asked is not None
        and other.tolerance is not None
        and abs(one.got.value - other.asked) <= other.tolerance
        for one, other in ((forward, reverse), (reverse, forward))
    )
