"""A packet of a train: octets to its number and back."""

import struct

_HEADER = struct.Struct("!8sI")
_MARK = b"nb-train"
LEAST_OCTETS = _HEADER.size


def encode(sequence: int, octets: int) -> bytes:
    """Return packet number ``sequence``, ``octets`` long, at least ``LEAST_OCTETS``."""
    return _HEADER.pack(_MARK, sequence).ljust(octets, b"\0")


def decode(packet: bytes) -> int | None:
    """Return the number of a packet; None for what is no packet of a train."""
    if len(packet) < LEAST_OCTETS:
        return None
    mark, sequence = _HEADER.unpack_from(packet)
    return int(sequence) if mark == _MARK else None
