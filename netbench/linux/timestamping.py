"""Kernel timestamps for datagrams: when the driver took a packet, when the stack received one (SO_TIMESTAMPING).

Receive stamps come as control messages. Transmit stamps come through the socket's error queue, later than the send and maybe
later than the answer, and name their packet by a per-socket counter of datagrams (SOF_TIMESTAMPING_OPT_ID). All are wall-clock
nanoseconds. What the kernel does not stamp has no stamp here: falling back on the user's clock is the caller's open choice.

The numbers are those of Linux's generic socket ABI (x86, ARM, RISC-V, s390, POWER); Python's socket module lacks them.
"""

import socket
import struct
import sys
from typing import Any, Final, NamedTuple

SO_TIMESTAMPING_NEW: Final = 65
"""The variant whose times are 64 bit on every architecture; the control messages carry the same number."""
SO_MEMINFO: Final = 55

TX_SOFTWARE: Final = 1 << 1
RX_SOFTWARE: Final = 1 << 3
SOFTWARE: Final = 1 << 4
OPT_ID: Final = 1 << 7
OPT_TSONLY: Final = 1 << 11
_FLAGS: Final = TX_SOFTWARE | RX_SOFTWARE | SOFTWARE | OPT_ID | OPT_TSONLY

SETTLING_NS: Final = 20_000_000
"""How long to wait between opening and measuring: the kernel turns its stamping on a moment after the first socket asks (a static
key, patched by a worker), and a packet received before that is stamped when it is read, the user's clock in disguise."""

_IP_RECVERR: Final = 11
_IP_TOS: Final = 1
_IP_RECVTTL: Final = 12
_IP_RECVTOS: Final = 13
_IPV6_RECVERR: Final = 25
_IPV6_HOPLIMIT: Final = 52
_IPV6_RECVTCLASS: Final = 66
_IPV6_TCLASS: Final = 67
_ORIGIN_TIMESTAMPING: Final = 4
_SCM_TSTAMP_SND: Final = 0
_DROPS_IN_MEMINFO: Final = 8
_ANCILLARY_OCTETS: Final = 512
_DATAGRAM_OCTETS: Final = 65_535
_MOST_AWAITED: Final = 65_536
_RECEIVE_BUFFER_OCTETS: Final = 1 << 20
_PRIVILEGED_BUFFER_OCTETS: Final = 1 << 23
_SO_RCVBUFFORCE: Final = 33

_TIMES = struct.Struct("@6q")
_EXTENDED_ERROR = struct.Struct("@IBBBBII")
_COUNTER_BITS: Final = 0xFFFF_FFFF

Address = tuple[Any, ...]
Ancillary = list[tuple[int, int, bytes]]


class Received(NamedTuple):
    """One datagram. ``stamp_ns`` is the kernel's, None without one; ``hop_limit`` is its TTL or hop limit on arrival.

    ``ancillary`` is every control message, for what only some callers ask. ``tos`` is DSCP << 2 | ECN on arrival.
    """

    octets: bytes
    peer: Address
    stamp_ns: int | None
    hop_limit: int | None
    ancillary: Ancillary
    tos: int | None = None


class StampedSocket:
    """A non-blocking datagram socket whose packets the kernel stamps both ways; it owns the socket.

    Every successful send is known by a token of the caller's choice, and its transmit stamp comes back with that token.
    """

    def __init__(self, owned: socket.socket) -> None:
        """After this ``kernel`` says whether the kernel accepted to stamp; TTL and marking of arrivals are asked for."""
        self._socket = owned
        self._counter = 0
        self._awaited: dict[int, tuple[int, int]] = {}
        owned.setblocking(False)
        _widen(owned)
        _receive_header_fields(owned)
        self.kernel = self._stamp()

    def fileno(self) -> int:
        """Return the descriptor, for polling."""
        return self._socket.fileno()

    def close(self) -> None:
        """Close the socket."""
        self._socket.close()

    @property
    def family(self) -> int:
        """AF_INET or AF_INET6."""
        return self._socket.family

    @property
    def local(self) -> Address:
        """The address that it is bound to."""
        address: Address = self._socket.getsockname()
        return address

    def send(self, octets: bytes, token: int, now_ns: int, ancillary: Ancillary | None = None) -> None:
        """Send on a connected socket; ``now_ns`` is the wall clock just before.

        :raises OSError: when the kernel did not take it
        """
        try:
            if ancillary:
                self._socket.sendmsg([octets], ancillary)
            else:
                self._socket.send(octets)
        except OSError:
            self._restart_counter()
            raise
        self._await(token, now_ns)

    def send_to(self, octets: bytes, peer: Address, token: int, now_ns: int, ancillary: Ancillary) -> None:
        """Send to a peer with control messages, else as ``send``."""
        try:
            self._socket.sendmsg([octets], ancillary, 0, peer)
        except OSError:
            self._restart_counter()
            raise
        self._await(token, now_ns)

    def receive(self) -> Received | None:
        """Return the next datagram, None when there is none.

        :raises OSError: an ICMP error that a connected socket has met (ECONNREFUSED, EHOSTUNREACH); the socket stays usable
        """
        try:
            octets, ancillary, _, peer = self._socket.recvmsg(_DATAGRAM_OCTETS, _ANCILLARY_OCTETS)
        except BlockingIOError:
            return None
        return received(octets, ancillary, peer)

    def transmitted(self) -> tuple[int, int] | None:
        """Return the next transmit stamp as (token, wall clock ns), None when there is none now.

        A stamp that cannot belong to the packet it names (left from before a failed send) is dropped.
        """
        while True:
            try:
                _, ancillary, _, _ = self._socket.recvmsg(0, _ANCILLARY_OCTETS, socket.MSG_ERRQUEUE)
            except BlockingIOError:
                return None
            departure = self.departure(ancillary)
            if departure is not None:
                return departure

    def departure(self, ancillary: list[tuple[int, int, bytes]]) -> tuple[int, int] | None:
        """Return the transmit stamp in a message of the error queue as (token, wall clock ns), None when it has none of ours."""
        counter, stamp_ns = _transmit_stamp(ancillary)
        token, sent_ns = self._awaited.pop(counter, (-1, 0))
        return (token, stamp_ns) if stamp_ns is not None and token >= 0 and stamp_ns >= sent_ns else None

    def drops(self) -> int:
        """Return how many arrivals the kernel dropped at this socket (no room, or a filter)."""
        information = self._socket.getsockopt(socket.SOL_SOCKET, SO_MEMINFO, 36)
        return int(struct.unpack("@9I", information)[_DROPS_IN_MEMINFO])

    def _stamp(self) -> bool:
        try:
            self._socket.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPING_NEW, _FLAGS)
        except OSError:
            return False
        return True

    def _await(self, token: int, now_ns: int) -> None:
        self._awaited[self._counter] = (token, now_ns)
        self._counter = (self._counter + 1) & _COUNTER_BITS
        if len(self._awaited) > _MOST_AWAITED:
            del self._awaited[next(iter(self._awaited))]

    def _restart_counter(self) -> None:
        # Some failed sends count (a firewall's EPERM) and some do not (no route): only asking anew makes it certain.
        if not self.kernel:
            return
        self._socket.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPING_NEW, _FLAGS & ~OPT_ID & ~OPT_TSONLY)
        self._socket.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPING_NEW, _FLAGS)
        self._counter = 0
        self._awaited.clear()


