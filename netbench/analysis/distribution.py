"""Everything said of one series of nanoseconds: extremes, mean, quantiles, each with its interval."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Final

import numpy as np
import numpy.typing as npt

from netbench.analysis.engine import Kernels, kernels
from netbench.analysis.means import batch_interval, batches_for
from netbench.analysis.quantiles import QUANTILES, ranks
from netbench.analysis.summary import Summary, SummaryDirection

Integers = npt.NDArray[np.int64]

QUANTILE_METHOD: Final = "order statistics"
MEAN_METHOD: Final = "batch means, Student's t"
EXTREME_METHOD: Final = "sample extreme: bounds the true one from one side"


@dataclass(frozen=True, slots=True)
class Moments:
    """Count, extremes, the exact sum and the means of consecutive batches of a series in ns."""

    count: int
    least: int
    greatest: int
    total: int
    batch_means: tuple[float, ...]

    @property
    def mean(self) -> Fraction:
        """The exact mean."""
        return Fraction(self.total, self.count)


def moments(values: Integers, engine: Kernels | None = None) -> Moments:
    """Return the moments of ``values``, which are not empty and of magnitude below 2**62.

    :raises ValueError: when there are none
    """
    if not len(values):
        raise ValueError("nothing was measured, so there are no moments")
    passes, count = engine or kernels(), len(values)
    batches = batches_for(count)
    least, greatest, uppers, lowers = passes.batch_sums(values, batches)
    sums = [(int(upper) << 32) + int(lower) for upper, lower in zip(uppers, lowers, strict=True)]
    sizes = [(batch + 1) * count // batches - batch * count // batches for batch in range(batches)]
    means = tuple(float(Fraction(part, size)) for part, size in zip(sums, sizes, strict=True))
    return Moments(count, int(least), int(greatest), sum(sums), means)


def variance(values: Integers, found: Moments, engine: Kernels | None = None) -> float | None:
    """Return the sample variance (n - 1) of ``values`` in ns² about the exact mean in ``found``; None below two samples."""
    if found.count < 2:
        return None
    centre = float(found.mean - found.least)
    return (engine or kernels()).squared_deviations(values, found.least, centre) / (found.count - 1)


def summarise_delays(
    metric: str,
    direction: SummaryDirection,
    values: Integers,
    quantiles: Mapping[str, Fraction] = QUANTILES,
    engine: Kernels | None = None,
) -> tuple[Summary, ...]:
    """Return min, mean, the quantiles and max of ``values`` in ns, given in the order of sending; nothing when there are none."""
    if not len(values):
        return ()
    found = moments(values, engine)
    least = Summary(metric, direction, "min", found.least, None, found.least, "ns", found.count, EXTREME_METHOD)
    greatest = Summary(metric, direction, "max", found.greatest, found.greatest, None, "ns", found.count, EXTREME_METHOD)
    middle = tuple(_quantiles(metric, direction, values, quantiles, engine))
    return (least, _mean(metric, direction, found), *middle, greatest)


def shifted(summary: Summary, metric: str, origin_ns: int) -> Summary:
    """Return the same figure of ``metric``, counted from ``origin_ns`` instead of zero."""

    def less(bound: float | None) -> float | int | None:
        return None if bound is None else bound - origin_ns

    return replace(summary, metric=metric, value=less(summary.value), low=less(summary.low), high=less(summary.high))


def _mean(metric: str, direction: SummaryDirection, found: Moments) -> Summary:
    interval = batch_interval(found.batch_means)
    low, high = (None, None) if interval is None else (round(interval[0]), round(interval[1]))
    return Summary(metric, direction, "mean", round(found.mean), low, high, "ns", found.count, MEAN_METHOD)


def _quantiles(
    metric: str, direction: SummaryDirection, values: Integers, quantiles: Mapping[str, Fraction], engine: Kernels | None
) -> list[Summary]:
    count = len(values)
    wanted = {name: ranks(count, quantile) for name, quantile in quantiles.items()}
    places = sorted({rank for each in wanted.values() for rank in (each.value, each.low, each.high) if rank is not None})
    value_at = dict(zip(places, (engine or kernels()).order_statistics(values, places), strict=True))

    def at(rank: int | None) -> int | None:
        return None if rank is None else value_at[rank]

    return [
        Summary(metric, direction, name, at(each.value), at(each.low), at(each.high), "ns", count, QUANTILE_METHOD)
        for name, each in wanted.items()
    ]
