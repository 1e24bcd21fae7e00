"""The memory that the kernel reads and writes when compiled code calls it, laid out as 64-bit Linux wants it.

An mmsghdr is 8 words (name, its length, iovec, their number, control, its length, flags, octets moved), an iovec 2. Arrays are
few: compiling takes as long as there are arrays to hand from function to function.
"""

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from netbench.linux.native.libc import Words
from netbench_probes.stamp.fast.control import CONTROL_OCTETS, Control, make_control
from netbench_probes.stamp.fast.packets import Octets

BATCH: Final = 64
INCOMING, STAMPS, REPLIES, OUTGOING = (kind * BATCH for kind in range(4))
"""Where the messages of each kind begin: packets that come, transmit stamps, replies and the sender's own packets."""

MESSAGE_WORDS: Final = 8
M_NAME, M_NAME_OCTETS, M_IOVEC, M_IOVECS, M_CONTROL, M_CONTROL_OCTETS, M_FLAGS, M_OCTETS = range(8)
V_ADDRESS, V_OCTETS = 0, 1
NAME_OCTETS: Final = 32
"""Room for a sockaddr_in6."""

MONOTONIC_TIME, REAL_TIME, TIMEOUT, ERROR, VALUE, AT_WORDS, AT_EVENTS, AT_HEADERS, AT_INCOMING, ROOM_IN, ROOM_OUT = (
    *range(8, 14, 2),
    *range(14, 22),
)
SCRATCH_WORDS: Final = 22
EVENTS: Final = 64


class Buffers(NamedTuple):
    """Messages of four kinds: ``headers`` (256, 8) and ``vectors`` (256, 2); incoming packets become replies in place.

    ``control`` belongs to all but OUTGOING. ``scratch`` begins with what control messages say; then come timespecs at
    MONOTONIC_TIME, REAL_TIME and TIMEOUT, errno at ERROR, a socket option at VALUE, where the arrays lie, and how many octets
    each packet has room for. ``events`` are epoll_event as 32-bit words.
    """

    headers: NDArray[np.int64]
    vectors: NDArray[np.int64]
    control: Control
    incoming: Octets
    outgoing: Octets
    scratch: Words
    events: NDArray[np.int32]


def make_buffers(largest_octets: int, outgoing_octets: int) -> Buffers:
    """Return buffers for packets of at most ``largest_octets`` that come in and of ``outgoing_octets`` that the sender makes."""
    headers, vectors = np.zeros((4 * BATCH, MESSAGE_WORDS), np.int64), np.zeros((4 * BATCH, 2), np.int64)
    control, scratch, events = make_control(3 * BATCH), np.zeros(SCRATCH_WORDS, np.int64), np.zeros(EVENTS * 4, np.int32)
    incoming, outgoing = np.zeros(BATCH * largest_octets, np.uint8), np.zeros(BATCH * outgoing_octets, np.uint8)
    headers[:, M_IOVEC], headers[:, M_IOVECS] = vectors.ctypes.data + 16 * np.arange(4 * BATCH), 1
    headers[STAMPS:REPLIES, M_IOVECS] = 0
    headers[:OUTGOING, M_CONTROL] = control.words.ctypes.data + CONTROL_OCTETS * np.arange(3 * BATCH)
    for first, octets, room in ((INCOMING, incoming, largest_octets), (OUTGOING, outgoing, outgoing_octets)):
        vectors[first : first + BATCH, V_ADDRESS] = octets.ctypes.data + room * np.arange(BATCH)
        vectors[first : first + BATCH, V_OCTETS] = room
    scratch[AT_WORDS], scratch[AT_EVENTS], scratch[AT_HEADERS] = (array.ctypes.data for array in (scratch, events, headers))
    scratch[AT_INCOMING], scratch[ROOM_IN], scratch[ROOM_OUT] = incoming.ctypes.data, largest_octets, outgoing_octets
    return Buffers(headers, vectors, control, incoming, outgoing, scratch, events)
