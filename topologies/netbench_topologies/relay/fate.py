"""Which frames are lost: the fate of the n-th frame is a function of seed, link, direction and n.

The generator is splitmix64 (Steele, Lea and Flood 2014), used as a counter-based one: draw n is the mix of key + n × the
golden gamma, so that any draw can be had without those before it. The relay's compiled twin is in ``schedule``.
"""

from dataclasses import dataclass
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

from netbench.plan.model import DirectionName

GOLDEN_GAMMA = 0x9E3779B97F4A7C15
FIRST_MIX = 0xBF58476D1CE4E5B9
SECOND_MIX = 0x94D049BB133111EB
FRACTION_BITS = 53


def stream_key(seed: int, link: str, direction: DirectionName, purpose: str) -> int:
    """Return the 64-bit key of one stream of draws; different arguments give unrelated streams."""
    text = f"{seed}\x00{link}\x00{direction}\x00{purpose}"
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "little")


def threshold(ratio: float) -> int:
    """Return the number below which a share ``ratio`` of all 53-bit draws lies."""
    return round(ratio * (1 << FRACTION_BITS))


@dataclass(frozen=True, slots=True)
class LossThresholds:
    """Below which draw a frame is lost: the link's first one, one after a frame that was not lost, one after a lost frame."""

    at_first: int
    after_sent: int
    after_lost: int


def loss_thresholds(ratio: float, burst: float | None) -> LossThresholds:
    """Return the thresholds for a mean ratio, in runs of ``burst`` frames on average, or each frame by itself.

    Runs are Gilbert's (1960): a chain of two states, of which the bad one loses every frame and is left after one in
    ``burst``. It begins in its steady state, so that ``ratio`` holds from the first frame on.
    """
    if burst is None:
        return LossThresholds(threshold(ratio), threshold(ratio), threshold(ratio))
    enter = ratio / (burst * (1 - ratio))
    return LossThresholds(threshold(ratio), threshold(enter), threshold(1 - 1 / burst))


def draws(key: int, first: int, count: int) -> NDArray[np.uint64]:
    """Return 53-bit draws ``first`` to ``first + count - 1`` of a stream, shape (count,)."""
    numbers = np.arange(first, first + count, dtype=np.uint64)
    mixed = np.uint64(key) + (numbers + np.uint64(1)) * np.uint64(GOLDEN_GAMMA)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(FIRST_MIX)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(SECOND_MIX)
    return (mixed ^ (mixed >> np.uint64(31))) >> np.uint64(64 - FRACTION_BITS)


def predicted_losses(
    seed: int,
    link: str,
    direction: DirectionName,
    ratio: float,
    count: int,
    *,
    burst: float | None = None,
    first: int = 0,
    last_lost: bool = False,
) -> NDArray[np.bool_]:
    """Return which of ``count`` frames from number ``first`` on that come through the queue are lost, shape (count,).

    Where ``first`` is not the link's first frame, ``last_lost`` is what became of the one before it.
    """
    drawn = draws(stream_key(seed, link, direction, "loss"), first, count)
    thresholds = loss_thresholds(ratio, burst)
    after_sent, after_lost = drawn < np.uint64(thresholds.after_sent), drawn < np.uint64(thresholds.after_lost)
    if first == 0:
        after_sent[:1] = after_lost[:1] = drawn[:1] < np.uint64(thresholds.at_first)
    return _chain(after_sent, after_lost, last_lost=last_lost)


def predicted_reordering(
    seed: int, link: str, direction: DirectionName, ratio: float, count: int, *, first: int = 0
) -> NDArray[np.bool_]:
    """Return which of ``count`` frames from number ``first`` on are sent late, unless they are lost, shape (count,)."""
    return draws(stream_key(seed, link, direction, "reorder"), first, count) < np.uint64(threshold(ratio))


def _chain(after_sent: NDArray[np.bool_], after_lost: NDArray[np.bool_], *, last_lost: bool) -> NDArray[np.bool_]:
    """Return the fates of frames, given for each what it would be after a sent and after a lost one.

    Where both agree the frame before does not matter; where they differ its fate is taken over, or turned about.
    """
    turns = np.cumsum(after_sent & ~after_lost)
    decided = after_sent == after_lost
    last = np.maximum.accumulate(np.where(decided, np.arange(len(decided)), -1))
    known = last >= 0
    fate = np.where(known, after_sent[last], last_lost)
    return np.asarray(fate ^ ((turns - np.where(known, turns[last], 0)) % 2 == 1))
