"""ICMP echo as bytes (RFC 792, RFC 4443 section 4): a request that is known again by what it carries.

Behind the eight octets of ICMP: eight octets that only this session knows, and the whole sequence number, of which the header
holds the lower half.
"""

import socket
import struct
from dataclasses import dataclass
from typing import Final

from netbench.linux.icmp_extensions import internet_checksum

HEADER_OCTETS: Final = 8
MARK_OCTETS: Final = 12
"""The least that a request carries."""
NONCE_OCTETS: Final = 8
REQUEST: Final = {socket.AF_INET: 8, socket.AF_INET6: 128}
REPLY: Final = {socket.AF_INET: 0, socket.AF_INET6: 129}
_HEADER = struct.Struct("!BBHHH")
_SEQUENCE = struct.Struct("!I")
_LEAST_IPV4_OCTETS: Final = 20


@dataclass(frozen=True, slots=True)
class Echo:
    """One echo message: its type, identifier, the lower half of its sequence number, and what it carries."""

    icmp_type: int
    identifier: int
    sequence: int
    body: bytes


def encode_request(
    family: socket.AddressFamily, identifier: int, sequence: int, nonce: bytes, body_octets: int = MARK_OCTETS
) -> bytes:
    """Return an echo request whose body is ``body_octets`` long: the nonce, the sequence number, then zeros.

    Its checksum is there for IPv4; for IPv6 the kernel makes it, which alone knows the source address.
    """
    body = nonce + _SEQUENCE.pack(sequence) + bytes(body_octets - MARK_OCTETS)
    message = _HEADER.pack(REQUEST[family], 0, 0, identifier, sequence & 0xFFFF) + body
    if family == socket.AF_INET6:
        return message
    return message[:2] + internet_checksum(message).to_bytes(2, "big") + message[4:]


def decode_echo(octets: bytes) -> Echo | None:
    """Return an echo message, of the code that echoes have; None for anything else."""
    if len(octets) < HEADER_OCTETS:
        return None
    icmp_type, code, _, identifier, sequence = _HEADER.unpack_from(octets)
    return None if code else Echo(icmp_type, identifier, sequence, octets[HEADER_OCTETS:])


def without_ip_header(octets: bytes) -> bytes:
    """Return what follows the IPv4 header with which a raw socket hands its packets over; nothing when that is malformed."""
    header_octets = (octets[0] & 15) * 4 if octets else 0
    return octets[header_octets:] if octets[:1] and octets[0] >> 4 == 4 and header_octets >= _LEAST_IPV4_OCTETS else b""


def sequence_of(echo: Echo, nonce: bytes) -> int | None:
    """Return the whole sequence number that an echo message of this session carries, None when it is another's."""
    if echo.body[:NONCE_OCTETS] != nonce or len(echo.body) < MARK_OCTETS:
        return None
    sequence: int = _SEQUENCE.unpack_from(echo.body, NONCE_OCTETS)[0]
    return sequence if sequence & 0xFFFF == echo.sequence else None


def quoted_sequence(echo: Echo, nonce: bytes, next_sequence: int) -> int | None:
    """Return the sequence number of a request that an ICMP error quotes: whole, or by its header alone when no more is quoted.

    Of a header it is the latest that was sent before ``next_sequence``.
    """
    if len(echo.body) >= MARK_OCTETS:
        return sequence_of(echo, nonce)
    if next_sequence == 0 or not nonce.startswith(echo.body[:NONCE_OCTETS]):
        return None
    latest = next_sequence - 1
    sequence = latest - ((latest - echo.sequence) & 0xFFFF)
    return sequence if sequence >= 0 else None
