"""The reflector that stands alone, for many senders: unauthenticated base packets are answered here, the rest by Python.

A session is known by peer, local address and SSID. Sessions are kept in buckets of eight; where one is full the longest unheard
of its sessions is forgotten, so that forged sources cost no memory. Buckets are chosen by a number that nobody outside knows.
"""

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from netbench.linux.native.libc import (
    EAGAIN,
    EINTR,
    MSG_DONTWAIT,
    NANOSECONDS,
    SYS_EPOLL_PWAIT2,
    Words,
    recvmmsg,
    sendmmsg,
    syscall,
)
from netbench_probes.stamp.fast.buffers import (
    AT_EVENTS,
    AT_HEADERS,
    AT_INCOMING,
    AT_WORDS,
    BATCH,
    EVENTS,
    INCOMING,
    M_CONTROL_OCTETS,
    M_NAME,
    M_NAME_OCTETS,
    NAME_OCTETS,
    REPLIES,
    ROOM_IN,
    TIMEOUT,
    V_ADDRESS,
    V_OCTETS,
    Buffers,
)
from netbench_probes.stamp.fast.compiled import compiled
from netbench_probes.stamp.fast.control import CONTROL_OCTETS, INFORMATION, STAMP, TOS, TTL, Control
from netbench_probes.stamp.fast.layout import UNKNOWN
from netbench_probes.stamp.fast.packets import (
    BASE_OCTETS,
    REQUEST_LEAST_OCTETS,
    Octets,
    is_padded,
    load,
    write_reply,
)
from netbench_probes.stamp.fast.transfer import monotonic, seen_at, wall, why

(
    DESCRIPTOR,
    EPOLL,
    EVENT_WORDS,
    EVENT_AT,
    ERROR_ESTIMATE,
    LIMIT,
    REPLIED,
    IGNORED,
    FAILED,
    SESSIONS,
    SEED,
    SLOW_COUNT,
    UNTIL_NS,
) = range(13)
SERVICE_WORDS: Final = 13

BUCKETS: Final = 8192
WAYS: Final = 8
KEY_WORDS: Final = 7
P_NUMBER, P_HEARD = KEY_WORDS, KEY_WORDS + 1
PEER_WORDS: Final = KEY_WORDS + 2
IDLE_NS: Final = 900_000_000_000

_MESSAGE_OCTETS: Final = 64
_IPV4_NAME_OCTETS: Final = 16
_COUNTER_MASK: Final = 0xFFFF_FFFF
_LENGTH_MASK: Final = 0xFFFF_FFFF
_IP, _IPV6, _SOL_SOCKET = 0, 41, 1
_IP_TOS, _IP_PKTINFO, _IPV6_PKTINFO, _IPV6_TCLASS, _TIMESTAMPING_NEW = 1, 8, 50, 67, 65
_CLASS: Final = 0xFC
_EPOLLERR: Final = 8


class Service(NamedTuple):
    """``words`` are shared with Python; ``peers`` (65536, 9) are the sessions.

    ``names`` (64, 4) are the socket addresses of a batch, ``slow`` those of it that Python must answer, ``key`` is scratch.
    """

    words: Words
    peers: NDArray[np.int64]
    names: NDArray[np.int64]
    slow: Words
    key: Words


