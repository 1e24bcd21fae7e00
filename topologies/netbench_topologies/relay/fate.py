"""Which frames are lost: the fate of the n-th frame is a function of seed, link, direction and n.

The generator is splitmix64 (Steele, Lea and Flood 2014), used as a counter-based one: draw n is the mix of key + n × the
golden gamma, so that any draw can be had without those before it. The relay's compiled twin is in ``schedule``.
"""

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


def loss_threshold(ratio: float) -> int:
    """Return the number below which a 53-bit draw means loss."""
    return round(ratio * (1 << FRACTION_BITS))


def draws(key: int, first: int, count: int) -> NDArray[np.uint64]:
    """Return 53-bit draws ``first`` to ``first + count - 1`` of a stream, shape (count,)."""
    numbers = np.arange(first, first + count, dtype=np.uint64)
    mixed = np.uint64(key) + (numbers + np.uint64(1)) * np.uint64(GOLDEN_GAMMA)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(FIRST_MIX)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(SECOND_MIX)
    return (mixed ^ (mixed >> np.uint64(31))) >> np.uint64(64 - FRACTION_BITS)


def predicted_losses(
    seed: int, link: str, direction: DirectionName, ratio: float, count: int, *, first: int = 0
) -> NDArray[np.bool_]:
    """Return which of ``count`` frames from number ``first`` on that come through the queue are lost, shape (count,)."""
    return draws(stream_key(seed, link, direction, "loss"), first, count) < np.uint64(loss_threshold(ratio))
