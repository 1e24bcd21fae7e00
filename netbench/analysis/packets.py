"""What the packets of one pair say: delay, its variation, loss, duplication, reordering."""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt

from netbench.analysis.distribution import shifted, summarise_delays
from netbench.analysis.engine import Kernels, kernels
from netbench.analysis.proportion import proportion
from netbench.analysis.quantiles import QUANTILES
from netbench.analysis.summary import Summary, SummaryDirection
from netbench.measure.samples import Column, Columns, Fate

Integers = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

FORWARD_BIT = 1
REVERSE_BIT = 2
EITHER_BIT = 4


def summarise_packets(
    columns: Columns, quantiles: Mapping[str, Fraction] = QUANTILES, engine: Kernels | None = None
) -> tuple[Summary, ...]:
    """Return the statistics of one pair's packets (``PACKETS`` columns, in any order); nothing where nothing was attempted.

    - ``one_way_delay`` (RFC 7679) forward and reverse, ``round_trip_delay`` (RFC 2681) both: min, mean, quantiles, max of the
      packets that came back. The reflector's residence is no part of a round trip. A lost packet has no delay and is counted
      in the loss alone (RFC 6703 section 5, as RFC 8912 does).
    - ``ipdv`` a direction: absolute difference of the delays of consecutive packets (RFC 3393 with RFC 5481's section 4.1
      selection); a lost packet breaks the chain. ``pdv`` a direction: delay less the smallest delay of these packets
      (RFC 5481 section 4.2).
    - ``loss_ratio`` (RFC 7680, 6673) of all attempts both ways, and each way when every loss is known to be on one of them.
    - ``duplicate_ratio``: packets with more than one copy, of those that came back (RFC 5560 section 5.2).
    - ``reordering_ratio``: packets that were overtaken, of those that came back (RFC 4737 section 4.1), on either way, and
      each way when the ways can be told apart.

    A packet that the instrument failed to send is no attempt. A direction that was not measured has no entry.
    """
    fates = np.asarray(columns["fate"])
    return (
        *_delays(_answered(columns, fates), quantiles, engine or kernels()),
        *_losses(fates),
        *_duplicates(columns, fates),
        *_reordered(columns, fates),
    )


@dataclass(frozen=True, slots=True)
class _Answered:
    """The packets that came back, in the order of sending; ``forward_known`` where the way there has a delay, and so on."""

    sequence: Integers
    forward_ns: Integers
    reverse_ns: Integers
    forward_known: Flags
    reverse_known: Flags
    round_trip_ns: Integers


def _answered(columns: Columns, fates: npt.NDArray[Any]) -> _Answered:
    kept = np.flatnonzero(fates == Fate.ANSWERED)
    sequence = np.asarray(columns["sequence"])[kept].astype(np.int64)
    if np.any(sequence[1:] < sequence[:-1]):
        order = np.argsort(sequence, kind="stable")
        kept, sequence = kept[order], sequence[order]
    forward, reverse = columns["forward_ns"], columns["reverse_ns"]
    there, back = _known(forward, kept), _known(reverse, kept)
    forward_ns, reverse_ns = _integers(forward, kept), _integers(reverse, kept)
    round_trip_ns = _round_trips(forward_ns + reverse_ns, there & back, columns.get("round_trip_ns"), kept)
    return _Answered(sequence, forward_ns, reverse_ns, there, back, round_trip_ns)


def _round_trips(sums: Integers, both_known: Flags, whole: Column | None, kept: npt.NDArray[np.intp]) -> Integers:
    """Return the round trips in the order of sending: of both ways, else as they were measured in one piece."""
    if whole is None:
        return sums[both_known]
    known = both_known | _known(whole, kept)
    return np.where(both_known, sums, _integers(whole, kept))[known]


def _integers(column: Column, kept: npt.NDArray[np.intp]) -> Integers:
    return np.asarray(np.ma.getdata(column), np.int64)[kept]


def _known(column: Column, kept: npt.NDArray[np.intp]) -> Flags:
    return ~np.ma.getmaskarray(column)[kept]


def _delays(packets: _Answered, quantiles: Mapping[str, Fraction], engine: Kernels) -> list[Summary]:
    there, back = packets.forward_known, packets.reverse_known
    return [
        *_one_way("forward", (packets.sequence[there], packets.forward_ns[there]), quantiles, engine),
        *_one_way("reverse", (packets.sequence[back], packets.reverse_ns[back]), quantiles, engine),
        *summarise_delays("round_trip_delay", "both", packets.round_trip_ns, quantiles, engine),
    ]


def _one_way(
    direction: SummaryDirection, series: tuple[Integers, Integers], quantiles: Mapping[str, Fraction], engine: Kernels
) -> list[Summary]:
    delays = summarise_delays("one_way_delay", direction, series[1], quantiles, engine)
    differences = summarise_delays("ipdv", direction, engine.absolute_differences(*series), quantiles, engine)
    least_ns = int(series[1].min()) if delays else 0
    return [
        *delays,
        *(summary for summary in differences if summary.statistic != "min"),
        *(shifted(summary, "pdv", least_ns) for summary in delays if summary.statistic != "min"),
    ]


def _losses(fates: npt.NDArray[Any]) -> list[Summary]:
    count = {fate: int(np.count_nonzero(fates == fate)) for fate in Fate}
    lost_forward, lost_reverse, lost = count[Fate.LOST_FORWARD], count[Fate.LOST_REVERSE], count[Fate.LOST]
    attempts = count[Fate.ANSWERED] + lost_forward + lost_reverse + lost
    if not attempts:
        return []
    both = proportion("loss_ratio", "both", lost + lost_forward + lost_reverse, attempts)
    if lost:
        return [both]
    forward = proportion("loss_ratio", "forward", lost_forward, attempts)
    return [both, forward, proportion("loss_ratio", "reverse", lost_reverse, attempts - lost_forward)]


def _duplicates(columns: Columns, fates: npt.NDArray[Any]) -> list[Summary]:
    answered, copies = fates == Fate.ANSWERED, fates == Fate.DUPLICATE
    if not answered.any():
        return []
    sequence = np.asarray(columns["sequence"])
    replicated = np.isin(np.unique(sequence[copies]), sequence[answered]).sum() if copies.any() else 0
    return [proportion("duplicate_ratio", "both", int(replicated), int(answered.sum()))]


def _reordered(columns: Columns, fates: npt.NDArray[Any]) -> list[Summary]:
    answered = fates == Fate.ANSWERED
    bits = np.asarray(columns["reordered"])[answered]
    if not len(bits):
        return []
    chosen: list[tuple[SummaryDirection, int]] = [("both", FORWARD_BIT | REVERSE_BIT | EITHER_BIT)]
    if not np.ma.getmaskarray(columns["forward_ns"])[answered].all():
        chosen = [("forward", FORWARD_BIT), ("reverse", REVERSE_BIT), *chosen]
    return [proportion("reordering_ratio", direction, int(np.count_nonzero(bits & bit)), len(bits)) for direction, bit in chosen]
