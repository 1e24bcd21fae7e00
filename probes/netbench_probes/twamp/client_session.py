"""The Control-Client without sockets (RFC 5357 §3): one connection, one test session. ``now`` is an argument.

It chooses the open mode alone and sets no other bit: servers close on bits that they did not offer, and STAMP's test packets have
the 27 zero octets of symmetrical size (RFC 6038) in any mode. Reading is as lenient as the servers in use need: what open mode
leaves unused is not looked at, and the port that counts is the one in Accept-Session.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, NamedTuple, NoReturn

from netbench.errors import CannotMeasureError
from netbench_probes.twamp.wire import (
    ACCEPT_SESSION_OCTETS,
    COMMAND_OCTETS,
    GREETING_OCTETS,
    SERVER_START_OCTETS,
    Accept,
    Command,
    Mode,
    SessionRequest,
    SetUpResponse,
    StopSessions,
    decode_accept_session,
    decode_greeting,
    decode_server_start,
    decode_start_ack,
    encode_request,
    encode_set_up_response,
    encode_start_sessions,
    encode_stop_sessions,
)

_KNOWN_MODES: Final = 0xFFFF
"""The registry has used 9 bits since 2007: a greeting with one of the upper 16 set is something else than a greeting."""

_MEANINGS: Final[dict[int, str]] = {
    Accept.FAILURE: "it gives no reason (code 1); its operator can look in its log",
    Accept.INTERNAL_ERROR: "it met an error of its own (code 2); its operator can look in its log",
    Accept.NOT_SUPPORTED: "something that was asked for is not supported there (code 3); try another packet size, DSCP or family",
    Accept.PERMANENT_LIMIT: "its limits do not allow it (code 4); ask its operator to raise them",
    Accept.TEMPORARY_LIMIT: "it is too busy now (code 5); try again later",
}


class _Awaited(NamedTuple):
    """A message of the server that is next: its name, its octets, and what a server that closes in its place may mean."""

    name: str
    octets: int
    hint: str


_GREETING: Final = _Awaited("Server-Greeting", GREETING_OCTETS, "it may not serve this client, or be no TWAMP server")
_SERVER_START: Final = _Awaited("Server-Start", SERVER_START_OCTETS, "it may not accept the open mode")
_ACCEPT_SESSION: Final = _Awaited("Accept-Session", ACCEPT_SESSION_OCTETS, "it may not accept such a session")
_START_ACK: Final = _Awaited("Start-Ack", COMMAND_OCTETS, "it may have stopped")


@dataclass(frozen=True, slots=True)
class Agreement:
    """What a server accepted: the port to send to, its name for the session, and the modes that it had offered."""

    port: int
    sid: bytes
    modes: int


class ClientSession:
    """From the greeting to Stop-Sessions. A refusal is one sentence that begins with ``server``, which names the other end."""

    def __init__(self, server: str, request: SessionRequest, patience_ns: int, now_ns: int) -> None:
        """The connection is open and the greeting is awaited; no message may take longer than ``patience_ns``."""
        self.agreement: Agreement | None = None
        self.running = False
        self._server = server
        self._request = request
        self._patience_ns = patience_ns
        self._received = bytearray()
        self._modes = 0
        self._awaited: _Awaited | None = None
        self._read: Callable[[bytes], bytes] = self._greeted
        self._deadline_ns = 0
        self._await(_GREETING, self._greeted, now_ns)

    @property
    def waiting(self) -> bool:
        """Whether a message of the server is awaited."""
        return self._awaited is not None

    @property
    def unread_octets(self) -> int:
        """How much it remembers of what came: less than one message, whatever comes."""
        return len(self._received)

    def received(self, octets: bytes, now_ns: int) -> bytes:
        """Take what came and return what is to be sent.

        :raises CannotMeasureError: when the server refuses, speaks another protocol, or stops a running session
        """
        self._received += octets
        answer = b""
        while self._awaited is not None and len(self._received) >= self._awaited.octets:
            message = bytes(self._received[: self._awaited.octets])
            del self._received[: self._awaited.octets]
            self._awaited = None
            self._deadline_ns = now_ns + self._patience_ns
            answer += self._read(message)
        self._look_for_stop()
        return answer

    def overdue(self, now_ns: int) -> None:
        """Do nothing while there is time for the message that is awaited.

        :raises CannotMeasureError: when there is none left
        """
        if self._awaited is None or now_ns < self._deadline_ns:
            return
        seconds = f"{self._patience_ns / 1e9:g} s"
        if self._received:
            octets = f"{len(self._received)} of the {self._awaited.octets} octets of its {self._awaited.name}"
            self._fail(f"sent {octets} within {seconds}; it may be no TWAMP server")
        self._fail(f"sent no {self._awaited.name} within {seconds}; {self._awaited.hint}")

    def closed(self) -> NoReturn:
        """Say what it means that the server closed the connection.

        :raises CannotMeasureError: always
        """
        if self._awaited is not None:
            self._fail(f"closed the connection before its {self._awaited.name}; {self._awaited.hint}")
        self._fail("closed the connection, which ends the test session; its operator or its log may know why")

    def start(self, now_ns: int) -> bytes:
        """Return Start-Sessions; the session runs once its answer was ``received``."""
        self._await(_START_ACK, self._acknowledged, now_ns)
        # what a hasty server has said already is its answer
        return encode_start_sessions() + self.received(b"", now_ns)

    def stop(self) -> bytes:
        """Return Stop-Sessions, to which there is no answer."""
        self.running = False
        return encode_stop_sessions(StopSessions(Accept.OK, 1))

    def _await(self, message: _Awaited, read: Callable[[bytes], bytes], now_ns: int) -> None:
        self._awaited, self._read = message, read
        self._deadline_ns = now_ns + self._patience_ns

    def _then(self, message: _Awaited, read: Callable[[bytes], bytes]) -> None:
        """Await one more message; its time has begun with the one before it."""
        self._awaited, self._read = message, read

    def _greeted(self, octets: bytes) -> bytes:
        self._modes = decode_greeting(octets).modes
        if self._modes > _KNOWN_MODES:
            self._fail(f"greets with modes 0x{self._modes:08x}, which TWAMP does not have; it may be no TWAMP server")
        if self._modes == 0:
            self._fail("does not want to talk now (modes 0); it may be full, or its operator must allow this address")
        if not self._modes & Mode.UNAUTHENTICATED:
            self._fail(f"offers no open mode, only {_named(self._modes)}; ask its operator to allow unauthenticated sessions")
        self._then(_SERVER_START, self._let_in)
        return encode_set_up_response(SetUpResponse(Mode.UNAUTHENTICATED))

    def _let_in(self, octets: bytes) -> bytes:
        accept = decode_server_start(octets).accept
        if accept != Accept.OK:
            self._fail(f"refuses the connection: {_meaning(accept)}")
        self._then(_ACCEPT_SESSION, self._accepted)
        return encode_request(self._request)

    def _accepted(self, octets: bytes) -> bytes:
        message = decode_accept_session(octets)
        if message.accept != Accept.OK:
            self._fail(f"refuses the test session: {_meaning(message.accept)}")
        # RFC 5357 §3.5 wants the port said; a server that leaves it zero has taken the one it was asked for
        self.agreement = Agreement(message.port or self._request.receiver_port, message.sid, self._modes)
        return b""

    def _acknowledged(self, octets: bytes) -> bytes:
        accept = decode_start_ack(octets)
        if accept != Accept.OK:
            self._fail(f"does not start the test session: {_meaning(accept)}")
        self.running = True
        return b""

    def _look_for_stop(self) -> None:
        """A running server has nothing to say but, as OWAMP's may, that it stops; other octets are dropped."""
        if not self.running:
            return
        stopped = bool(self._received) and self._received[0] == Command.STOP_SESSIONS
        if stopped and len(self._received) >= COMMAND_OCTETS:
            self._fail("stopped the test session; its operator or its log may know why")
        if not stopped:
            self._received.clear()

    def _fail(self, sentence: str) -> NoReturn:
        self.running = False
        raise CannotMeasureError(f"{self._server} {sentence}")


def _meaning(accept: int) -> str:
    return _MEANINGS.get(accept, f"it gives code {accept}, which TWAMP does not have; ask its operator")


def _named(modes: int) -> str:
    known = [mode.name.lower().replace("_", " ") for mode in Mode if modes & mode and mode.name is not None]
    unknown = modes & ~sum(Mode)
    return ", ".join([*known, f"0x{unknown:x}"] if unknown else known)
