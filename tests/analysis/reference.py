"""The same figures slowly, from their definitions, in exact arithmetic."""

import math
from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise


def quantile(values: Sequence[int], share: Fraction) -> int:
    """Return the smallest value that at least ``share`` of all values do not exceed."""
    return next(value for value in sorted(values) if Fraction(sum(other <= value for other in values), len(values)) >= share)


def neighbour_differences(sequence: Sequence[int], values: Sequence[int]) -> list[int]:
    """Return the absolute differences of packets whose sequence numbers follow each other."""
    packets = sorted(zip(sequence, values, strict=True))
    return [abs(right[1] - left[1]) for left, right in pairwise(packets) if right[0] == left[0] + 1]


def at_most(count: int, trials: int, ratio: Fraction) -> Fraction:
    """Return the exact probability of at most ``count`` successes in ``trials`` of that ratio."""
    terms = (math.comb(trials, each) * ratio**each * (1 - ratio) ** (trials - each) for each in range(count + 1))
    return sum(terms, Fraction(0))
