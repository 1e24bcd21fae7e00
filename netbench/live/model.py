"""The values that an inventory is made of, checked at birth by the loader."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, time
from pathlib import Path
from typing import Literal

ProtocolName = Literal["stamp", "twamp", "icmp", "iperf3"]
DELAY_PROTOCOLS: tuple[ProtocolName, ...] = ("stamp", "twamp", "icmp")
"""In the order in which they are tried: ICMP knows the round trip only."""
BULK_PROTOCOL: ProtocolName = "iperf3"
PROTOCOLS: tuple[ProtocolName, ...] = (*DELAY_PROTOCOLS, BULK_PROTOCOL)

UNKNOWN_OPERATOR = "any"
"""What a plan calls the operator of a link when it does not say."""

LayerName = Literal["ip", "internet"]
Bulk = Literal["asked", "always", "never", "hours"]


@dataclass(frozen=True, slots=True)
class Protocol:
    """One thing that a site answers. ``port`` is the protocol's own when None; ``key`` is the name of the key it wants.

    ``ssid`` is the session identifier (RFC 8972) by which it knows us, 0 for none.
    """

    name: ProtocolName
    port: int | None = None
    key: str | None = None
    ssid: int = 0


@dataclass(frozen=True, slots=True)
class Hours:
    """A stretch of every day; it may go over midnight, and one that ends where it begins is the whole day."""

    begin: time
    end: time

    def holds(self, now: time) -> bool:
        """Whether ``now`` is in it."""
        if self.begin < self.end:
            return self.begin <= now < self.end
        return now >= self.begin or now < self.end

    def __str__(self) -> str:
        return f"{self.begin:%H:%M}-{self.end:%H:%M}"


@dataclass(frozen=True, slots=True)
class Limits:
    """What may be asked of a site: ``packets_per_second`` of probes in all, ``throughput_bps`` of bulk tests (None: no limit).

    ``bulk``: bulk tests when they are asked for, always, never, or at these ``hours`` (of the plan's timezone).
    """

    packets_per_second: int
    throughput_bps: int | None
    bulk: Bulk
    hours: tuple[Hours, ...]

    def bulk_refusal(self, site: str, now: datetime, *, asked: bool) -> str | None:
        """Return why no bulk test may be made now at the site of that name, or None; ``asked``: the user wants one."""
        if self.bulk == "never":
            return f"the inventory allows no bulk test at {site}"
        if self.bulk == "asked" and not asked:
            return "bulk tests over live links are made when they are asked for (--throughput)"
        if self.bulk == "hours" and not any(hours.holds(now.time()) for hours in self.hours):
            return f"the inventory allows bulk tests at {site} at {', '.join(map(str, self.hours))}, and it is {now:%H:%M}"
        return None


@dataclass(frozen=True, slots=True)
class LiveSite:
    """A site of the plan as it is found in the world.

    ``address`` is how others reach it, None where nothing there answers; ``family`` chooses among a name's addresses. ``sources``
    are the addresses to measure from when this host is there, at most one a family. ``layer`` overrides the plan's where the
    way there is another than planned.
    """

    id: str
    address: str | None
    family: Literal[4, 6] | None
    sources: tuple[str, ...]
    operator: str
    layer: LayerName | None
    protocols: Mapping[ProtocolName, Protocol]
    limits: Limits


@dataclass(frozen=True, slots=True)
class Inventory:
    """A checked inventory. ``here`` are the sites at which this host is, ``keys`` the key file; ``text`` is the file as read."""

    name: str
    here: tuple[str, ...]
    keys: Path | None
    sites: Mapping[str, LiveSite]
    text: str
    digest: str
