"""What routers and hosts say of a packet that they did not deliver, as a socket's error queue tells it (RFC 792, RFC 4443).

A socket with ``IP_RECVERR`` (ip(7)) keeps every ICMP error about its own packets, without any privilege: who sent it, its type
and code, what it quotes of the packet from behind the transport header on, and (RFC 4884) where its extensions begin.
"""

import socket
import struct
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from netbench.linux.icmp_extensions import is_structure

IP_RECVERR: Final = 11
IPV6_RECVERR: Final = 25
_IP_RECVERR_RFC4884: Final = 26
_IPV6_RECVERR_RFC4884: Final = 31
_IPV6_HOPLIMIT: Final = 52
_SO_TIMESTAMPING_NEW: Final = 65

_EXTENDED_ERROR = struct.Struct("=IBBBBIHBB")  # struct sock_extended_err: errno, origin, type, code, pad, info; length, flags
_ERROR_LEVELS = {(socket.IPPROTO_IP, IP_RECVERR): socket.AF_INET, (socket.IPPROTO_IPV6, IPV6_RECVERR): socket.AF_INET6}
_LOCAL: Final = 1
_ORIGINS = {socket.AF_INET: 2, socket.AF_INET6: 3}  # SO_EE_ORIGIN_ICMP, SO_EE_ORIGIN_ICMP6
_ADDRESS_AT = {socket.AF_INET: slice(4, 8), socket.AF_INET6: slice(8, 24)}  # within sockaddr_in and sockaddr_in6
_INVALID_EXTENSIONS: Final = 1
_HOP_LIMITS = ((socket.IPPROTO_IP, socket.IP_TTL), (socket.IPPROTO_IPV6, _IPV6_HOPLIMIT))
_IP_OCTETS = {socket.AF_INET: 20, socket.AF_INET6: 40}
_QUOTED_BY_THE_RFC: Final = 128
_STAMP = struct.Struct("@2q")

Ancillary = Iterable[tuple[int, int, bytes]]


class Saying(IntEnum):
    """What an answer to a probe means. The numbers are kept in samples."""

    EXPIRED = 0
    """Its hop limit was used up there."""
    ARRIVED = 1
    """It reached its destination: the port is closed there, or it was echoed."""
    TOO_BIG = 2
    """It does not fit the next link and may not be fragmented."""
    NO_ROUTE = 3
    """The network, the host or the address is unreachable from there."""
    PROHIBITED = 4
    """A filter refuses it."""
    OTHER = 5
    """Any other complaint."""


_SAYINGS = {
    socket.AF_INET: {
        (11, 0): Saying.EXPIRED,
        (3, 3): Saying.ARRIVED,
        (3, 2): Saying.ARRIVED,  # protocol unreachable: only the destination itself can know
        (3, 4): Saying.TOO_BIG,
        **dict.fromkeys(((3, 0), (3, 1), (3, 5), (3, 6), (3, 7), (3, 8), (3, 11), (3, 12)), Saying.NO_ROUTE),
        **dict.fromkeys(((3, 9), (3, 10), (3, 13), (3, 14), (3, 15)), Saying.PROHIBITED),
    },
    socket.AF_INET6: {
        (3, 0): Saying.EXPIRED,
        (1, 4): Saying.ARRIVED,
        (4, 1): Saying.ARRIVED,  # next header unknown: said by the destination
        (2, 0): Saying.TOO_BIG,
        **dict.fromkeys(((1, 0), (1, 2), (1, 3), (1, 7)), Saying.NO_ROUTE),
        **dict.fromkeys(((1, 1), (1, 5), (1, 6)), Saying.PROHIBITED),
    },
}


@dataclass(frozen=True, slots=True)
class IcmpError:
    """One complaint. ``sender`` is None where this host itself complains (a packet larger than the interface takes).

    ``quoted`` is what it quotes behind the UDP header (of an echo request: with its ICMP header), ``extensions`` the octets of
    its extension structure, None without a sound one. ``mtu_octets`` is what the next link takes, where it says so; ``stamp_ns``
    the kernel's receive time; ``hop_limit`` is that of the answer on arrival.
    """

    sender: str | None
    icmp_type: int
    code: int
    saying: Saying
    mtu_octets: int | None
    quoted: bytes
    extensions: bytes | None
    stamp_ns: int | None
    hop_limit: int | None


