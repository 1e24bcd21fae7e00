"""What the kernel says beside a packet, in control messages as 64-bit Linux lays them out: length, level, type, data."""

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from netbench.linux.native.libc import NANOSECONDS, Words
from netbench_probes.stamp.fast.compiled import compiled
from netbench_probes.stamp.fast.layout import UNKNOWN

CONTROL_OCTETS: Final = 256
"""Times (64), TTL (24), TOS (24), packet information (40), and for an error the extended error and its address (64)."""

STAMP, TTL, TOS, COUNTER, INFORMATION = range(5)
FOUND_WORDS: Final = 5

_SOL_SOCKET: Final = 1
_TIMESTAMPING_NEW: Final = 65
_IP, _IPV6 = 0, 41
_IP_TOS, _IP_TTL, _IP_PKTINFO, _IP_RECVERR = 1, 2, 8, 11
_IPV6_RECVERR, _IPV6_PKTINFO, _IPV6_HOPLIMIT, _IPV6_TCLASS = 25, 50, 52, 67
_ORIGIN_TIMESTAMPING: Final = 4
_STAMP_OF_SENDING: Final = 0
_HEADER_WORDS: Final = 2


class Control(NamedTuple):
    """One piece of memory, (messages, ...), seen as words of 8, 4 and 1 octets."""

    words: NDArray[np.int64]
    halves: NDArray[np.int32]
    octets: NDArray[np.uint8]


def make_control(messages: int) -> Control:
    """Return zeroed room for the control messages of so many packets."""
    words = np.zeros((messages, CONTROL_OCTETS // 8), np.int64)
    return Control(words, words.view(np.int32), words.view(np.uint8))


@compiled
def read_control(control: Control, index: int, octets: int, found: Words) -> None:
    """``found`` begins with what ``octets`` of control messages beside packet ``index`` say, UNKNOWN where they say nothing.

    COUNTER is that of a transmit stamp; INFORMATION the word at which the data of IP_PKTINFO begin.
    """
    found[:FOUND_WORDS] = UNKNOWN
    place = 0
    while 8 * (place + _HEADER_WORDS) <= octets:
        length = int(control.words[index, place])
        if length < 8 * _HEADER_WORDS or 8 * place + length > octets:
            return
        level, kind = control.halves[index, 2 * place + 2], control.halves[index, 2 * place + 3]
        read_one(control, index, place + _HEADER_WORDS, (level, kind), found)
        place += (length + 7) // 8


@compiled
def read_one(control: Control, index: int, place: int, about: tuple[int, int], found: Words) -> None:
    """``found`` holds also what one control message says, whose data are at ``place`` and which is ``about`` (level, type)."""
    level, kind = about
    if level == _SOL_SOCKET and kind == _TIMESTAMPING_NEW:
        stamp_ns = control.words[index, place] * NANOSECONDS + control.words[index, place + 1]
        found[STAMP] = stamp_ns or UNKNOWN
    elif (level == _IP and kind == _IP_TTL) or (level == _IPV6 and kind == _IPV6_HOPLIMIT):
        found[TTL] = control.halves[index, 2 * place]
    elif level == _IP and kind == _IP_TOS:
        found[TOS] = control.octets[index, 8 * place]
    elif level == _IPV6 and kind == _IPV6_TCLASS:
        found[TOS] = control.halves[index, 2 * place]
    elif (level == _IP and kind == _IP_PKTINFO) or (level == _IPV6 and kind == _IPV6_PKTINFO):
        found[INFORMATION] = place
    elif (level == _IP and kind == _IP_RECVERR) or (level == _IPV6 and kind == _IPV6_RECVERR):
        read_counter(control, index, place, found)


@compiled
def read_counter(control: Control, index: int, place: int, found: Words) -> None:
    """``found`` holds the counter of the packet whose sending was stamped, where the extended error is of that kind."""
    of_sending = control.halves[index, 2 * place + 2] == _STAMP_OF_SENDING
    if control.octets[index, 8 * place + 4] == _ORIGIN_TIMESTAMPING and of_sending:
        found[COUNTER] = np.int64(control.halves[index, 2 * place + 3]) & 0xFFFF_FFFF
