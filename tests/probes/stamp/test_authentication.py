"""The authenticated mode against octets worked out by hand, and against whatever may arrive."""

import hashlib
import hmac

import pytest
from hypothesis import given
from hypothesis import strategies as some

from netbench_probes.stamp.authentication import Authenticated, UnauthenticatedPacketError, ssid_of
from netbench_probes.stamp.wire import MalformedPacketError, ReflectorPacket, SenderPacket
from tests.probes.stamp.vectors import ERROR_ESTIMATE, SECRET, SECRET_REFLECTOR, SECRET_SENDER, SSID, T1, T2, T3

MODE = Authenticated(SECRET)
numbers = some.integers(0, 2**32 - 1)
timestamps = some.integers(0, 2**64 - 1)
words = some.integers(0, 2**16 - 1)


def test_sender_octets_are_those_of_the_rfc() -> None:
    """A request of 112 octets reads and writes as the layout has it, HMAC included; what follows is not covered."""
    packet = SenderPacket(7, T1, ERROR_ESTIMATE, SSID)

    assert MODE.encode_sender(packet) == SECRET_SENDER
    assert MODE.decode_sender(SECRET_SENDER) == packet
    assert MODE.decode_sender(SECRET_SENDER + b"rest").rest == b"rest"
    assert ssid_of(SECRET_SENDER) == SSID


def test_reflector_octets_are_those_of_the_rfc() -> None:
    """A reply of 112 octets reads and writes as the layout has it."""
    packet = ReflectorPacket(7, T3, ERROR_ESTIMATE, SSID, T2, 7, T1, ERROR_ESTIMATE, 64)

    assert MODE.encode_reflector(packet) == SECRET_REFLECTOR
    assert MODE.decode_reflector(SECRET_REFLECTOR) == packet


@pytest.mark.parametrize("place", range(0, 112, 5))
def test_any_changed_octet_is_noticed(place: int) -> None:
    """Numbers, times, MBZ octets and the HMAC itself: none may differ."""
    changed = bytearray(SECRET_SENDER)
    changed[place] ^= 1
    with pytest.raises(UnauthenticatedPacketError, match="does not vouch"):
        MODE.decode_sender(bytes(changed))


def test_octets_that_must_be_zero_are_covered_and_then_ignored() -> None:
    """A peer that fills them is understood as long as its HMAC covers what it filled in."""
    covered = SECRET_SENDER[:28] + bytes(range(68))
    packet = covered + hmac.new(SECRET, covered, hashlib.sha256).digest()[:16]

    assert MODE.decode_sender(packet).sequence == 7


def test_another_key_and_a_short_packet_are_refused() -> None:
    """Neither a stranger's packet nor one of 111 octets has any fields."""
    with pytest.raises(UnauthenticatedPacketError):
        Authenticated(b"another").decode_reflector(SECRET_REFLECTOR)
    with pytest.raises(MalformedPacketError, match="at least 112 octets, this one 111"):
        MODE.decode_sender(SECRET_SENDER[:111])


@given(numbers, timestamps, words, words, some.binary(max_size=40))
def test_packets_survive_the_wire(number: int, timestamp: int, error: int, ssid: int, rest: bytes) -> None:
    """Whatever is written is read again, both ways."""
    request = SenderPacket(number, timestamp, error, ssid, rest)
    reply = ReflectorPacket(number, timestamp, error, ssid, timestamp, number, timestamp, error, ssid & 0xFF, rest)

    assert MODE.decode_sender(MODE.encode_sender(request)) == request
    assert MODE.decode_reflector(MODE.encode_reflector(reply)) == reply


@given(some.binary(max_size=300))
def test_octets_without_the_key_are_refused(octets: bytes) -> None:
    """Nobody guesses sixteen octets."""
    for decode in (MODE.decode_sender, MODE.decode_reflector):
        with pytest.raises(MalformedPacketError):
            decode(octets)
