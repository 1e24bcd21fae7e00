"""The Server's states against a byte-exact scripted client, and against every client that does not do as it should."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as some

from netbench_probes.twamp.server_session import SECOND_NS, Limits, ServerSession
from netbench_probes.twamp.wire import (
    SessionAccept,
    SessionRequest,
    SetUpResponse,
    StopSessions,
    encode_request,
    encode_set_up_response,
    encode_stop_sessions,
)
from tests.probes.twamp import exchange

START_TIME = 0xEEAE54B90CB662FD
SID = bytes.fromhex("7f000001eeae54bb8e4723aac9e9693f")
SAID = exchange.SET_UP_RESPONSE + exchange.REQUEST + exchange.START_SESSIONS
NOT_SUPPORTED = bytes((3,)) + bytes(47)


class Table:
    """Sessions that open at port 18762 while there is one left."""

    def __init__(self, left: int = 100) -> None:
        self.requests: list[SessionRequest] = []
        self.symmetrical: list[bool] = []
        self.running = False
        self.stops = 0
        self._left = left

    @property
    def opened(self) -> int:
        return len(self.requests)

    def open(self, request: SessionRequest, *, symmetrical: bool) -> SessionAccept:
        if self.opened >= self._left:
            return SessionAccept(5)
        self.requests.append(request)
        self.symmetrical.append(symmetrical)
        return SessionAccept(0, 18762, SID)

    def start(self) -> None:
        self.running = True

    def stop(self) -> None:
        self.running = False
        self.stops += 1
        self.requests.clear()


def server(table: Table | None = None, limits: Limits | None = None) -> ServerSession:
    return ServerSession(table or Table(), 4, limits or Limits(), START_TIME, 0)


def test_the_captured_session_again() -> None:
    """Told what twping said, it says what twampd said, to the octet, but for symmetrical size, which it offers too."""
    table = Table()
    session = server(table)
    greeted = session.greeting(exchange.GREETING[16:32], exchange.GREETING[32:48])
    assert greeted == exchange.greeting(0x41)[:48] + bytes.fromhex("00000400") + bytes(12)
    assert session.received(exchange.SET_UP_RESPONSE, 0) == exchange.SERVER_START
    assert session.received(exchange.REQUEST, 0) == exchange.ACCEPT_SESSION
    assert table.requests == [exchange.ASKED]
    assert session.received(exchange.START_SESSIONS, 0) == exchange.START_ACK
    assert table.running
    assert session.received(exchange.STOP_SESSIONS, 0) == b""
    assert not table.running
    assert not session.over


def test_another_session_over_the_same_connection() -> None:
    """After a stop the client may request again."""
    table = Table()
    session = server(table)
    session.received(SAID + exchange.STOP_SESSIONS, 0)
    assert session.received(exchange.REQUEST + exchange.START_SESSIONS, 0) == exchange.ACCEPT_SESSION + exchange.START_ACK
    assert table.stops == 1


@given(some.lists(some.integers(1, 200), min_size=1))
def test_segments_do_not_matter(lengths: list[int]) -> None:
    """However TCP cuts what the client says, and even all at once, the same is answered."""
    session = server()
    answers, rest = b"", SAID
    for length in [*lengths, len(SAID)]:
        answers += session.received(rest[:length], 0)
        rest = rest[length:]
    assert answers == exchange.SERVER_START + exchange.ACCEPT_SESSION + exchange.START_ACK


@pytest.mark.parametrize(("mode", "symmetrical"), [(1, False), (0x41, True)])
def test_the_modes_that_it_has(mode: int, symmetrical: bool) -> None:
    """Open, and open with symmetrical size."""
    table = Table()
    server(table).received(encode_set_up_response(SetUpResponse(mode)) + exchange.REQUEST, 0)
    assert table.symmetrical == [symmetrical]


@pytest.mark.parametrize("mode", [2, 4, 8, 3, 0x11, 0x21, 0x40, 0x81, 0x80000001])
def test_modes_that_it_does_not_have(mode: int) -> None:
    """Refused with code 3, and the connection is over."""
    session = server()
    assert session.received(encode_set_up_response(SetUpResponse(mode)) + exchange.REQUEST, 0) == bytes(15) + b"\3" + bytes(32)
    assert session.over


def test_a_client_that_does_not_want_to_go_on() -> None:
    """Mode 0 is goodbye: no answer."""
    session = server()
    assert session.received(encode_set_up_response(SetUpResponse(0)), 0) == b""
    assert session.over


@pytest.mark.parametrize(
    "change",
    [
        {"conf_sender": 1},
        {"conf_receiver": 1},
        {"slots": 1},
        {"packets": 1},
        {"ip_version": 6},
        {"ip_version": 0},
        {"type_p": 0x40000000},
    ],
)
def test_requests_that_cannot_be_met(change: dict[str, int]) -> None:
    """Accept-Session with code 3, and the next request is looked at as if nothing had been."""
    table = Table()
    session = server(table)
    session.received(exchange.SET_UP_RESPONSE, 0)
    unmet = replace(exchange.ASKED, **change)  # type: ignore[arg-type]
    assert session.received(encode_request(unmet), 0) == NOT_SUPPORTED
    assert session.received(exchange.REQUEST, 0) == exchange.ACCEPT_SESSION
    assert len(table.requests) == 1


def test_what_open_mode_leaves_unused_is_not_looked_at() -> None:
    """HMACs, SIDs, MBZ octets, tokens and the announced padding may hold anything."""
    noisy = bytearray(exchange.REQUEST)
    noisy[1] |= 0xF0
    noisy[48:64] = noisy[96:112] = b"\xaa" * 16
    noisy[92:96] = b"\xaa" * 4
    noisy[64:68] = bytes.fromhex("1b000000")  # the padding's length in a client's own order of octets
    session = server()
    session.received(encode_set_up_response(SetUpResponse(1, b"k" * 80, b"t" * 64, b"i" * 16)), 0)
    assert session.received(bytes(noisy), 0) == exchange.ACCEPT_SESSION
    assert session.received(b"\2" + b"\xaa" * 31, 0) == exchange.START_ACK


def test_limits() -> None:
    """Code 5 past the sessions of a connection, or when the server has none left."""
    full = b"\5" + bytes(47)
    session = server(limits=Limits(sessions_a_connection=2))
    assert session.received(exchange.SET_UP_RESPONSE + exchange.REQUEST * 3, 0)[48:] == exchange.ACCEPT_SESSION * 2 + full
    assert server(Table(left=0)).received(exchange.SET_UP_RESPONSE + exchange.REQUEST, 0)[48:] == full


def test_a_start_without_a_session() -> None:
    """There is nothing to start: code 1, and a request may follow."""
    session = server()
    session.received(exchange.SET_UP_RESPONSE, 0)
    assert session.received(exchange.START_SESSIONS, 0) == b"\1" + bytes(31)
    assert session.received(exchange.REQUEST, 0) == exchange.ACCEPT_SESSION


@pytest.mark.parametrize("octet", [0, 1, 4, 6, 7, 255])
def test_commands_that_nobody_knows(octet: int) -> None:
    """RFC 5357 §3.4: Accept-Session with code 3. Their length is not known, so nothing after them is read."""
    session = server()
    session.received(exchange.SET_UP_RESPONSE, 0)
    assert session.received(bytes((octet,)) * 16 + exchange.REQUEST, 0) == NOT_SUPPORTED
    assert session.over
    assert session.received(exchange.REQUEST, 0) == b""


@pytest.mark.parametrize("command", [exchange.REQUEST, exchange.START_SESSIONS])
def test_while_sessions_run_only_stop_is_legal(command: bytes) -> None:
    """RFC 5357 §3.7."""
    session = server()
    session.received(SAID, 0)
    assert session.received(command, 0) == NOT_SUPPORTED
    assert session.over


@pytest.mark.parametrize(("number", "over"), [(0, False), (1, False), (2, True), (0xFFFFFFFF, True)])
def test_stops_with_another_number(number: int, over: bool) -> None:
    """All sessions stop, whatever the number; one that is neither 0 nor right ends the connection too."""
    table = Table()
    session = server(table)
    session.received(SAID, 0)
    assert session.received(encode_stop_sessions(StopSessions(0, number)), 0) == b""
    assert table.stops == 1
    assert session.over == over


def test_servwait() -> None:
    """A client has 30 s to choose a mode, and may be silent for 900 s after it while no session runs: drips do not count."""
    session = server()
    session.received(b"\0", 29 * SECOND_NS)
    assert not session.expired(30 * SECOND_NS)
    assert session.expired(30 * SECOND_NS + 1)

    table = Table()
    session = server(table)
    session.received(SAID, 0)
    assert not session.expired(5000 * SECOND_NS)
    table.running = False
    assert not session.expired(5900 * SECOND_NS)
    assert session.expired(5900 * SECOND_NS + 1)
