"""What packet trains say of a link: its rate, and how long a packet waits in its queue when that is full.

A train is sent faster than the link, so packets queue, and what leaves the queue is spaced by the link's rate. The rate is that
of layer 2 with Ethernet framing: the bits of the packets that left between two of them, over the time between their arrivals.
A packet that was lost on the way had its time on the link and counts; one that the queue dropped had none. In the part of a
train that the queue holds whole the packets' numbers tell how many left; later, only the arrivals do.

A busy machine makes packets late and never early, and late ones do not delay those that follow: what left the link on time is
found by the earliest of many, and a slope is that of the median pair of points (Theil 1950, Sen 1968), which a few late ones do
not move.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from netbench.analysis.distribution import QUANTILE_METHOD
from netbench.analysis.quantiles import quantile_of, ranks
from netbench.analysis.summary import Summary, SummaryDirection, Unit
from netbench.measure.samples import Columns, Fate

Integers = npt.NDArray[np.int64]

FULL_FRAME_BITS: Final = 8 * 1538
"""1500 octets of IP, Ethernet's header and check sequence, preamble and gap."""
SLOPE: Final = "slope"
SLOPE_METHOD: Final = "median slope"
SLOPE_CONFIDENCE: Final = 0.95
SLOPE_POINTS: Final = 64
"""Of one train: as many tell its slope as well as all do, and their pairs are quickly counted."""
_NANOSECONDS: Final = 1_000_000_000


@dataclass(frozen=True, slots=True, eq=False)
class Train:
    """The packets of one train that arrived, in the order of sending; ``index`` counts from the train's first.

    ``sent_ns`` is of all that were sent, arrived or not; the first ``unbroken`` of the train are among them without a gap.
    """

    index: Integers
    departed_ns: Integers
    arrived_ns: Integers
    sent_ns: Integers
    unbroken: int


