"""A frame takes the wire for its octets and its framing, a superpacket for those of its segments."""

import struct

import numpy as np
import pytest
from numpy.typing import NDArray

from netbench_topologies.relay.frame import wire_bits

TCP_V4, UDP_L4, TCP_V6_WITH_ECN = 1, 5, 0x84


def captured(flags: int, kind: int, segment: int, checksum_start: int, frame: bytes) -> NDArray[np.uint8]:
    header = struct.pack("<BBHHHH", flags, kind, 0, segment, checksum_start, 16)
    return np.frombuffer(header + frame, np.uint8)


@pytest.mark.parametrize(("frame_octets", "wire_octets"), [(14, 84), (60, 84), (61, 85), (1514, 1538), (9014, 9038)])
def test_single_frames(frame_octets: int, wire_octets: int) -> None:
    """Preamble, check sequence and gap are 24 octets; nothing is shorter than 84 (IEEE 802.3: 64 + 8 + 12)."""
    octets = captured(0, 0, 0, 0, bytes(frame_octets))

    assert wire_bits(octets, 0, len(octets)) == 8 * wire_octets


@pytest.mark.parametrize(
    ("kind", "transport", "headers"), [(TCP_V4, 34, 66), (TCP_V6_WITH_ECN, 54, 86), (UDP_L4, 34, 42), (UDP_L4, 54, 62)]
)
def test_superpackets(kind: int, transport: int, headers: int) -> None:
    """Forty-four and a bit segments of 1448 octets take the wire of 45 frames, each with its own headers and framing."""
    payload = 44 * 1448 + 100
    frame = bytearray(headers + payload)
    frame[transport + 12] = 8 << 4  # a TCP header of 32 octets; UDP does not look
    octets = captured(1, kind, 1448, transport, bytes(frame))

    frames = [1448] * 44 + [100]
    assert wire_bits(octets, 0, len(octets)) == 8 * sum(headers + segment + 24 for segment in frames)
