"""STAMP test packets in unauthenticated mode (RFC 8762 §4.2.1, §4.3.1): octets to values and back, nothing else.

Reading is as lenient as TWAMP-Light peers need: MBZ octets are ignored whatever they hold, a sender's packet may be as short as
TWAMP's 14 octets, a reflector's as short as 38 (no TTL). What follows the base packet (TLVs, padding) is kept as it came.
"""

import struct
from dataclasses import dataclass

BASE_OCTETS = 44
SENDER_LEAST_OCTETS = 14
"""A TWAMP-Light sender's header: sequence, timestamp, error estimate (RFC 5357 §4.1.2)."""
REFLECTOR_LEAST_OCTETS = 38
"""A reply up to the copied error estimate; the sender's TTL at octet 40 may be missing."""

NANOSECONDS = 1_000_000_000
NTP_TO_UNIX_SECONDS = 2_208_988_800
_ERA_SECONDS = 1 << 32
_WORD = 0xFFFF_FFFF

SYNCHRONISED = 0x8000
PTP_FORMAT = 0x4000
UNKNOWN_ERROR = 0x3FFF
"""Not synchronised, NTP format, and the largest error that can be written: nothing is known of the clock."""

_SENDER = struct.Struct("!IQHH")
_REFLECTOR = struct.Struct("!IQHHQIQH")
_SENDER_REST = bytes(BASE_OCTETS - _SENDER.size)
_TTL_OFFSET = 40


class MalformedPacketError(ValueError):
    """The octets are not a STAMP test packet."""


@dataclass(frozen=True, slots=True)
class SenderPacket:
    """What a Session-Sender sends. ``timestamp`` is the 64-bit field as it stands on the wire; ``ssid`` is 0 when unused.

    ``rest`` is what follows octet 44.
    """

    sequence: int
    timestamp: int
    error_estimate: int = UNKNOWN_ERROR
    ssid: int = 0
    rest: bytes = b""


@dataclass(frozen=True, slots=True)
class ReflectorPacket:
    """What a Session-Reflector answers. Timestamps are 64-bit fields as they stand on the wire.

    ``sender_ttl`` is the TTL or hop limit with which the request arrived, None when the reply is too short to say.
    """

    sequence: int
    timestamp: int
    error_estimate: int
    ssid: int
    receive_timestamp: int
    sender_sequence: int
    sender_timestamp: int
    sender_error_estimate: int
    sender_ttl: int | None
    rest: bytes = b""


def encode_sender(packet: SenderPacket) -> bytes:
    """Return 44 octets and the rest; MBZ octets are zero."""
    head = _SENDER.pack(packet.sequence, packet.timestamp, packet.error_estimate, packet.ssid)
    return head + _SENDER_REST + packet.rest


def decode_sender(octets: bytes) -> SenderPacket:
    """Return the request; octets 14 and 15 are the SSID as they stand, 0 when a TWAMP-Light packet ends before them.

    :raises MalformedPacketError: under 14 octets
    """
    if len(octets) < SENDER_LEAST_OCTETS:
        raise MalformedPacketError(f"a test packet has at least {SENDER_LEAST_OCTETS} octets, this one {len(octets)}")
    sequence, timestamp, error_estimate, ssid = _SENDER.unpack_from(octets.ljust(_SENDER.size, b"\0"))
    return SenderPacket(sequence, timestamp, error_estimate, ssid, octets[BASE_OCTETS:])


def encode_reflector(packet: ReflectorPacket) -> bytes:
    """Return 44 octets and the rest; MBZ octets are zero, and so is an unknown TTL."""
    head = _REFLECTOR.pack(
        packet.sequence,
        packet.timestamp,
        packet.error_estimate,
        packet.ssid,
        packet.receive_timestamp,
        packet.sender_sequence,
        packet.sender_timestamp,
        packet.sender_error_estimate,
    )
    return head + bytes((0, 0, packet.sender_ttl or 0, 0, 0, 0)) + packet.rest


