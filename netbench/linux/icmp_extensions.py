"""What a router adds to its ICMP error in the structure of RFC 4884: MPLS labels (RFC 4950) and interfaces (RFC 5837)."""

import socket
import struct
from dataclasses import dataclass
from typing import Final

VERSION: Final = 2
HEADER_OCTETS: Final = 4
MPLS_CLASS: Final = 1
INCOMING_LABELS: Final = 1
INTERFACE_CLASS: Final = 2
_ROLES: Final = ("incoming", "sub-ip", "outgoing", "next hop")
_IFINDEX, _ADDRESS, _NAME, _MTU = 8, 4, 2, 1
_FAMILIES: Final = {1: (socket.AF_INET, 4), 2: (socket.AF_INET6, 16)}  # address family numbers of IANA


@dataclass(frozen=True, slots=True)
class LabelStackEntry:
    """One MPLS label as the packet carried it when it expired (RFC 3032): traffic class, whether it is the last, TTL."""

    label: int
    traffic_class: int
    bottom: bool
    ttl: int


@dataclass(frozen=True, slots=True)
class Interface:
    """An interface of the router: the one that the packet came in by, say. What it does not tell is None."""

    role: str
    index: int | None
    address: str | None
    name: str | None
    mtu_octets: int | None


@dataclass(frozen=True, slots=True)
class Extension:
    """One object: its class, type and content. ``labels`` and ``interface`` are what it says, where it is of those kinds."""

    object_class: int
    object_type: int
    content: bytes
    labels: tuple[LabelStackEntry, ...] = ()
    interface: Interface | None = None


def read_extensions(structure: bytes) -> tuple[Extension, ...]:
    """Return the objects of an extension structure in their order; nothing where it is not sound.

    Whatever is malformed ends the reading: what stood before it counts (a router's mistake is no reason to lose its answer).
    """
    if not is_structure(structure):
        return ()
    found: list[Extension] = []
    rest = structure[HEADER_OCTETS:]
    while len(rest) >= HEADER_OCTETS:
        length, object_class, object_type = struct.unpack_from("!HBB", rest)
        if not HEADER_OCTETS <= length <= len(rest):
            break
        found.append(_extension(object_class, object_type, rest[HEADER_OCTETS:length]))
        rest = rest[length:]
    return tuple(found)


def is_structure(octets: bytes) -> bool:
    """Whether these octets are an extension structure: version 2 and a checksum that fits (0 is one that was not made)."""
    if len(octets) < HEADER_OCTETS or octets[0] >> 4 != VERSION:
        return False
    return octets[2:4] == b"\0\0" or internet_checksum(octets) == 0


def internet_checksum(octets: bytes) -> int:
    """Return the checksum of RFC 1071: 0 over octets that contain their own right one."""
    padded = octets + bytes(len(octets) % 2)
    words: tuple[int, ...] = struct.unpack(f"!{len(padded) // 2}H", padded)
    total = sum(words)
    while total > 0xFFFF:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def labels_text(extensions: tuple[Extension, ...]) -> str | None:
    """Return the label stack from the top, ``24001/0/1/1`` an entry (label/traffic class/bottom/TTL), None without one."""
    entries = [entry for extension in extensions for entry in extension.labels]
    told = (f"{entry.label}/{entry.traffic_class}/{int(entry.bottom)}/{entry.ttl}" for entry in entries)
    return " ".join(told) or None


def interface_text(extensions: tuple[Extension, ...]) -> str | None:
    """Return the interface that the packet came in by (else the first told of) by name, address or number, None without one."""
    told = [extension.interface for extension in extensions if extension.interface is not None]
    for interface in sorted(told, key=lambda one: one.role != _ROLES[0]):
        name = interface.name or interface.address or (None if interface.index is None else f"#{interface.index}")
        if name is not None:
            return name
    return None


def _extension(object_class: int, object_type: int, content: bytes) -> Extension:
    if (object_class, object_type) == (MPLS_CLASS, INCOMING_LABELS):
        return Extension(object_class, object_type, content, labels=_labels(content))
    if object_class == INTERFACE_CLASS:
        return Extension(object_class, object_type, content, interface=_interface(object_type, content))
    return Extension(object_class, object_type, content)


def _labels(content: bytes) -> tuple[LabelStackEntry, ...]:
    whole = content[: len(content) // 4 * 4]
    return tuple(LabelStackEntry(word >> 12, word >> 9 & 7, bool(word >> 8 & 1), word & 255) for (word,) in _words(whole))


def _words(octets: bytes) -> list[tuple[int]]:
    return list(struct.iter_unpack("!I", octets))


def _interface(object_type: int, content: bytes) -> Interface | None:
    """Return what an Interface Information Object says (RFC 5837 section 4.1), None when it is cut short."""
    index = address = name = mtu_octets = None
    try:
        if object_type & _IFINDEX:
            (index,), content = struct.unpack_from("!I", content), content[4:]
        if object_type & _ADDRESS:
            family, size = _FAMILIES[struct.unpack_from("!H", content)[0]]
            address, content = socket.inet_ntop(family, content[4 : 4 + size]), content[4 + size :]
        if object_type & _NAME:
            name, content = _name(content), content[content[0] :]
        if object_type & _MTU:
            (mtu_octets,) = struct.unpack_from("!I", content)
    except (struct.error, KeyError, IndexError, ValueError):
        return None
    return Interface(_ROLES[object_type >> 6], index, address, name, mtu_octets)


def _name(content: bytes) -> str:
    length = content[0]
    if not 1 <= length <= len(content) or length > 64:
        raise ValueError("an interface name is cut short")
    text = content[1:length].rstrip(b"\0").decode("utf-8", "replace")
    return "".join(character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in text)
