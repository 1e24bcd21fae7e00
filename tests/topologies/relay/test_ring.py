"""Rings give back what was put in, in order, say when the store is full, and give every chunk back."""

from collections import deque

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from netbench_topologies.relay.engine import make_store
from netbench_topologies.relay.layout import CHUNK_WORDS, LARGEST_FRAME, Words
from netbench_topologies.relay.ring import (
    COUNT,
    HEAD,
    NO_ROOM,
    NOWHERE,
    RECORD_WORDS,
    RING_WORDS,
    TAIL,
    Store,
    append,
    first_due,
    record_at,
    remove,
    room,
    words_of,
)

CHUNKS = 4
STEPS = st.lists(
    st.tuples(st.integers(min_value=0, max_value=1), st.one_of(st.none(), st.integers(min_value=1, max_value=LARGEST_FRAME))),
    max_size=200,
)


def empty_ring() -> Words:
    ring = np.zeros(RING_WORDS, np.int64)
    ring[[HEAD, TAIL]] = NOWHERE
    return ring


def put(store: Store, ring: Words, number: int, octets: int) -> bool:
    place = room(store, ring, words_of(octets))
    if place == NO_ROOM:
        return False
    store.words[place + RECORD_WORDS : place + words_of(octets)] = number
    append(store, ring, place, number, octets)
    return True


def check_first(store: Store, ring: Words, number: int, octets: int) -> None:
    start = record_at(store, int(ring[TAIL]))
    assert first_due(store, ring) == number
    assert store.words[start + 1] == octets
    assert (store.words[start + RECORD_WORDS : start + words_of(octets)] == number).all()


@settings(deadline=None)
@given(STEPS)
def test_rings_of_one_store_are_queues(steps: list[tuple[int, int | None]]) -> None:
    """Against deques: a number appends a frame of so many octets where there is room, None removes the first."""
    store, rings, twins = make_store(CHUNKS), (empty_ring(), empty_ring()), (deque[tuple[int, int]](), deque[tuple[int, int]]())

    for number, (which, octets) in enumerate(steps):
        ring, twin = rings[which], twins[which]
        if octets is not None:
            if put(store, ring, number, octets):
                twin.append((number, octets))
        elif twin:
            check_first(store, ring, *twin.popleft())
            remove(store, ring)
        assert [int(each[COUNT]) for each in rings] == [len(each) for each in twins]
    for ring, twin in zip(rings, twins, strict=True):
        while twin:
            check_first(store, ring, *twin.popleft())
            remove(store, ring)

    held = sum(int(ring[HEAD]) != NOWHERE for ring in rings)  # a chunk may be prepared for a frame that never came
    assert sorted(store.free[1 : 1 + store.free[0]].tolist()) == sorted(set(store.free[1 : 1 + store.free[0]].tolist()))
    assert store.free[0] == CHUNKS - held


def test_a_store_is_full_when_its_chunks_are() -> None:
    """Frames go in until every chunk is taken, none after that; an emptied ring leaves all of them for another."""
    store, first, second = make_store(CHUNKS), empty_ring(), empty_ring()
    largest = 8 * (CHUNK_WORDS - 1 - RECORD_WORDS)

    taken = [put(store, first, number, largest) for number in range(CHUNKS + 1)]
    refused = put(store, second, 9, 1)
    for _ in range(CHUNKS):
        remove(store, first)

    assert taken == [True] * CHUNKS + [False]
    assert not refused
    assert all(put(store, second, number, largest) for number in range(CHUNKS))


def test_a_chunk_prepared_in_vain_is_not_lost() -> None:
    """Room was made for a frame that was then dropped, and the frames before it left: the store is whole again."""
    store, ring = make_store(CHUNKS), empty_ring()
    put(store, ring, 1, 8 * (CHUNK_WORDS - 1 - RECORD_WORDS))
    room(store, ring, words_of(LARGEST_FRAME))

    remove(store, ring)

    assert store.free[0] == CHUNKS


def test_the_chunk_given_back_last_is_taken_first() -> None:
    """A quiet link uses the same memory again and again."""
    store, ring = make_store(CHUNKS), empty_ring()
    places = set[int]()

    for number in range(10):
        places.add(room(store, ring, words_of(60)))
        put(store, ring, number, 60)
        remove(store, ring)

    assert places == {0}
