"""From a socket into the ring: frames are scheduled by when the kernel took them from the wire."""

from netbench.linux.native.compiled import compiled
from netbench.linux.native.libc import (
    CLOCK_MONOTONIC,
    CLOCK_REALTIME,
    MSG_DONTWAIT,
    MSG_TRUNC,
    NANOSECONDS,
    memcpy,
    read_clock,
    recvmmsg,
)
from netbench_topologies.relay.buffers import (
    ADDRESS_IN,
    ADDRESS_SCRATCH,
    ADDRESS_STORE,
    ADDRESS_TIMES,
    BATCH,
    CONTROL_WORDS,
    M_CONTROL_OCTETS,
    M_FLAGS,
    M_OCTETS,
    MONOTONIC_TIME,
    REAL_TIME,
    Buffers,
)
from netbench_topologies.relay.direction import LARGE_FRAMES, LAST_ARRIVAL, Direction
from netbench_topologies.relay.frame import wire_bits
from netbench_topologies.relay.layout import IN_DESCRIPTOR, LARGEST_FRAME, OVERRUNS, RECEIVED, Words
from netbench_topologies.relay.ring import NO_ROOM, RECORD_WORDS, append, room, words_of
from netbench_topologies.relay.schedule import NEVER, due_time

LARGE_OCTETS = 8192
CLOCKS_APART_NS = 2_000  # two clocks read further apart than this were read with a stall in between
CLOCK_READINGS = 4
_TIMESTAMP_OCTETS = 32  # of an SCM_TIMESTAMPNS message: length, level and type, seconds, nanoseconds


@compiled
def prepare_incoming(buffers: Buffers, count: int, first_address: int) -> None:
    """The next ``count`` messages may be read, the first to ``first_address``, the others to their scratch."""
    scratch = buffers.addresses[ADDRESS_SCRATCH]
    for index in range(count):
        buffers.incoming_vectors[index, 0] = scratch + index * LARGEST_FRAME
        buffers.incoming_vectors[index, 1] = LARGEST_FRAME
        buffers.incoming[index, M_CONTROL_OCTETS] = 8 * CONTROL_WORDS
    buffers.incoming_vectors[0, 0] = first_address


@compiled
def arrival_time(buffers: Buffers, index: int, real_to_epoch_ns: int, now_ns: int) -> int:
    """Return when the kernel took the frame from the wire, on the relay's clock, and never in the future."""
    if buffers.incoming[index, M_CONTROL_OCTETS] < _TIMESTAMP_OCTETS:
        return now_ns
    stamp = buffers.control[index, 2] * NANOSECONDS + buffers.control[index, 3]
    return min(now_ns, int(stamp - real_to_epoch_ns))


@compiled
def real_offset(buffers: Buffers) -> tuple[int, int]:
    """Return the monotonic time and how far the wall clock is ahead of it.

    The wall clock is read between two readings of the monotonic one, again where the machine stood still in between, and the
    later of them counts: so a frame may be taken for a little younger than it is, never for older, and none leaves early.
    """
    times, address = buffers.times, buffers.addresses[ADDRESS_TIMES]
    now = read_clock(times, address, CLOCK_MONOTONIC, MONOTONIC_TIME)
    offset = 0
    for _ in range(CLOCK_READINGS):
        before = now
        real = read_clock(times, address, CLOCK_REALTIME, REAL_TIME)
        now = read_clock(times, address, CLOCK_MONOTONIC, MONOTONIC_TIME)
        offset = real - now
        if now - before <= CLOCKS_APART_NS:
            break
    return now, offset


@compiled
def receive(buffers: Buffers, direction: Direction, epoch_ns: int) -> None:
    """Frames waiting in a direction's socket are scheduled, a batch at most.

    Large frames are read straight into the store, one a call; small ones into the scratch, many a call.
    """
    large = direction.state[LARGE_FRAMES] != 0
    place = room(buffers.store, direction.ring, words_of(LARGEST_FRAME)) if large else NO_ROOM
    in_place = place != NO_ROOM
    wanted, address = BATCH, buffers.addresses[ADDRESS_SCRATCH]
    if in_place:
        wanted, address = 1, buffers.addresses[ADDRESS_STORE] + 8 * (place + RECORD_WORDS)
    prepare_incoming(buffers, wanted, address)
    got = recvmmsg(direction.spec[IN_DESCRIPTOR], buffers.addresses[ADDRESS_IN], wanted, MSG_DONTWAIT, 0)
    now, real_to_epoch = real_offset(buffers)
    real_to_epoch += epoch_ns
    for index in range(got):
        octets = buffers.incoming[index, M_OCTETS] & 0xFFFFFFFF
        arrival = max(arrival_time(buffers, index, real_to_epoch, now - epoch_ns), direction.state[LAST_ARRIVAL])
        direction.state[LAST_ARRIVAL] = arrival
        direction.state[LARGE_FRAMES] = octets > LARGE_OCTETS
        if buffers.incoming[index, M_FLAGS] & MSG_TRUNC:
            direction.counters[OVERRUNS] += 1
        elif in_place:
            keep_in_place(buffers, direction, arrival, octets, place)
        else:
            keep_copy(buffers, direction, arrival, octets, index)


@compiled
def keep_in_place(buffers: Buffers, direction: Direction, arrival: int, octets: int, place: int) -> None:
    """The frame already in the store at ``place`` is scheduled, or forgotten; one that may be overtaken moves to its ring."""
    direction.counters[RECEIVED] += 1
    start = 8 * (place + RECORD_WORDS)
    due, late = due_time(direction, arrival, wire_bits(buffers.store_octets, start, octets))
    if due == NEVER:
        return
    if late:
        copy_into(buffers, direction, direction.late_ring, (due, octets, buffers.addresses[ADDRESS_STORE] + start))
    else:
        append(buffers.store, direction.ring, place, due, octets)


@compiled
def keep_copy(buffers: Buffers, direction: Direction, arrival: int, octets: int, index: int) -> None:
    """The frame in scratch ``index`` is scheduled and copied into a ring, or dropped where the plan or the store says so."""
    direction.counters[RECEIVED] += 1
    start = index * LARGEST_FRAME
    due, late = due_time(direction, arrival, wire_bits(buffers.scratch, start, octets))
    if due != NEVER:
        ring = direction.late_ring if late else direction.ring
        copy_into(buffers, direction, ring, (due, octets, buffers.addresses[ADDRESS_SCRATCH] + start))


@compiled
def copy_into(buffers: Buffers, direction: Direction, ring: Words, frame: tuple[int, int, int]) -> None:
    """A frame (when it is due, its octets, its address) is the last of a ring, or an overrun where there is no room."""
    due, octets, address = frame
    place = room(buffers.store, ring, words_of(octets))
    if place == NO_ROOM:
        direction.counters[OVERRUNS] += 1
        return
    memcpy(buffers.addresses[ADDRESS_STORE] + 8 * (place + RECORD_WORDS), address, octets)
    append(buffers.store, ring, place, due, octets)
