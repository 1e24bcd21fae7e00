"""Segmentation offload: whether one frame on an interface may stand for many packets.

Asked and told through ethtool's ioctl (linux/ethtool.h). A device's features are bits in blocks of 32; their names are the same
for every device of a kernel, so they are asked for once.
"""

import array
import fcntl
import os
import socket
import struct
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from netbench.errors import UnsupportedError

_JOINING = ("segmentation", "gro", "gso", "lro")

_SIOCETHTOOL = 0x8946
_GET_STRINGS, _GET_SET_INFO, _GET_FEATURES, _SET_FEATURES = 0x1B, 0x37, 0x3A, 0x3B
_FEATURE_NAMES = 4
_NAME_OCTETS = 32
_BLOCK_BITS = 32

_IFREQ = struct.Struct("16sP16x")
_SET_INFO = struct.Struct("=IIQI")
_THREE_WORDS = struct.Struct("=III")


@dataclass(frozen=True, slots=True)
class _Features:
    """Bits: what a device can switch, and what is on."""

    available: int
    active: int


class _Devices:
    """The network devices of the namespace of the thread that made this."""

    def __init__(self) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._names: tuple[str, ...] = ()
        self._joining = 0

    def close(self) -> None:
        """Ask no more."""
        self._socket.close()

    def features(self, interface: str) -> _Features:
        """Return what a device can switch and what is on."""
        blocks = -(-len(self.names(interface)) // _BLOCK_BITS)
        answer = self._ask(interface, struct.pack("=II", _GET_FEATURES, blocks) + bytes(16 * blocks))
        words = struct.unpack_from(f"={4 * blocks}I", answer, 8)
        return _Features(available=_bits(words[0::4]), active=_bits(words[2::4]))

    def joining(self, interface: str) -> int:
        """Return the features that join packets, can be switched and are on."""
        self.names(interface)
        found = self.features(interface)
        return found.available & found.active & self._joining

    def switch_off(self, interface: str, features: int) -> None:
        """Ask a device to do without some features; ``features`` says whether it does."""
        blocks = -(-len(self.names(interface)) // _BLOCK_BITS)
        wanted = [features >> _BLOCK_BITS * block & 0xFFFFFFFF for block in range(blocks)]
        words = [word for valid in wanted for word in (valid, 0)]
        self._ask(interface, struct.pack(f"={2 + 2 * blocks}I", _SET_FEATURES, blocks, *words))

    def names(self, interface: str) -> tuple[str, ...]:
        """Return the name of every feature, in the order of the bits."""
        if not self._names:
            count = _SET_INFO.unpack(self._ask(interface, _SET_INFO.pack(_GET_SET_INFO, 0, 1 << _FEATURE_NAMES, 0)))[3]
            strings = _THREE_WORDS.pack(_GET_STRINGS, _FEATURE_NAMES, count) + bytes(_NAME_OCTETS * count)
            self._names = tuple(_strings(self._ask(interface, strings)[_THREE_WORDS.size :]))
            self._joining = sum(1 << bit for bit, name in enumerate(self._names) if any(word in name for word in _JOINING))
        return self._names

    def _ask(self, interface: str, command: bytes) -> bytes:
        memory = array.array("B", command)
        request = _IFREQ.pack(interface.encode("ascii"), memory.buffer_info()[0])
        try:
            fcntl.ioctl(self._socket, _SIOCETHTOOL, request)
        except OSError as error:
            reason = os.strerror(error.errno or 0)
            raise UnsupportedError(f"{interface} does not tell its offloads: {reason}; ethtool -k {interface} would") from error
        return memory.tobytes()


def one_packet_a_frame(interfaces: Sequence[str]) -> None:
    """Switch off all that joins packets into superpackets, on interfaces of the calling thread's network namespace.

    Checksum offload stays: it moves work, not packet boundaries.

    :raises UnsupportedError: when some of it stays on
    """
    devices = _Devices()
    try:
        for interface in interfaces:
            devices.switch_off(interface, devices.joining(interface))
            _check(devices.names(interface), interface, devices.joining(interface))
    finally:
        devices.close()


def offloads(interfaces: Sequence[str]) -> dict[str, Mapping[str, bool]]:
    """Return, by interface, the offloads that the device can switch, and whether each is on."""
    devices = _Devices()
    try:
        found: dict[str, Mapping[str, bool]] = {}
        for interface in interfaces:
            names, features = devices.names(interface), devices.features(interface)
            found[interface] = {
                name: bool(features.active >> bit & 1) for bit, name in enumerate(names) if features.available >> bit & 1
            }
        return found
    finally:
        devices.close()


def _check(names: Sequence[str], interface: str, joining: int) -> None:
    if joining:
        still_on = ", ".join(name for bit, name in enumerate(names) if joining >> bit & 1)
        raise UnsupportedError(f"{interface} keeps joining packets ({still_on}); this kernel's veth cannot carry a link")


def _bits(words: Sequence[int]) -> int:
    return sum(word << _BLOCK_BITS * block for block, word in enumerate(words))


def _strings(octets: bytes) -> Iterator[str]:
    for start in range(0, len(octets), _NAME_OCTETS):
        yield octets[start : start + _NAME_OCTETS].partition(b"\0")[0].decode("ascii")
