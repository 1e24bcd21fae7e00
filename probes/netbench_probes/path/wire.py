"""What a probe of a path carries, so that whoever quotes it says which one it was: thirteen octets, and zeros up to its size."""

import socket
import struct
from typing import Final, NamedTuple

NONCE_OCTETS: Final = 6
MARK = struct.Struct("!6sIHB")
MARK_OCTETS: Final = MARK.size
HEADERS: Final = {socket.AF_INET: 28, socket.AF_INET6: 48}
"""Octets of the IP and UDP (or ICMP echo) headers."""


class ProbeId(NamedTuple):
    """One probe of a pair: its round, its flow, and the hop limit it was sent with; 0 in the search for the largest packet."""

    sequence: int
    flow: int
    hop: int


def encode_mark(nonce: bytes, identity: ProbeId, payload_octets: int) -> bytes:
    """Return the payload of a probe, ``payload_octets`` long and never shorter than its mark."""
    return MARK.pack(nonce, *identity).ljust(payload_octets, b"\0")


def decode_mark(payload: bytes, nonce: bytes) -> ProbeId | None:
    """Return which probe of this pair a payload belongs to; None when it is too short to say, or another's."""
    if len(payload) < MARK_OCTETS:
        return None
    found, sequence, flow, hop = MARK.unpack_from(payload)
    return ProbeId(sequence, flow, hop) if found == nonce else None
