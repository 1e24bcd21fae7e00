"""Many datagrams in one system call: a burst as fast as the kernel takes it.

By UDP_SEGMENT (Linux 4.18) the kernel hands a whole burst to the interface before whoever receives it gets to run; where it
cannot, sendmmsg(2) sends datagram by datagram, and a receiver on the same processor may run in between.
"""

import ctypes
import errno
import os
import socket
import struct
from collections.abc import Sequence

_libc = ctypes.CDLL(None, use_errno=True)
UDP_SEGMENT = 103
SEGMENTS_AT_ONCE = 40
"""Within the 64 that the kernel takes, and within the 65 507 octets of one datagram when each is a full frame's payload."""
_AGAIN = (errno.EAGAIN, errno.ENOBUFS, errno.EINTR)


class _Vector(ctypes.Structure):
    _fields_ = (("base", ctypes.c_void_p), ("length", ctypes.c_size_t))


class _Header(ctypes.Structure):
    _fields_ = (
        ("name", ctypes.c_void_p),
        ("name_length", ctypes.c_uint),
        ("vectors", ctypes.c_void_p),
        ("vector_count", ctypes.c_size_t),
        ("control", ctypes.c_void_p),
        ("control_length", ctypes.c_size_t),
        ("flags", ctypes.c_int),
    )


class _Message(ctypes.Structure):
    _fields_ = (("header", _Header), ("sent_octets", ctypes.c_uint))


class Batch:
    """Datagrams laid out once, ready to be sent."""

    def __init__(self, datagrams: Sequence[bytes]) -> None:
        """They are copied."""
        self.count = len(datagrams)
        self._octets = [ctypes.create_string_buffer(datagram, len(datagram)) for datagram in datagrams]
        self._vectors = (_Vector * self.count)(*(_Vector(ctypes.addressof(octets), len(octets)) for octets in self._octets))
        self._messages = (_Message * self.count)(
            *(_Message(_Header(vectors=ctypes.addressof(vector), vector_count=1)) for vector in self._vectors)
        )

    def send(self, connected: socket.socket) -> int:
        """Send them in order over a connected socket; return how many the kernel took, fewer when it has no room.

        :raises OSError: when it took none, for another reason
        """
        sent = int(_libc.sendmmsg(connected.fileno(), ctypes.byref(self._messages), self.count, socket.MSG_DONTWAIT))
        if sent >= 0:
            return sent
        reason = ctypes.get_errno()
        if reason in _AGAIN:
            return 0
        raise OSError(reason, os.strerror(reason))


def send_burst(connected: socket.socket, datagrams: Sequence[bytes]) -> int:
    """Send datagrams of one length in order over a connected UDP socket; return how many the kernel took.

    :raises OSError: when it took none, for another reason than lack of room
    """
    sent = 0
    while sent < len(datagrams):
        part = datagrams[sent : sent + SEGMENTS_AT_ONCE]
        taken = _send_segments(connected, part)
        if taken is None:
            return sent + Batch(datagrams[sent:]).send(connected)
        if not taken:
            return sent
        sent += taken
    return sent


def _send_segments(connected: socket.socket, datagrams: Sequence[bytes]) -> int | None:
    """Send them as segments of one; None where this kernel or this interface cannot."""
    segment = struct.pack("=H", len(datagrams[0]))
    try:
        connected.sendmsg([b"".join(datagrams)], [(socket.IPPROTO_UDP, UDP_SEGMENT, segment)], socket.MSG_DONTWAIT)
    except OSError as error:
        if error.errno in _AGAIN:
            return 0
        return None
    return len(datagrams)
