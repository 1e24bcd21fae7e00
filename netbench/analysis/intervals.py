"""What the intervals of one pair say: throughput a direction, and how often it was enough."""

from dataclasses import replace
from typing import Final

import numpy as np
import numpy.typing as npt

from netbench.analysis.distribution import EXTREME_METHOD, QUANTILE_METHOD
from netbench.analysis.means import series_interval
from netbench.analysis.proportion import proportion
from netbench.analysis.quantiles import QUANTILES, ranks
from netbench.analysis.summary import Summary, SummaryDirection
from netbench.measure.samples import Columns, Turn

MEAN_METHOD: Final = "effective sample size, Student's t"
_BITS_PER_BYTE_NS: Final = 8 * 1_000_000_000


def summarise_intervals(columns: Columns) -> tuple[Summary, ...]:
    """Return ``throughput`` of one pair's intervals (``INTERVALS`` columns): min, mean, p50, max a direction, in bit/s.

    The mean is all bytes over all time. Its interval is Student's, with as many degrees of freedom as the intervals are worth
    when neighbours resemble each other; with fewer than five intervals it has none. A direction without intervals has no entry.
    """
    return tuple(summary for turn in Turn for summary in _throughput(columns, turn))


def share_at_least(columns: Columns, turn: Turn, threshold_bps: float, error_ratio: float = 0.0) -> Summary:
    """Return the share of intervals of one direction whose rate reaches ``threshold_bps`` (达标速率占比), by Clopper–Pearson.

    Its statistic is ``share_at_least`` of the metric ``throughput``; without intervals it has no value. The threshold is in the
    terms of the samples: of an emulation, the plan's divided by ``rate_scale``. Every rate may be off by ``error_ratio`` of
    itself: the interval's ends are those of the shares that would reach it if all were that much too high, and too low.
    """
    received_bytes, durations_ns = _of_turn(columns, turn)
    bits, needed = received_bytes * float(_BITS_PER_BYTE_NS), threshold_bps * durations_ns

    def share(factor: float) -> Summary:
        reached = int(np.count_nonzero(bits * factor >= needed))
        return proportion("throughput", _name(turn), reached, len(bits), "share_at_least")

    return replace(share(1.0), low=share(1 - error_ratio).low, high=share(1 + error_ratio).high)


def _of_turn(columns: Columns, turn: Turn) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Bytes and durations in the order of time; an interval of no length says nothing and is left out."""
    kept = np.flatnonzero((np.asarray(columns["turn"]) == turn) & (np.asarray(columns["duration_ns"]) > 0))
    kept = kept[np.argsort(np.asarray(columns["start_ns"])[kept], kind="stable")]
    return np.asarray(columns["received_bytes"], np.int64)[kept], np.asarray(columns["duration_ns"], np.int64)[kept]


def _name(turn: Turn) -> SummaryDirection:
    return "forward" if turn is Turn.FORWARD else "reverse"


def _throughput(columns: Columns, turn: Turn) -> tuple[Summary, ...]:
    received_bytes, durations_ns = _of_turn(columns, turn)
    count, direction = len(received_bytes), _name(turn)
    if not count:
        return ()
    rates = sorted(_rates(received_bytes, durations_ns))
    median = ranks(count, QUANTILES["p50"])
    low, high = (None if rank is None else round(rates[rank - 1]) for rank in (median.low, median.high))
    least, middle, greatest = round(rates[0]), round(rates[median.value - 1]), round(rates[-1])
    return (
        Summary("throughput", direction, "min", least, None, least, "bit/s", count, EXTREME_METHOD),
        _mean(direction, received_bytes, durations_ns),
        Summary("throughput", direction, "p50", middle, low, high, "bit/s", count, QUANTILE_METHOD),
        Summary("throughput", direction, "max", greatest, greatest, None, "bit/s", count, EXTREME_METHOD),
    )


def _rates(received_bytes: npt.NDArray[np.int64], durations_ns: npt.NDArray[np.int64]) -> list[float]:
    return [float(rate) for rate in received_bytes * float(_BITS_PER_BYTE_NS) / durations_ns]


def _mean(direction: SummaryDirection, received_bytes: npt.NDArray[np.int64], durations_ns: npt.NDArray[np.int64]) -> Summary:
    mean = int(received_bytes.sum()) * _BITS_PER_BYTE_NS / int(durations_ns.sum())
    interval = series_interval(_rates(received_bytes, durations_ns), mean)
    low, high = (None, None) if interval is None else (max(0, round(interval[0])), round(interval[1]))
    return Summary("throughput", direction, "mean", round(mean), low, high, "bit/s", len(durations_ns), MEAN_METHOD)
