"""The frames on their way: one ring of words a direction, in order of departure.

A record is due time, octets, then the frame as the socket gave it (virtio header first), padded to whole words and never
split. Where one does not fit before the end, a mark says that the ring goes on at its start. An empty ring begins anew at its
start, so that a quiet link touches little memory.
"""

from netbench_topologies.relay.compiled import compiled
from netbench_topologies.relay.direction import COUNT, HEAD, TAIL, Direction
from netbench_topologies.relay.layout import RING_START, RING_WORDS, Words

RECORD_WORDS = 2
NO_ROOM = -1
_GOES_ON_AT_START = -1


@compiled
def words_of(octets: int) -> int:
    """Return how many words a record of a frame takes."""
    return RECORD_WORDS + (octets + 7) // 8


@compiled
def room(direction: Direction, words: int) -> int:
    """Return the position in the ring where a record of ``words`` may be written, or NO_ROOM; nothing is changed but rewound."""
    if direction.state[COUNT] == 0:
        direction.state[HEAD] = 0
        direction.state[TAIL] = 0
    head, tail, size = int(direction.state[HEAD]), int(direction.state[TAIL]), int(direction.spec[RING_WORDS])
    if direction.state[COUNT] > 0 and head <= tail:
        return head if head + words <= tail else NO_ROOM
    if head + words <= size:
        return head
    return 0 if words <= tail else NO_ROOM


@compiled
def append(arena: Words, direction: Direction, position: int, due_ns: int, octets: int) -> None:
    """The record at ``position`` (from ``room``), whose frame is in place, is the last of the ring."""
    start, head = direction.spec[RING_START], direction.state[HEAD]
    if position != head and head < direction.spec[RING_WORDS]:
        arena[start + head] = _GOES_ON_AT_START
    arena[start + position] = due_ns
    arena[start + position + 1] = octets
    direction.state[HEAD] = position + words_of(octets)
    direction.state[COUNT] += 1


@compiled
def record_at(arena: Words, direction: Direction, position: int) -> int:
    """Return where the record really is that should be at ``position``: there, or at the start of the ring."""
    if position >= direction.spec[RING_WORDS] or arena[direction.spec[RING_START] + position] == _GOES_ON_AT_START:
        return 0
    return position


@compiled
def first_due(arena: Words, direction: Direction) -> int:
    """Return when the first frame of a ring that is not empty leaves."""
    return int(arena[int(direction.spec[RING_START]) + record_at(arena, direction, int(direction.state[TAIL]))])


@compiled
def remove(arena: Words, direction: Direction) -> None:
    """The first record of a ring that is not empty is gone."""
    position = record_at(arena, direction, int(direction.state[TAIL]))
    direction.state[TAIL] = position + words_of(int(arena[int(direction.spec[RING_START]) + position + 1]))
    direction.state[COUNT] -= 1
