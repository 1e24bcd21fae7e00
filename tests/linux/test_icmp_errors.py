"""What an error queue tells, octet by octet as the kernel lays it out (linux/errqueue.h)."""

import socket
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netbench.linux.icmp_errors import IcmpError, Saying, icmp_error
from netbench.linux.icmp_extensions import internet_checksum

IP_ERROR = (socket.IPPROTO_IP, 11)
IPV6_ERROR = (socket.IPPROTO_IPV6, 25)
STAMP = (socket.SOL_SOCKET, 65, struct.pack("@6q", 1_795_000_000, 7, 0, 0, 0, 0))
TTL = (socket.IPPROTO_IP, 2, struct.pack("@i", 61))
HOP_LIMIT = (socket.IPPROTO_IPV6, 52, struct.pack("@i", 60))


def error(origin: int, icmp_type: int, code: int, offender: bytes, *, information: int = 0, at: int = 0, flags: int = 0) -> bytes:
    """A ``struct sock_extended_err`` with RFC 4884's length and flags, and the address of whoever sent the ICMP message."""
    return struct.pack("=IBBBBIHBB", 113, origin, icmp_type, code, 0, information, at, flags, 0) + offender


def ipv4(address: str) -> bytes:
    return struct.pack("=HH4s8x", socket.AF_INET, 0, socket.inet_pton(socket.AF_INET, address))


def ipv6(address: str) -> bytes:
    return struct.pack("=HHI16sI", socket.AF_INET6, 0, 0, socket.inet_pton(socket.AF_INET6, address), 0)


def test_everything_is_read_from_one_message() -> None:
    """Sender, meaning, what it quotes, where its extensions begin, its arrival and its TTL."""
    told = icmp_error(b"probe" + b"extra", [STAMP, TTL, (*IP_ERROR, error(2, 11, 0, ipv4("10.255.0.7"), at=5))])

    assert told == IcmpError("10.255.0.7", 11, 0, Saying.EXPIRED, None, b"probe", b"extra", 1_795_000_000_000_000_007, 61)


@pytest.mark.parametrize(
    ("message", "saying", "mtu_octets"),
    [
        ((*IP_ERROR, error(2, 3, 4, ipv4("10.0.0.1"), information=1400)), Saying.TOO_BIG, 1400),
        ((*IP_ERROR, error(2, 3, 4, ipv4("10.0.0.1"))), Saying.TOO_BIG, None),  # a router from before RFC 1191
        ((*IPV6_ERROR, error(3, 2, 0, ipv6("fd00::1"), information=1280)), Saying.TOO_BIG, 1280),
        ((*IP_ERROR, error(2, 3, 3, ipv4("10.0.0.1"))), Saying.ARRIVED, None),
        ((*IP_ERROR, error(2, 3, 1, ipv4("10.0.0.1"))), Saying.NO_ROUTE, None),
        ((*IP_ERROR, error(2, 3, 13, ipv4("10.0.0.1"))), Saying.PROHIBITED, None),
        ((*IPV6_ERROR, error(3, 1, 0, ipv6("fd00::1"))), Saying.NO_ROUTE, None),
        ((*IPV6_ERROR, error(3, 1, 1, ipv6("fd00::1"))), Saying.PROHIBITED, None),
        ((*IPV6_ERROR, error(3, 3, 0, ipv6("fd00::1"))), Saying.EXPIRED, None),
        ((*IP_ERROR, error(2, 12, 0, ipv4("10.0.0.1"))), Saying.OTHER, None),
    ],
)
def test_types_and_codes_have_a_meaning(message: tuple[int, int, bytes], saying: Saying, mtu_octets: int | None) -> None:
    """Each of what RFC 792, 1122, 1812 and 4443 number is told as what it means for a probe."""
    told = icmp_error(b"", [message])

    assert told is not None
    assert (told.saying, told.mtu_octets) == (saying, mtu_octets)


def test_this_host_itself_may_find_a_packet_too_big() -> None:
    """Then nobody sent the complaint, and the interface's MTU is in it."""
    told = icmp_error(b"", [(*IP_ERROR, error(1, 0, 0, b"", information=1500))])

    assert told is not None
    assert (told.sender, told.saying, told.mtu_octets) == (None, Saying.TOO_BIG, 1500)


def test_extensions_with_a_wrong_checksum_are_left_alone() -> None:
    """The kernel marks them; what they stand in is the quote as it came."""
    told = icmp_error(b"quoted", [(*IPV6_ERROR, error(3, 3, 0, ipv6("fd00::1"), at=2, flags=1)), HOP_LIMIT])

    assert told is not None
    assert (told.quoted, told.extensions, told.hop_limit) == (b"quoted", None, 60)


@pytest.mark.parametrize("headers", [28, 20])
def test_extensions_that_nobody_announced_are_found(headers: int) -> None:
    """Behind 128 octets of the packet, as routers from before RFC 4884 put them, and only with a checksum that fits."""
    objects = bytes.fromhex("00080101" + "05dc1101")
    extensions = struct.pack("!BBH", 0x20, 0, internet_checksum(b"\x20\0\0\0" + objects)) + objects
    quoted = b"q" * (128 - headers)
    message = (*IP_ERROR, error(2, 11, 0, ipv4("10.0.0.1")))
    told, unmade = icmp_error(quoted + extensions, [message]), icmp_error(quoted + b"\x20\0\0\0" + objects, [message])

    assert told is not None
    assert (told.quoted, told.extensions) == (quoted, extensions)
    assert unmade is not None
    assert unmade.extensions is None


def test_a_transmit_stamp_is_no_error() -> None:
    """The other half of the queue is passed over."""
    assert icmp_error(b"", [STAMP, (*IP_ERROR, error(4, 0, 0, b""))]) is None


@given(
    st.binary(max_size=64),
    st.lists(st.tuples(st.sampled_from([0, 1, 41]), st.sampled_from([2, 11, 25, 52, 65]), st.binary(max_size=60)), max_size=4),
)
def test_whatever_the_octets_are_nothing_breaks(octets: bytes, ancillary: list[tuple[int, int, bytes]]) -> None:
    """Any control messages give an error or nothing, and what is quoted is part of what came."""
    told = icmp_error(octets, ancillary)

    assert told is None or octets == told.quoted + (told.extensions or b"")
