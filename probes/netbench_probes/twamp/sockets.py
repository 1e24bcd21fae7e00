"""Connections of TWAMP-Control made at a vantage, and addresses as text."""

import errno
import ipaddress
import os
import select
import socket
from typing import Final

from netbench.clock import Clock
from netbench.errors import CannotMeasureError
from netbench.linux.timestamping import Address
from netbench.measure.probe import Control
from netbench.measure.vantage import RemoteEnd, Vantage
from netbench_probes.stamp.sockets import resolved
from netbench_probes.twamp.wire import IpAddress

PORT: Final = 862
LOOK_MILLISECONDS: Final = 50
STOPPED: Final = "stopped before anything was measured"


def found(remote: RemoteEnd, family: socket.AddressFamily | None, port: int) -> tuple[socket.AddressFamily, Address]:
    """Return the first address of a far end in a family; no other is tried.

    :raises OSError: when the name is unknown
    """
    first = socket.getaddrinfo(remote.host, remote.port or port, family or 0, socket.SOCK_STREAM)[0]
    return first[0], first[4]


def connected(source: Vantage, family: socket.AddressFamily, peer: Address, server: str, patience_ns: int) -> "Connecting":
    """Return a connection to ``peer`` that is being made from ``source``; ``server`` is what sentences call it.

    :raises OSError: when there is no way to it
    """
    opened = source.socket(family, socket.SOCK_STREAM)
    try:
        opened.setblocking(False)
        opened.bind(resolved(source.address(family), 0, family))
        opened.connect(peer)
    except BlockingIOError:
        pass  # on its way
    except BaseException:
        opened.close()
        raise
    return Connecting(opened, server, patience_ns)


class Connecting:
    """A connection on its way. ``made`` waits for it."""

    def __init__(self, opened: socket.socket, server: str, patience_ns: int) -> None:
        """It owns the socket until it is made."""
        self._opened = opened
        self._server = server
        self._patience_ns = patience_ns

    def made(self, control: Control, clock: Clock) -> socket.socket:
        """Return the connected socket, which does not block.

        :raises CannotMeasureError: when nobody answers in time, nobody listens, or ``control`` says stop
        """
        try:
            self._wait(control, clock)
        except BaseException:
            self._opened.close()
            raise
        return self._opened

    def _wait(self, control: Control, clock: Clock) -> None:
        deadline_ns = clock.now().monotonic_ns + self._patience_ns
        poll = select.poll()
        poll.register(self._opened, select.POLLOUT)
        while not poll.poll(LOOK_MILLISECONDS):
            if control.stopped:
                raise CannotMeasureError(STOPPED)
            if clock.now().monotonic_ns >= deadline_ns:
                seconds = f"{self._patience_ns / 1e9:g} s"
                raise CannotMeasureError(f"{self._server} does not answer within {seconds}; is a firewall on the way?")
        error = self._opened.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if error:
            raise CannotMeasureError(f"{self._server} {_why(error)}")


def text_of(address: Address) -> str:
    """Return a socket's address as text, with its interface where a link-local one needs that."""
    scope = address[3:]
    return f"{address[0]}%{scope[0]}" if any(scope) else str(address[0])


def ip_of(address: Address) -> IpAddress:
    """Return a socket's address as a number, without interface."""
    return ipaddress.ip_address(str(address[0]).partition("%")[0])


def _why(error: int) -> str:
    if error == errno.ECONNREFUSED:
        return "is not there: nothing listens at that port; start one there, or give its port with --port"
    return f"cannot be reached: {os.strerror(error)}"