def _widen(owned: socket.socket) -> None:
    """Its arrivals and stamps have room while the process is kept waiting: more than the host's limit where that is allowed."""
    try:
        owned.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, _PRIVILEGED_BUFFER_OCTETS)
    except PermissionError:
        owned.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _RECEIVE_BUFFER_OCTETS)


def marking(family: int, tos: int) -> Ancillary:
    """Return the control message that marks one datagram: ``tos`` is DSCP << 2 | ECN."""
    if family == socket.AF_INET6:
        return [(socket.IPPROTO_IPV6, _IPV6_TCLASS, tos.to_bytes(4, sys.byteorder))]
    return [(socket.IPPROTO_IP, _IP_TOS, tos.to_bytes(4, sys.byteorder))]


def _receive_header_fields(owned: socket.socket) -> None:
    if owned.family == socket.AF_INET6:
        owned.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_RECVHOPLIMIT, 1)
        owned.setsockopt(socket.IPPROTO_IPV6, _IPV6_RECVTCLASS, 1)
    else:
        owned.setsockopt(socket.IPPROTO_IP, _IP_RECVTTL, 1)
        owned.setsockopt(socket.IPPROTO_IP, _IP_RECVTOS, 1)


_HOP_LIMITS: Final = ((socket.IPPROTO_IP, socket.IP_TTL), (socket.IPPROTO_IPV6, _IPV6_HOPLIMIT))
_MARKINGS: Final = ((socket.IPPROTO_IP, _IP_TOS), (socket.IPPROTO_IPV6, _IPV6_TCLASS))


def received(octets: bytes, ancillary: Ancillary, peer: Address) -> Received:
    """Return a datagram with what its control messages say."""
    stamp_ns = hop_limit = tos = None
    for level, kind, data in ancillary:
        if level == socket.SOL_SOCKET and kind == SO_TIMESTAMPING_NEW:
            stamp_ns = _software_ns(data)
        elif (level, kind) in _HOP_LIMITS:
            hop_limit = int.from_bytes(data[:4], sys.byteorder)
        elif (level, kind) in _MARKINGS:
            tos = int.from_bytes(data[:4], sys.byteorder)  # one octet of IPv4, an int of IPv6
    return Received(octets, peer, stamp_ns, hop_limit, ancillary, tos)


def _transmit_stamp(ancillary: Ancillary) -> tuple[int, int | None]:
    counter, stamp_ns = -1, None
    for level, kind, data in ancillary:
        if level == socket.SOL_SOCKET and kind == SO_TIMESTAMPING_NEW:
            stamp_ns = _software_ns(data)
        elif (level, kind) in ((socket.IPPROTO_IP, _IP_RECVERR), (socket.IPPROTO_IPV6, _IPV6_RECVERR)):
            _, origin, _, _, _, information, identifier = _EXTENDED_ERROR.unpack_from(data)
            if origin == _ORIGIN_TIMESTAMPING and information == _SCM_TSTAMP_SND:
                counter = identifier
    return counter, stamp_ns


def _software_ns(data: bytes) -> int | None:
    seconds, nanoseconds = _TIMES.unpack_from(data)[:2]
    return seconds * 1_000_000_000 + nanoseconds or None
