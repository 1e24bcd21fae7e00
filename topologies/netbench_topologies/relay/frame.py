"""How long a frame is on the wire.

The octets are those that a packet socket gives with PACKET_VNET_HDR: a virtio_net_hdr (virtio 1.2, 5.1.6), then the frame
without its check sequence.
"""

import numpy as np
from numpy.typing import NDArray

from netbench.linux.native.compiled import compiled

Octets = NDArray[np.uint8]

VIRTIO_OCTETS = 10
FRAMING_OCTETS = 24
SHORTEST_ON_WIRE = 84

_FLAGS, _SEGMENTATION, _SEGMENT_SIZE, _CHECKSUM_START = 0, 1, 4, 6
_NEEDS_CHECKSUM = 1
_UDP_KINDS = (3, 5)
_ECN_BIT = 0x80
_TCP_OFFSET_OCTET = 12
_UDP_HEADER = 8
_USUAL_HEADERS = 66


@compiled
def headers_of(octets: Octets, start: int) -> int:
    """Return the octets of headers that each segment of a superpacket repeats."""
    if not octets[start + _FLAGS] & _NEEDS_CHECKSUM:
        return _USUAL_HEADERS
    place = start + _CHECKSUM_START
    transport = int(octets[place]) + 256 * int(octets[place + 1])
    if octets[start + _SEGMENTATION] & ~_ECN_BIT & 0xFF in _UDP_KINDS:
        return transport + _UDP_HEADER
    return transport + 4 * (int(octets[start + VIRTIO_OCTETS + transport + _TCP_OFFSET_OCTET]) >> 4)


@compiled
def wire_bits(octets: Octets, start: int, length: int) -> int:
    """Return the bits that the ``length`` octets at ``start`` occupy on the wire, framing of every segment included."""
    frame = length - VIRTIO_OCTETS
    place = start + _SEGMENT_SIZE
    segment = int(octets[place]) + 256 * int(octets[place + 1])
    if octets[start + _SEGMENTATION] == 0 or segment == 0:
        return 8 * max(frame + FRAMING_OCTETS, SHORTEST_ON_WIRE)
    headers = headers_of(octets, start)
    payload = frame - headers
    segments = (payload + segment - 1) // segment
    return 8 * (payload + segments * (headers + FRAMING_OCTETS))
