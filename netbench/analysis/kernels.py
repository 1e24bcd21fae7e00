"""The passes over all samples, compiled.

Each takes int64 nanoseconds of magnitude below 2**62, holds no Python objects and releases the GIL. Sums are exact: a value is
split into its upper and lower 32 bits, which 2**31 samples cannot overflow. Hulls take float64, counted from an origin nearby.
``netbench.analysis.twin`` is the same in numpy.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from numba import njit

Integers = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

NAME: str = "numba"
_SORTED_AT_ONCE = 8192
_BUCKET_BITS = 14
_BUCKETS = 1 << _BUCKET_BITS


@njit(cache=True, nogil=True)
def batch_sums(values: Integers, batches: int) -> tuple[int, int, Integers, Integers]:
    """Return minimum, maximum, and the upper and lower halves of the sums of ``batches`` stretches, equal to one sample.

    Batch b ends before sample ``(b + 1) * len(values) // batches``; its sum is ``(upper << 32) + lower``. There is a sample.
    """
    uppers, lowers = np.zeros(batches, np.int64), np.zeros(batches, np.int64)
    least, greatest = values[0], values[0]
    for batch in range(batches):
        upper, lower = 0, 0
        stretch = values[batch * len(values) // batches : (batch + 1) * len(values) // batches]
        for index in range(len(stretch)):  # counted from 0, so that it is known to need no wrapping round and is vectorised
            value = stretch[index]
            least, greatest = min(least, value), max(greatest, value)
            upper += value >> 32
            lower += value & 0xFFFFFFFF
        uppers[batch], lowers[batch] = upper, lower
    return least, greatest, uppers, lowers


@njit(cache=True, nogil=True)
def squared_deviations(values: Integers, origin: int, centre: float) -> float:
    """Return the sum of ``(value - origin - centre) ** 2``, in blocks: rounding grows with the blocks alone."""
    total = 0.0
    for start in range(0, len(values), 4096):
        stretch, square = values[start : start + 4096], 0.0
        for index in range(len(stretch)):
            deviation = float(stretch[index] - origin) - centre
            square += deviation * deviation
        total += square
    return total


@njit(cache=True, nogil=True)
def absolute_differences(sequence: Integers, values: Integers) -> Integers:
    """Return ``|values[i] - values[i-1]|`` wherever ``sequence[i] == sequence[i-1] + 1`` (RFC 5481 section 4.1)."""
    differences = np.empty(max(len(values) - 1, 0), np.int64)
    count = 0
    for index in range(1, len(values)):
        if sequence[index] == sequence[index - 1] + 1:
            differences[count] = abs(values[index] - values[index - 1])
            count += 1
    return differences[:count]


@njit(cache=True, nogil=True)
def lower_hull(times: Floats, values: Floats) -> Integers:
    """Return the places of the lower convex hull's corners, in order of time (Andrew's monotone chain).

    ``times`` never decrease. Every point lies on or above the line through two corners that follow each other.
    """
    corners, count = np.empty(len(times), np.int64), 0
    hull_times, hull_values = np.empty(len(times)), np.empty(len(times))  # side by side in memory: three times as fast
    for index in range(len(times)):
        place = _place(hull_times, hull_values, count, times[index], values[index])
        if place >= 0:
            hull_times[place], hull_values[place], corners[place] = times[index], values[index], index
            count = place + 1
    return corners[:count]


@njit(cache=True, nogil=True)
def floor_costs(times: Floats, values: Floats) -> Floats:
    """Return, for the first k + 1 points, how far they lie in all above the line below them all that is nearest to them.

    That line is the edge of their hull that spans their mean time. ``times`` never decrease.
    """
    costs, hull_times, hull_values = np.zeros(len(times)), np.empty(len(times)), np.empty(len(times))
    count, time_sum, value_sum = 0, 0.0, 0.0
    for index in range(len(times)):
        place = _place(hull_times, hull_values, count, times[index], values[index])
        if place >= 0:
            hull_times[place], hull_values[place] = times[index], values[index]
            count = place + 1
        time_sum += times[index]
        value_sum += values[index]
        under = _hull_at(hull_times, hull_values, count, time_sum / (index + 1))
        costs[index] = max(0.0, value_sum - (index + 1) * under)
    return costs


@njit(cache=True, nogil=True)
def _place(hull_times: Floats, hull_values: Floats, count: int, time: float, value: float) -> int:
    """Return which corner a new last point is, those from there on being none any more; -1 where it lies above another."""
    if count and hull_times[count - 1] == time:
        if value >= hull_values[count - 1]:
            return -1
        count -= 1
    while count >= 2:
        last, before = count - 1, count - 2
        rise = (hull_values[last] - hull_values[before]) * (time - hull_times[before])
        if rise < (value - hull_values[before]) * (hull_times[last] - hull_times[before]):
            break
        count -= 1
    return count


@njit(cache=True, nogil=True)
def _hull_at(hull_times: Floats, hull_values: Floats, count: int, time: float) -> float:
    left, right = 0, count - 1
    while right - left > 1:
        middle = (left + right) // 2
        if hull_times[middle] <= time:
            left = middle
        else:
            right = middle
    if left == right:
        return float(hull_values[right])
    slope = (hull_values[right] - hull_values[left]) / (hull_times[right] - hull_times[left])
    return float(hull_values[left] + slope * (time - hull_times[left]))


def order_statistics(values: Integers, ranks: Sequence[int]) -> list[int]:
    """Return the ``rank``-th smallest value for every rank, counted from 1, exactly, without sorting all of them.

    One pass counts values into buckets, one more fetches the buckets that hold a wanted rank; only those are sorted. A bucket
    that is still large is divided again, so that an outlier far away costs two passes more and nothing worse.
    """
    if len(values) <= _SORTED_AT_ONCE:
        ordered = np.sort(values)
        return [int(ordered[rank - 1]) for rank in ranks]
    division = _divided(values)
    bucket_of = {rank: int(np.searchsorted(division.ends, rank, side="left")) for rank in ranks}
    if division.shift == 0:
        return [division.least + bucket_of[rank] for rank in ranks]
    found = _within_buckets(values, division, bucket_of)
    return [found[rank] for rank in ranks]


@dataclass(frozen=True, slots=True)
class _Division:
    """Values put into buckets of ``2 ** shift`` from ``least`` on; ``ends[b]`` values lie in the buckets up to and with b."""

    least: int
    shift: int
    ends: Integers

    def before(self, bucket: int) -> int:
        return int(self.ends[bucket - 1]) if bucket else 0

    def size(self, bucket: int) -> int:
        return int(self.ends[bucket]) - self.before(bucket)


def _divided(values: Integers) -> _Division:
    least, greatest, _, _ = batch_sums(values, 1)
    shift = max(0, (int(greatest) - int(least)).bit_length() - _BUCKET_BITS)
    return _Division(int(least), shift, np.cumsum(_bucket_counts(values, least, shift)))


def _within_buckets(values: Integers, division: _Division, bucket_of: Mapping[int, int]) -> dict[int, int]:
    places, starts, place = np.full(_BUCKETS, -1, np.int64), dict[int, int](), 0
    for bucket in sorted(set(bucket_of.values())):
        places[bucket] = starts[bucket] = place
        place += division.size(bucket)
    fetched = _fetch(values, division.least, division.shift, places, place)
    found: dict[int, int] = {}
    for bucket, start in starts.items():
        here = [rank for rank in bucket_of if bucket_of[rank] == bucket]
        inside = [rank - division.before(bucket) for rank in here]
        found.update(zip(here, order_statistics(fetched[start : start + division.size(bucket)], inside), strict=True))
    return found


@njit(cache=True, nogil=True)
def _bucket_counts(values: Integers, least: int, shift: int) -> Integers:
    counts = np.zeros(_BUCKETS, np.int64)
    for index in range(len(values)):
        counts[(values[index] - least) >> shift] += 1
    return counts


@njit(cache=True, nogil=True)
def _fetch(values: Integers, least: int, shift: int, places: Integers, size: int) -> Integers:
    fetched = np.empty(size, np.int64)
    for index in range(len(values)):
        bucket = (values[index] - least) >> shift
        place = places[bucket]
        if place >= 0:
            fetched[place] = values[index]
            places[bucket] = place + 1
    return fetched
