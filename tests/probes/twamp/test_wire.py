"""The octets of TWAMP-Control against a captured session, against layouts worked out by hand, and against whatever may arrive."""

import ipaddress
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from netbench_probes.twamp import wire
from tests.probes.twamp import exchange

octets_16 = some.binary(min_size=16, max_size=16)
bytes_8 = some.integers(0, 2**8 - 1)
words = some.integers(0, 2**16 - 1)
longs = some.integers(0, 2**32 - 1)
quads = some.integers(0, 2**64 - 1)

greetings = some.builds(wire.Greeting, longs, octets_16, octets_16, longs)
set_ups = some.builds(
    wire.SetUpResponse, longs, some.binary(min_size=80, max_size=80), some.binary(min_size=64, max_size=64), octets_16
)
starts = some.builds(wire.ServerStart, bytes_8, quads, octets_16)
requests = some.builds(
    wire.SessionRequest,
    ip_version=some.integers(0, 15),
    sender_port=words,
    receiver_port=words,
    sender_address=octets_16,
    receiver_address=octets_16,
    padding_octets=longs,
    timeout=quads,
    type_p=longs,
    start_time=quads,
    conf_sender=bytes_8,
    conf_receiver=bytes_8,
    slots=longs,
    packets=longs,
    sid=octets_16,
    octets_to_reflect=words,
    padding_to_reflect=words,
)
accepts = some.builds(wire.SessionAccept, bytes_8, words, octets_16, words, words)
stops = some.builds(wire.StopSessions, bytes_8, longs)

Codec = tuple[Callable[[Any], bytes], Callable[[bytes], Any]]
CODECS: dict[int, Codec] = {
    64: (wire.encode_greeting, wire.decode_greeting),
    164: (wire.encode_set_up_response, wire.decode_set_up_response),
    48: (wire.encode_server_start, wire.decode_server_start),
    112: (wire.encode_request, wire.decode_request),
}


def test_a_captured_session_is_read() -> None:
    """What two foreign programs said to each other has the values that they were started with."""
    assert wire.decode_greeting(exchange.GREETING).modes == wire.Mode.UNAUTHENTICATED
    assert wire.decode_greeting(exchange.GREETING).count == 2048
    assert wire.decode_set_up_response(exchange.SET_UP_RESPONSE) == wire.SetUpResponse(1)
    assert wire.decode_server_start(exchange.SERVER_START) == wire.ServerStart(0, 0xEEAE54B90CB662FD)
    assert wire.decode_request(exchange.REQUEST) == exchange.ASKED
    accepted = wire.decode_accept_session(exchange.ACCEPT_SESSION)
    assert (accepted.accept, accepted.port, accepted.sid[:4]) == (0, 18762, exchange.LOOPBACK.packed)
    assert wire.decode_start_ack(exchange.START_ACK) == 0
    assert wire.decode_stop_sessions(exchange.STOP_SESSIONS) == wire.StopSessions(0, 1)


def test_a_captured_session_is_written() -> None:
    """The same values become the same octets."""
    assert wire.encode_greeting(wire.decode_greeting(exchange.GREETING)) == exchange.GREETING
    assert wire.encode_set_up_response(wire.SetUpResponse(1)) == exchange.SET_UP_RESPONSE
    assert wire.encode_server_start(wire.ServerStart(0, 0xEEAE54B90CB662FD)) == exchange.SERVER_START
    assert wire.encode_request(exchange.ASKED) == exchange.REQUEST
    assert wire.encode_accept_session(wire.decode_accept_session(exchange.ACCEPT_SESSION)) == exchange.ACCEPT_SESSION
    assert wire.encode_start_sessions() == exchange.START_SESSIONS
    assert wire.encode_start_ack(0) == exchange.START_ACK
    assert wire.encode_stop_sessions(wire.StopSessions(0, 1)) == exchange.STOP_SESSIONS


