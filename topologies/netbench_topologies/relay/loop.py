"""Out of the rings when frames are due, and asleep in between: what the relay does until it is told to stop."""

from typing import NamedTuple

from netbench.linux.native.compiled import compiled
from netbench.linux.native.libc import (
    CLOCK_MONOTONIC,
    EAGAIN,
    EINTR,
    ENOBUFS,
    MSG_DONTWAIT,
    NANOSECONDS,
    SYS_EPOLL_PWAIT2,
    error_number,
    read_clock,
    sendmmsg,
    syscall,
)
from netbench_topologies.relay.buffers import (
    ADDRESS_EVENTS,
    ADDRESS_OUT,
    ADDRESS_STORE,
    ADDRESS_TIMES,
    BATCH,
    ERROR,
    EVENTS,
    MONOTONIC_TIME,
    TIMEOUT,
    Buffers,
)
from netbench_topologies.relay.direction import RINGS, Direction, Directions, direction_at
from netbench_topologies.relay.layout import (
    LATE_FRAMES,
    MAX_LATE_NS,
    OUT_DESCRIPTOR,
    OVERRUNS,
    SEND_ERRORS,
    SENT,
    TOTAL_LATE_NS,
    Words,
)
from netbench_topologies.relay.receive import receive
from netbench_topologies.relay.ring import COUNT, LISTED, RECORD_WORDS, TAIL, first_due, record_at, remove, words_of

LATE_NS = 1_000_000
SPIN_NS = 60_000
NOTHING_DUE = 1 << 62
STOP = -1


class Watched(NamedTuple):
    """What the loop waits for: ``direction_of`` gives the direction of a descriptor, -1 for those that end the loop.

    ``events`` of the kernel are ``event_words`` 32-bit words apart, the descriptor at ``descriptor_at``. ``listed`` has room for
    every ring: those with frames on their way come first.
    """

    direction_of: Words
    listed: Words
    epoll: int
    event_words: int
    descriptor_at: int


@compiled
def gather_due(buffers: Buffers, ring: Words, now: int) -> int:
    """Return how many of a ring's first frames are due, a batch at most; the outgoing messages point to them."""
    position, count = ring[TAIL], 0
    limit = min(BATCH, ring[COUNT])
    while count < limit:
        record = record_at(buffers.store, position)
        if buffers.store.words[record] > now:
            break
        octets = int(buffers.store.words[record + 1])
        buffers.outgoing_vectors[count, 0] = buffers.addresses[ADDRESS_STORE] + 8 * (record + RECORD_WORDS)
        buffers.outgoing_vectors[count, 1] = octets
        position = record + words_of(octets)
        count += 1
    return count


@compiled
def account_sent(buffers: Buffers, direction: Direction, ring: Words, count: int, now: int) -> None:
    """The first ``count`` frames of a ring left at ``now``: they are counted, with how late they were, and gone."""
    for _ in range(count):
        late = now - first_due(buffers.store, ring)
        direction.counters[SENT] += 1
        direction.counters[TOTAL_LATE_NS] += late
        direction.counters[MAX_LATE_NS] = max(direction.counters[MAX_LATE_NS], late)
        direction.counters[LATE_FRAMES] += late > LATE_NS
        remove(buffers.store, ring)


@compiled
def send_due(buffers: Buffers, direction: Direction, ring: Words, now: int) -> None:
    """Frames of a ring that are due are sent, a batch at most.

    Where the socket is full they stay and are late; where the interface refuses the first of them it is dropped and counted.
    """
    count = gather_due(buffers, ring, now)
    if count == 0:
        return
    sent = sendmmsg(direction.spec[OUT_DESCRIPTOR], buffers.addresses[ADDRESS_OUT], count, MSG_DONTWAIT)
    account_sent(buffers, direction, ring, sent, now)
    if sent >= 0:
        return
    reason = error_number(buffers.times, buffers.addresses[ADDRESS_TIMES], ERROR)
    if reason not in (EAGAIN, EINTR):
        direction.counters[OVERRUNS if reason == ENOBUFS else SEND_ERRORS] += 1
        remove(buffers.store, ring)


