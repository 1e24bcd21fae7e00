"""STAMP in authenticated mode (RFC 8762 §4.2.2, §4.3.2): 112 octets both ways, sixteen of them HMAC-SHA-256, all in clear.

The HMAC covers octets 0 to 95 as they came, MBZ and SSID with them. It is looked at before anything else is: a packet that the
key does not vouch for has no fields.
"""

import hmac
import struct
from typing import Final

from netbench_probes.stamp.wire import MalformedPacketError, ReflectorPacket, SenderPacket

BASE_OCTETS: Final = 112
HMAC_OCTETS: Final = 16
_COVERED_OCTETS: Final = BASE_OCTETS - HMAC_OCTETS

_SENDER = struct.Struct("!I12xQHH68x")
_REFLECTOR = struct.Struct("!I12xQHH4xQ8xI12xQH6xB15x")


class UnauthenticatedPacketError(MalformedPacketError):
    """The key does not vouch for the packet."""


class Authenticated:
    """The mode with its key (see ``netbench_probes.stamp.modes.Mode``)."""

    base_octets = BASE_OCTETS
    protected = True

    def __init__(self, secret: bytes) -> None:
        """``secret`` is the shared key."""
        self._secret = secret

    def encode_sender(self, packet: SenderPacket) -> bytes:
        """Return 112 octets and the rest; MBZ octets are zero."""
        return self._sealed(_SENDER.pack(packet.sequence, packet.timestamp, packet.error_estimate, packet.ssid)) + packet.rest

    def decode_sender(self, octets: bytes) -> SenderPacket:
        """Return the request.

        :raises MalformedPacketError: under 112 octets, or when the key does not vouch for it
        """
        sequence, timestamp, error_estimate, ssid = _SENDER.unpack(self._opened(octets))
        return SenderPacket(sequence, timestamp, error_estimate, ssid, octets[BASE_OCTETS:])

    def encode_reflector(self, packet: ReflectorPacket) -> bytes:
        """Return 112 octets and the rest; MBZ octets are zero, and so is an unknown TTL."""
        head = _REFLECTOR.pack(
            packet.sequence,
            packet.timestamp,
            packet.error_estimate,
            packet.ssid,
            packet.receive_timestamp,
            packet.sender_sequence,
            packet.sender_timestamp,
            packet.sender_error_estimate,
            packet.sender_ttl or 0,
        )
        return self._sealed(head) + packet.rest

    def decode_reflector(self, octets: bytes) -> ReflectorPacket:
        """Return the reply.

        :raises MalformedPacketError: under 112 octets, or when the key does not vouch for it
        """
        sequence, sent, error, ssid, received, sender_sequence, sender_sent, sender_error, ttl = _REFLECTOR.unpack(
            self._opened(octets)
        )
        rest = octets[BASE_OCTETS:]
        return ReflectorPacket(sequence, sent, error, ssid, received, sender_sequence, sender_sent, sender_error, ttl, rest)

    def _sealed(self, covered: bytes) -> bytes:
        return covered + truncated_hmac(self._secret, covered)

    def _opened(self, octets: bytes) -> bytes:
        if len(octets) < BASE_OCTETS:
            raise MalformedPacketError(f"an authenticated packet has at least {BASE_OCTETS} octets, this one {len(octets)}")
        covered, seal = octets[:_COVERED_OCTETS], octets[_COVERED_OCTETS:BASE_OCTETS]
        if not hmac.compare_digest(truncated_hmac(self._secret, covered), seal):
            raise UnauthenticatedPacketError("the key does not vouch for this packet")
        return covered


def ssid_of(octets: bytes) -> int:
    """Return the SSID of an authenticated packet, 0 where it is too short: by it a reflector knows which key to try."""
    return int.from_bytes(octets[26:28], "big")


def truncated_hmac(secret: bytes, covered: bytes) -> bytes:
    """Return the leftmost 16 octets of HMAC-SHA-256."""
    return hmac.digest(secret, covered, "sha256")[:HMAC_OCTETS]
