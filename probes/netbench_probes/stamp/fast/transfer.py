"""Batches of packets and of transmit stamps, from and to one socket."""

from typing import Final

from netbench.linux.native.libc import (
    CLOCK_MONOTONIC,
    CLOCK_REALTIME,
    EAGAIN,
    ECONNREFUSED,
    EINTR,
    MSG_DONTWAIT,
    MSG_ERRQUEUE,
    Words,
    error_number,
    read_clock,
    recvmmsg,
    sendmmsg,
    setsockopt,
)
from netbench_probes.stamp.fast.buffers import (
    AT_HEADERS,
    AT_INCOMING,
    AT_WORDS,
    BATCH,
    ERROR,
    INCOMING,
    M_CONTROL_OCTETS,
    M_OCTETS,
    MESSAGE_WORDS,
    MONOTONIC_TIME,
    OUTGOING,
    REAL_TIME,
    REPLIES,
    ROOM_IN,
    STAMPS,
    V_ADDRESS,
    V_OCTETS,
    VALUE,
    Buffers,
)
from netbench_probes.stamp.fast.compiled import compiled
from netbench_probes.stamp.fast.control import CONTROL_OCTETS, COUNTER, STAMP, TOS, TTL, read_control
from netbench_probes.stamp.fast.layout import (
    A_SENT,
    A_TOKEN,
    BROKEN_TLVS,
    D_SENT,
    D_TOKEN,
    ERRNOS,
    FOREIGN,
    ICMP_ERRORS,
    MALFORMED,
    REFLECTED,
    REFLECTOR,
    REFLECTOR_COUNTER,
    REFUSED_SENDS,
    SENDER,
    SENDER_COUNTER,
    SSID,
    UNKNOWN,
    UNRECOGNISED,
    UNSEALED,
    Rows,
    Session,
)
from netbench_probes.stamp.fast.packets import (
    BASE_OCTETS,
    BROKEN,
    INTEGRITY,
    NOT_UNDERSTOOD,
    REPLY_LEAST_OCTETS,
    REQUEST_LEAST_OCTETS,
    TTL_OFFSET,
    is_padded,
    load,
    unix_from,
    write_reply,
)
from netbench_probes.stamp.fast.session import (
    answered,
    attempt_of,
    departure_of,
    known,
    not_sent,
    reached,
    reflected,
    transmitted,
)

BATCHES_AT_ONCE: Final = 8
_SOL_SOCKET: Final = 1
_SO_TIMESTAMPING_NEW: Final = 65
_STAMPING: Final = 1 << 1 | 1 << 3 | 1 << 4 | 1 << 7 | 1 << 11
_WITHOUT_COUNTER: Final = 1 << 1 | 1 << 3 | 1 << 4
_COUNTER_MASK: Final = 0xFFFF_FFFF
_LENGTH_MASK: Final = 0xFFFF_FFFF
_MESSAGE_OCTETS: Final = 8 * MESSAGE_WORDS


@compiled
def monotonic(buffers: Buffers) -> int:
    """Return the monotonic clock."""
    return read_clock(buffers.scratch, buffers.scratch[AT_WORDS], CLOCK_MONOTONIC, MONOTONIC_TIME)


@compiled
def wall(buffers: Buffers) -> int:
    """Return the wall clock."""
    return read_clock(buffers.scratch, buffers.scratch[AT_WORDS], CLOCK_REALTIME, REAL_TIME)


@compiled
def why(buffers: Buffers) -> int:
    """Return the errno of the last call."""
    return error_number(buffers.scratch, buffers.scratch[AT_WORDS], ERROR)


@compiled
def read_batch(buffers: Buffers, kind: int, descriptor: int, flags: int) -> int:
    """Return how many messages of a kind were there, a batch at most; -1 where an error was."""
    for index in range(BATCH):
        buffers.headers[kind + index, M_CONTROL_OCTETS] = CONTROL_OCTETS
    place = buffers.scratch[AT_HEADERS] + _MESSAGE_OCTETS * kind
    return recvmmsg(descriptor, place, BATCH, MSG_DONTWAIT | flags, 0)


@compiled
def arrivals(buffers: Buffers, session: Session, descriptor: int) -> int:
    """Return how many packets were there, a batch at most; an error that is not their lack is counted once and none came."""
    got = read_batch(buffers, INCOMING, descriptor, 0)
    if got >= 0:
        return got
    reason = why(buffers)
    if reason not in (EAGAIN, EINTR):
        session.state[ICMP_ERRORS + reason % ERRNOS] += 1
    return 0


@compiled
def seen_at(buffers: Buffers, index: int) -> int:
    """Return the length of packet ``index``; ``found`` holds what the kernel says beside it."""
    header = buffers.headers[INCOMING + index]
    read_control(buffers.control, INCOMING + index, header[M_CONTROL_OCTETS], buffers.scratch)
    return int(header[M_OCTETS] & _LENGTH_MASK)


