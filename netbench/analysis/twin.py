"""The passes of ``netbench.analysis.kernels`` in numpy, for where code may not be compiled: the same figures, more slowly."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import numpy.typing as npt

Integers = npt.NDArray[np.int64]

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
