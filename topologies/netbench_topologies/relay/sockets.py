"""The relay's sockets: one AF_PACKET socket a veth end, with the kernel's arrival times and nothing it sent itself."""

import contextlib
import socket
import struct
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from netbench.errors import UnsupportedError

ETH_P_ALL = 0x0003
SOL_PACKET = 263
PACKET_STATISTICS, PACKET_VNET_HDR, PACKET_QDISC_BYPASS, PACKET_IGNORE_OUTGOING = 6, 15, 20, 23
SO_SNDBUFFORCE, SO_RCVBUFFORCE, SO_TIMESTAMPNS = 32, 33, 35
BUFFER_OCTETS = 16 * 1024 * 1024

CLOSING_TOGETHER = 32
_STATISTICS = struct.Struct("=II")


def open_port() -> socket.socket:
    """Return a socket that will see one interface of the caller's namespace once it is bound (``bind_port``).

    :raises UnsupportedError: when packet sockets are not allowed, or cannot do what the relay needs
    """
    try:
        port = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
    except OSError as error:
        raise UnsupportedError(
            f"cannot open a packet socket for the relay: {error.strerror}; run as root or inside `unshare -Urn`"
        ) from error
    try:
        _configure(port)
    except OSError as error:
        port.close()
        raise UnsupportedError(
            f"this kernel cannot relay frames: {error.strerror}; packet sockets with virtio headers need Linux 4.20"
        ) from error
    return port


def bind_port(port: socket.socket, interface: str) -> None:
    """Frames that arrive at ``interface`` from now on are in the socket.

    :raises UnsupportedError: when the interface is gone or down
    """
    try:
        port.bind((interface, ETH_P_ALL))
    except OSError as error:
        raise UnsupportedError(
            f"cannot bind the relay to {interface}: {error.strerror}; make the link and set its interfaces up first"
        ) from error


def close_ports(ports: Sequence[socket.socket]) -> None:
    """All are closed.

    The kernel makes each wait until no processor can be using it any more, some 14 ms: so they wait together.
    """
    with ThreadPoolExecutor(CLOSING_TOGETHER) as pool:
        list(pool.map(socket.socket.close, ports))


def take_overruns(port: socket.socket) -> int:
    """Return how many frames the kernel dropped before the relay could read them, since the last call."""
    _packets, drops = _STATISTICS.unpack(port.getsockopt(SOL_PACKET, PACKET_STATISTICS, _STATISTICS.size))
    return int(drops)


def _configure(port: socket.socket) -> None:
    for option in (PACKET_VNET_HDR, PACKET_IGNORE_OUTGOING, PACKET_QDISC_BYPASS):
        port.setsockopt(SOL_PACKET, option, 1)
    port.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
    for forced, usual in ((SO_RCVBUFFORCE, socket.SO_RCVBUF), (SO_SNDBUFFORCE, socket.SO_SNDBUF)):
        port.setsockopt(socket.SOL_SOCKET, usual, BUFFER_OCTETS)
        with contextlib.suppress(PermissionError):  # only the host's own root may go past net.core.rmem_max
            port.setsockopt(socket.SOL_SOCKET, forced, BUFFER_OCTETS)
