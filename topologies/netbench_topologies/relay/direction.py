"""One direction of one link as the compiled functions see it: what is asked, where it stands, what it has counted."""

from typing import NamedTuple

from netbench_topologies.relay.compiled import compiled
from netbench_topologies.relay.layout import Words

BUSY_UNTIL, REMAINDER, LAST_DUE, HEAD, TAIL, COUNT, LAST_ARRIVAL, LARGE_FRAMES = range(8)
STATE_WORDS = 8


class Direction(NamedTuple):
    """One direction: ``spec`` and ``counters`` are its rows of the shared memory, ``state`` its row of the relay's own."""

    spec: Words
    state: Words
    counters: Words


class Directions(NamedTuple):
    """All directions: one row each in every table."""

    specs: Words
    states: Words
    counters: Words


@compiled
def direction_at(directions: Directions, index: int) -> Direction:
    """Return one direction of all."""
    return Direction(directions.specs[index], directions.states[index], directions.counters[index])
