"""The sockets of STAMP: made at a vantage, stamped by the kernel, marked as RFC 8762 and its relatives want."""

import socket
from dataclasses import dataclass
from typing import Final

from netbench.errors import CannotMeasureError, UnsupportedError
from netbench.linux.timestamping import Address, StampedSocket
from netbench.measure.vantage import RemoteEnd, Vantage
from netbench_probes.stamp.location_tlv import Ends

PORT: Final = 862
HOP_LIMIT: Final = 255
_IP_TOS, _IPV6_TCLASS = 1, 67
_SCOPED: Final = 4
"""An address of IPv6 is host, port, flow and scope."""


@dataclass(frozen=True, slots=True)
class Outgoing:
    """How packets leave: their marking, TTL or hop limit, and the sender's port, any free one when 0."""

    dscp: int = 0
    ecn: int = 0
    hop_limit: int = HOP_LIMIT
    source_port: int = 0

    @property
    def tos(self) -> int:
        """The marking as one octet of the header."""
        return self.dscp << 2 | self.ecn


def open_at(
    vantage: Vantage, family: socket.AddressFamily, host: str, port: int, dscp: int, *, ecn: int = 0, hop_limit: int = HOP_LIMIT
) -> socket.socket:
    """Return a UDP socket made at ``vantage`` and bound; it sends with the marking and the TTL, IPv6 ones speak IPv6 alone.

    :raises OSError: when the address or the port cannot be had
    """
    opened = vantage.socket(family, socket.SOCK_DGRAM)
    try:
        if family == socket.AF_INET6:
            opened.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            opened.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_UNICAST_HOPS, hop_limit)
            opened.setsockopt(socket.IPPROTO_IPV6, _IPV6_TCLASS, dscp << 2 | ecn)
        else:
            opened.setsockopt(socket.IPPROTO_IP, socket.IP_TTL, hop_limit)
            opened.setsockopt(socket.IPPROTO_IP, _IP_TOS, dscp << 2 | ecn)
        opened.bind(resolved(host, port, family))
    except BaseException:
        opened.close()
        raise
    return opened


def joined_pair(
    source: Vantage, destination: Vantage, family: socket.AddressFamily, port: int, outgoing: Outgoing
) -> tuple[StampedSocket, StampedSocket]:
    """Return sender and reflector, each connected to the other, so that the kernel keeps strangers out of both.

    :raises OSError: when an address or the port cannot be had
    """
    sender = _open(source, family, outgoing.source_port, outgoing)
    try:
        reflector = _open(destination, family, port, outgoing)
    except BaseException:
        sender.close()
        raise
    try:
        sender.connect(_from(sender, reflector.getsockname()))
        reflector.connect(_from(reflector, sender.getsockname()))
        return StampedSocket(sender), StampedSocket(reflector)
    except BaseException:
        sender.close()
        reflector.close()
        raise


def towards(
    source: Vantage, remote: RemoteEnd, family: socket.AddressFamily | None, port: int, outgoing: Outgoing
) -> StampedSocket:
    """Return a sender connected to a far end: its first address of the family, and no other is tried.

    :raises OSError: when the name is unknown, or there is no route
    """
    found_family, _, _, _, peer = socket.getaddrinfo(remote.host, remote.port or port, family or 0, socket.SOCK_DGRAM)[0]
    sender = _open(source, found_family, outgoing.source_port, outgoing)
    try:
        sender.connect(peer)
        return StampedSocket(sender)
    except BaseException:
        sender.close()
        raise


def ends_of(sender: Address, reflector: Address) -> Ends:
    """Return both ends of a request as they are told in octets."""
    return Ends(packed(sender[0]), sender[1], packed(reflector[0]), reflector[1])


def packed(host: str) -> bytes:
    """Return an address in its 4 or 16 octets."""
    return socket.inet_pton(socket.AF_INET6 if ":" in host else socket.AF_INET, host.partition("%")[0])


def _open(vantage: Vantage, family: socket.AddressFamily, port: int, outgoing: Outgoing) -> socket.socket:
    return open_at(vantage, family, vantage.address(family), port, outgoing.dscp, ecn=outgoing.ecn, hop_limit=outgoing.hop_limit)


def _from(here: socket.socket, peer: Address) -> Address:
    """Return the peer as it is reached from here: the interface of a link-local address has another number in another place."""
    own: Address = here.getsockname()
    return peer if len(own) < _SCOPED else (*peer[:3], own[3])


def common_family(source: Vantage, destination: Vantage, wanted: socket.AddressFamily | None) -> socket.AddressFamily:
    """Return the wanted family, or the first of IPv4 and IPv6 in which both have an address.

    :raises UnsupportedError: when one of them has none
    """
    if wanted is not None:
        return wanted
    for family in (socket.AF_INET, socket.AF_INET6):
        if _has(source, family) and _has(destination, family):
            return family
    raise UnsupportedError(f"{source.name} and {destination.name} have no address family in common; give both IPv4 or both IPv6")


def resolved(host: str, port: int, family: socket.AddressFamily) -> Address:
    """Return the socket address of a host in a family.

    :raises CannotMeasureError: when it has none
    """
    try:
        return socket.getaddrinfo(host, port, family, socket.SOCK_DGRAM)[0][4]
    except socket.gaierror as error:
        raise CannotMeasureError(
            f"{host} has no {family.name} address: {error.strerror}; give one that this host knows"
        ) from error


def _has(vantage: Vantage, family: socket.AddressFamily) -> bool:
    try:
        vantage.address(family)
    except UnsupportedError:
        return False
    return True
