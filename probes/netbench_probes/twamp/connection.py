"""A control connection at the client's end: its socket tied to its state."""

import select
import socket

from netbench.clock import Clock
from netbench.errors import CannotMeasureError
from netbench.measure.probe import Control
from netbench_probes.twamp.client_session import Agreement, ClientSession
from netbench_probes.twamp.sockets import LOOK_MILLISECONDS, STOPPED

_AT_ONCE_OCTETS = 4096
_READS_A_LOOK = 16


class ControlConnection:
    """Agrees on one session, watches the connection while it runs, and stops it."""

    def __init__(self, opened: socket.socket, session: ClientSession, clock: Clock) -> None:
        """It owns the socket, which does not block."""
        self._opened = opened
        self._session = session
        self._clock = clock

    def agree(self, control: Control) -> Agreement:
        """Return what the server accepted; the session is open and does not run yet.

        :raises CannotMeasureError: when it refuses, is silent for too long, closes, speaks another protocol, or stop is asked
        """
        self._exchange(control)
        assert self._session.agreement is not None
        return self._session.agreement

    def start(self, control: Control) -> None:
        """The server reflects from now on; raises as ``agree`` does."""
        self._send(self._session.start(self._clock.now().monotonic_ns))
        self._exchange(control)

    def ended(self) -> str | None:
        """Return why the session has ended, None while it runs; never waits."""
        try:
            for _ in range(_READS_A_LOOK):
                octets = self._read()
                if octets is None:
                    return None
                self._session.received(octets, self._clock.now().monotonic_ns)
        except CannotMeasureError as error:
            return str(error)
        return None

    def close(self) -> None:
        """The session is stopped where it runs, and the connection closed."""
        try:
            if self._session.running:
                self._opened.send(self._session.stop())
        except OSError:
            pass  # the server is gone, or takes nothing: the end of the connection stops the session as well (RFC 4656 §3)
        finally:
            self._opened.close()

    def _exchange(self, control: Control) -> None:
        poll = select.poll()
        poll.register(self._opened, select.POLLIN)
        while self._session.waiting:
            if control.stopped:
                raise CannotMeasureError(STOPPED)
            if poll.poll(LOOK_MILLISECONDS):
                octets = self._read()
                if octets is not None:
                    self._send(self._session.received(octets, self._clock.now().monotonic_ns))
            self._session.overdue(self._clock.now().monotonic_ns)

    def _read(self) -> bytes | None:
        """Return what came, None for nothing.

        :raises CannotMeasureError: when the server closed
        """
        try:
            octets = self._opened.recv(_AT_ONCE_OCTETS)
        except BlockingIOError:
            return None
        except OSError:
            # a reset says what an end says: the server does not go on
            octets = b""
        return octets or self._session.closed()

    def _send(self, octets: bytes) -> None:
        try:
            # a fresh connection has room for all that is ever sent at once
            self._opened.send(octets)
        except OSError:
            self._session.closed()
