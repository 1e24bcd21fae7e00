"""The sockets of STAMP: made at a vantage, stamped by the kernel, marked as RFC 8762 and its relatives want."""

import socket
from typing import Final

from netbench.errors import CannotMeasureError, UnsupportedError
from netbench.linux.timestamping import Address, StampedSocket
from netbench.measure.vantage import RemoteEnd, Vantage

PORT: Final = 862
HOP_LIMIT: Final = 255
_IP_TOS, _IPV6_TCLASS = 1, 67


def open_at(vantage: Vantage, family: socket.AddressFamily, host: str, port: int, dscp: int) -> socket.socket:
    """Return a UDP socket made at ``vantage`` and bound; it sends with TTL 255 and the DSCP, IPv6 ones speak IPv6 alone.

    :raises OSError: when the address or the port cannot be had
    """
    opened = vantage.socket(family, socket.SOCK_DGRAM)
    try:
        if family == socket.AF_INET6:
            opened.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            opened.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_UNICAST_HOPS, HOP_LIMIT)
            opened.setsockopt(socket.IPPROTO_IPV6, _IPV6_TCLASS, dscp << 2)
        else:
            opened.setsockopt(socket.IPPROTO_IP, socket.IP_TTL, HOP_LIMIT)
            opened.setsockopt(socket.IPPROTO_IP, _IP_TOS, dscp << 2)
        opened.bind(resolved(host, port, family))
    except BaseException:
        opened.close()
        raise
    return opened


def joined_pair(
    source: Vantage, destination: Vantage, family: socket.AddressFamily, port: int, dscp: int
) -> tuple[StampedSocket, StampedSocket]:
    """Return sender and reflector, each connected to the other, so that the kernel keeps strangers out of both.

    :raises OSError: when an address or the port cannot be had
    """
    sender = open_at(source, family, source.address(family), 0, dscp)
    try:
        reflector = open_at(destination, family, destination.address(family), port, dscp)
    except BaseException:
        sender.close()
        raise
    try:
        sender.connect(reflector.getsockname())
        reflector.connect(sender.getsockname())
        return StampedSocket(sender), StampedSocket(reflector)
    except BaseException:
        sender.close()
        reflector.close()
        raise


def towards(source: Vantage, remote: RemoteEnd, family: socket.AddressFamily | None, port: int, dscp: int) -> StampedSocket:
    """Return a sender connected to a far end: its first address of the family, and no other is tried.

    :raises OSError: when the name is unknown, or there is no route
    """
    found_family, _, _, _, peer = socket.getaddrinfo(remote.host, remote.port or port, family or 0, socket.SOCK_DGRAM)[0]
    sender = open_at(source, found_family, source.address(found_family), 0, dscp)
    try:
        sender.connect(peer)
        return StampedSocket(sender)
    except BaseException:
        sender.close()
        raise


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
