"""The Control-Client's states against a byte-exact scripted server, and against every server that does not do as it should."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as some

from netbench.errors import CannotMeasureError
from netbench_probes.twamp.client_session import ClientSession
from netbench_probes.twamp.wire import ServerStart, SessionAccept, encode_accept_session, encode_server_start, encode_start_ack
from tests.probes.twamp import exchange

SECOND = 1_000_000_000
AGREED = exchange.GREETING + exchange.SERVER_START + exchange.ACCEPT_SESSION


def session() -> ClientSession:
    return ClientSession("TWAMP server far port 862", exchange.ASKED, 10 * SECOND, now_ns=0)


def running() -> ClientSession:
    client = session()
    client.received(AGREED, 0)
    client.start(0)
    client.received(exchange.START_ACK, 0)
    return client


def complaint(client: ClientSession, octets: bytes) -> str:
    with pytest.raises(CannotMeasureError) as raised:
        client.received(octets, 0)
    said = str(raised.value)
    assert said.startswith("TWAMP server far port 862 ")
    return said.removeprefix("TWAMP server far port 862 ")


def test_the_captured_session_again() -> None:
    """Told what twampd said, it says what twping said, to the octet, and sends to the port that was accepted."""
    client = session()
    assert client.received(exchange.GREETING, 0) == exchange.SET_UP_RESPONSE
    assert client.received(exchange.SERVER_START, 0) == exchange.REQUEST
    assert client.received(exchange.ACCEPT_SESSION, 0) == b""
    assert client.agreement is not None
    assert client.agreement.port == 18762
    assert not client.waiting
    assert client.start(0) == exchange.START_SESSIONS
    assert client.received(exchange.START_ACK, 0) == b""
    assert client.running
    assert client.stop() == exchange.STOP_SESSIONS
    assert not client.running


@given(some.lists(some.integers(1, 200), min_size=1))
def test_segments_do_not_matter(lengths: list[int]) -> None:
    """However TCP cuts what the server says, the same is answered."""
    client = session()
    answers = b""
    rest = AGREED
    for length in [*lengths, len(AGREED)]:
        answers += client.received(rest[:length], 0)
        rest = rest[length:]

    assert answers == exchange.SET_UP_RESPONSE + exchange.REQUEST
    assert not client.waiting


@pytest.mark.parametrize("modes", [0x0F, 0x41, 0x7F, 0x1FF])
def test_it_chooses_open_mode_alone(modes: int) -> None:
    """Whatever else is offered, the choice is exactly 1: servers close on a bit too many."""
    assert session().received(exchange.greeting(modes), 0) == exchange.SET_UP_RESPONSE


@pytest.mark.parametrize(
    ("modes", "sentence"),
    [
        (0, "does not want to talk now (modes 0); it may be full, or its operator must allow this address"),
        (2 | 4 | 16, "offers no open mode, only authenticated, encrypted, individual session control; "),
        (8 | 0x1000, "offers no open mode, only mixed, 0x1000; "),
        (0x20426164, "greets with modes 0x20426164, which TWAMP does not have; it may be no TWAMP server"),
    ],
)
def test_other_modes_are_declined(modes: int, sentence: str) -> None:
    """A server that does not offer open mode is told in one sentence what it offers."""
    said = complaint(session(), exchange.greeting(modes))
    assert said == (sentence + "ask its operator to allow unauthenticated sessions" if sentence.endswith("; ") else sentence)


CODES = [
    (1, "it gives no reason (code 1); its operator can look in its log"),
    (2, "it met an error of its own (code 2); its operator can look in its log"),
    (3, "something that was asked for is not supported there (code 3); try another packet size, DSCP or family"),
    (4, "its limits do not allow it (code 4); ask its operator to raise them"),
    (5, "it is too busy now (code 5); try again later"),
    (6, "it gives code 6, which TWAMP does not have; ask its operator"),
]


@pytest.mark.parametrize(("code", "meaning"), CODES)
def test_refusals_at_every_step(code: int, meaning: str) -> None:
    """A busy or unwilling server says so by a code, which becomes a sentence with its cure."""
    client = session()
    client.received(exchange.GREETING, 0)
    assert complaint(client, encode_server_start(ServerStart(code))) == f"refuses the connection: {meaning}"

    client = session()
    client.received(exchange.GREETING + exchange.SERVER_START, 0)
    assert complaint(client, encode_accept_session(SessionAccept(code, 18762))) == f"refuses the test session: {meaning}"
    assert client.agreement is None

    client = session()
    client.received(AGREED, 0)
    client.start(0)
    assert complaint(client, encode_start_ack(code)) == f"does not start the test session: {meaning}"
    assert not client.running


def test_a_port_that_is_not_said_is_the_one_that_was_asked_for() -> None:
    """Some servers leave the port of Accept-Session zero."""
    client = session()
    client.received(exchange.GREETING + exchange.SERVER_START + encode_accept_session(SessionAccept(0, 0)), 0)
    assert client.agreement is not None
    assert client.agreement.port == 9955


def test_a_slow_server_has_its_time_for_each_message() -> None:
    """Ten seconds a message, from the one before; then one sentence says what is missing."""
    client = session()
    client.overdue(10 * SECOND - 1)
    client.received(exchange.GREETING, 9 * SECOND)
    client.overdue(19 * SECOND - 1)
    with pytest.raises(CannotMeasureError, match=r"sent no Server-Start within 10 s; it may not accept the open mode$"):
        client.overdue(19 * SECOND)


def test_a_server_that_drips_is_not_waited_for() -> None:
    """An octet a second does not renew the time of the message; how far it came is told."""
    client = session()
    for second in range(1, 10):
        client.received(b"\0", second * SECOND)
        client.overdue(second * SECOND)
    with pytest.raises(CannotMeasureError, match="sent 9 of the 64 octets of its Server-Greeting within 10 s"):
        client.overdue(10 * SECOND)


def test_another_protocol_is_told_as_one() -> None:
    """A web server's and a shell's first words are no greeting."""
    assert "no TWAMP server" in complaint(session(), b"HTTP/1.1 400 Bad Request\r\nContent-Type: text/html\r\n".ljust(64, b"."))
    client = session()
    client.received(b"SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u3\r\n", 0)
    with pytest.raises(CannotMeasureError, match="sent 40 of the 64 octets of its Server-Greeting"):
        client.overdue(10 * SECOND)


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        (b"", "closed the connection before its Server-Greeting; it may not serve this client, or be no TWAMP server"),
        (exchange.GREETING, "closed the connection before its Server-Start; it may not accept the open mode"),
        (
            exchange.GREETING + exchange.SERVER_START,
            "closed the connection before its Accept-Session; it may not accept such a session",
        ),
    ],
)
def test_a_server_that_closes_early(said: bytes, sentence: str) -> None:
    """What it may have meant depends on how far it came."""
    client = session()
    client.received(said, 0)
    with pytest.raises(CannotMeasureError) as raised:
        client.closed()
    assert str(raised.value) == f"TWAMP server far port 862 {sentence}"


def test_a_running_session_that_is_closed_or_stopped_by_the_server() -> None:
    """The end of the connection ends the session; a Stop-Sessions from the server, as OWAMP allows it, does too."""
    client = running()
    with pytest.raises(CannotMeasureError, match="closed the connection, which ends the test session"):
        client.closed()
    assert not client.running
    client = running()
    client.received(exchange.STOP_SESSIONS[:31], 0)
    assert complaint(client, exchange.STOP_SESSIONS[31:]).startswith("stopped the test session")


def test_a_running_server_may_babble() -> None:
    """What nobody asked for is dropped, in whatever amount."""
    client = running()
    for _ in range(100):
        client.received(b"\0" * 4096, 0)
    assert client.running
    assert client.unread_octets == 0


def test_a_request_says_what_it_is_given() -> None:
    """The request is sent as it was made."""
    client = ClientSession("s", replace(exchange.ASKED, type_p=46 << 24), SECOND, 0)
    sent = client.received(exchange.GREETING + exchange.SERVER_START, 0)
    assert sent[164 + 84 : 164 + 88] == bytes.fromhex("2e000000")
