"""ICMP extensions, octet by octet, against bytes put together by hand from RFC 4884, 4950 and 5837."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netbench.linux.icmp_extensions import (
    Interface,
    LabelStackEntry,
    interface_text,
    internet_checksum,
    is_structure,
    labels_text,
    read_extensions,
)
from tests.fuzz import icmp_extensions

LABELS = bytes.fromhex("0008 01 01 05dc1 101 ".replace(" ", ""))
"""Length 8, class 1, type 1; label 0x05dc1 = 24001, TC 0, S 1, TTL 1."""


def structure(objects: bytes, *, checksum: bool = True) -> bytes:
    head = b"\x20\0\0\0"
    return (struct.pack("!BBH", 0x20, 0, internet_checksum(head + objects)) if checksum else head) + objects


def test_a_label_stack_is_read() -> None:
    """RFC 4950 section 4: label, traffic class, bottom, TTL."""
    [found] = read_extensions(structure(LABELS))

    assert found.labels == (LabelStackEntry(24001, 0, bottom=True, ttl=1),)
    assert labels_text((found,)) == "24001/0/1/1"


def test_two_labels_and_an_interface() -> None:
    """RFC 5837 section 4: incoming interface by number, IPv4 address, name and MTU, behind two labels."""
    stack = bytes.fromhex("000c0101" + "00010a02" + "05dc1101")  # label 16, TC 5, S 0, TTL 2 on top of label 24001
    name = b"\x08xe-0/0\0"
    content = b"\0\0\2\1" + b"\0\1\0\0\x0a\0\0\1" + name + b"\0\0\x05\xdc"
    interface = struct.pack("!HBB", 4 + len(content), 2, 0b00001111) + content
    found = read_extensions(structure(stack + interface))

    assert labels_text(found) == "16/5/0/2 24001/0/1/1"
    assert found[1].interface == Interface("incoming", 513, "10.0.0.1", "xe-0/0", 1500)
    assert interface_text(found) == "xe-0/0"


def test_the_incoming_interface_is_told_before_others() -> None:
    """An outgoing interface that stands first is not taken for the one that the packet came in by."""
    outgoing, incoming = (struct.pack("!HBBI", 8, 2, role << 6 | 8, index) for role, index in ((2, 7), (0, 5)))

    assert interface_text(read_extensions(structure(outgoing + incoming))) == "#5"


@pytest.mark.parametrize(
    "octets",
    [
        b"",
        b"\x20\0\0",
        b"\x10\0\0\0" + LABELS,  # version 1
        b"\x20\0\x12\x34" + LABELS,  # a checksum that does not fit
        structure(b"\0\3\1\1"),  # an object shorter than its own header
        structure(b"\0\x20\1\1" + bytes(4)),  # an object longer than what is there
    ],
)
def test_what_is_malformed_is_not_read(octets: bytes) -> None:
    """It has no objects, and is no reason to fail."""
    assert read_extensions(octets) == ()


def test_an_unmade_checksum_is_accepted() -> None:
    """RFC 4884 section 7: a checksum of zero means that none was made."""
    assert labels_text(read_extensions(structure(LABELS, checksum=False))) == "24001/0/1/1"


def test_the_checksum_is_that_of_the_rfc() -> None:
    """RFC 1071 section 3 works an example out: 0001 f203 f4f5 f6f7 sum to ddf2."""
    assert internet_checksum(bytes.fromhex("0001f203f4f5f6f7")) == 0xFFFF ^ 0xDDF2


@given(st.lists(st.tuples(st.integers(0, 0xFFFFF), st.integers(0, 7), st.booleans(), st.integers(0, 255)), max_size=6))
def test_every_stack_comes_back(entries: list[tuple[int, int, bool, int]]) -> None:
    """What is encoded is decoded."""
    words = b"".join(struct.pack("!I", label << 12 | tc << 9 | bottom << 8 | ttl) for label, tc, bottom, ttl in entries)
    octets = structure(struct.pack("!HBB", 4 + len(words), 1, 1) + words)
    [found] = read_extensions(octets)

    assert is_structure(octets)
    assert [(entry.label, entry.traffic_class, entry.bottom, entry.ttl) for entry in found.labels] == entries


@given(st.binary(max_size=80))
def test_any_octets_are_survived(octets: bytes) -> None:
    """Also when they begin as a structure should."""
    read_extensions(octets)
    read_extensions(b"\x20\0\0\0" + octets)


def test_mutated_structures_are_survived() -> None:
    """The fuzz target, shortly."""
    icmp_extensions.fuzz(seed=1, count=2_000)
