"""Echo messages, against bytes worked out by hand and against properties."""

import socket

from hypothesis import given
from hypothesis import strategies as st

from netbench.linux.icmp_extensions import internet_checksum
from netbench_probes.icmp.wire import Echo, decode_echo, encode_request, quoted_sequence, sequence_of, without_ip_header
from tests.fuzz import icmp_echo

NONCE = bytes(range(8))


def test_an_ipv4_request_octet_by_octet() -> None:
    """Type 8, code 0, checksum, identifier, the lower half of the sequence number, then the nonce and the whole of it."""
    octets = encode_request(socket.AF_INET, 0x1234, 0x00010005, NONCE, 14)

    # 0800 + 1234 + 0005 + 0001 + 0203 + 0405 + 0607 + 0001 + 0005 + 0000 = 264f, whose complement is d9b0
    assert octets.hex() == "0800" + "d9b0" + "1234" + "0005" + "0001020304050607" + "00010005" + "0000"


def test_the_kernel_makes_the_checksum_of_ipv6() -> None:
    """Type 128, and zero where the checksum will be."""
    assert encode_request(socket.AF_INET6, 1, 2, NONCE).hex() == "8000" + "0000" + "0001" + "0002" + NONCE.hex() + "00000002"


@given(st.integers(0, 0xFFFF), st.integers(0, 0xFFFFFFFF), st.binary(min_size=8, max_size=8), st.integers(12, 90))
def test_what_is_sent_is_known_again(identifier: int, sequence: int, nonce: bytes, body_octets: int) -> None:
    """In a reply and in a quote, of any size; the checksum holds."""
    octets = encode_request(socket.AF_INET, identifier, sequence, nonce, body_octets)
    echo = decode_echo(octets)

    assert internet_checksum(octets) == 0
    assert echo is not None
    assert (echo.icmp_type, echo.identifier, sequence_of(echo, nonce)) == (8, identifier, sequence)
    assert quoted_sequence(echo, nonce, sequence + 1) == sequence


@given(st.integers(0, 200_000), st.integers(0, 60_000))
def test_a_quote_of_eight_octets_is_enough(latest: int, back: int) -> None:
    """A router from before RFC 1812 quotes no more: the sequence number is the latest with that lower half."""
    sequence = max(0, latest - back)
    echo = Echo(8, 1, sequence & 0xFFFF, b"")

    assert quoted_sequence(echo, NONCE, latest + 1) == sequence


def test_strangers_are_not_ours() -> None:
    """Another nonce, a cut body, another code, a header that says another number: none is taken for ours."""
    ours = decode_echo(encode_request(socket.AF_INET, 1, 5, NONCE))
    assert ours is not None
    assert sequence_of(ours, b"somebody") is None
    assert sequence_of(Echo(0, 1, 5, ours.body[:11]), NONCE) is None
    assert sequence_of(Echo(0, 1, 6, ours.body), NONCE) is None
    assert quoted_sequence(Echo(8, 1, 5, b"somebody"), NONCE, 9) is None
    assert quoted_sequence(Echo(8, 1, 5, b""), NONCE, 0) is None
    assert quoted_sequence(Echo(8, 1, 5, b""), NONCE, 3) is None
    assert decode_echo(bytes.fromhex("0001000000010002")) is None
    assert decode_echo(b"\0" * 7) is None


def test_the_ip_header_is_taken_off() -> None:
    """By its own length; what is no IPv4 header leaves nothing."""
    assert without_ip_header(b"\x46" + bytes(23) + b"rest") == b"rest"
    assert without_ip_header(b"\x44" + bytes(30)) == b""
    assert without_ip_header(b"\x60" + bytes(39)) == b""
    assert without_ip_header(b"") == b""


def test_mutated_messages_are_survived() -> None:
    """The fuzz target, shortly."""
    icmp_echo.fuzz(seed=2, count=2_000)
