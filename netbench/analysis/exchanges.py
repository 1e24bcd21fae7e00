"""Two-way exchanges as two clocks saw them, brought near to zero so that floats hold them to the nanosecond."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from netbench.analysis.steps import Windows
from netbench.analysis.strips import Points
from netbench.measure.samples import Column, Columns, Fate

Integers = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

MOST_SKEW: Final = 1e-3
"""How far the rates of two clocks may differ: the kernel lets neither be put off by more than 500 ppm."""
MOST_WINDOWS: Final = 256
FEWEST_A_WINDOW: Final = 4
_RESOLUTIONS_NS: Final = (1_000_000_000, 100_000_000, 10_000_000, 4_000_000, 1_000_000, 100_000, 10_000, 1_000, 100)
_ROUNDING_NS: Final = 1
_BLOCKS: Final = 16


@dataclass(frozen=True, slots=True)
class Exchanges:
    """Packets that came back, in order of sending: T2 - T1 and T4 - T3, one clock's time less the other's.

    ``rows`` are their places in the columns, ``sent`` is T1. ``times`` are nanoseconds since the first was sent, and never go
    back although a clock may. ``offset_ns`` and ``drift`` are roughly by what the far clock was ahead of this one at the first
    packet, and by how much it is faster: ``forward`` and ``reverse`` are the delays without that. ``resolution_ns`` is the
    far clock's tick.
    """

    rows: npt.NDArray[np.intp]
    sent: Integers
    times: Floats
    forward: Floats
    reverse: Floats
    offset_ns: int
    drift: float
    resolution_ns: int

    def __len__(self) -> int:
        return len(self.times)

    def windows(self) -> Windows:
        """Return the least delays of successive windows of as many packets each."""
        edges = self.window_edges()
        return Windows(self._least(self.forward, edges), self._least(self.reverse, edges))

    def window_edges(self) -> Integers:
        """Return where each window begins, and where the last one ends."""
        count = max(1, min(MOST_WINDOWS, len(self) // FEWEST_A_WINDOW))
        return np.arange(count + 1, dtype=np.int64) * len(self) // count

    def windows_before(self, first: int, last: int) -> int:
        """Return which of the windows from ``first`` up to ``last`` is the end of those whose packets were back by then."""
        edges, longest_ns = self.window_edges(), float(np.quantile(self.forward + self.reverse, 0.95))
        if last + 1 == len(edges):
            return last
        back = int(np.searchsorted(self.times, self.times[edges[last]] - max(0.0, longest_ns)))
        return max(min(first + 2, last), int(np.searchsorted(edges, back, side="right")) - 1)

    def _least(self, values: Floats, edges: Integers) -> Points:
        lowest = np.repeat(np.minimum.reduceat(values, edges[:-1]), np.diff(edges))
        hits = np.flatnonzero(values == lowest)
        _, first = np.unique(np.searchsorted(edges, hits, side="right"), return_index=True)
        places = hits[first]
        return Points(self.times[places], values[places])


def exchanges(columns: Columns) -> Exchanges | None:
    """Return what the packets of one pair say of two clocks; None when none came back with both delays."""
    both = ~(np.ma.getmaskarray(columns["forward_ns"]) | np.ma.getmaskarray(columns["reverse_ns"]))
    kept = np.flatnonzero((np.asarray(columns["fate"]) == Fate.ANSWERED) & both)
    if not len(kept):
        return None
    rows = kept[np.argsort(np.asarray(columns["sequence"])[kept], kind="stable")]
    sent, forward, reverse = (_integers(columns[name])[rows] for name in ("sent_ns", "forward_ns", "reverse_ns"))
    times = _times(sent)
    offset_ns = int(forward[0] - reverse[0]) // 2
    apparent = ((forward - offset_ns) - (reverse + offset_ns)) / 2
    drift = _drift(times, apparent)
    return Exchanges(
        rows,
        sent,
        times,
        (forward - offset_ns) - drift * times,
        (reverse + offset_ns) + drift * times,
        offset_ns,
        drift,
        _resolution_ns(sent + forward),
    )


def _integers(column: Column) -> Integers:
    return np.asarray(np.ma.getdata(column), np.int64)


def _times(sent: Integers) -> Floats:
    """A clock that is put back in between would make time go back: there the usual interval stands in."""
    gaps = np.diff(sent)
    usual = int(np.median(gaps)) if len(gaps) else 0
    return np.concatenate([[0.0], np.cumsum(np.where(gaps > 0, gaps, max(1, usual)), dtype=np.float64)])


def _drift(times: Floats, apparent: Floats) -> float:
    """The median slope from block to block, which a few steps among them do not move far; what no clock does is none."""
    if len(times) < 2 * _BLOCKS:
        return 0.0
    whole = len(times) // _BLOCKS * _BLOCKS
    at, level = (np.median(values[:whole].reshape(_BLOCKS, -1), axis=1) for values in (times, apparent))
    return float(np.clip(np.median(np.diff(level) / np.diff(at)), -MOST_SKEW, MOST_SKEW))


def _resolution_ns(instants: Integers) -> int:
    """How finely the far clock was read: the coarsest tick that all of its instants fall on, 0 where there is none."""
    if len(instants) < FEWEST_A_WINDOW:
        return 0
    return next((tick for tick in _RESOLUTIONS_NS if _falls_on(instants, tick)), 0)


def _falls_on(instants: Integers, tick_ns: int) -> bool:
    beside = instants % tick_ns
    return bool(np.all(np.minimum(beside, tick_ns - beside) <= _ROUNDING_NS))
