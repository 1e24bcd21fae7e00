"""The frames on their way: two rings a direction, each in order of departure, in chunks of one common store.

A record is due time, octets, then the frame as the socket gave it (virtio header first), padded to whole words and never
split. Where one does not fit into its chunk any more, a mark says in which chunk the ring goes on. The chunk that was given
back last is taken first, so that memory is warm, and as much of it is used as there are frames on their way.
"""

from typing import NamedTuple

from netbench.linux.native.compiled import compiled
from netbench_topologies.relay.layout import CHUNK_WORDS, Words

RECORD_WORDS = 2
NO_ROOM = -1

HEAD, TAIL, COUNT, LISTED = range(4)
RING_WORDS = 4
NOWHERE = -1


class Store(NamedTuple):
    """Room for all rings: ``words`` are the chunks, ``free`` begins with how many of them are free, then names these."""

    words: Words
    free: Words


@compiled
def words_of(octets: int) -> int:
    """Return how many words a record of a frame takes."""
    return RECORD_WORDS + (octets + 7) // 8


@compiled
def take_chunk(store: Store) -> int:
    """Return where a chunk begins that was free, or NO_ROOM."""
    if store.free[0] == 0:
        return NO_ROOM
    store.free[0] -= 1
    return int(store.free[1 + store.free[0]]) * CHUNK_WORDS


@compiled
def give_back(store: Store, position: int) -> None:
    """The chunk in which ``position`` lies is free."""
    store.free[1 + store.free[0]] = position // CHUNK_WORDS
    store.free[0] += 1


@compiled
def room(store: Store, ring: Words, words: int) -> int:
    """Return where the ring's next record, of ``words``, is to be written, or NO_ROOM; it is not yet part of the ring."""
    head = int(ring[HEAD])
    if head != NOWHERE and head % CHUNK_WORDS + words < CHUNK_WORDS:
        return head
    fresh = take_chunk(store)
    if fresh == NO_ROOM:
        return NO_ROOM
    if head == NOWHERE:
        ring[TAIL] = fresh
    else:
        store.words[head] = -1 - fresh
    ring[HEAD] = fresh
    return fresh


@compiled
def append(store: Store, ring: Words, position: int, due_ns: int, octets: int) -> None:
    """The record at ``position`` (from ``room``), whose frame is in place, is the last of the ring."""
    store.words[position] = due_ns
    store.words[position + 1] = octets
    ring[HEAD] = position + words_of(octets)
    ring[COUNT] += 1


@compiled
def record_at(store: Store, position: int) -> int:
    """Return where the record really is that should be at ``position``: there, or at the start of another chunk."""
    found = int(store.words[position])
    return position if found >= 0 else -1 - found


@compiled
def first_due(store: Store, ring: Words) -> int:
    """Return when the first frame of a ring that is not empty leaves."""
    return int(store.words[record_at(store, int(ring[TAIL]))])


@compiled
def remove(store: Store, ring: Words) -> None:
    """The first record of a ring that is not empty is gone; an empty ring holds no chunk."""
    tail = int(ring[TAIL])
    position = record_at(store, tail)
    if position != tail:
        give_back(store, tail)
    ring[TAIL] = position + words_of(int(store.words[position + 1]))
    ring[COUNT] -= 1
    if ring[COUNT] == 0:
        vacate(store, ring, position)


@compiled
def vacate(store: Store, ring: Words, position: int) -> None:
    """The ring's last record, at ``position``, is gone: it holds no chunk any more, not even one prepared for the next."""
    head = int(ring[HEAD])
    if head // CHUNK_WORDS != position // CHUNK_WORDS:
        give_back(store, head)
    give_back(store, position)
    ring[HEAD] = NOWHERE
    ring[TAIL] = NOWHERE
