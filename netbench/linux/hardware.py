"""Timestamps by network interfaces: which interfaces make them, how they are turned on, and how far their clock is off.

An interface with a clock of its own (a PHC, /dev/ptpN) stamps packets as they pass its wire. Those stamps are of that clock, not
of the system's: the offset between the two, and how well it is known, would be part of every such stamp.
"""

import array
import fcntl
import os
import socket
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from netbench.errors import UnsupportedError

NANOSECONDS: Final = 1_000_000_000

_SIOCETHTOOL: Final = 0x8946
_SIOCSHWTSTAMP: Final = 0x89B0
_GET_TS_INFO: Final = 0x41
_INFORMATION = struct.Struct("=IIiI3II3I")
_BY_HARDWARE: Final = 1 << 0 | 1 << 2 | 1 << 6
"""Transmit, receive, and raw: SOF_TIMESTAMPING_TX_HARDWARE, _RX_HARDWARE, _RAW_HARDWARE."""
_CONFIGURATION = struct.Struct("=iii")
_TX_ON, _RX_ALL = 1, 1
_REQUEST = struct.Struct("@16sP16x")

_READINGS: Final = 10
_CLOCK_TIME = struct.Struct("@qII")
_OFFSET_HEAD = struct.Struct("@I3I")
_PTP_SYS_OFFSET: Final = 0x43403D05
"""_IOW(PTP_CLK_MAGIC, 5, struct ptp_sys_offset): the system's clock, the interface's, the system's, … in turn."""
_MOST_READINGS: Final = 25
_NOT_SUPPORTED: Final = 95


@dataclass(frozen=True, slots=True)
class Stamping:
    """What an interface says of itself: whether it stamps packets both ways, and the number of its clock, None without one."""

    interface: str
    hardware: bool
    clock: int | None


@dataclass(frozen=True, slots=True)
class Offset:
    """How far an interface's clock is ahead of the system's, give or take ``error_ns``."""

    ahead_ns: int
    error_ns: int


def stamping_of(interface: str) -> Stamping:
    """Return what an interface of this namespace can do by itself.

    :raises UnsupportedError: when there is no such interface
    """
    memory = array.array("B", _INFORMATION.pack(_GET_TS_INFO, *(0,) * 10).ljust(64, b"\0"))
    try:
        _ask(interface, _SIOCETHTOOL, memory)
    except OSError as error:
        if error.errno == _NOT_SUPPORTED:
            return Stamping(interface, hardware=False, clock=None)
        raise UnsupportedError(f"interface {interface} does not say how it stamps packets: {error.strerror}") from error
    _, able, clock, *_ = _INFORMATION.unpack_from(memory.tobytes())
    return Stamping(interface, able & _BY_HARDWARE == _BY_HARDWARE, clock if clock >= 0 else None)


def stampings() -> Sequence[Stamping]:
    """Return the same of every interface of this namespace but loopback."""
    return [stamping_of(name) for _, name in socket.if_nameindex() if name != "lo"]


def turn_on(interface: str) -> None:
    """The interface stamps every packet that it sends for a socket that asks, and every one that it receives.

    :raises UnsupportedError: when it cannot, or this user may not
    """
    memory = array.array("B", _CONFIGURATION.pack(0, _TX_ON, _RX_ALL))
    try:
        _ask(interface, _SIOCSHWTSTAMP, memory)
    except OSError as error:
        raise UnsupportedError(f"interface {interface} stamps no packets itself here: {error.strerror}") from error


def offset_of(clock: int) -> Offset:
    """Return how far /dev/ptpN is ahead of the system's clock, by the quickest of several readings.

    :raises UnsupportedError: when it is not there or may not be read
    """
    memory = array.array("B", _OFFSET_HEAD.pack(_READINGS, 0, 0, 0) + bytes(_CLOCK_TIME.size * (2 * _MOST_READINGS + 1)))
    try:
        descriptor = os.open(f"/dev/ptp{clock}", os.O_RDONLY | os.O_CLOEXEC)
        try:
            fcntl.ioctl(descriptor, _PTP_SYS_OFFSET, memory, True)
        finally:
            os.close(descriptor)
    except OSError as error:
        raise UnsupportedError(f"the clock /dev/ptp{clock} cannot be read: {error.strerror}") from error
    return offset_from(memory.tobytes())


def offset_from(answer: bytes) -> Offset:
    """Return the offset in an answer to PTP_SYS_OFFSET: the interface's clock against the middle of the readings around it."""
    count = _OFFSET_HEAD.unpack_from(answer)[0]
    place = _OFFSET_HEAD.size
    times = [_CLOCK_TIME.unpack_from(answer, place + _CLOCK_TIME.size * reading) for reading in range(2 * count + 1)]
    instants = [seconds * NANOSECONDS + nanoseconds for seconds, nanoseconds, _ in times]
    spans = [(instants[reading + 1] - instants[reading - 1], reading) for reading in range(1, 2 * count, 2)]
    span_ns, reading = min(spans)
    return Offset(instants[reading] - (instants[reading - 1] + span_ns // 2), (span_ns + 1) // 2)


def _ask(interface: str, request: int, memory: "array.array[int]") -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        fcntl.ioctl(asking, request, _REQUEST.pack(interface.encode(), memory.buffer_info()[0]))
