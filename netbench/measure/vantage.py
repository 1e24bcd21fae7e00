"""A vantage: a place in a network where sockets are opened and processes started."""

import socket
from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:
    import subprocess


@runtime_checkable
class Vantage(Protocol):
    """A place. In the emulation its sockets live inside a node's network namespace, whichever thread uses them."""

    @property
    def name(self) -> str:
        """The site's id, or what the user called this place."""
        ...

    def address(self, family: socket.AddressFamily) -> str:
        """Return the address that this place is known by.

        :raises UnsupportedError: when it has none of that family
        """
        ...

    def socket(self, family: socket.AddressFamily, kind: socket.SocketKind, protocol: int = 0) -> socket.socket:
        """Return a new socket made in this place."""
        ...

    def popen(self, argv: Sequence[str]) -> "subprocess.Popen[bytes]":
        """Start a process in this place: standard input closed, output and errors as pipes."""
        ...


class RemoteEnd:
    """A far end that is reached by address alone: a router's reflector, a server somebody else runs."""

    def __init__(self, host: str, port: int | None = None) -> None:
        """``host`` is a name or an address; ``port`` is the protocol's own when None."""
        self.host = host
        self.port = port

    @property
    def name(self) -> str:
        """What the user called it."""
        return self.host
