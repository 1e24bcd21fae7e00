"""Out of the rings when frames are due, and asleep in between: what the relay does until it is told to stop."""

from netbench_topologies.relay.buffers import (
    ADDRESS_ARENA,
    ADDRESS_EVENTS,
    ADDRESS_OUT,
    ADDRESS_TIMES,
    BATCH,
    EVENTS,
    MONOTONIC_TIME,
    TIMEOUT,
    Buffers,
)
from netbench_topologies.relay.compiled import compiled
from netbench_topologies.relay.layout import (
    LATE_FRAMES,
    MAX_LATE_NS,
    OUT_DESCRIPTOR,
    OVERRUNS,
    RING_START,
    SEND_ERRORS,
    SENT,
    TOTAL_LATE_NS,
    Words,
)
from netbench_topologies.relay.libc import (
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
from netbench_topologies.relay.receive import receive
from netbench_topologies.relay.ring import RECORD_WORDS, first_due, record_at, remove, words_of
from netbench_topologies.relay.schedule import COUNT, TAIL

LATE_NS = 1_000_000
SPIN_NS = 60_000
NOTHING_DUE = 1 << 62


@compiled
def gather_due(buffers: Buffers, spec: Words, state: Words, now: int) -> int:
    """Return how many of the first frames are due, a batch at most; the outgoing messages point to them."""
    position, count = record_at(buffers.arena, spec, state[TAIL]), 0
    limit = min(BATCH, state[COUNT])
    while count < limit:
        position = record_at(buffers.arena, spec, position)
        record = spec[RING_START] + position
        if buffers.arena[record] > now:
            break
        octets = buffers.arena[record + 1]
        buffers.outgoing_vectors[count, 0] = buffers.addresses[ADDRESS_ARENA] + 8 * (record + RECORD_WORDS)
        buffers.outgoing_vectors[count, 1] = octets
        position += words_of(octets)
        count += 1
    return count


@compiled
def account_sent(buffers: Buffers, spec: Words, state: Words, counters: Words, count: int, now: int) -> None:
    """The first ``count`` frames left at ``now``: they are counted, with how late they were, and gone from the ring."""
    for _ in range(count):
        late = now - first_due(buffers.arena, spec, state)
        counters[SENT] += 1
        counters[TOTAL_LATE_NS] += late
        counters[MAX_LATE_NS] = max(counters[MAX_LATE_NS], late)
        counters[LATE_FRAMES] += late > LATE_NS
        remove(buffers.arena, spec, state)


@compiled
def send_due(buffers: Buffers, spec: Words, state: Words, counters: Words, now: int) -> None:
    """Frames of a direction that are due are sent, a batch at most.

    Where the socket is full they stay and are late; where the interface refuses the first of them it is dropped and counted.
    """
    count = gather_due(buffers, spec, state, now)
    if count == 0:
        return
    sent = sendmmsg(spec[OUT_DESCRIPTOR], buffers.addresses[ADDRESS_OUT], count, MSG_DONTWAIT)
    account_sent(buffers, spec, state, counters, sent, now)
    if sent >= 0:
        return
    reason = error_number()
    if reason not in (EAGAIN, EINTR):
        counters[OVERRUNS if reason == ENOBUFS else SEND_ERRORS] += 1
        remove(buffers.arena, spec, state)


@compiled
def send_all(buffers: Buffers, specs: Words, states: Words, counters: Words, active: Words, active_count: int, now: int) -> int:
    """Every active direction has sent what is due; return how many are still active, first in ``active``."""
    index = 0
    while index < active_count:
        direction = active[index]
        send_due(buffers, specs[direction], states[direction], counters[direction], now)
        if states[direction, COUNT] > 0:
            index += 1
        else:
            active_count -= 1
            active[index] = active[active_count]
    return active_count


@compiled
def earliest_due(buffers: Buffers, specs: Words, states: Words, active: Words, active_count: int) -> int:
    """Return when the next frame of all active directions leaves, or NOTHING_DUE."""
    earliest = NOTHING_DUE
    for index in range(active_count):
        direction = active[index]
        earliest = min(earliest, first_due(buffers.arena, specs[direction], states[direction]))
    return earliest


@compiled
def wait(buffers: Buffers, epoll: int, due: int, now: int) -> int:
    """Return how many descriptors are ready: at once, or when one becomes so, or a little before ``due``.

    A sleeping processor takes tens of microseconds to wake; for that little the caller comes back again and again instead.
    """
    place = 0
    if due != NOTHING_DUE:
        asleep = max(0, due - now - SPIN_NS)
        buffers.times[TIMEOUT] = asleep // NANOSECONDS
        buffers.times[TIMEOUT + 1] = asleep % NANOSECONDS
        place = buffers.addresses[ADDRESS_TIMES] + 8 * TIMEOUT
    return syscall(SYS_EPOLL_PWAIT2, epoll, buffers.addresses[ADDRESS_EVENTS], EVENTS, place, 0, 8)


@compiled
def run(
    buffers: Buffers,
    specs: Words,
    states: Words,
    counters: Words,
    direction_of: Words,
    active: Words,
    epoll: int,
    event_words: int,
    descriptor_at: int,
) -> int:
    """Frames are relayed until a descriptor that is no direction's becomes ready: then 0; or errno when waiting fails.

    ``direction_of`` gives the direction of each socket descriptor, -1 for others; ``active`` has room for every direction.
    """
    epoch = read_clock(buffers.times, buffers.addresses[ADDRESS_TIMES], CLOCK_MONOTONIC, MONOTONIC_TIME)
    active_count = 0
    while True:
        now = read_clock(buffers.times, buffers.addresses[ADDRESS_TIMES], CLOCK_MONOTONIC, MONOTONIC_TIME) - epoch
        active_count = send_all(buffers, specs, states, counters, active, active_count, now)
        ready = wait(buffers, epoll, earliest_due(buffers, specs, states, active, active_count), now)
        if ready < 0 and error_number() != EINTR:
            return error_number()
        for event in range(ready):
            direction = direction_of[buffers.events[event * event_words + descriptor_at]]
            if direction < 0:
                return 0
            if receive(buffers, specs[direction], states[direction], counters[direction], epoch):
                active[active_count] = direction
                active_count += 1
