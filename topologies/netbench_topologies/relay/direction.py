"""One direction of one link as the compiled functions see it: what is asked, where it stands, what it has counted."""

from typing import NamedTuple

import numpy as np

from netbench.linux.native.compiled import compiled
from netbench_topologies.relay.layout import Words
from netbench_topologies.relay.ring import HEAD, NOWHERE, RING_WORDS, TAIL

BUSY_UNTIL, REMAINDER, LAST_DUE, LAST_LATE_DUE, LAST_ARRIVAL, LARGE_FRAMES = range(6)
STATE_WORDS = 6
RINGS = 2


class Direction(NamedTuple):
    """One direction: ``spec`` and ``counters`` are its rows of the shared memory, the others of the relay's own.

    Frames that keep their order are in ``ring``, those that others may overtake in ``late_ring``.
    """

    spec: Words
    state: Words
    counters: Words
    ring: Words
    late_ring: Words


class Directions(NamedTuple):
    """All directions: one row each in every table but ``rings``, where direction i has the rows 2 × i and 2 × i + 1 (late)."""

    specs: Words
    states: Words
    counters: Words
    rings: Words


def fresh_directions(specs: Words, counters: Words) -> Directions:
    """Return directions that have seen nothing yet."""
    rings = np.zeros((RINGS * len(specs), RING_WORDS), np.int64)
    rings[:, [HEAD, TAIL]] = NOWHERE
    return Directions(specs, np.zeros((len(specs), STATE_WORDS), np.int64), counters, rings)


@compiled
def direction_at(directions: Directions, index: int) -> Direction:
    """Return one direction of all."""
    return Direction(
        directions.specs[index],
        directions.states[index],
        directions.counters[index],
        directions.rings[RINGS * index],
        directions.rings[RINGS * index + 1],
    )
