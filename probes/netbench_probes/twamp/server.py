"""The TWAMP server that stands alone: control connections and their test sessions in one loop, until it is told to stop."""

import errno
import os
import select
import socket
from collections.abc import Callable, Sequence
from typing import Final

from netbench.clock import Clock
from netbench.errors import CannotMeasureError, UsageError
from netbench.linux.clockstate import read_clock_state
from netbench.linux.timestamping import Address, StampedSocket
from netbench.measure.probe import Control
from netbench.measure.reflector import ReflectorOptions, Served
from netbench.measure.vantage import Vantage
from netbench_probes.listening import places, why_not
from netbench_probes.stamp.estimate import ClockWord, kept_true
from netbench_probes.stamp.sockets import open_at, resolved
from netbench_probes.stamp.wire import ntp_from_unix
from netbench_probes.twamp.reflecting import ConnectionSessions, Counts, ReflectingSession, client_of
from netbench_probes.twamp.server_session import Limits, ServerSession
from netbench_probes.twamp.serving import ServedConnection, refuse
from netbench_probes.twamp.sockets import PORT, text_of
from netbench_probes.twamp.wire import SessionRequest, dscp_of

_LOOK_SECONDS: Final = 0.05
_TIDY_NS: Final = 100_000_000
_BACKLOG: Final = 64
_BUFFER_OCTETS: Final = 8192
"""Of each connection, each way: messages are short, and strangers shall not have the kernel's memory."""
_UNPRIVILEGED: Final = 1024


