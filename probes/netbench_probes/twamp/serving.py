"""A control connection at the server's end: its socket tied to its state."""

import socket
from typing import Final

from netbench.clock import Clock
from netbench_probes.twamp.reflecting import ConnectionSessions
from netbench_probes.twamp.server_session import SECOND_NS, ServerSession
from netbench_probes.twamp.wire import Greeting, encode_greeting

_AT_ONCE_OCTETS: Final = 4096
_LAST_WORDS_NS: Final = 2 * SECOND_NS
"""How long a connection that is over waits for its peer to close: closing at once would take the last answer back."""


class ServedConnection:
    """Reads when told to, answers at once, and never waits: a peer that does not take its answers is closed."""

    def __init__(
        self, opened: socket.socket, host: str, session: ServerSession, sessions: ConnectionSessions, clock: Clock
    ) -> None:
        """``host`` is the peer. It owns the socket."""
        self.opened = opened
        self.host = host
        self.sessions = sessions
        self._session = session
        self._clock = clock
        self._over_ns: int | None = None
        opened.setblocking(False)

    def greet(self, challenge: bytes, salt: bytes) -> bool:
        """Send the greeting; return whether the connection lives."""
        return self._send(self._session.greeting(challenge, salt))

    def readable(self) -> bool:
        """Read what waits and answer it; return whether the connection lives."""
        try:
            octets = self.opened.recv(_AT_ONCE_OCTETS)
        except BlockingIOError:
            return True
        except OSError:
            return False
        if not octets:
            return False
        if self._over_ns is not None:
            return True
        answer = self._session.received(octets, self._clock.now().monotonic_ns)
        return self._send(answer) and self._end_if_over()

    def finished(self, now_ns: int) -> bool:
        """Return whether it was silent for too long, or has said its last words."""
        if self._over_ns is not None:
            return now_ns - self._over_ns > _LAST_WORDS_NS
        return self._session.expired(now_ns)

    def _send(self, octets: bytes) -> bool:
        try:
            return self.opened.send(octets) == len(octets)
        except OSError:
            return False

    def _end_if_over(self) -> bool:
        if not self._session.over:
            return True
        self._over_ns = self._clock.now().monotonic_ns
        try:
            self.opened.shutdown(socket.SHUT_WR)
        except OSError:
            return False
        return True


def refuse(opened: socket.socket) -> None:
    """Tell a peer that its connection is one too many (modes 0) and close it."""
    opened.setblocking(False)
    try:
        opened.send(encode_greeting(Greeting(modes=0)))
    except OSError:
        pass  # it has gone, which is what it was to be told
    finally:
        opened.close()