def test_every_field_of_a_request_is_where_the_rfc_has_it() -> None:
    """RFC 5357 §3.5 and RFC 6038 §4.1, octet by octet, over IPv6 and with DSCP 46."""
    address = ipaddress.IPv6Address("2001:db8::1")
    request = wire.SessionRequest(
        ip_version=6,
        sender_port=0x0102,
        receiver_port=0x0304,
        sender_address=wire.address_field(address),
        receiver_address=bytes(range(16)),
        padding_octets=0x05060708,
        timeout=0x090A0B0C0D0E0F10,
        type_p=wire.type_p_from_dscp(46),
        start_time=0x1112131415161718,
        conf_sender=0x19,
        conf_receiver=0x1A,
        slots=0x1B1C1D1E,
        packets=0x1F202122,
        sid=bytes(range(0x30, 0x40)),
        octets_to_reflect=0x2324,
        padding_to_reflect=0x2526,
    )
    assert wire.encode_request(request).hex() == (
        "0506191a1b1c1d1e1f20212201020304"
        "20010db8000000000000000000000001"
        "000102030405060708090a0b0c0d0e0f"
        "303132333435363738393a3b3c3d3e3f"
        "050607081112131415161718090a0b0c0d0e0f102e0000002324252600000000"
        "00000000000000000000000000000000"
    )  # fmt: skip


def test_the_other_messages_are_where_the_rfcs_have_them() -> None:
    """RFC 4656 §3.1, RFC 5357 §3.5 to §3.8: each field at its octets, the rest zero."""
    assert wire.encode_greeting(wire.Greeting(0x41, b"c" * 16, b"s" * 16, 4096)).hex() == (
        "00" * 12 + "00000041" + "63" * 16 + "73" * 16 + "00001000" + "00" * 12
    )
    assert wire.encode_set_up_response(wire.SetUpResponse(2, b"k" * 80, b"t" * 64, b"i" * 16)).hex() == (
        "00000002" + "6b" * 80 + "74" * 64 + "69" * 16
    )
    assert wire.encode_server_start(wire.ServerStart(4, 0x0102030405060708, b"i" * 16)).hex() == (
        "00" * 15 + "04" + "69" * 16 + "0102030405060708" + "00" * 8
    )
    assert wire.encode_accept_session(wire.SessionAccept(5, 0x0102, b"d" * 16, 0x0304, 0x0506)).hex() == (
        "05000102" + "64" * 16 + "03040506" + "00" * 24
    )
    assert wire.encode_start_ack(3).hex() == "03" + "00" * 31
    assert wire.encode_stop_sessions(wire.StopSessions(1, 0x01020304)).hex() == "0301000001020304" + "00" * 24


@given(some.one_of(greetings, set_ups, starts, requests, accepts, stops))
def test_messages_survive_the_wire(message: Any) -> None:
    """Whatever is written is read again."""
    names = {
        wire.Greeting: "greeting",
        wire.SetUpResponse: "set_up_response",
        wire.ServerStart: "server_start",
        wire.SessionRequest: "request",
        wire.SessionAccept: "accept_session",
        wire.StopSessions: "stop_sessions",
    }
    name = names[type(message)]
    assert getattr(wire, f"decode_{name}")(getattr(wire, f"encode_{name}")(message)) == message


@given(some.data())
def test_any_octets_of_the_right_number_are_read(data: some.DataObject) -> None:
    """No octets bring a reader to anything but values, and what it read is written as long again."""
    length = data.draw(some.sampled_from(sorted(CODECS)))
    encode, decode = CODECS[length]
    octets = data.draw(some.binary(min_size=length, max_size=length))
    assert len(encode(decode(octets))) == length


def test_addresses() -> None:
    """Zero is the connection's own; a version that nobody knows has none."""
    assert wire.address_in(wire.address_field(exchange.LOOPBACK), 4) == exchange.LOOPBACK
    assert wire.address_in(bytes(15) + b"\1", 6) == ipaddress.IPv6Address("::1")
    assert wire.address_in(bytes(16), 4) is None
    assert wire.address_in(bytes(16), 6) is None
    assert wire.address_in(b"\1" * 16, 0) is None


@pytest.mark.parametrize(
    ("type_p", "dscp"), [(0, 0), (0x2E000000, 46), (0x3F000000, 63), (0x40000000, None), (0x80000000, None), (0xFFFFFFFF, None)]
)
def test_type_p(type_p: int, dscp: int | None) -> None:
    """A DSCP is plain in the upper octet; the form of a PHB and the forms without meaning have none."""
    assert wire.dscp_of(type_p) == dscp


def test_timeouts_are_32_bit_fixed_point() -> None:
    """Seconds above, 2^-32 s below; what does not fit is the most there is."""
    assert wire.fixed_from_ns(1_500_000_000) == 0x0000000180000000
    assert wire.ns_from_fixed(0x0000000180000000) == 1_500_000_000
    assert wire.ns_from_fixed(2**64 - 1) == (1 << 32) * 10**9 - 1
    assert wire.fixed_from_ns(10**20) == 2**64 - 1