def make_service(buffers: Buffers, epoll: int, event_layout: tuple[int, int], seed: int) -> Service:
    """Return a service without sessions; the batch's addresses go to its ``names``."""
    words, names = np.zeros(SERVICE_WORDS, np.int64), np.zeros((BATCH, NAME_OCTETS // 8), np.int64)
    words[EPOLL], words[SEED] = epoll, seed
    words[EVENT_WORDS], words[EVENT_AT] = event_layout
    buffers.headers[:BATCH, M_NAME] = names.ctypes.data + NAME_OCTETS * np.arange(BATCH)
    buffers.headers[REPLIES : REPLIES + BATCH, M_NAME_OCTETS] = NAME_OCTETS
    peers = np.zeros((BUCKETS * WAYS, PEER_WORDS), np.int64)
    return Service(words, peers, names, np.zeros(BATCH, np.int64), np.zeros(KEY_WORDS, np.int64))


@compiled
def write_key(buffers: Buffers, service: Service, index: int, length: int) -> None:
    """``service.key`` is the session of request ``index``: socket address, local address, SSID."""
    key, place = service.key, buffers.scratch[INFORMATION]
    key[:] = 0
    ipv4 = buffers.headers[INCOMING + index, M_NAME_OCTETS] & _LENGTH_MASK == _IPV4_NAME_OCTETS
    if not ipv4:
        service.names[index, 3] &= 0xFFFF_FFFF
    for word in range(2 if ipv4 else 4):
        key[word] = service.names[index, word]
    if place != UNKNOWN:
        key[4] = (
            buffers.control.words[INCOMING + index, place + 1] & 0xFFFF_FFFF
            if ipv4
            else buffers.control.words[INCOMING + index, place]
        )
        key[5] = 0 if ipv4 else buffers.control.words[INCOMING + index, place + 1]
    start = index * buffers.scratch[ROOM_IN]
    if length >= BASE_OCTETS and is_zero(buffers.incoming, start + 16, start + BASE_OCTETS):
        key[6] = load(buffers.incoming, start + 14, 2)


@compiled
def is_zero(octets: Octets, first: int, end: int) -> bool:
    """Whether all these octets are."""
    place = first
    while place < end and octets[place] == 0:
        place += 1
    return place >= end


@compiled
def same_key(peer: Words, key: Words) -> bool:
    """Whether a session is the one of the key."""
    word = 0
    while word < KEY_WORDS and peer[word] == key[word]:
        word += 1
    return word == KEY_WORDS


@compiled
def bucket_of(service: Service) -> int:
    """Return where the bucket of the key begins."""
    mixed = service.words[SEED]
    for word in range(KEY_WORDS):
        mixed = (mixed ^ service.key[word]) * 0x2545_F491_4F6C_DD1D
        mixed ^= mixed >> 29
    return int((mixed >> 17) & (BUCKETS - 1)) * WAYS


@compiled
def session_of(service: Service, now_ns: int) -> int:
    """Return where the session of the key lies, heard now; a new one where it was silent for long or not known."""
    first, oldest = bucket_of(service), -1
    for place in range(first, first + WAYS):
        peer = service.peers[place]
        if peer[P_HEARD] and same_key(peer, service.key):
            if now_ns - peer[P_HEARD] > IDLE_NS:
                peer[P_NUMBER] = 0
            peer[P_HEARD] = now_ns
            return place
        if oldest < 0 or peer[P_HEARD] < service.peers[oldest, P_HEARD]:
            oldest = place
    service.words[SESSIONS] += service.peers[oldest, P_HEARD] == 0
    for word in range(KEY_WORDS):
        service.peers[oldest, word] = service.key[word]
    service.peers[oldest, P_NUMBER], service.peers[oldest, P_HEARD] = 0, now_ns
    return oldest


@compiled
def is_plain(buffers: Buffers, index: int, length: int) -> bool:
    """Whether nothing follows the base packet of a request that must be understood: zeros, or one TLV of padding."""
    start = index * buffers.scratch[ROOM_IN]
    end = start + length
    return (
        length <= BASE_OCTETS or is_padded(buffers.incoming, start, length) or is_zero(buffers.incoming, start + BASE_OCTETS, end)
    )


@compiled
def write_control(control: Control, place: int, incoming: int, at: int, tos: int) -> int:
    """Reply ``place`` leaves from the address that request ``incoming`` was sent to, marked alike, its departure unstamped.

    ``at`` is the word of the packet information there. Return how many octets of control messages that takes.
    """
    words, halves = control.words[place], control.halves[place]
    words[0], halves[2], halves[3], words[2] = 20, _SOL_SOCKET, _TIMESTAMPING_NEW, 0
    used = 3
    ipv4 = at == UNKNOWN or control.halves[incoming, 2 * at - 2] == _IP
    if at != UNKNOWN and ipv4:
        words[3], halves[8], halves[9], words[5], words[6] = 28, _IP, _IP_PKTINFO, 0, 0
        halves[11] = control.halves[incoming, 2 * at + 1]
        used = 7
    elif at != UNKNOWN:
        words[3], halves[8], halves[9] = 36, _IPV6, _IPV6_PKTINFO
        for word in range(3):
            words[5 + word] = control.words[incoming, at + word]
        used = 8
    if tos & _CLASS:
        words[used], words[used + 2] = 20, 0
        halves[2 * used + 2], halves[2 * used + 3] = (_IP, _IP_TOS) if ipv4 else (_IPV6, _IPV6_TCLASS)
        halves[2 * used + 4] = tos & _CLASS
        used += 3
    return 8 * used


@compiled
def answer_one(buffers: Buffers, service: Service, index: int, place: int, now: tuple[int, int]) -> int:
    """Request ``index`` has become reply ``place``: return 1; or 0 where it is ignored or left to Python.

    ``now`` is both clocks.
    """
    words, found, length = service.words, buffers.scratch, seen_at(buffers, index)
    if length < REQUEST_LEAST_OCTETS:
        words[IGNORED] += 1
        return 0
    if not is_plain(buffers, index, length):
        service.slow[words[SLOW_COUNT]] = index
        words[SLOW_COUNT] += 1
        return 0
    write_key(buffers, service, index, length)
    peer = service.peers[session_of(service, now[0])]
    received_ns = now[1] if found[STAMP] == UNKNOWN else found[STAMP]
    start, ttl = index * found[ROOM_IN], 0 if found[TTL] == UNKNOWN else found[TTL]
    octets = write_reply(buffers.incoming, (start, length), peer[P_NUMBER], (received_ns, now[1]), (words[ERROR_ESTIMATE], ttl))
    peer[P_NUMBER] = (peer[P_NUMBER] + 1) & _COUNTER_MASK
    tos = 0 if found[TOS] == UNKNOWN else found[TOS]
    header, vector = buffers.headers[REPLIES + place], buffers.vectors[REPLIES + place]
    header[M_NAME] = buffers.headers[INCOMING + index, M_NAME]
    header[M_NAME_OCTETS] = buffers.headers[INCOMING + index, M_NAME_OCTETS] & _LENGTH_MASK
    header[M_CONTROL_OCTETS] = write_control(buffers.control, REPLIES + place, INCOMING + index, found[INFORMATION], tos)
    vector[V_ADDRESS], vector[V_OCTETS] = found[AT_INCOMING] + start, octets
    return 1


@compiled
def receive_requests(buffers: Buffers, service: Service) -> int:
    """Return how many requests were there, a batch or what is left of the limit at most."""
    for index in range(BATCH):
        buffers.headers[INCOMING + index, M_CONTROL_OCTETS] = CONTROL_OCTETS
        buffers.headers[INCOMING + index, M_NAME_OCTETS] = NAME_OCTETS
    words = service.words
    most = min(BATCH, words[LIMIT] - words[REPLIED]) if words[LIMIT] else BATCH
    got = recvmmsg(words[DESCRIPTOR], buffers.scratch[AT_HEADERS], most, MSG_DONTWAIT, 0)
    if got < 0 and why(buffers) not in (EAGAIN, EINTR):
        words[FAILED] += 1
    return max(0, got)


@compiled
def send_answers(buffers: Buffers, service: Service, count: int) -> None:
    """So many replies are sent; one that the kernel refuses is counted and passed over."""
    done = 0
    while done < count:
        place = buffers.scratch[AT_HEADERS] + _MESSAGE_OCTETS * (REPLIES + done)
        taken = sendmmsg(service.words[DESCRIPTOR], place, count - done, MSG_DONTWAIT)
        service.words[REPLIED] += max(0, taken)
        service.words[FAILED] += taken < 1
        done += max(1, taken)


@compiled
def serve_socket(buffers: Buffers, service: Service) -> None:
    """What waits at one socket is answered, until something is left to Python or for some batches at most."""
    words = service.words
    for _ in range(BATCH):
        got, count = receive_requests(buffers, service), 0
        now = (monotonic(buffers), wall(buffers))
        for index in range(got):
            count += answer_one(buffers, service, index, count, now)
        send_answers(buffers, service, count)
        if got < BATCH or words[SLOW_COUNT] > 0:
            return


@compiled
def serve(buffers: Buffers, service: Service) -> int:
    """Requests are answered until ``UNTIL_NS``, or one is left to Python, or the limit is reached; return 0, or errno."""
    words = service.words
    words[SLOW_COUNT] = 0
    while words[SLOW_COUNT] == 0 and not (words[LIMIT] and words[REPLIED] >= words[LIMIT]):
        left_ns = words[UNTIL_NS] - monotonic(buffers)
        if left_ns <= 0:
            return 0
        buffers.scratch[TIMEOUT], buffers.scratch[TIMEOUT + 1] = left_ns // NANOSECONDS, left_ns % NANOSECONDS
        timeout = buffers.scratch[AT_WORDS] + 8 * TIMEOUT
        ready = syscall(SYS_EPOLL_PWAIT2, words[EPOLL], buffers.scratch[AT_EVENTS], EVENTS, timeout, 0, 8)
        if ready < 0:
            reason = why(buffers)
            return 0 if reason == EINTR else reason
        if not serve_ready(buffers, service, ready):
            return 0
    return 0


@compiled
def serve_ready(buffers: Buffers, service: Service, ready: int) -> bool:
    """What waits at the ready sockets is answered; false where a transmit stamp waits, which is Python's."""
    words, stamped = service.words, False
    for event in range(ready):
        stamped |= buffers.events[event * words[EVENT_WORDS]] & _EPOLLERR != 0
        if words[SLOW_COUNT] == 0:
            words[DESCRIPTOR] = buffers.events[event * words[EVENT_WORDS] + words[EVENT_AT]]
            serve_socket(buffers, service)
    return not stamped