def saying_of(sender: str | None, icmp_type: int, code: int) -> Saying:
    """Return what a type and code of ICMP mean when ``sender`` (its address says the family, None this host itself) sent them."""
    if sender is None:
        return Saying.TOO_BIG
    family = socket.AF_INET6 if ":" in sender else socket.AF_INET
    return _SAYINGS[family].get((icmp_type, code), Saying.OTHER)


def ask_for_errors(of: socket.socket) -> None:
    """The socket's error queue tells ICMP errors, and where their extensions begin if this kernel knows (5.9)."""
    if of.family == socket.AF_INET6:
        of.setsockopt(socket.IPPROTO_IPV6, IPV6_RECVERR, 1)
        _try_option(of, socket.IPPROTO_IPV6, _IPV6_RECVERR_RFC4884)
    else:
        of.setsockopt(socket.IPPROTO_IP, IP_RECVERR, 1)
        _try_option(of, socket.IPPROTO_IP, _IP_RECVERR_RFC4884)


def icmp_error(octets: bytes, ancillary: Ancillary) -> IcmpError | None:
    """Return what one message of an error queue says; None when it is no ICMP error (a transmit timestamp, say)."""
    told: tuple[socket.AddressFamily, bytes] | None = None
    stamp_ns = hop_limit = None
    for level, kind, content in ancillary:
        if (level, kind) in _ERROR_LEVELS and len(content) >= _EXTENDED_ERROR.size:
            told = _ERROR_LEVELS[level, kind], content
        elif (level, kind) == (socket.SOL_SOCKET, _SO_TIMESTAMPING_NEW) and len(content) >= _STAMP.size:
            seconds, nanoseconds = _STAMP.unpack_from(content)
            stamp_ns = seconds * 1_000_000_000 + nanoseconds or None
        elif (level, kind) in _HOP_LIMITS and len(content) >= 4:
            hop_limit = int.from_bytes(content[:4], sys.byteorder)
    return None if told is None else _error(*told, octets, stamp_ns, hop_limit)


def _error(
    family: socket.AddressFamily, content: bytes, octets: bytes, stamp_ns: int | None, hop_limit: int | None
) -> IcmpError | None:
    _, origin, icmp_type, code, _, information, extensions_at, flags, _ = _EXTENDED_ERROR.unpack_from(content)
    if origin == _LOCAL:
        return IcmpError(None, icmp_type, code, Saying.TOO_BIG, information or None, octets, None, stamp_ns, None)
    address = content[_EXTENDED_ERROR.size :][_ADDRESS_AT[family]]
    if origin != _ORIGINS[family] or len(address) not in (4, 16):
        return None
    saying = _SAYINGS[family].get((icmp_type, code), Saying.OTHER)
    mtu_octets = information if saying is Saying.TOO_BIG and information else None
    sender, extensions = socket.inet_ntop(family, address), None
    extensions_at = 0 if flags & _INVALID_EXTENSIONS else extensions_at or _unannounced(octets, family)
    if 0 < extensions_at <= len(octets):
        octets, extensions = octets[:extensions_at], octets[extensions_at:]
    return IcmpError(sender, icmp_type, code, saying, mtu_octets, octets, extensions, stamp_ns, hop_limit)


def _unannounced(octets: bytes, family: socket.AddressFamily) -> int:
    """Return where extensions begin of which the length field says nothing, 0 where there are none.

    Routers from before RFC 4884 put them behind 128 octets of the packet (see its section 5.5). That they are no part of it
    is seen by their checksum, which must have been made.
    """
    for headers in (_IP_OCTETS[family] + 8, _IP_OCTETS[family]):  # UDP's header is not handed over, that of an echo is
        at = _QUOTED_BY_THE_RFC - headers
        if octets[at + 2 : at + 4] not in (b"", b"\0\0") and is_structure(octets[at:]):
            return at
    return 0


def _try_option(of: socket.socket, level: int, option: int) -> None:
    try:
        of.setsockopt(level, option, 1)
    except OSError:
        return  # an older kernel: extensions are then not told apart, and not read
