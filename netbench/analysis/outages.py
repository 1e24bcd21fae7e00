"""How long nothing arrived: an outage, told from packets that are sent at a steady pace along one direction."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from netbench.measure.samples import Columns, Fate

QUIET_NS = 250_000_000
"""An outage is over when packets have arrived for this long without a loss: what is lost later is another matter."""

STALL_NS = 100_000_000
"""Packets that could not be sent for less than this are the instrument's doing, for longer a sender's that has no route."""

HELD_NS = 100_000_000
"""No other route is longer by so much."""

Integers = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

_ARRIVED = (Fate.ANSWERED, Fate.LOST_REVERSE)
_ATTEMPTS = (Fate.ANSWERED, Fate.LOST, Fate.LOST_FORWARD, Fate.LOST_REVERSE, Fate.NOT_SENT)


@dataclass(frozen=True, slots=True)
class Outage:
    """What became of one direction around a cut.

    ``outage_ns`` is from the first packet that was lost after the cut to the last before packets arrived again, each standing
    for one interval of the pace; 0 where none was lost. It is true to within ``resolution_ns`` either way: the pace, or more
    where the instrument skipped packets beside it. ``lost`` counts them, and ``attempted`` all packets from the cut to the end.
    Delays are medians of what arrived before the cut, and after the outage until the restoration; None where nothing did.
    ``survived``: packets arrived that were the last to be sent before the restoration. ``recovered``: they do at the end.
    """

    outage_ns: int
    resolution_ns: int
    lost: int
    attempted: int
    delay_before_ns: int | None
    delay_after_ns: int | None
    survived: bool
    recovered: bool


@dataclass(frozen=True, slots=True)
class _Attempts:
    """When each attempt was sent, whether it arrived, and its delay, in the order of sending."""

    sent_ns: Integers
    arrived: Flags
    forward_ns: "np.ma.MaskedArray[Any, Any]"


def measure_outage(columns: Columns, cut_ns: int, restored_ns: int, pace_ns: int, reach_ns: int) -> Outage:
    """Return the outage of the way there, from one pair's packets (``PACKETS`` columns, in any order).

    ``cut_ns`` and ``restored_ns`` are wall-clock instants; a packet sent up to ``reach_ns`` before the cut may still have been on
    its way. Packets that could not be sent for ``STALL_NS`` or longer count as lost: a sender without a route has an outage too.
    """
    attempts = _attempts(columns)
    sent, forward = attempts.sent_ns, attempts.forward_ns
    arrived = attempts.arrived & ~_held(attempts, restored_ns, reach_ns)
    from_cut = sent >= cut_ns - reach_ns
    missing = np.flatnonzero(from_cut & ~arrived)
    missing = missing[: _run_length(sent[missing])]
    ended_ns = int(sent[missing[-1]]) + pace_ns if len(missing) else cut_ns
    settled_ns = restored_ns - HELD_NS - reach_ns
    before, after = sent < cut_ns - reach_ns, (sent >= ended_ns) & (sent < settled_ns)
    late = _last_of(sent, settled_ns) & from_cut
    last = sent >= sent.max(initial=0) - QUIET_NS
    return Outage(
        outage_ns=int(sent[missing[-1]] - sent[missing[0]]) + pace_ns if len(missing) else 0,
        resolution_ns=_resolution_ns(sent, missing, pace_ns),
        lost=len(missing),
        attempted=int(np.count_nonzero(from_cut)),
        delay_before_ns=_median(forward[before & arrived]),
        delay_after_ns=_median(forward[after & arrived]),
        survived=bool(np.any(arrived[late])),
        recovered=bool(np.any(arrived[last])),
    )


def _last_of(sent_ns: Integers, before_ns: int) -> Flags:
    """The last attempts before an instant, however long before it a busy machine made them."""
    earlier = sent_ns < before_ns
    return np.asarray(earlier & (sent_ns >= sent_ns[earlier].max(initial=0) - QUIET_NS))


def _held(attempts: _Attempts, restored_ns: int, reach_ns: int) -> Flags:
    """Which packets went in circles until the restoration set them free: without it they would not have arrived."""
    delay = attempts.forward_ns.filled(0)
    freed = (attempts.sent_ns < restored_ns) & (attempts.sent_ns + delay >= restored_ns)
    return np.asarray(freed & (delay > reach_ns + HELD_NS))


def _attempts(columns: Columns) -> _Attempts:
    fates = np.asarray(columns["fate"])
    kept = np.flatnonzero(np.isin(fates, _ATTEMPTS))
    kept = kept[np.argsort(np.asarray(columns["sent_ns"])[kept], kind="stable")]
    sent = np.asarray(columns["sent_ns"])[kept].astype(np.int64)
    counted = ~_stalls(sent, fates[kept] == Fate.NOT_SENT)
    kept, sent = kept[counted], sent[counted]
    return _Attempts(sent, np.isin(fates[kept], _ARRIVED), np.ma.MaskedArray(columns["forward_ns"])[kept])


def _stalls(sent_ns: Integers, unsent: Flags) -> Flags:
    """Which packets the instrument was too late for: those of a short run of packets that were not sent."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], unsent, [False]]).astype(np.int8)))
    stalled = np.zeros(len(unsent), np.bool_)
    for first, end in edges.reshape(-1, 2):
        stalled[first:end] = sent_ns[end - 1] - sent_ns[first] < STALL_NS
    return stalled


def _resolution_ns(sent_ns: Integers, missing: Integers, pace_ns: int) -> int:
    """The pace, or what lies between an end of the outage and the attempt beside it, where that is longer."""
    if not len(missing):
        return pace_ns
    first, last = int(missing[0]), int(missing[-1])
    beside = [sent_ns[first] - sent_ns[first - 1]] if first else []
    beside += [sent_ns[last + 1] - sent_ns[last]] if last + 1 < len(sent_ns) else []
    return max(pace_ns, *map(int, beside))


def _run_length(sent_ns: Integers) -> int:
    """How many of the lost belong together: up to the first pause longer than ``QUIET_NS``."""
    pauses = np.flatnonzero(np.diff(sent_ns) > QUIET_NS)
    return int(pauses[0]) + 1 if len(pauses) else len(sent_ns)


def _median(delays_ns: "np.ma.MaskedArray[Any, Any]") -> int | None:
    known = delays_ns.compressed()
    return round(float(np.median(known))) if len(known) else None
