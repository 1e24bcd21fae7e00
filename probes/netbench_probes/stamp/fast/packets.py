"""The base packets of unauthenticated STAMP as octets: the compiled twin of ``stamp.wire``."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from netbench.linux.native.libc import NANOSECONDS
from netbench_probes.stamp.fast.compiled import compiled

Octets = NDArray[np.uint8]

BASE_OCTETS: Final = 44
REQUEST_LEAST_OCTETS: Final = 14
REPLY_LEAST_OCTETS: Final = 38
TTL_OFFSET: Final = 40
PTP_FORMAT: Final = 0x4000
SYNCHRONISED: Final = 0x8000
HEAD_OCTETS: Final = 4
PADDING: Final = 1
NOT_UNDERSTOOD, BROKEN, INTEGRITY = 0x80, 0x40, 0x20

_NTP_TO_UNIX_SECONDS: Final = 2_208_988_800
_ERA_SECONDS: Final = 1 << 32
_WORD: Final = 0xFFFF_FFFF


@compiled
def load(octets: Octets, start: int, count: int) -> int:
    """Return a big-endian number of at most 8 octets; one of 8 comes as it stands in an int64."""
    value = 0
    for index in range(count):
        value = value << 8 | int(octets[start + index])
    return value


@compiled
def store(octets: Octets, start: int, count: int, value: int) -> None:
    """A number stands big-endian in so many octets."""
    for index in range(count):
        octets[start + index] = value >> 8 * (count - 1 - index) & 0xFF


@compiled
def ntp_from_unix(unix_ns: int) -> int:
    """Return the NTP timestamp nearest to an instant, its 64 bits as an int64."""
    seconds, nanoseconds = unix_ns // NANOSECONDS, unix_ns % NANOSECONDS
    fraction = ((nanoseconds << 32) + NANOSECONDS // 2) // NANOSECONDS
    return ((seconds + _NTP_TO_UNIX_SECONDS) & _WORD) << 32 | fraction


@compiled
def timestamp_from_unix(unix_ns: int, error_estimate: int) -> int:
    """Return the timestamp of an instant in the format that the Z bit of the error estimate beside it names."""
    if error_estimate & PTP_FORMAT:
        return (unix_ns // NANOSECONDS & _WORD) << 32 | unix_ns % NANOSECONDS
    return ntp_from_unix(unix_ns)


@compiled
def unix_from(timestamp: int, error_estimate: int, near_ns: int) -> int:
    """Return the instant nearest to ``near_ns`` of a timestamp in the format that its error estimate's Z bit names."""
    seconds, rest = timestamp >> 32 & _WORD, timestamp & _WORD
    if error_estimate & PTP_FORMAT:
        return in_era(seconds, near_ns) * NANOSECONDS + rest
    return in_era(seconds - _NTP_TO_UNIX_SECONDS, near_ns) * NANOSECONDS + ((rest * NANOSECONDS + (1 << 31)) >> 32)


@compiled
def in_era(seconds: int, near_ns: int) -> int:
    """Return the count of seconds that agrees with ``seconds`` modulo 2^32 and is nearest to an instant."""
    near_seconds = near_ns // NANOSECONDS
    return near_seconds + (seconds - near_seconds + _ERA_SECONDS // 2) % _ERA_SECONDS - _ERA_SECONDS // 2


@compiled
def write_request(octets: Octets, start: int, sequence: int, timestamp: int, marks: tuple[int, int]) -> None:
    """The first 16 octets are a sender's; ``marks`` are the error estimate and the SSID. The rest is as it was."""
    store(octets, start, 4, sequence)
    store(octets, start + 4, 8, timestamp)
    store(octets, start + 12, 2, marks[0])
    store(octets, start + 14, 2, marks[1])


@compiled
def write_reply(octets: Octets, extent: tuple[int, int], number: int, times: tuple[int, int], marks: tuple[int, int]) -> int:
    """A request has become its reply; return how long that is, at least 44.

    ``extent`` is where the request starts and how long it is, 14 octets or more.
    ``times`` are T2 and T3, ``marks`` the error estimate and the TTL with which the request arrived (0 unknown).
    """
    start, length = extent
    for index in range(REQUEST_LEAST_OCTETS):
        octets[start + 24 + index] = octets[start + index]
    if length < 16:
        store(octets, start + length, 16 - length, 0)
    store(octets, start + 38, 6, 0)
    octets[start + TTL_OFFSET] = marks[1]
    store(octets, start, 4, number)
    store(octets, start + 4, 8, timestamp_from_unix(times[1], marks[0]))
    store(octets, start + 12, 2, marks[0])
    store(octets, start + 16, 8, timestamp_from_unix(times[0], marks[0]))
    if is_padded(octets, start, length):
        octets[start + BASE_OCTETS] = 0
    return max(length, BASE_OCTETS)


@compiled
def is_padded(octets: Octets, start: int, length: int) -> bool:
    """Whether one Extra Padding TLV (RFC 8972 §4.1), and nothing else, follows the base packet."""
    value = length - BASE_OCTETS - HEAD_OCTETS
    head = start + BASE_OCTETS
    return value >= 0 and octets[head + 1] == PADDING and load(octets, head + 2, 2) == value
