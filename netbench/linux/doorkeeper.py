"""Who is let in at a socket: a classic BPF program that the kernel runs before a packet takes any room there.

It works on UDP sockets and on listening TCP sockets, which hand it on to the connections they accept. What it refuses is dropped
as if it had never come, and costs no wake-up.
"""

import ctypes
import ipaddress
import socket
import struct
from collections.abc import Sequence
from typing import Final, NamedTuple

from netbench.errors import UsageError

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

MOST_NETWORKS: Final = 64
"""What fits a program of the kernel's 4,096 instructions with much room to spare."""
MOST_SSIDS: Final = 64

LOAD_WORD, LOAD_HALF, LOAD_OCTET, LOAD_LENGTH = 0x20, 0x28, 0x30, 0x80
AND, JUMP_EQUAL, JUMP_AT_LEAST, RETURN = 0x54, 0x15, 0x35, 0x06
NETWORK_HEADER: Final = 0xFFF0_0000
"""SKF_NET_OFF: what is loaded from here on is of the IP header, wherever the packet is read from."""
EVERYTHING: Final = 0xFFFF_FFFF

_SO_ATTACH_FILTER: Final = 26
_UDP_HEADER_OCTETS: Final = 8
_IPV4_SOURCE, _IPV6_SOURCE = 12, 8
_WORD_BITS: Final = 32


class Instruction(NamedTuple):
    """One instruction of classic BPF."""

    code: int
    constant: int
    if_true: int = 0
    if_false: int = 0


class Shape(NamedTuple):
    """What else a datagram must be like: how many octets it has at least, and which numbers stand in two of them.

    No ``ssids`` lets any number in.
    """

    least_octets: int
    ssid_offset: int = 0
    ssids: Sequence[int] = ()


def program(allowed: Sequence[Network] | None, shape: Shape | None = None) -> list[Instruction]:
    """Return the program that lets in what comes from the networks (None: from anywhere), and has the shape where one is given.

    :raises UsageError: when there are more networks than it has room for
    """
    made = _shaped(shape) if shape is not None else []
    if allowed is None:
        return [*made, Instruction(RETURN, EVERYTHING)]
    networks = collapsed(allowed)
    if len(networks) > MOST_NETWORKS:
        raise UsageError(f"{len(networks)} networks to allow are more than {MOST_NETWORKS}; name larger ones")
    for network in networks:
        made += _of_network(network)
    return [*made, Instruction(RETURN, 0)]


def collapsed(allowed: Sequence[Network]) -> list[Network]:
    """Return the fewest networks that hold the same addresses."""
    fours = [each for each in allowed if isinstance(each, ipaddress.IPv4Network)]
    sixes = [each for each in allowed if isinstance(each, ipaddress.IPv6Network)]
    return [*ipaddress.collapse_addresses(fours), *ipaddress.collapse_addresses(sixes)]


def attach(opened: socket.socket, allowed: Sequence[Network] | None, shape: Shape | None = None) -> None:
    """Let in at a socket only what the program of these lets in, from now on; what it has in its queue stays.

    :raises UsageError: as ``program``
    :raises OSError: when the kernel refuses
    """
    made = program(allowed, shape)
    octets = ctypes.create_string_buffer(b"".join(struct.pack("@HBBI", i.code, i.if_true, i.if_false, i.constant) for i in made))
    head = struct.pack("@HP", len(made), ctypes.addressof(octets))
    opened.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, head)


def is_let_in(host: str, allowed: Sequence[Network]) -> bool:
    """Whether an address, also an IPv4 one in IPv6's clothes or one with an interface, is in one of the networks."""
    address = ipaddress.ip_address(host.partition("%")[0])
    plain = (address.ipv4_mapped or address) if isinstance(address, ipaddress.IPv6Address) else address
    return any(plain in network for network in allowed)


def _shaped(shape: Shape) -> list[Instruction]:
    made = [
        Instruction(LOAD_LENGTH, 0),
        Instruction(JUMP_AT_LEAST, shape.least_octets + _UDP_HEADER_OCTETS, 1, 0),
        Instruction(RETURN, 0),
    ]
    if not shape.ssids:
        return made
    made.append(Instruction(LOAD_HALF, shape.ssid_offset + _UDP_HEADER_OCTETS))
    # each that is equal jumps over the rest of them, and over the refusal
    made += [Instruction(JUMP_EQUAL, ssid, len(shape.ssids) - place) for place, ssid in enumerate(shape.ssids)]
    return [*made, Instruction(RETURN, 0)]


def _of_network(network: Network) -> list[Instruction]:
    """Let in what comes from the network; all else goes on behind."""
    source = _IPV4_SOURCE if network.version == 4 else _IPV6_SOURCE
    tests = [(LOAD_OCTET, NETWORK_HEADER, 0xF0, network.version << 4)]
    words = struct.unpack(f"!{network.max_prefixlen // _WORD_BITS}I", network.network_address.packed)
    masks = struct.unpack(f"!{network.max_prefixlen // _WORD_BITS}I", network.netmask.packed)
    tests += [
        (LOAD_WORD, NETWORK_HEADER + source + 4 * place, mask, word)
        for place, (word, mask) in enumerate(zip(words, masks, strict=True))
        if mask
    ]
    made: list[Instruction] = []
    for place, (load, at, mask, value) in enumerate(tests):
        behind = 3 * (len(tests) - place - 1) + 1
        made += [Instruction(load, at), Instruction(AND, mask), Instruction(JUMP_EQUAL, value, 0, behind)]
    return [*made, Instruction(RETURN, EVERYTHING)]
