"""The sockets of a path: one a flow, so that all packets of a flow look alike to whatever spreads traffic (Paris traceroute).

By UDP flows differ in the source port; nobody needs a privilege. By ICMP they differ in the identifier, and the checksum, which
some routers look at too, is kept the same for all probes of a flow.
"""

import socket
import struct
from typing import Final, NamedTuple, Protocol

from netbench.linux.error_queue import ComplainingSocket
from netbench.linux.icmp_errors import IcmpError
from netbench.linux.icmp_extensions import internet_checksum
from netbench.linux.icmp_sockets import open_echo_socket
from netbench.linux.timestamping import Received
from netbench.measure.vantage import Vantage
from netbench_probes.icmp.wire import HEADER_OCTETS, REPLY, REQUEST, decode_echo, without_ip_header
from netbench_probes.path.wire import HEADERS, MARK_OCTETS, ProbeId, decode_mark, encode_mark

_IP_TOS, _IPV6_TCLASS = 1, 67
_IP_MTU_DISCOVER, _IPV6_MTU_DISCOVER, _IPV6_DONTFRAG = 10, 23, 62
_PROBE: Final = 3
"""IP_PMTUDISC_PROBE: never fragmented, whatever the kernel has learnt of the way."""
_ECHO = struct.Struct("!BBHHH")


class Arrived(NamedTuple):
    """An answer of the far end itself that is no ICMP error."""

    identity: ProbeId
    icmp_type: int


class FlowSocket(Protocol):
    """How one flow's probes are made and known again."""

    channel: ComplainingSocket

    def encode(self, identity: ProbeId, packet_octets: int) -> bytes:
        """Return what to hand to the kernel for a probe of that many IP octets."""
        ...

    def quoted(self, error: IcmpError) -> ProbeId | None:
        """Return which probe an ICMP error quotes, None when it quotes too little.

        :raises ValueError: when it quotes something else
        """
        ...

    def quoted_octets(self, error: IcmpError) -> int:
        """Return how much of the IP packet an ICMP error quotes, its headers counted."""
        ...

    def arrived(self, received: Received) -> Arrived | None:
        """Return which probe a packet from the far end answers, None when it answers none of this flow."""
        ...


class UdpFlow:
    """Probes to a closed UDP port."""

    def __init__(self, opened: socket.socket, nonce: bytes) -> None:
        """It owns the socket."""
        self.channel = ComplainingSocket(opened)
        self._nonce = nonce
        self._headers = HEADERS[opened.family]

    def encode(self, identity: ProbeId, packet_octets: int) -> bytes:
        """Return the datagram's payload."""
        return encode_mark(self._nonce, identity, packet_octets - self._headers)

    def quoted(self, error: IcmpError) -> ProbeId | None:
        """Return which probe the quoted payload names."""
        return _named(error.quoted, self._nonce)

    def quoted_octets(self, error: IcmpError) -> int:
        """Return how much of the IP packet was quoted."""
        return self._headers + len(error.quoted)

    def arrived(self, received: Received) -> Arrived | None:
        """Return None: whoever listens at the port answers in a language of its own."""
        del received
        return None


class EchoFlow:
    """Echo requests."""

    def __init__(self, opened: socket.socket, nonce: bytes, flow: int, *, raw: bool) -> None:
        """It owns the socket; a raw one uses ``flow`` as its identifier."""
        self.channel = ComplainingSocket(opened)
        self._nonce = nonce
        self._flow = flow
        self._family = socket.AddressFamily(opened.family)
        self._identifier = 0x4E00 + flow
        self._with_ip_header = raw and opened.family == socket.AF_INET

    def encode(self, identity: ProbeId, packet_octets: int) -> bytes:
        """Return an echo request whose checksum is that of every other of its flow."""
        body_octets = max(packet_octets - HEADERS[self._family], MARK_OCTETS + 3)
        mark = encode_mark(self._nonce, identity, MARK_OCTETS + 1)
        sequence = (identity.sequence * 32 + identity.hop) & 0xFFFF
        balance = internet_checksum(mark + sequence.to_bytes(2, "big"))
        body = (mark + balance.to_bytes(2, "big")).ljust(body_octets, b"\0")
        message = _ECHO.pack(REQUEST[self._family], 0, 0, self._identifier, sequence) + body
        if self._family == socket.AF_INET6:
            return message
        return message[:2] + internet_checksum(message).to_bytes(2, "big") + message[4:]

    def quoted(self, error: IcmpError) -> ProbeId | None:
        """Return which probe the quoted request names."""
        echo = decode_echo(error.quoted)
        if echo is None or echo.icmp_type != REQUEST[self._family]:
            raise ValueError("no request of ours")
        return _named(echo.body, self._nonce)

    def quoted_octets(self, error: IcmpError) -> int:
        """Return how much of the IP packet was quoted."""
        return HEADERS[self._family] - HEADER_OCTETS + len(error.quoted)

    def arrived(self, received: Received) -> Arrived | None:
        """Return which request a reply answers; a raw socket hears those of other flows too."""
        echo = decode_echo(without_ip_header(received.octets) if self._with_ip_header else received.octets)
        if echo is None or echo.icmp_type != REPLY[self._family]:
            return None
        identity = decode_mark(echo.body, self._nonce)
        return Arrived(identity, echo.icmp_type) if identity is not None and identity.flow == self._flow else None


def open_udp(place: Vantage, family: socket.AddressFamily, dscp: int) -> socket.socket:
    """Return a UDP socket of one flow, with a source port of its own.

    :raises OSError: when the address cannot be had
    """
    return _prepared(place.socket(family, socket.SOCK_DGRAM), place, dscp)


def open_icmp(place: Vantage, family: socket.AddressFamily, dscp: int) -> tuple[socket.socket, bool]:
    """Return a socket for echoes of one flow, and whether it is raw.

    :raises UnsupportedError: when this user may open none
    :raises OSError: when the address cannot be had
    """
    echo = open_echo_socket(place.socket, family)
    return _prepared(echo.opened, place, dscp), echo.raw


def hop_limit(family: int, limit: int) -> tuple[int, int, bytes]:
    """Return the control message that gives one packet its TTL or hop limit."""
    if family == socket.AF_INET6:
        return (socket.IPPROTO_IPV6, socket.IPV6_HOPLIMIT, struct.pack("=i", limit))
    return (socket.IPPROTO_IP, socket.IP_TTL, struct.pack("=i", limit))


def _named(payload: bytes, nonce: bytes) -> ProbeId | None:
    if len(payload) < MARK_OCTETS:
        if not nonce.startswith(payload[: len(nonce)]):
            raise ValueError("no probe of ours")
        return None
    identity = decode_mark(payload, nonce)
    if identity is None:
        raise ValueError("no probe of ours")
    return identity


def _prepared(opened: socket.socket, place: Vantage, dscp: int) -> socket.socket:
    try:
        if opened.family == socket.AF_INET6:
            opened.setsockopt(socket.IPPROTO_IPV6, _IPV6_TCLASS, dscp << 2)
            opened.setsockopt(socket.IPPROTO_IPV6, _IPV6_MTU_DISCOVER, _PROBE)
            opened.setsockopt(socket.IPPROTO_IPV6, _IPV6_DONTFRAG, 1)
        else:
            opened.setsockopt(socket.IPPROTO_IP, _IP_TOS, dscp << 2)
            opened.setsockopt(socket.IPPROTO_IP, _IP_MTU_DISCOVER, _PROBE)
        opened.bind((place.address(socket.AddressFamily(opened.family)), 0))
    except BaseException:
        opened.close()
        raise
    return opened
