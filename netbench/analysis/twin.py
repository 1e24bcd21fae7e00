"""The passes of ``netbench.analysis.kernels`` in numpy, for where code may not be compiled: the same figures, more slowly."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import numpy.typing as npt

Integers = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

NAME: str = "numpy"


def batch_sums(values: Integers, batches: int) -> tuple[int, int, Integers, Integers]:
    """Return minimum, maximum, and the upper and lower halves of the sums of ``batches`` stretches, equal to one sample."""
    edges = [batch * len(values) // batches for batch in range(batches + 1)]
    parts = [values[start:end] for start, end in pairwise(edges)]
    uppers = np.array([(part >> 32).sum() for part in parts], np.int64)
    lowers = np.array([(part & 0xFFFFFFFF).sum() for part in parts], np.int64)
    return int(values.min()), int(values.max()), uppers, lowers


def squared_deviations(values: Integers, origin: int, centre: float) -> float:
    """Return the sum of ``(value - origin - centre) ** 2``."""
    deviations = (values - origin).astype(np.float64) - centre
    return float(np.square(deviations).sum())


def absolute_differences(sequence: Integers, values: Integers) -> Integers:
    """Return ``|values[i] - values[i-1]|`` wherever ``sequence[i] == sequence[i-1] + 1`` (RFC 5481 section 4.1)."""
    differences: Integers = np.abs(np.diff(values))
    neighbours: Integers = differences[np.diff(sequence) == 1]
    return neighbours


def order_statistics(values: Integers, ranks: Sequence[int]) -> list[int]:
    """Return the ``rank``-th smallest value for every rank, counted from 1, exactly."""
    places = [rank - 1 for rank in ranks]
    return [int(value) for value in np.partition(values, sorted(set(places)))[places]] if places else []


def lower_hull(times: Floats, values: Floats) -> Integers:
    """Return the places of the lower convex hull's corners, in order of time."""
    corners: list[int] = []
    for new in range(len(times)):
        _push(times, values, corners, new)
    return np.array(corners, np.int64)


def floor_costs(times: Floats, values: Floats) -> Floats:
    """Return, for the first k + 1 points, how far they lie in all above the line below them all that is nearest to them."""
    corners: list[int] = []
    costs, time_sum, value_sum = np.zeros(len(times)), 0.0, 0.0
    for new in range(len(times)):
        _push(times, values, corners, new)
        time_sum, value_sum = time_sum + float(times[new]), value_sum + float(values[new])
        under = float(np.interp(time_sum / (new + 1), times[corners], values[corners]))
        costs[new] = max(0.0, value_sum - (new + 1) * under)
    return costs


def _push(times: Floats, values: Floats, corners: list[int], new: int) -> None:
    if corners and times[corners[-1]] == times[new]:
        if values[new] >= values[corners[-1]]:
            return
        corners.pop()
    while len(corners) >= 2:
        last, before = corners[-1], corners[-2]
        rise = (values[last] - values[before]) * (times[new] - times[before])
        if rise < (values[new] - values[before]) * (times[last] - times[before]):
            break
        corners.pop()
    corners.append(new)