def trains_of(columns: Columns, frames: int) -> tuple[Train, ...]:
    """Return the trains of one pair's packets (``PACKETS`` columns, in any order), each of ``frames`` packets."""
    order = np.argsort(np.asarray(columns["sequence"]), kind="stable")
    sequence = np.asarray(columns["sequence"], np.int64)[order]
    fate, sent_ns = np.asarray(columns["fate"])[order], np.asarray(columns["sent_ns"], np.int64)[order]
    forward_ns = np.asarray(np.ma.getdata(columns["forward_ns"]), np.int64)[order]
    count = int(sequence[-1]) // frames + 1 if len(sequence) else 0
    members = (sequence // frames == number for number in range(count))
    return tuple(_train(sequence[mine] % frames, fate[mine], sent_ns[mine], forward_ns[mine]) for mine in members)


def held_rate(metric: str, direction: SummaryDirection, trains: Sequence[Train], frame_bits: int, held: range) -> Summary:
    """Return the rate between packets that the queue held, by number in ``held``: the earliest of each over all trains.

    The interval is that of the slope through them (Sen 1968); its count is that of the trains. Without a value where fewer than
    two packets arrived.
    """
    earliest = _earliest(trains, held)
    count = sum(train.unbroken > held.start for train in trains)
    if len(earliest) < 2:
        return Summary(metric, direction, SLOPE, None, None, None, "bit/s", 0, SLOPE_METHOD)
    frame_ns, least_ns, most_ns = slope(np.fromiter(earliest, np.int64), np.fromiter(earliest.values(), np.int64))
    value, low, high = (_rate_bps(frame_bits, each) for each in (frame_ns, most_ns, least_ns))
    return Summary(metric, direction, SLOPE, value, low, high, "bit/s", count if value else 0, SLOPE_METHOD)


def counted_rate_bps(train: Train, frame_bits: int, loss_ratio: float) -> float | None:
    """Return the rate of a train that kept the queue full throughout, ``loss_ratio`` of what left it being lost on the way."""
    arrived_ns = np.sort(train.arrived_ns)
    if len(arrived_ns) < 2 or arrived_ns[-1] <= arrived_ns[0] or loss_ratio >= 1:
        return None
    places = np.unique(np.linspace(0, len(arrived_ns) - 1, SLOPE_POINTS).round().astype(np.int64))
    gap_ns, _, _ = slope(places, arrived_ns[places])
    rate_bps = _rate_bps(frame_bits, gap_ns)
    return None if rate_bps is None else rate_bps / (1 - loss_ratio)


def slope(number: Integers, at_ns: Integers) -> tuple[float, float, float]:
    """Return nanoseconds a number, and the ends of its 95 % interval: the median over all pairs of points."""
    from scipy.stats import theilslopes

    found = theilslopes(at_ns - at_ns.min(), number, SLOPE_CONFIDENCE)
    return float(found.slope), float(found.low_slope), float(found.high_slope)


def offered_rate_bps(train: Train, frame_bits: int, burst: int) -> float | None:
    """Return the rate at which the first ``burst`` packets were sent; None for fewer than two."""
    sent_ns = train.sent_ns[:burst]
    if len(sent_ns) < 2:
        return None
    return (len(sent_ns) - 1) * frame_bits * _NANOSECONDS / max(1.0, float(sent_ns[-1] - sent_ns[0]))


def paced_rate_bps(train: Train, frame_bits: int, burst: int) -> float | None:
    """Return the rate at which the packets after the first ``burst`` were sent; None for none."""
    sent_ns = train.sent_ns[burst - 1 :] if burst else train.sent_ns
    if len(sent_ns) < 2:
        return None
    return (len(sent_ns) - 1) * frame_bits * _NANOSECONDS / max(1.0, float(sent_ns[-1] - sent_ns[0]))


def longest_pause_ns(train: Train) -> int:
    """Return the longest time between two packets sent in a row, 0 for fewer than two."""
    return int(np.diff(train.sent_ns).max()) if len(train.sent_ns) > 1 else 0


def longest_wait_ns(train: Train, idle_ns: int) -> float | None:
    """Return how long the packet that waited longest was in the queue; ``idle_ns`` is the delay of one that did not wait."""
    if not len(train.index):
        return None
    return float((train.arrived_ns - train.departed_ns).max() - idle_ns)


def usual_wait_ns(train: Train, idle_ns: int, burst: int) -> float | None:
    """Return the median wait of the packets after the first ``burst``, which met a full queue."""
    full = train.index >= burst
    if not full.any():
        return None
    return float(np.median(train.arrived_ns[full] - train.departed_ns[full]) - idle_ns)


def quantile_over(
    metric: str, direction: SummaryDirection, statistic: str, unit: Unit, values: Sequence[float | None]
) -> Summary:
    """Return a quantile over trains with its distribution-free interval; without a value when no train had one.

    ``statistic`` names it, as ``p50``.
    """
    known, quantile = sorted(value for value in values if value is not None), quantile_of(statistic)
    if not known or quantile is None:
        return Summary(metric, direction, statistic, None, None, None, unit, 0, QUANTILE_METHOD)
    places = ranks(len(known), quantile)
    low, high = (None if rank is None else round(known[rank - 1]) for rank in (places.low, places.high))
    return Summary(metric, direction, statistic, round(known[places.value - 1]), low, high, unit, len(known), QUANTILE_METHOD)


def _earliest(trains: Sequence[Train], held: range) -> dict[int, int]:
    """By number, when the packet arrived after its train began, in the train in which that was soonest; in order."""
    found: dict[int, int] = {}
    for train in trains:
        kept = (train.index >= held.start) & (train.index < min(held.stop, train.unbroken))
        for number, after_ns in zip(
            train.index[kept].tolist(), (train.arrived_ns[kept] - train.sent_ns[0]).tolist(), strict=True
        ):
            found[number] = min(after_ns, found.get(number, after_ns))
    return dict(sorted(found.items()))


def _rate_bps(frame_bits: int, frame_ns: float) -> int | None:
    return round(frame_bits * _NANOSECONDS / frame_ns) if frame_ns > 0 else None


def _train(index: Integers, fate: npt.NDArray[np.uint8], sent_ns: Integers, forward_ns: Integers) -> Train:
    arrived, sent = fate == Fate.ANSWERED, fate != Fate.NOT_SENT
    unbroken = len(sent) if sent.all() else int(np.argmin(sent))
    return Train(index[arrived], sent_ns[arrived], (sent_ns + forward_ns)[arrived], sent_ns[sent], unbroken)