def decode_reflector(octets: bytes) -> ReflectorPacket:
    """Return the reply.

    :raises MalformedPacketError: under 38 octets
    """
    if len(octets) < REFLECTOR_LEAST_OCTETS:
        raise MalformedPacketError(f"a reply has at least {REFLECTOR_LEAST_OCTETS} octets, this one {len(octets)}")
    ttl = octets[_TTL_OFFSET] if len(octets) > _TTL_OFFSET else None
    sequence, sent, error, ssid, received, sender_sequence, sender_sent, sender_error = _REFLECTOR.unpack_from(octets)
    rest = octets[BASE_OCTETS:]
    return ReflectorPacket(sequence, sent, error, ssid, received, sender_sequence, sender_sent, sender_error, ttl, rest)


def ntp_from_unix(unix_ns: int) -> int:
    """Return the NTP 64-bit timestamp (RFC 5905 §6) nearest to an instant; its seconds wrap every 2^32 s, next in 2036."""
    seconds, nanoseconds = divmod(unix_ns, NANOSECONDS)
    fraction = ((nanoseconds << 32) + NANOSECONDS // 2) // NANOSECONDS
    return ((seconds + NTP_TO_UNIX_SECONDS) % _ERA_SECONDS) << 32 | fraction


def unix_from_ntp(timestamp: int, near_ns: int) -> int:
    """Return the instant nearest to ``near_ns`` that the NTP timestamp can mean; exact for what ``ntp_from_unix`` wrote."""
    nanoseconds = ((timestamp & _WORD) * NANOSECONDS + (1 << 31)) >> 32
    return _in_era((timestamp >> 32) - NTP_TO_UNIX_SECONDS, near_ns) * NANOSECONDS + nanoseconds


def unix_from_ptp(timestamp: int, near_ns: int) -> int:
    """Return the instant nearest to ``near_ns`` that the truncated PTPv2 timestamp can mean (RFC 8186 §2).

    Its seconds are taken as they are: a peer that counts TAI is ahead by the leap seconds (37 s in 2026).
    """
    return _in_era(timestamp >> 32, near_ns) * NANOSECONDS + (timestamp & _WORD)


def ptp_from_unix(unix_ns: int) -> int:
    """Return the truncated PTPv2 timestamp of an instant (RFC 8186 §2): UTC seconds, as the wall clock counts them, not TAI."""
    seconds, nanoseconds = divmod(unix_ns, NANOSECONDS)
    return seconds % _ERA_SECONDS << 32 | nanoseconds


def timestamp_from_unix(unix_ns: int, error_estimate: int) -> int:
    """Return the timestamp of an instant in the format that the Z bit of the error estimate beside it names."""
    return ptp_from_unix(unix_ns) if error_estimate & PTP_FORMAT else ntp_from_unix(unix_ns)


def unix_from_timestamp(timestamp: int, error_estimate: int, near_ns: int) -> int:
    """Return the instant of a timestamp in the format that its error estimate's Z bit names."""
    if error_estimate & PTP_FORMAT:
        return unix_from_ptp(timestamp, near_ns)
    return unix_from_ntp(timestamp, near_ns)


def clock_error_ns(error_estimate: int) -> int | None:
    """Return the clock error that an estimate claims (RFC 4656 §4.1.2), None where it claims no synchronised clock.

    A multiplier of 0 is not allowed and claims nothing either.
    """
    multiplier, scale = error_estimate & 0xFF, (error_estimate >> 8) & 0x3F
    if not error_estimate & SYNCHRONISED or multiplier == 0:
        return None
    return -(-(multiplier << scale) * NANOSECONDS >> 32)


def _in_era(seconds: int, near_ns: int) -> int:
    near_seconds = near_ns // NANOSECONDS
    return near_seconds + (seconds - near_seconds + _ERA_SECONDS // 2) % _ERA_SECONDS - _ERA_SECONDS // 2
