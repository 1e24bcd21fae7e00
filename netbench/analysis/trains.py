"""What packet trains say of a link: its rate, and how long a packet waits in its queue when that is full.

A train is sent faster than the link, so packets queue, and what leaves the queue is spaced by the link's rate. The rate is that
of layer 2 with Ethernet framing: the bits of the packets that left between two of them, over the time between their arrivals.
A packet that was lost on the way had its time on the link and counts; one that the queue dropped had none. In the part of a
train that the queue holds whole the packets' numbers tell how many left; later, only the arrivals do.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from netbench.analysis.distribution import QUANTILE_METHOD
from netbench.analysis.quantiles import QUANTILES, ranks
from netbench.analysis.summary import Summary, SummaryDirection, Unit
from netbench.measure.samples import Columns, Fate

Integers = npt.NDArray[np.int64]

FULL_FRAME_BITS: Final = 8 * 1538
"""1500 octets of IP, Ethernet's header and check sequence, preamble and gap."""
_NANOSECONDS: Final = 1_000_000_000


@dataclass(frozen=True, slots=True, eq=False)
class Train:
    """The packets of one train that arrived, in the order of sending; ``index`` counts from the train's first.

    ``sent_ns`` is of all that were sent, arrived or not.
    """

    index: Integers
    departed_ns: Integers
    arrived_ns: Integers
    sent_ns: Integers


def trains_of(columns: Columns, frames: int) -> tuple[Train, ...]:
    """Return the trains of one pair's packets (``PACKETS`` columns, in any order), each of ``frames`` packets."""
    order = np.argsort(np.asarray(columns["sequence"]), kind="stable")
    sequence = np.asarray(columns["sequence"], np.int64)[order]
    fate, sent_ns = np.asarray(columns["fate"])[order], np.asarray(columns["sent_ns"], np.int64)[order]
    forward_ns = np.asarray(np.ma.getdata(columns["forward_ns"]), np.int64)[order]
    count = int(sequence[-1]) // frames + 1 if len(sequence) else 0
    members = (sequence // frames == number for number in range(count))
    return tuple(_train(sequence[mine] % frames, fate[mine], sent_ns[mine], forward_ns[mine]) for mine in members)


def held_rate_bps(train: Train, frame_bits: int, first: int, last: int) -> float | None:
    """Return the rate between packets ``first`` and ``last``, all of which the queue held; None when fewer than two arrived."""
    kept = (train.index >= first) & (train.index <= last)
    index, arrived_ns = train.index[kept], train.arrived_ns[kept]
    if len(index) < 2 or arrived_ns[-1] <= arrived_ns[0]:
        return None
    return float(index[-1] - index[0]) * frame_bits * _NANOSECONDS / float(arrived_ns[-1] - arrived_ns[0])


def counted_rate_bps(train: Train, frame_bits: int, loss_ratio: float) -> float | None:
    """Return the rate of a train that kept the queue full throughout, ``loss_ratio`` of what left it being lost on the way."""
    arrived_ns = np.sort(train.arrived_ns)
    if len(arrived_ns) < 2 or arrived_ns[-1] <= arrived_ns[0] or loss_ratio >= 1:
        return None
    passed = (len(arrived_ns) - 1) / (1 - loss_ratio)
    return passed * frame_bits * _NANOSECONDS / float(arrived_ns[-1] - arrived_ns[0])


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


def median_of(metric: str, direction: SummaryDirection, unit: Unit, values: Sequence[float | None]) -> Summary:
    """Return the median over trains with its distribution-free interval; without a value when no train had one."""
    known = sorted(value for value in values if value is not None)
    if not known:
        return Summary(metric, direction, "p50", None, None, None, unit, 0, QUANTILE_METHOD)
    places = ranks(len(known), QUANTILES["p50"])
    low, high = (None if rank is None else round(known[rank - 1]) for rank in (places.low, places.high))
    return Summary(metric, direction, "p50", round(known[places.value - 1]), low, high, unit, len(known), QUANTILE_METHOD)


def _train(index: Integers, fate: npt.NDArray[np.uint8], sent_ns: Integers, forward_ns: Integers) -> Train:
    arrived, sent = fate == Fate.ANSWERED, fate != Fate.NOT_SENT
    return Train(index[arrived], sent_ns[arrived], (sent_ns + forward_ns)[arrived], sent_ns[sent])