class TwampServer:
    """Listens from birth (see ``netbench.measure.reflector.Reflector``).

    A test session answers the host of its control connection alone, whatever address its request names, at the address that the
    connection came to: so nobody can have packets sent to a third, and a translator of addresses on the way does no harm.
    """

    def __init__(self, vantage: Vantage, options: ReflectorOptions, clock: Clock, limits: Limits | None = None) -> None:
        """It listens; a ``port`` of 0 in the options is any free one.

        :raises UsageError: when the options ask for what TWAMP's open mode does not have
        :raises CannotMeasureError: when the address or the port cannot be had
        """
        _check(options)
        self._vantage = vantage
        self._options = options
        self._clock = clock
        self._limits = limits or Limits()
        self._word = ClockWord(read_clock_state(), ptp=False)
        self._counts = Counts()
        self._start_time = ntp_from_unix(clock.now().wall_ns)
        self._tidied_ns = 0
        self._ready = select.epoll()
        self._handlers: dict[int, Callable[[], None]] = {}
        self._connections: dict[int, ServedConnection] = {}
        self._sessions: dict[int, ReflectingSession] = {}
        self._listeners: list[socket.socket] = []
        try:
            for family, host in places(options, socket.SOCK_STREAM):
                self._listen(family, host)
        except BaseException:
            self.close()
            raise

    @property
    def endpoints(self) -> Sequence[str]:
        """What it serves."""
        return [f"tcp {local[0]} port {local[1]}" for local in (listener.getsockname() for listener in self._listeners)]

    @property
    def port(self) -> int:
        """The port of all its listeners."""
        port: int = self._listeners[0].getsockname()[1]
        return port

    @property
    def connections(self) -> int:
        """How many clients are connected."""
        return len(self._connections)

    def serve(self, control: Control) -> Served:
        """Serve until ``control`` says stop, or the count or the duration of the options is reached."""
        begun_ns = self._clock.now().monotonic_ns
        with kept_true(self._word, read_clock_state):
            while not control.stopped and not self._done(begun_ns):
                for descriptor, _ in self._ready.poll(_LOOK_SECONDS):
                    # one event may have closed what the next is for
                    handler = self._handlers.get(descriptor)
                    if handler is not None:
                        handler()
                self._tidy()
        return Served(self._counts.replies, self._counts.ignored, self._counts.failed, self._counts.sessions)

    def close(self) -> None:
        """Stop listening, and end every session and connection."""
        for connection in list(self._connections.values()):
            self._end_connection(connection)
        for session in list(self._sessions.values()):
            self._end_session(session)
        for listener in self._listeners:
            listener.close()
        self._ready.close()

    def _done(self, begun_ns: int) -> bool:
        count, duration_ns = self._options.count, self._options.duration_ns
        enough = count is not None and self._counts.replies >= count
        return enough or (duration_ns is not None and self._clock.now().monotonic_ns - begun_ns >= duration_ns)

    def _listen(self, family: socket.AddressFamily, host: str) -> None:
        # one port for both families, also where it is left to the kernel
        port = self.port if self._listeners else PORT if self._options.port is None else self._options.port
        listener = self._vantage.socket(family, socket.SOCK_STREAM)
        self._listeners.append(listener)
        try:
            if family == socket.AF_INET6:
                listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            for buffer in (socket.SO_SNDBUF, socket.SO_RCVBUF):
                listener.setsockopt(socket.SOL_SOCKET, buffer, _BUFFER_OCTETS)
            listener.bind(resolved(host, port, family))
            listener.listen(_BACKLOG)
        except OSError as error:
            raise CannotMeasureError(why_not(host, port, error)) from error
        listener.setblocking(False)
        self._watch(listener.fileno(), lambda: self._accept(listener))

    def _watch(self, descriptor: int, handler: Callable[[], None]) -> None:
        self._handlers[descriptor] = handler
        self._ready.register(descriptor, select.EPOLLIN)

    def _unwatch(self, descriptor: int) -> None:
        del self._handlers[descriptor]
        self._ready.unregister(descriptor)

    def _accept(self, listener: socket.socket) -> None:
        try:
            opened, peer = listener.accept()
        except OSError:
            # gone again, or no descriptor left: listened to again at the next tidying, so that it cannot keep the loop busy
            self._counts.failed += 1
            self._ready.modify(listener.fileno(), 0)
            return
        if self._is_full(peer[0]):
            refuse(opened)
            return
        self._serve_connection(opened, peer)

    def _is_full(self, host: str) -> bool:
        of_this_host = sum(connection.host == host for connection in self._connections.values())
        return len(self._connections) >= self._limits.connections or of_this_host >= self._limits.connections_a_client

    def _serve_connection(self, opened: socket.socket, peer: Address) -> None:
        family = opened.family
        sessions = ConnectionSessions(lambda request: self._open(opened, peer, request), self._limits, self._clock)
        version = 6 if family == socket.AF_INET6 else 4
        now_ns = self._clock.now().monotonic_ns
        session = ServerSession(sessions, version, self._limits, self._start_time, now_ns)
        connection = ServedConnection(opened, peer[0], session, sessions, self._clock)
        self._connections[opened.fileno()] = connection
        self._watch(opened.fileno(), lambda: self._hear(connection))
        if not connection.greet(os.urandom(16), os.urandom(16)):
            self._end_connection(connection)

    def _hear(self, connection: ServedConnection) -> None:
        if not connection.readable():
            self._end_connection(connection)

    def _open(self, control: socket.socket, client: Address, request: SessionRequest) -> ReflectingSession:
        """Return a test session for a client; raises OSError where a limit or the lack of a port forbids it."""
        if len(self._sessions) >= self._limits.sessions:
            raise OSError(errno.ENOSPC, "too many test sessions")
        opened = self._bound(control, request)
        session = ReflectingSession(opened, client_of(request, client[0]), self._word, self._clock, self._counts)
        self._sessions[opened.fileno()] = session
        self._watch(opened.fileno(), session.readable)
        self._counts.sessions += 1
        return session

    def _bound(self, control: socket.socket, request: SessionRequest) -> StampedSocket:
        """Return a socket at the port that was asked for, else at one that is free; both within the limits."""
        family = control.family
        local: Address = control.getsockname()
        dscp = dscp_of(request.type_p) or 0
        for port in self._ports(request.receiver_port):
            try:
                return StampedSocket(open_at(self._vantage, family, text_of(local), port, dscp))
            except OSError as error:
                if error.errno != errno.EADDRINUSE:
                    raise
        raise OSError(errno.EADDRINUSE, "no free port")

    def _ports(self, asked: int) -> Sequence[int]:
        if self._limits.test_ports is None:
            return (asked, 0) if asked >= _UNPRIVILEGED else (0,)
        first, last = self._limits.test_ports
        every = range(first, last + 1)
        return (asked, *every) if asked in every else every

    def _tidy(self) -> None:
        """End what has finished or was silent for too long."""
        now_ns = self._clock.now().monotonic_ns
        if now_ns - self._tidied_ns < _TIDY_NS:
            return
        self._tidied_ns = now_ns
        for listener in self._listeners:
            self._ready.modify(listener.fileno(), select.EPOLLIN)
        for session in [each for each in self._sessions.values() if each.finished(now_ns, self._limits.refwait_ns)]:
            self._end_session(session)
        for connection in [each for each in self._connections.values() if each.finished(now_ns)]:
            self._end_connection(connection)

    def _end_session(self, session: ReflectingSession) -> None:
        descriptor = session.opened.fileno()
        self._unwatch(descriptor)
        del self._sessions[descriptor]
        for connection in self._connections.values():
            connection.sessions.forget(session)
        session.opened.close()

    def _end_connection(self, connection: ServedConnection) -> None:
        """RFC 4656 §3: the sessions that it still controls end with it, at once."""
        for session in list(connection.sessions.sessions):
            self._end_session(session)
        descriptor = connection.opened.fileno()
        self._unwatch(descriptor)
        del self._connections[descriptor]
        connection.opened.close()


def _check(options: ReflectorOptions) -> None:
    if options.authenticated or options.keys or options.key or options.ptp or options.stateless:
        raise UsageError("TWAMP is served in open mode, with NTP timestamps and counted replies; leave out what asks for more")
