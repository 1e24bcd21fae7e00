"""The Server without sockets (RFC 5357 §3): what one control connection may ask, and what it is told. ``now`` is an argument.

Open mode alone, with symmetrical size (RFC 6038) for who wants it. It is as strict as safety asks and no stricter: HMACs, SIDs,
whatever is MBZ and the announced padding are not looked at (a reply is as long as its request), and a Stop-Sessions with a wrong
number stops the sessions all the same.
"""

from dataclasses import dataclass
from typing import Final, Protocol

from netbench_probes.twamp.wire import (
    COMMAND_OCTETS,
    REQUEST_OCTETS,
    SET_UP_RESPONSE_OCTETS,
    Accept,
    Command,
    Greeting,
    Mode,
    ServerStart,
    SessionAccept,
    SessionRequest,
    decode_request,
    decode_set_up_response,
    decode_stop_sessions,
    dscp_of,
    encode_accept_session,
    encode_greeting,
    encode_server_start,
    encode_start_ack,
)

OFFERED: Final = int(Mode.UNAUTHENTICATED | Mode.SYMMETRICAL_SIZE)
SECOND_NS: Final = 1_000_000_000
_BLOCK_OCTETS: Final = 16
_LENGTHS: Final[dict[int, int]] = {
    Command.REQUEST_SESSION: REQUEST_OCTETS,
    Command.START_SESSIONS: COMMAND_OCTETS,
    Command.STOP_SESSIONS: COMMAND_OCTETS,
}


@dataclass(frozen=True, slots=True)
class Limits:
    """What strangers may take. A client is known by its address.

    ``set_up_ns`` is how long a connection may take to choose its mode, ``servwait_ns`` how long it may then be silent while no
    session runs, ``refwait_ns`` how long a running session may be (SERVWAIT and REFWAIT of RFC 5357). After Stop-Sessions a
    session reflects for as long as its client asked for, but not beyond ``after_stop_ns``. ``test_ports`` are the first and the
    last port of the test sessions; None is whatever is free above 1023.
    """

    connections: int = 64
    connections_a_client: int = 16
    sessions: int = 256
    sessions_a_connection: int = 16
    set_up_ns: int = 30 * SECOND_NS
    servwait_ns: int = 900 * SECOND_NS
    refwait_ns: int = 900 * SECOND_NS
    after_stop_ns: int = 60 * SECOND_NS
    test_ports: tuple[int, int] | None = None


class SessionTable(Protocol):
    """The test sessions of one connection, as its control commands them."""

    def open(self, request: SessionRequest, *, symmetrical: bool) -> SessionAccept:
        """Return what became of a request that makes sense: a port at which it listens, or a limit that forbids it."""
        ...

    def start(self) -> None:
        """All sessions reflect from now on."""
        ...

    def stop(self) -> None:
        """All sessions end: they reflect what is still under way, for the time that each request gave, and then no more."""
        ...

    @property
    def opened(self) -> int:
        """How many are open or run."""
        ...

    @property
    def running(self) -> bool:
        """Whether one of them still runs."""
        ...


class ServerSession:
    """One control connection. ``over`` says that it is to be closed once what was returned is sent."""

    def __init__(self, sessions: SessionTable, ip_version: int, limits: Limits, start_time: int, now_ns: int) -> None:
        """``ip_version`` is the connection's; ``start_time`` is the server's, as an NTP timestamp."""
        self.over = False
        self._sessions = sessions
        self._ip_version = ip_version
        self._limits = limits
        self._start_time = start_time
        self._buffer = bytearray()
        self._mode: int | None = None
        self._testing = False
        self._heard_ns = now_ns

    def greeting(self, challenge: bytes, salt: bytes) -> bytes:
        """Return the first message; ``challenge`` and ``salt`` are 16 random octets each, which open mode does not use."""
        return encode_greeting(Greeting(OFFERED, challenge, salt))

    @property
    def unread_octets(self) -> int:
        """How much it remembers of what came: less than one message while it is not over."""
        return len(self._buffer)

    def received(self, octets: bytes, now_ns: int) -> bytes:
        """Take what came and return the answers: at most one a message, and nothing once it is ``over``."""
        self._buffer += octets
        answers: list[bytes] = []
        while not self.over and len(self._buffer) >= (length := self._length()):
            message = bytes(self._buffer[:length])
            del self._buffer[:length]
            self._heard_ns = now_ns
            answers.append(self._answer(message))
        return b"".join(answers)

    def expired(self, now_ns: int) -> bool:
        """Return whether it has been silent for longer than it may."""
        if self._mode is None:
            return now_ns - self._heard_ns > self._limits.set_up_ns
        if self._testing and self._sessions.running:
            self._heard_ns = now_ns
        return now_ns - self._heard_ns > self._limits.servwait_ns

    def _length(self) -> int:
        """Return the octets of the message that is coming; of one that nobody knows, its first block."""
        if self._mode is None:
            return SET_UP_RESPONSE_OCTETS
        if not self._buffer:
            return 1
        return _LENGTHS.get(self._buffer[0], _BLOCK_OCTETS)

    def _answer(self, message: bytes) -> bytes:
        if self._mode is None:
            return self._set_up(message)
        if message[0] == Command.STOP_SESSIONS:
            return self._stop(message)
        if not self._testing and message[0] == Command.START_SESSIONS:
            return self._start()
        if not self._testing and message[0] == Command.REQUEST_SESSION:
            return self._request(message)
        return self._unexpected()

    def _set_up(self, message: bytes) -> bytes:
        mode = decode_set_up_response(message).mode
        if mode == 0:
            self.over = True
            return b""
        if not mode & Mode.UNAUTHENTICATED or mode & ~OFFERED:
            self.over = True
            return encode_server_start(ServerStart(Accept.NOT_SUPPORTED))
        self._mode = mode
        return encode_server_start(ServerStart(Accept.OK, self._start_time))

    def _request(self, message: bytes) -> bytes:
        request = decode_request(message)
        if not self._makes_sense(request):
            return encode_accept_session(SessionAccept(Accept.NOT_SUPPORTED))
        if self._sessions.opened >= self._limits.sessions_a_connection:
            return encode_accept_session(SessionAccept(Accept.TEMPORARY_LIMIT))
        symmetrical = bool((self._mode or 0) & Mode.SYMMETRICAL_SIZE)
        return encode_accept_session(self._sessions.open(request, symmetrical=symmetrical))

    def _makes_sense(self, request: SessionRequest) -> bool:
        """Return whether RFC 5357 §3.5 allows it and it can be done here: test packets in the connection's own family."""
        theirs = request.conf_sender or request.conf_receiver or request.slots or request.packets
        return not theirs and request.ip_version == self._ip_version and dscp_of(request.type_p) is not None

    def _start(self) -> bytes:
        if self._sessions.opened == 0:
            return encode_start_ack(Accept.FAILURE)
        self._sessions.start()
        self._testing = True
        return encode_start_ack(Accept.OK)

    def _stop(self, message: bytes) -> bytes:
        """RFC 5357 §3.8 has no answer to it. Some clients say 0 sessions; another wrong number ends the connection too."""
        self.over = decode_stop_sessions(message).sessions not in (0, self._sessions.opened)
        self._sessions.stop()
        self._testing = False
        return b""

    def _unexpected(self) -> bytes:
        """RFC 5357 §3.4: Accept-Session with 3. What follows cannot be told apart from it: the connection ends."""
        self.over = True
        return encode_accept_session(SessionAccept(Accept.NOT_SUPPORTED))
