"""Sockets that may send ICMP echoes: those that need no privilege where the kernel allows them, else raw ones where we may.

A datagram socket of ICMP (``net.ipv4.ping_group_range``, for IPv6 too) has its identifier given by the kernel and is handed only
the replies to its own requests. A raw socket sees every reply that this host receives; the caller tells what is not its own.
"""

import socket
import struct
from collections.abc import Callable
from typing import Final, NamedTuple

from netbench.errors import UnsupportedError

_PROTOCOLS: Final = {socket.AF_INET: socket.IPPROTO_ICMP, socket.AF_INET6: socket.IPPROTO_ICMPV6}
_SOL_RAW: Final = 255
_ICMP_FILTER: Final = 1
_ECHO_REPLY, _ECHO_REPLY_6 = 0, 129

MakeSocket = Callable[[socket.AddressFamily, socket.SocketKind, int], socket.socket]


class EchoSocket(NamedTuple):
    """A socket for echoes; a ``raw`` one chooses its identifier itself and, for IPv4, hands the IP header over too."""

    opened: socket.socket
    raw: bool


def open_echo_socket(make: MakeSocket, family: socket.AddressFamily) -> EchoSocket:
    """Return a socket made by ``make`` (of a vantage), a datagram one if this user may, else a raw one that hears replies alone.

    :raises UnsupportedError: when this user may open neither
    """
    protocol = _PROTOCOLS[socket.AddressFamily(family)]
    try:
        return EchoSocket(make(family, socket.SOCK_DGRAM, protocol), raw=False)
    except PermissionError:
        pass  # the kernel allows none to this user's groups: a raw one needs no such leave
    try:
        raw = make(family, socket.SOCK_RAW, protocol)
    except PermissionError as error:
        raise UnsupportedError(
            "this user may open no ICMP socket; allow it by "
            "`sudo sysctl -w net.ipv4.ping_group_range='0 2147483647'`, or run as root"
        ) from error
    _hear_replies_alone(raw)
    return EchoSocket(raw, raw=True)


def _hear_replies_alone(raw: socket.socket) -> None:
    if raw.family == socket.AF_INET6:
        blocked = bytearray(b"\xff" * 32)
        word = int.from_bytes(blocked[_ECHO_REPLY_6 // 32 * 4 :][:4], "little") & ~(1 << _ECHO_REPLY_6 % 32)
        struct.pack_into("=I", blocked, _ECHO_REPLY_6 // 32 * 4, word)
        raw.setsockopt(socket.IPPROTO_ICMPV6, _ICMP_FILTER, bytes(blocked))
    else:
        raw.setsockopt(_SOL_RAW, _ICMP_FILTER, struct.pack("=I", 0xFFFFFFFF & ~(1 << _ECHO_REPLY)))
