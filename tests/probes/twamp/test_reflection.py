"""The reply to a test packet: against a captured one, and its size against every request."""

import pytest
from hypothesis import given
from hypothesis import strategies as some

from netbench_probes.stamp.wire import MalformedPacketError, unix_from_ntp
from netbench_probes.twamp.reflection import reply_to
from tests.probes.twamp import exchange

NOW_NS = 1_800_000_000_000_000_000


def reflected(request: bytes, hop_limit: int | None = 255, *, symmetrical: bool = False) -> bytes:
    return reply_to(
        request, sequence=7, received_ns=NOW_NS, now_ns=NOW_NS, hop_limit=hop_limit, error_estimate=1, symmetrical=symmetrical
    )


def test_a_captured_reply_is_what_we_would_have_sent() -> None:
    """twampd's answer to twping, from its own two instants."""
    received_ns = unix_from_ntp(0xEEAE54BCA7AEBC40, NOW_NS)
    sent_ns = unix_from_ntp(0xEEAE54BCA7AFD976, NOW_NS)
    reply = reply_to(exchange.TEST_PACKET, sequence=0, received_ns=received_ns, now_ns=sent_ns, hop_limit=255, error_estimate=1)

    # its clock counts microseconds, which 2^-32 s cannot hold: the last bits differ by less than a nanosecond
    assert reply[:8] == exchange.TEST_REPLY[:8]
    assert reply[12:20] == exchange.TEST_REPLY[12:20]
    assert reply[24:] == exchange.TEST_REPLY[24:]
    assert len(reply) == len(exchange.TEST_REPLY) == 41


@given(some.binary(min_size=14, max_size=2000), some.booleans())
def test_a_reply_is_as_long_as_its_request(request: bytes, symmetrical: bool) -> None:
    """Equal sizes from 41 octets on, 41 below: at most 27 are gained. The padding is the request's own, its end cut off."""
    reply = reflected(request, symmetrical=symmetrical)

    assert len(reply) == max(41, len(request))
    assert reply[14:16] == bytes(2)
    assert reply[24:38] == request[:14]
    assert reply[41:] == (request[41:] if symmetrical else request[14:][: len(reply) - 41])


def test_the_ttl_is_what_arrived_or_255() -> None:
    """RFC 5357 §4.2.1: 255 where it cannot be known."""
    assert reflected(exchange.TEST_PACKET, 61)[40] == 61
    assert reflected(exchange.TEST_PACKET, None)[40] == 255


def test_what_is_no_test_packet_is_not_answered() -> None:
    """Thirteen octets are none."""
    with pytest.raises(MalformedPacketError):
        reflected(bytes(13))