@compiled
def send_all(buffers: Buffers, directions: Directions, listed: Words, count: int, now: int) -> int:
    """Every listed ring has sent what is due; return how many still have frames, first in ``listed``."""
    index = 0
    while index < count:
        number = listed[index]
        ring = directions.rings[number]
        send_due(buffers, direction_at(directions, number // RINGS), ring, now)
        if ring[COUNT] > 0:
            index += 1
        else:
            ring[LISTED] = 0
            count -= 1
            listed[index] = listed[count]
    return count


@compiled
def earliest_due(buffers: Buffers, directions: Directions, listed: Words, count: int) -> int:
    """Return when the next frame of all listed rings leaves, or NOTHING_DUE."""
    earliest = NOTHING_DUE
    for index in range(count):
        earliest = min(earliest, first_due(buffers.store, directions.rings[listed[index]]))
    return earliest


@compiled
def list_rings(directions: Directions, listed: Words, count: int, index: int) -> int:
    """The rings of a direction are listed where they have frames; return how many are listed of all."""
    for number in range(RINGS * index, RINGS * index + RINGS):
        ring = directions.rings[number]
        if ring[COUNT] > 0 and ring[LISTED] == 0:
            ring[LISTED] = 1
            listed[count] = number
            count += 1
    return count


@compiled
def wait(buffers: Buffers, epoll: int, due: int, now: int) -> int:
    """Return how many descriptors are ready: at once, or when one becomes so, or a little before ``due``; negative as errno.

    A sleeping processor takes tens of microseconds to wake; for that little the caller comes back again and again instead.
    """
    place = 0
    if due != NOTHING_DUE:
        asleep = max(0, due - now - SPIN_NS)
        buffers.times[TIMEOUT] = asleep // NANOSECONDS
        buffers.times[TIMEOUT + 1] = asleep % NANOSECONDS
        place = buffers.addresses[ADDRESS_TIMES] + 8 * TIMEOUT
    ready = syscall(SYS_EPOLL_PWAIT2, epoll, buffers.addresses[ADDRESS_EVENTS], EVENTS, place, 0, 8)
    if ready >= 0:
        return ready
    reason = error_number(buffers.times, buffers.addresses[ADDRESS_TIMES], ERROR)
    return 0 if reason == EINTR else -reason


@compiled
def receive_ready(buffers: Buffers, directions: Directions, watched: Watched, ready: int, times: tuple[int, int]) -> int:
    """Frames that came in by the ``ready`` descriptors are scheduled.

    ``times`` are the epoch and how many rings are listed. Return how many are now, or STOP when another descriptor than a
    direction's was ready.
    """
    epoch, count = times
    for event in range(ready):
        index = int(watched.direction_of[buffers.events[event * watched.event_words + watched.descriptor_at]])
        if index < 0:
            return STOP
        receive(buffers, direction_at(directions, index), epoch)
        count = list_rings(directions, watched.listed, count, index)
    return count


@compiled
def run(buffers: Buffers, directions: Directions, watched: Watched) -> int:
    """Frames are relayed until a descriptor that is no direction's becomes ready: then 0; or errno when waiting fails."""
    epoch = now_ns(buffers)
    count = 0
    while count != STOP:
        now = now_ns(buffers) - epoch
        count = send_all(buffers, directions, watched.listed, count, now)
        due = earliest_due(buffers, directions, watched.listed, count)
        ready = wait(buffers, watched.epoll, due, now)
        if ready < 0:
            return -ready
        count = receive_ready(buffers, directions, watched, ready, (epoch, count))
    return 0


@compiled
def now_ns(buffers: Buffers) -> int:
    """Return the monotonic clock."""
    return read_clock(buffers.times, buffers.addresses[ADDRESS_TIMES], CLOCK_MONOTONIC, MONOTONIC_TIME)
