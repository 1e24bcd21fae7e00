"""A ring gives back what was put in, in order, and says when it is full."""

from collections import deque

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from netbench_topologies.relay.direction import COUNT, TAIL
from netbench_topologies.relay.ring import NO_ROOM, RECORD_WORDS, append, first_due, record_at, remove, room, words_of
from tests.topologies.relay.directions import lone_direction, plain_spec

RING_WORDS = 64
STEPS = st.lists(st.one_of(st.none(), st.integers(min_value=1, max_value=200)), max_size=200)


@settings(deadline=None)
@given(STEPS)
def test_ring_is_a_queue(steps: list[int | None]) -> None:
    """Against a deque: a number appends a frame of so many octets where there is room, None removes the first."""
    arena = np.zeros(RING_WORDS, np.int64)
    direction = lone_direction(plain_spec(), ring_words=RING_WORDS)
    twin = deque[tuple[int, int]]()

    for number, octets in enumerate(steps):
        if octets is not None:
            place = room(direction, words_of(octets))
            if place != NO_ROOM:
                arena[place + RECORD_WORDS : place + words_of(octets)] = number
                append(arena, direction, place, number, octets)
                twin.append((number, octets))
        elif twin:
            due, length = twin.popleft()
            start = record_at(arena, direction, int(direction.state[TAIL]))
            assert first_due(arena, direction) == due
            assert (arena[start + RECORD_WORDS : start + words_of(length)] == due).all()
            remove(arena, direction)
        assert direction.state[COUNT] == len(twin)


def test_empty_ring_takes_a_frame_of_its_own_size() -> None:
    """After any history an empty ring has its whole size to give, and not a word more."""
    arena = np.zeros(RING_WORDS, np.int64)
    direction = lone_direction(plain_spec(), ring_words=RING_WORDS)
    append(arena, direction, room(direction, words_of(160)), 1, 160)
    remove(arena, direction)

    assert room(direction, RING_WORDS) == 0
    assert room(direction, RING_WORDS + 1) == NO_ROOM