@compiled
def receive_answers(buffers: Buffers, session: Session) -> None:
    """All answers that wait at the sender are noted."""
    got = BATCH
    while got == BATCH:
        got = arrivals(buffers, session, session.state[SENDER])
        now_ns = wall(buffers)
        for index in range(got):
            take_answer(buffers, session, index, now_ns)


@compiled
def take_answer(buffers: Buffers, session: Session, index: int, now_ns: int) -> None:
    """Answer ``index`` of the batch is noted; without a stamp of the kernel's it arrived now."""
    length = seen_at(buffers, index)
    if length < REPLY_LEAST_OCTETS:
        session.state[MALFORMED] += 1
        return
    if is_foreign(buffers, session, index):
        session.state[FOREIGN] += 1
        return
    hear(buffers, session, index, length)
    octets, start, found = buffers.incoming, index * buffers.scratch[ROOM_IN], buffers.scratch
    received_ns = now_ns if found[STAMP] == UNKNOWN else found[STAMP]
    estimate = load(octets, start + 12, 2)
    receive_ns = unix_from(load(octets, start + 16, 8), estimate, received_ns)
    claimed_ns = unix_from(load(octets, start + 4, 8), estimate, received_ns)
    sender_ttl = octets[start + TTL_OFFSET] if length > TTL_OFFSET else 0
    answered(
        session,
        (load(octets, start + 24, 4), load(octets, start + 28, 8)),
        (receive_ns, claimed_ns, int(received_ns)),
        (load(octets, start, 4), estimate),
        (int(sender_ttl) if sender_ttl else UNKNOWN, int(found[TTL]), int(found[TOS])),
    )


@compiled
def is_foreign(buffers: Buffers, session: Session, index: int) -> bool:
    """Whether the reply has another session identifier than ours; a far end that knows none writes 0."""
    ours, its = session.state[SSID], load(buffers.incoming, index * buffers.scratch[ROOM_IN] + 14, 2)
    return ours != 0 and its not in (0, ours)


@compiled
def hear(buffers: Buffers, session: Session, index: int, length: int) -> None:
    """What a reply says of the padding TLV that was asked is counted."""
    octets, start = buffers.incoming, index * buffers.scratch[ROOM_IN]
    if not is_padded(octets, start, length):
        return
    flags = octets[start + BASE_OCTETS]
    if flags & INTEGRITY:
        session.state[UNSEALED] += 1
    elif flags & BROKEN:
        session.state[BROKEN_TLVS] += 1
    elif flags & NOT_UNDERSTOOD:
        session.state[UNRECOGNISED] += 1


@compiled
def take_departures(buffers: Buffers, session: Session) -> None:
    """All transmit stamps that wait at the sender are noted."""
    got, tokens = BATCH, session.attempts[:, A_TOKEN]
    while got == BATCH:
        got = read_batch(buffers, STAMPS, session.state[SENDER], MSG_ERRQUEUE)
        for index in range(got):
            sequence, stamp_ns = stamp_at(buffers, index, tokens)
            if sequence >= 0 and known(session, sequence) and stamp_ns >= attempt_of(session, sequence).words[A_SENT]:
                transmitted(session, sequence, stamp_ns)


@compiled
def take_reply_departures(buffers: Buffers, session: Session) -> None:
    """All transmit stamps that wait at the reflector are noted."""
    got, tokens = BATCH, session.departures[:, D_TOKEN]
    while got == BATCH:
        got = read_batch(buffers, STAMPS, session.state[REFLECTOR], MSG_ERRQUEUE)
        for index in range(got):
            number, stamp_ns = stamp_at(buffers, index, tokens)
            if number >= 0 and stamp_ns >= departure_of(session, number).words[D_SENT]:
                reflected(session, number, stamp_ns)


@compiled
def stamp_at(buffers: Buffers, index: int, tokens: Words) -> tuple[int, int]:
    """Return which packet stamp ``index`` of the batch is of, -1 for none that is awaited, and the stamp."""
    octets = buffers.headers[STAMPS + index, M_CONTROL_OCTETS]
    read_control(buffers.control, STAMPS + index, octets, buffers.scratch)
    counter, stamp_ns = buffers.scratch[COUNTER], buffers.scratch[STAMP]
    if UNKNOWN in (counter, stamp_ns):
        return -1, UNKNOWN
    place = counter & (len(tokens) - 1)
    token = tokens[place]
    tokens[place] = -1
    return int(token), int(stamp_ns)


@compiled
def await_stamp(state: Words, counter: int, tokens: Words, token: int) -> None:
    """The next count of the kernel's, kept at ``counter`` of the state, means the packet of that token."""
    tokens[state[counter] & (len(tokens) - 1)] = token
    state[counter] = (state[counter] + 1) & _COUNTER_MASK


