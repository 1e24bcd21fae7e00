"""The reflector without sockets: sizes, numbering, memory."""

import pytest
from hypothesis import given
from hypothesis import strategies as some

from netbench_probes.stamp.reflector import ReflectorSession, ReflectorSessions
from netbench_probes.stamp.wire import MalformedPacketError, decode_reflector

REQUEST = bytes.fromhex("00000007ec9d2a00800000008a141234" + "00" * 28)
RECEIVED_NS = 1_800_000_000_000_000_000


@given(some.binary(min_size=14, max_size=2000))
def test_reply_is_as_long_as_its_request(request: bytes) -> None:
    """Symmetric size, and 44 octets for the short requests of TWAMP-Light: never more than 30 octets are gained."""
    reply = ReflectorSession().reflect(request, RECEIVED_NS, 255, RECEIVED_NS)

    assert len(reply) == max(44, len(request))
    assert reply[24:38] == request[:14]


def test_reply_to_a_known_request() -> None:
    """The reply carries our number and times, the request's own, its SSID and its TTL."""
    session = ReflectorSession()
    session.reflect(REQUEST, RECEIVED_NS, 64, RECEIVED_NS)

    reply = decode_reflector(session.reflect(REQUEST, RECEIVED_NS, 64, RECEIVED_NS + 10**9))

    assert (reply.sequence, reply.sender_sequence, reply.ssid, reply.sender_ttl) == (1, 7, 0x1234, 64)
    assert reply.timestamp - reply.receive_timestamp == 2**32
    assert reply.sender_error_estimate == 0x8A14


def test_what_is_no_test_packet_is_neither_answered_nor_counted() -> None:
    """Thirteen octets raise, and the next reply is still number 0."""
    session = ReflectorSession()
    with pytest.raises(MalformedPacketError):
        session.reflect(REQUEST[:13], RECEIVED_NS, 64, RECEIVED_NS)

    assert session.next_sequence == 0


def test_sessions_are_known_by_peer_and_forgotten_when_idle() -> None:
    """A peer keeps its count while it is heard; another has its own; after the idle time it begins anew."""
    sessions = ReflectorSessions(idle_ns=100, most=10)
    sessions.of("a", 0).next_sequence = 5

    assert sessions.of("b", 50).next_sequence == 0
    assert sessions.of("a", 100).next_sequence == 5
    assert sessions.of("a", 201).next_sequence == 0


def test_sessions_are_bounded() -> None:
    """Past the bound the longest unheard peer is forgotten, not the one that was just heard."""
    sessions = ReflectorSessions(idle_ns=100, most=2)
    for peer in ("a", "b", "a", "c"):
        sessions.of(peer, 0).next_sequence += 1

    assert len(sessions) == 2
    assert sessions.of("a", 0).next_sequence == 2
    assert sessions.of("b", 0).next_sequence == 0
