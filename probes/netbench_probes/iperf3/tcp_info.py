"""What the kernel counts on a TCP socket (struct tcp_info of linux/tcp.h), read by descriptor number.

Standard library only: the worker imports it, and a worker must start fast.
"""

import ctypes
import socket
import struct
from collections.abc import Iterable, Sequence
from typing import NamedTuple

_libc = ctypes.CDLL(None, use_errno=True)

_LONGEST = 512
_LAST_DATA_SENT, _LAST_DATA_RECEIVED, _LAST_ACK_RECEIVED = 44, 52, 56
_SEND_MSS, _RTT, _CONGESTION_WINDOW, _TOTAL_RETRANSMITS = 16, 68, 80, 100
_BYTES_ACKED, _BYTES_RECEIVED, _BYTES_SENT = 120, 128, 200
_NEEDED = _BYTES_SENT + 8  # Linux 4.19 and later


class Counters(NamedTuple):
    """One connection's counts, or the sum over several."""

    acked_bytes: int
    """In order, and acknowledged by the far kernel."""
    received_bytes: int
    sent_bytes: int
    """Retransmissions included."""
    retransmits: int
    round_trip_us: int
    """TCP's smoothed estimate; the mean over several connections."""
    congestion_window_bytes: int


class Ages(NamedTuple):
    """How long ago something last happened on a connection, in nanoseconds, by the kernel's tick (1 to 10 ms)."""

    sent_ns: int
    received_ns: int
    acknowledged_ns: int


def counters(descriptor: int) -> Counters | None:
    """Return what the kernel counts on a TCP socket, or None when the descriptor is no TCP socket or the kernel is too old."""
    raw = _tcp_info(descriptor)
    return parse(raw) if raw is not None else None


def ages(descriptor: int) -> Ages | None:
    """Return when data was last sent and received and an acknowledgement came, or None as ``counters`` does."""
    raw = _tcp_info(descriptor)
    if raw is None or len(raw) < _NEEDED:
        return None
    offsets = (_LAST_DATA_SENT, _LAST_DATA_RECEIVED, _LAST_ACK_RECEIVED)
    return Ages(*(struct.unpack_from("=I", raw, offset)[0] * 1_000_000 for offset in offsets))


def parse(raw: bytes) -> Counters | None:
    """Return the counters in one ``struct tcp_info`` as the kernel wrote it, or None when it is too short to hold them."""
    if len(raw) < _NEEDED:
        return None
    segment_bytes, round_trip_us, window, retransmits = (
        struct.unpack_from("=I", raw, offset)[0] for offset in (_SEND_MSS, _RTT, _CONGESTION_WINDOW, _TOTAL_RETRANSMITS)
    )
    acked, received, sent = (struct.unpack_from("=Q", raw, offset)[0] for offset in (_BYTES_ACKED, _BYTES_RECEIVED, _BYTES_SENT))
    return Counters(acked, received, sent, retransmits, round_trip_us, window * segment_bytes)


def total(each: Sequence[Counters]) -> Counters:
    """Return the sum over connections, with the mean of their round trips; there is at least one."""
    sums = Counters(*(sum(values) for values in zip(*each, strict=True)))
    return sums._replace(round_trip_us=sums.round_trip_us // len(each))


def connections(descriptors: Iterable[int], control: int) -> list[int]:
    """Return those descriptors that are connected TCP sockets other than ``control``: iperf3's data streams."""
    return [fd for fd in descriptors if fd != control and _is_stream(fd) and not is_listening(fd)]


def is_listening(descriptor: int) -> bool:
    """Whether this is a socket that accepts connections."""
    return _number(descriptor, socket.SO_ACCEPTCONN) == 1


def _is_stream(descriptor: int) -> bool:
    internet = _number(descriptor, socket.SO_DOMAIN) in (socket.AF_INET, socket.AF_INET6)
    return internet and _number(descriptor, socket.SO_TYPE) == socket.SOCK_STREAM


def _number(descriptor: int, option: int) -> int | None:
    raw = _option(descriptor, socket.SOL_SOCKET, option, 4)
    return int.from_bytes(raw, "little") if raw is not None else None


def _tcp_info(descriptor: int) -> bytes | None:
    return _option(descriptor, socket.IPPROTO_TCP, socket.TCP_INFO, _LONGEST)


def _option(descriptor: int, level: int, option: int, size: int) -> bytes | None:
    buffer = ctypes.create_string_buffer(size)
    length = ctypes.c_uint32(size)
    failed = _libc.getsockopt(descriptor, level, option, buffer, ctypes.byref(length))
    return None if failed else buffer.raw[: length.value]