@compiled
def restart_counter(buffers: Buffers, descriptor: int, tokens: Words) -> int:
    """The kernel counts anew and no stamp is awaited; return the counter, 0.

    Some failed sends count and some do not: only asking anew makes it certain.
    """
    for flags in (_WITHOUT_COUNTER, _STAMPING):
        buffers.scratch[VALUE] = flags
        setsockopt(descriptor, _SOL_SOCKET, _SO_TIMESTAMPING_NEW, buffers.scratch[AT_WORDS] + 8 * VALUE, 4)
    tokens[:] = -1
    return 0


@compiled
def send_requests(buffers: Buffers, session: Session, rows: Rows, first: int, count: int) -> None:
    """The attempts from ``first`` on, which lie in ``outgoing``, are sent; one that the kernel refuses is not sent."""
    done, excused = 0, False
    while done < count:
        place = buffers.scratch[AT_HEADERS] + _MESSAGE_OCTETS * (OUTGOING + done)
        taken = sendmmsg(session.state[SENDER], place, count - done, MSG_DONTWAIT)
        for index in range(max(0, taken)):
            await_stamp(session.state, SENDER_COUNTER, session.attempts[:, A_TOKEN], first + done + index)
        done += max(0, taken)
        if taken >= 0:
            excused = False
            continue
        reason = why(buffers)
        take_departures(buffers, session)
        session.state[SENDER_COUNTER] = restart_counter(buffers, session.state[SENDER], session.attempts[:, A_TOKEN])
        if reason == ECONNREFUSED and not excused:
            # left from an earlier packet: what it says is that an answer will be missing
            session.state[ICMP_ERRORS + reason] += 1
            excused = True
            continue
        session.state[REFUSED_SENDS + reason % ERRNOS] += 1
        not_sent(session, rows, first + done)
        done += 1
        excused = False


@compiled
def reflect(buffers: Buffers, session: Session, error_estimate: int) -> None:
    """Requests that wait at the reflector are answered, some batches at most."""
    for _ in range(BATCHES_AT_ONCE):
        got = arrivals(buffers, session, session.state[REFLECTOR])
        if got == 0:
            return
        now_ns, count = wall(buffers), 0
        first = int(session.state[REFLECTED])
        for index in range(got):
            count += turn_round(buffers, session, index, count, (now_ns, error_estimate))
        send_replies(buffers, session, first, count)
        take_reply_departures(buffers, session)
        if got < BATCH:
            return


@compiled
def turn_round(buffers: Buffers, session: Session, index: int, place: int, marks: tuple[int, int]) -> int:
    """Request ``index`` has become its reply, which is number ``place`` to be sent: return 1, or 0 where it is none."""
    length = seen_at(buffers, index)
    if length < REQUEST_LEAST_OCTETS:
        session.state[MALFORMED] += 1
        return 0
    octets, start, found = buffers.incoming, index * buffers.scratch[ROOM_IN], buffers.scratch
    received_ns = marks[0] if found[STAMP] == UNKNOWN else found[STAMP]
    number, sequence = int(session.state[REFLECTED]), load(octets, start, 4)
    ttl = 0 if found[TTL] == UNKNOWN else found[TTL]
    reply_octets = write_reply(octets, (start, length), number, (received_ns, marks[0]), (marks[1], ttl))
    session.state[REFLECTED] = (number + 1) & _COUNTER_MASK
    reached(session, sequence, number, received_ns, (found[TTL], found[TOS]))
    departure_of(session, number).words[D_SENT] = marks[0]
    buffers.vectors[REPLIES + place, V_ADDRESS] = buffers.scratch[AT_INCOMING] + start
    buffers.vectors[REPLIES + place, V_OCTETS] = reply_octets
    return 1


@compiled
def send_replies(buffers: Buffers, session: Session, first: int, count: int) -> None:
    """The replies from number ``first`` on are sent; one that the kernel refuses is counted and passed over."""
    done, excused = 0, False
    while done < count:
        place = buffers.scratch[AT_HEADERS] + _MESSAGE_OCTETS * (REPLIES + done)
        taken = sendmmsg(session.state[REFLECTOR], place, count - done, MSG_DONTWAIT)
        for index in range(max(0, taken)):
            number = (first + done + index) & _COUNTER_MASK
            await_stamp(session.state, REFLECTOR_COUNTER, session.departures[:, D_TOKEN], number)
        done += max(0, taken)
        if taken >= 0:
            excused = False
            continue
        reason = why(buffers)
        take_reply_departures(buffers, session)
        session.state[REFLECTOR_COUNTER] = restart_counter(buffers, session.state[REFLECTOR], session.departures[:, D_TOKEN])
        if reason == ECONNREFUSED and not excused:
            session.state[ICMP_ERRORS + reason] += 1
            excused = True
            continue
        session.state[REFUSED_SENDS + reason % ERRNOS] += 1
        done += 1
        excused = False
