"""How a network offers corridors whose far ends answer for themselves: by address and protocol, within limits."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol, runtime_checkable

from netbench.measure.keys import Key
from netbench.measure.network import Network
from netbench.measure.probe import Pair

MeasuredLayer = Literal["ip", "internet"]


@dataclass(frozen=True, slots=True)
class Session:
    """One way to measure a corridor: which probe, between what, how fast at most, under which key and session identifier.

    ``pair`` is named by the corridor. ``not_ready`` is why it cannot be used after all (a name that does not resolve, a key
    that is not there), None when it can.
    """

    probe: str
    pair: Pair
    interval_ns: int
    key: Key | None = None
    ssid: int = 0
    not_ready: str | None = None


@dataclass(frozen=True, slots=True)
class BulkSession:
    """A throughput test that may be made: at most ``rate_bps`` (None: no limit)."""

    pair: Pair
    rate_bps: int | None


@dataclass(frozen=True, slots=True)
class Reached:
    """A corridor with both ends: the ways to measure its delay, best first, and its throughput, or why not.

    It is measured from the site ``here``: ``turned`` when that is its destination, so that a pair's forward is the corridor's
    reverse. ``operators`` are those at its ends and along its planned route, without repetition.
    """

    corridor: str
    here: str
    turned: bool
    layer: MeasuredLayer
    operators: tuple[str, ...]
    delays: tuple[Session, ...]
    bulk: BulkSession | None
    no_bulk: str | None


Lack = Literal["not-here", "both-here", "no-address"]


@dataclass(frozen=True, slots=True)
class Unreached:
    """Why a corridor has not both ends here: what is lacking in one word, and the sentence."""

    lack: Lack
    reason: str


@dataclass(frozen=True, slots=True)
class InventoryFacts:
    """What anybody may know of the inventory in use: its name and digest, and the sites at which this host is."""

    name: str
    digest: str
    here: tuple[str, ...]


@runtime_checkable
class FarEnds(Protocol):
    """What a network offers beside ``netbench.measure.network.Network`` where a vantage is at one end of a corridor only."""

    def facts(self) -> InventoryFacts:
        """Return what anybody may know of the inventory; no addresses."""
        ...

    def unreached(self) -> Mapping[str, Unreached]:
        """Return, by corridor id, why a corridor has not both ends here; it is no part of the run."""
        ...

    def reached(self, now: datetime) -> Sequence[Reached]:
        """Return the corridors that have both ends, in the plan's order; ``now``, in its timezone, decides on bulk tests."""
        ...

    def anonymous(self, sentence: str) -> str:
        """Return the sentence with sites in the place of the addresses that it may hold."""
        ...

    def private(self) -> Mapping[str, bytes]:
        """Return what is to be kept apart from the rest of a run, by file name: the inventory, and the addresses in use."""
        ...


class DistantNetwork(Network, FarEnds, Protocol):
    """A network, and what it offers where somebody else is at the far ends."""
