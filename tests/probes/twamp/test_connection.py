"""The client's connection against servers that are slow, half closed, talking nonsense, or dying."""

import socket
from collections.abc import Generator

import pytest

from netbench.clock import Instant
from netbench.errors import CannotMeasureError
from netbench.measure.probe import Control
from netbench_probes.twamp.client_session import ClientSession
from netbench_probes.twamp.connection import ControlConnection
from tests.fuzz import twamp_client, twamp_server
from tests.probes.twamp import exchange
from tests.probes.twamp.peers import exactly

SECOND = 1_000_000_000
AGREED = exchange.GREETING + exchange.SERVER_START + exchange.ACCEPT_SESSION


class HurryingClock:
    """A second passes with each look."""

    def __init__(self) -> None:
        self.monotonic_ns = 0

    def now(self) -> Instant:
        self.monotonic_ns += SECOND
        return Instant(self.monotonic_ns, self.monotonic_ns)


@pytest.fixture
def ends() -> Generator[tuple[ControlConnection, socket.socket]]:
    """The client, and the server's end of its connection."""
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    theirs.settimeout(10)
    connection = ControlConnection(ours, ClientSession("S", exchange.ASKED, 10 * SECOND, 0), HurryingClock())
    with theirs:
        yield connection, theirs
        connection.close()


Ends = tuple[ControlConnection, socket.socket]


def test_a_session_to_the_octet(ends: Ends) -> None:
    """What is said over the socket is twping's part of the captured session; the stop goes out when it is closed."""
    connection, server = ends
    server.sendall(AGREED)
    assert connection.agree(Control()).port == 18762
    server.sendall(exchange.START_ACK)
    connection.start(Control())
    assert connection.ended() is None
    connection.close()
    said = exchange.SET_UP_RESPONSE + exchange.REQUEST + exchange.START_SESSIONS + exchange.STOP_SESSIONS
    assert exactly(server, 1000) == said


def test_a_silent_server(ends: Ends) -> None:
    """Nobody waits for ever."""
    with pytest.raises(CannotMeasureError, match=r"^S sent no Server-Greeting within 10 s"):
        ends[0].agree(Control())


def test_a_half_closed_server(ends: Ends) -> None:
    """It still reads and says no more: that is an end."""
    connection, server = ends
    server.sendall(exchange.GREETING)
    server.shutdown(socket.SHUT_WR)
    with pytest.raises(CannotMeasureError, match=r"^S closed the connection before its Server-Start"):
        connection.agree(Control())
    assert exactly(server, len(exchange.SET_UP_RESPONSE)) == exchange.SET_UP_RESPONSE


def test_a_server_that_dies_before_it_is_answered(ends: Ends) -> None:
    """What cannot be sent any more is the same end."""
    connection, server = ends
    server.sendall(exchange.GREETING)
    server.close()
    with pytest.raises(CannotMeasureError, match=r"^S closed the connection before its Server-Start"):
        connection.agree(Control())


def test_nonsense(ends: Ends) -> None:
    """Any number of octets of another protocol become one sentence."""
    connection, server = ends
    server.sendall(b"220 mail.example ESMTP\r\n" * 100)
    with pytest.raises(CannotMeasureError, match=r"^S greets with modes 0x6d706c65, which TWAMP does not have"):
        connection.agree(Control())


def test_stop_is_heard_while_waiting(ends: Ends) -> None:
    """A user who gives up does not wait for a server that says nothing."""
    control = Control()
    control.stop()
    with pytest.raises(CannotMeasureError, match="stopped before anything was measured"):
        ends[0].agree(control)


def test_a_server_that_dies_while_the_session_runs(ends: Ends) -> None:
    """Told once it is seen, and closing then is quiet."""
    connection, server = ends
    server.sendall(AGREED + exchange.START_ACK)
    connection.agree(Control())
    connection.start(Control())
    server.sendall(b"\0" * 100)
    assert connection.ended() is None
    server.close()
    assert connection.ended() == ("S closed the connection, which ends the test session; its operator or its log may know why")
    connection.close()


def test_no_conversation_brings_either_end_to_anything_else() -> None:
    """The fuzz targets, shortly."""
    twamp_client.fuzz(seed=1, count=3_000)
    twamp_server.fuzz(seed=1, count=3_000)
