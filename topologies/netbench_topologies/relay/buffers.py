"""The arrays that the kernel reads and writes when the loop calls it, laid out as 64-bit Linux wants them.

An mmsghdr is 8 words (name, its length, iovec, their number, control, its length, flags, octets moved), an iovec 2, a control
buffer 8; a timespec 2. Incoming message i has iovec, control buffer and 68 KiB of scratch number i.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from netbench_topologies.relay.frame import Octets
from netbench_topologies.relay.layout import LARGEST_FRAME, Words
from netbench_topologies.relay.ring import Store

BATCH = 32
CONTROL_WORDS = 8

MESSAGE_WORDS = 8
M_IOVEC, M_IOVECS, M_CONTROL, M_CONTROL_OCTETS, M_FLAGS, M_OCTETS = 2, 3, 4, 5, 6, 7

ADDRESS_STORE, ADDRESS_IN, ADDRESS_OUT, ADDRESS_SCRATCH, ADDRESS_TIMES, ADDRESS_EVENTS = range(6)

MONOTONIC_TIME, REAL_TIME, TIMEOUT, ERROR = 0, 2, 4, 6
TIMES_WORDS = 7
EVENTS = 64

Events = NDArray[np.int32]


class Buffers(NamedTuple):
    """Everything that the loop hands to the kernel, and where it is.

    ``addresses`` hold the ADDRESS_… of the arrays; ``times`` the timespecs at MONOTONIC_TIME, REAL_TIME and TIMEOUT,
    and errno at ERROR. ``events`` are epoll_event as 32-bit words.
    """

    store: Store
    store_octets: Octets
    scratch: Octets
    incoming: Words
    outgoing: Words
    incoming_vectors: Words
    outgoing_vectors: Words
    control: Words
    times: Words
    events: Events
    addresses: Words


def make_buffers(store: Store) -> Buffers:
    """Return zeroed buffers around a store of frames."""
    vectors, control = np.zeros((2, BATCH, 2), np.int64), np.zeros((BATCH, CONTROL_WORDS), np.int64)
    messages = np.zeros((2, BATCH, MESSAGE_WORDS), np.int64)
    scratch, times, events = (
        np.zeros(BATCH * LARGEST_FRAME, np.uint8),
        np.zeros(TIMES_WORDS, np.int64),
        np.zeros(EVENTS * 4, np.int32),
    )
    for side in range(2):
        messages[side, :, M_IOVEC] = vectors[side].ctypes.data + 16 * np.arange(BATCH)
        messages[side, :, M_IOVECS] = 1
    messages[0, :, M_CONTROL] = control.ctypes.data + 8 * CONTROL_WORDS * np.arange(BATCH)
    arrays = (store.words, messages[0], messages[1], scratch, times, events)
    addresses = np.array([array.ctypes.data for array in arrays], np.int64)
    octets = store.words.view(np.uint8)
    return Buffers(store, octets, scratch, messages[0], messages[1], vectors[0], vectors[1], control, times, events, addresses)
