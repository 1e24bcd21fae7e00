"""A test session of the server: one UDP port that answers one client, and the sessions of a control connection together."""

import ipaddress
import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, NamedTuple

from netbench.clock import Clock, Instant
from netbench.linux.timestamping import Received, StampedSocket
from netbench_probes.stamp.estimate import ClockWord
from netbench_probes.stamp.wire import MalformedPacketError, ntp_from_unix
from netbench_probes.twamp.reflection import reply_to
from netbench_probes.twamp.server_session import Limits
from netbench_probes.twamp.wire import Accept, SessionAccept, SessionRequest, address_in, ns_from_fixed

_AT_ONCE: Final = 64
"""Packets of one session that are answered before the others have their turn."""
_COUNTER: Final = 0xFFFF_FFFF


@dataclass(slots=True)
class Counts:
    """What the server did: replies sent, packets that were not to be answered, sends and reads that failed, sessions accepted."""

    replies: int = 0
    ignored: int = 0
    failed: int = 0
    sessions: int = 0


class Client(NamedTuple):
    """Whom a session answers. ``port`` is None where only its first packet will tell it.

    ``timeout_ns`` is how long it wants to be answered after it said stop.
    """

    host: str
    port: int | None
    timeout_ns: int


class ReflectingSession:
    """Answers one client at one port, once started."""

    def __init__(self, opened: StampedSocket, client: Client, word: ClockWord, clock: Clock, counts: Counts) -> None:
        """It owns the socket."""
        self.opened = opened
        self.symmetrical = False
        self._client = client
        self._word = word
        self._port = client.port
        self._clock = clock
        self._counts = counts
        self._sequence = 0
        self._started = False
        self._heard_ns = 0
        self._ends_ns: int | None = None

    @property
    def running(self) -> bool:
        """Whether it is started and not stopped."""
        return self._started and self._ends_ns is None

    def start(self, now_ns: int) -> None:
        """Reflect from now on."""
        self._started = True
        self._heard_ns = now_ns

    def stop(self, now_ns: int, most_ns: int) -> None:
        """Reflect for the request's timeout more, at most ``most_ns``: what is under way shall not be called lost."""
        self._ends_ns = now_ns + min(self._client.timeout_ns, most_ns)

    def finished(self, now_ns: int, refwait_ns: int) -> bool:
        """Return whether it has nothing more to do: stopped and its timeout over, or running and unheard for too long."""
        if self._ends_ns is not None:
            return now_ns >= self._ends_ns
        return self._started and now_ns - self._heard_ns > refwait_ns

    def readable(self) -> None:
        """Answer what waits."""
        for _ in range(_AT_ONCE):
            if not self._answer_one():
                return

    def _answer_one(self) -> bool:
        while self.opened.transmitted() is not None:
            pass  # an undrained error queue would wake the server for ever
        try:
            request = self.opened.receive()
        except OSError:
            self._counts.failed += 1
            return False
        if request is None:
            return False
        if self._is_the_client(request):
            self._reply(request, self._clock.now())
        else:
            self._counts.ignored += 1
        return True

    def _is_the_client(self, request: Received) -> bool:
        host, port = request.peer[:2]
        return self._started and host == self._client.host and self._port in (None, port)

    def _reply(self, request: Received, now: Instant) -> None:
        try:
            reply = reply_to(
                request.octets,
                sequence=self._sequence,
                received_ns=request.stamp_ns or now.wall_ns,
                now_ns=now.wall_ns,
                hop_limit=request.hop_limit,
                error_estimate=self._word.estimate,
                symmetrical=self.symmetrical,
            )
        except MalformedPacketError:
            self._counts.ignored += 1
            return
        self._port, self._heard_ns = request.peer[1], now.monotonic_ns
        self._send(reply, request, now)

    def _send(self, reply: bytes, request: Received, now: Instant) -> None:
        try:
            self.opened.send_to(reply, request.peer, self._sequence, now.wall_ns, [])
        except OSError:
            self._counts.failed += 1
            return
        self._sequence = (self._sequence + 1) & _COUNTER
        self._counts.replies += 1


class ConnectionSessions:
    """The test sessions of one control connection (see ``server_session.SessionTable``)."""

    def __init__(self, make: Callable[[SessionRequest], ReflectingSession], limits: Limits, clock: Clock) -> None:
        """``make`` opens one, registered with the server; it raises ``OSError`` where no port is to be had."""
        self.sessions: list[ReflectingSession] = []
        self._make = make
        self._limits = limits
        self._clock = clock

    @property
    def opened(self) -> int:
        """How many are open or run."""
        return len(self.sessions)

    @property
    def running(self) -> bool:
        """Whether one of them still runs."""
        return any(session.running for session in self.sessions)

    def open(self, request: SessionRequest, *, symmetrical: bool) -> SessionAccept:
        """Return the port at which a new session listens, or that there is none now."""
        try:
            session = self._make(request)
        except OSError:
            return SessionAccept(Accept.TEMPORARY_LIMIT)
        session.symmetrical = symmetrical
        self.sessions.append(session)
        host, port = session.opened.local[:2]
        return SessionAccept(Accept.OK, port, _sid(host, self._clock.now().wall_ns))

    def start(self) -> None:
        """All reflect from now on."""
        for session in self.sessions:
            session.start(self._clock.now().monotonic_ns)

    def stop(self) -> None:
        """All end after their timeouts, and are no longer this connection's."""
        for session in self.sessions:
            session.stop(self._clock.now().monotonic_ns, self._limits.after_stop_ns)
        self.sessions.clear()

    def forget(self, session: ReflectingSession) -> None:
        """One that has finished is no longer this connection's."""
        if session in self.sessions:
            self.sessions.remove(session)


def client_of(request: SessionRequest, host: str) -> Client:
    """Return whom a request from ``host`` wants answered.

    A request that names another address than its connection has comes from behind a translator, which changes ports too.
    """
    claimed = address_in(request.sender_address, request.ip_version)
    translated = claimed is not None and claimed != ipaddress.ip_address(host)
    port = None if translated or request.sender_port == 0 else request.sender_port
    return Client(host, port, ns_from_fixed(request.timeout))


def _sid(host: str, wall_ns: int) -> bytes:
    """Return a name for a session (RFC 4656 §3.5): four octets of its address, when it was made, four at random."""
    return ipaddress.ip_address(host).packed[-4:] + ntp_from_unix(wall_ns).to_bytes(8, "big") + os.urandom(4)
