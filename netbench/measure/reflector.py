"""The standing far end of a probe: what ``netbench reflect`` serves."""

import socket
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from netbench.measure.keys import Key, Keys
from netbench.measure.probe import Control
from netbench.measure.vantage import Vantage


@dataclass(frozen=True, slots=True)
class ReflectorOptions:
    """Where to serve: ``bind`` is an address, None for all; ``family`` restricts that; ``port`` is the protocol's own when None.

    ``count`` stops after so many replies, ``duration_ns`` after so long; None is without end.

    ``keys`` are told apart by session identifier, ``key`` is for all others. ``authenticated`` answers only what one of them
    vouches for; without it they serve the parts of a packet that may be vouched for alone. ``stateless`` keeps no count of
    replies. ``ptp`` writes timestamps as PTP does. ``compiled`` answers what is plain by compiled code, for high rates.
    """

    bind: str | None = None
    family: socket.AddressFamily | None = None
    port: int | None = None
    count: int | None = None
    duration_ns: int | None = None
    keys: Keys | None = None
    key: Key | None = None
    authenticated: bool = False
    stateless: bool = False
    ptp: bool = False
    compiled: bool = False


@dataclass(frozen=True, slots=True)
class Served:
    """What a reflector did: ``replies`` sent, ``ignored`` packets that were none of its protocol, ``failed`` sends and reads.

    ``sessions`` is the number of those it still remembers, or that it agreed to.
    """

    replies: int
    ignored: int
    failed: int
    sessions: int


class Reflector(Protocol):
    """An open far end. It listens from birth until ``close``."""

    @property
    def endpoints(self) -> Sequence[str]:
        """What it serves, each as ``udp ADDRESS port PORT``, or ``tcp`` where sessions are agreed on first."""
        ...

    def serve(self, control: Control) -> Served:
        """Answer until stopped or done, blocking; looks at ``control`` at least ten times a second."""
        ...

    def close(self) -> None:
        """Stop listening."""
        ...


@runtime_checkable
class ReflectingProbe(Protocol):
    """A probe that brings its own far end."""

    @classmethod
    def reflector(cls, vantage: Vantage, options: ReflectorOptions) -> Reflector:
        """Return its far end, listening at ``vantage``.

        :raises CannotMeasureError: when the address or the port cannot be had
        """
        ...
