"""TLVs behind the base packet (RFC 8972 §4): octets to values and back, and the HMAC that covers them.

Nothing pads a TLV, and nothing lies between two. A rest of zeros is TWAMP's padding, not a run of TLVs of type 0.
"""

import hmac
import struct
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import IntEnum
from typing import Final

from netbench_probes.stamp.authentication import HMAC_OCTETS, truncated_hmac

HEAD_OCTETS: Final = 4
UNRECOGNISED: Final = 0x80
MALFORMED: Final = 0x40
INTEGRITY: Final = 0x20
_HEAD = struct.Struct("!BBH")


class Type(IntEnum):
    """The TLVs that are understood here (RFC 8972 §5.1); all others are answered as unrecognised."""

    PADDING = 1
    LOCATION = 2
    TIMESTAMP_INFORMATION = 3
    CLASS_OF_SERVICE = 4
    DIRECT_MEASUREMENT = 5
    ACCESS_REPORT = 6
    FOLLOW_UP = 7
    HMAC = 8


OCTETS_OF: Final = {
    Type.TIMESTAMP_INFORMATION: 4,
    Type.CLASS_OF_SERVICE: 4,
    Type.DIRECT_MEASUREMENT: 12,
    Type.ACCESS_REPORT: 4,
    Type.FOLLOW_UP: 16,
    Type.HMAC: HMAC_OCTETS,
}
"""The length of the values that have one length only."""


@dataclass(frozen=True, slots=True)
class Tlv:
    """One TLV. A sender sends it with U, ``UNRECOGNISED``: whoever understands it takes that back."""

    type: int
    value: bytes
    flags: int = UNRECOGNISED

    def encoded(self) -> bytes:
        """Return its octets."""
        return _HEAD.pack(self.flags, self.type, len(self.value)) + self.value

    def flagged(self, flags: int) -> "Tlv":
        """Return the same with other flags."""
        return replace(self, flags=flags)


@dataclass(frozen=True, slots=True)
class Extension:
    """What follows a base packet: TLVs, and ``broken``, what is left from the first place where no TLV could be read."""

    tlvs: tuple[Tlv, ...]
    broken: bytes = b""

    def encoded(self) -> bytes:
        """Return its octets."""
        return encoded(self.tlvs) + self.broken


def parse(rest: bytes) -> Extension | None:
    """Return what follows the base packet, None where nothing but padding of zeros does. No octets are refused."""
    if not any(rest):
        return None
    tlvs: list[Tlv] = []
    at = 0
    while at < len(rest):
        end = _end(rest, at)
        if end is None:
            return Extension(tuple(tlvs), rest[at:])
        tlvs.append(Tlv(rest[at + 1], rest[at + HEAD_OCTETS : end], rest[at]))
        at = end
    return Extension(tuple(tlvs))


def encoded(tlvs: Sequence[Tlv]) -> bytes:
    """Return the octets of TLVs one after the other."""
    return b"".join(tlv.encoded() for tlv in tlvs)


def right_length(tlv: Tlv) -> bool:
    """Whether the value is as long as its type wants."""
    if tlv.type == Type.LOCATION:
        return len(tlv.value) >= 4
    try:
        return len(tlv.value) == OCTETS_OF.get(Type(tlv.type), len(tlv.value))
    except ValueError:
        return True


def seal(sequence: int, tlvs: Sequence[Tlv], secret: bytes, flags: int = UNRECOGNISED) -> Tlv:
    """Return the HMAC TLV that goes behind ``tlvs`` in the packet with this sequence number (RFC 8972 §4.8)."""
    return Tlv(Type.HMAC, _digest(sequence, tlvs, secret), flags)


def is_sealed(sequence: int, tlvs: Sequence[Tlv], secret: bytes) -> bool:
    """Whether there is one HMAC TLV, right, with nothing but padding behind it."""
    places = [place for place, tlv in enumerate(tlvs) if tlv.type == Type.HMAC]
    if len(places) != 1 or any(tlv.type != Type.PADDING for tlv in tlvs[places[0] + 1 :]):
        return False
    return hmac.compare_digest(_digest(sequence, tlvs[: places[0]], secret), tlvs[places[0]].value)


def needs_seal(tlvs: Sequence[Tlv]) -> bool:
    """Whether authenticated mode wants these TLVs covered by an HMAC: all but padding alone."""
    return any(tlv.type != Type.PADDING for tlv in tlvs)


def _digest(sequence: int, tlvs: Sequence[Tlv], secret: bytes) -> bytes:
    return truncated_hmac(secret, struct.pack("!I", sequence) + encoded(tlvs))


def _end(rest: bytes, at: int) -> int | None:
    if at + HEAD_OCTETS > len(rest):
        return None
    end = at + HEAD_OCTETS + _HEAD.unpack_from(rest, at)[2]
    return end if end <= len(rest) else None
