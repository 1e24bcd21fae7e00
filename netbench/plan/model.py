"""The values a plan is made of, checked at birth by the loader and never changed afterwards.

Durations are integer nanoseconds, rates bit/s, ratios 0 to 1, distances kilometres, coordinates WGS-84 degrees.
``forward`` is the order in which a link's ``between`` names its ends, or a corridor's ``from`` → ``to``.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Generic, Literal, TypeVar

T = TypeVar("T")

DirectionName = Literal["forward", "reverse"]
DIRECTIONS: tuple[DirectionName, DirectionName] = ("forward", "reverse")


@dataclass(frozen=True, slots=True)
class Text:
    """One name in both languages."""

    en: str
    zh: str

    def in_language(self, language: str) -> str:
        """Return the Chinese form for ``zh``, the English one for everything else."""
        return self.zh if language == "zh" else self.en


@dataclass(frozen=True, slots=True)
class PerDirection(Generic[T]):
    """A value that may differ by direction."""

    forward: T
    reverse: T

    def towards(self, direction: DirectionName) -> T:
        """Return the value of one direction."""
        return self.forward if direction == "forward" else self.reverse

    def swapped(self) -> "PerDirection[T]":
        """Return the same values as seen from the other end."""
        return PerDirection(self.reverse, self.forward)


class LinkClass(StrEnum):
    """Where in the network a link belongs: 骨干网, 城域网, 接入网, or inside a cluster."""

    BACKBONE = "backbone"
    METRO = "metro"
    ACCESS = "access"
    FABRIC = "fabric"


class Medium(StrEnum):
    """What carries the signal."""

    FIBRE = "fibre"
    MOBILE = "mobile"
    COPPER = "copper"


class Layer(StrEnum):
    """The layer at which a target or a measurement is stated: 光层, IP专网, 公众互联网, 无线."""

    OPTICAL = "optical"
    IP = "ip"
    INTERNET = "internet"
    RADIO = "radio"


class CorridorKind(StrEnum):
    """The three kinds of direct-connect corridor of Article 5, and a network class measured as such."""

    INTRA_CLUSTER = "intra-cluster"
    IN_PROVINCE = "in-province"
    OUT_OF_PROVINCE = "out-of-province"
    CLASS = "class"


class Status(StrEnum):
    """How a target binds. Only the first three fail a run when they are due and missed."""

    BINDING = "binding"
    CONTRACT = "contract"
    PLAN = "plan"
    CLAIM = "claim"
    REFERENCE = "reference"


class TargetDirection(StrEnum):
    """What a target's figure is stated for; many published ones do not say."""

    ONE_WAY = "one-way"
    ROUND_TRIP = "round-trip"
    UNKNOWN = "unknown"


class TheoryReading(StrEnum):
    """What 理论时延 means in a plan, since no document defines it."""

    GREAT_CIRCLE = "great-circle"
    ROUTE = "route"


@dataclass(frozen=True, slots=True)
class Theory:
    """How theoretical latency is computed: the group index of the fibre and the reading of the term."""

    group_index: float
    reading: TheoryReading


@dataclass(frozen=True, slots=True)
class Site:
    """A place: a data-centre cluster, a city, an exchange point, a home or a base station."""

    id: str
    name: Text
    latitude: float
    longitude: float
    role: str
    position_error_km: float


@dataclass(frozen=True, slots=True)
class Reordering:
    """The share ``ratio`` of packets arrives ``late_ns`` later than the others and may be overtaken."""

    ratio: float
    late_ns: int


@dataclass(frozen=True, slots=True)
class TracePoint:
    """What a link is from ``time_ns`` after the trace's start on; None leaves the plan's own figure."""

    time_ns: int
    delay_ns: int | None
    rate_bps: int | None
    loss_ratio: float | None


@dataclass(frozen=True, slots=True)
class Trace:
    """How a direction of a link changes with time: the steps of a CSV file, begun anew ``period_ns`` after its start.

    ``text`` is the file as read and ``digest`` its SHA-256.
    """

    name: str
    points: tuple[TracePoint, ...]
    period_ns: int
    text: str
    digest: str


@dataclass(frozen=True, slots=True)
class Link:
    """One hop between two sites, each direction on its own.

    ``delay_ns`` is the whole one-way delay of an idle link: propagation over ``route_km`` plus ``equipment_ns``, or what the
    plan states. ``route_km`` is None where the plan states a delay instead. ``rate_bps`` is the planned rate;
    ``rate_scale`` is what the emulation divides it by. ``queue_ns`` is how long a full queue takes to drain. ``jitter_ns`` varies
    the delay and keeps packets in order; ``reorder`` lets some be overtaken. ``loss_ratio`` is the mean; ``loss_burst`` the mean
    length of a run of lost packets, None where each is lost by itself. ``assumptions`` names the facts nobody gave.
    ``tolerance_ns`` is how far the emulation's measured median delay may lie from ``delay_ns``. ``symmetric``: somebody knows
    that both directions take the same way, so that an idle packet takes as long there as back.
    """

    id: str
    a: str
    b: str
    link_class: LinkClass
    medium: Medium
    layer: Layer
    operator: str
    route_km: float | None
    equipment_ns: int
    delay_ns: PerDirection[int]
    rate_bps: PerDirection[int]
    rate_scale: int
    queue_ns: PerDirection[int]
    jitter_ns: PerDirection[int]
    loss_ratio: PerDirection[float]
    loss_burst: PerDirection[float | None]
    reorder: PerDirection[Reordering | None]
    trace: PerDirection[Trace | None]
    risk: tuple[str, ...]
    assumed: bool
    assumptions: tuple[str, ...]
    tolerance_ns: int
    symmetric: bool = False

    def direction_from(self, site: str) -> DirectionName:
        """Return ``forward`` when traffic entering at ``site`` goes from a to b, else ``reverse``."""
        return "forward" if site == self.a else "reverse"

    def other_end(self, site: str) -> str:
        """Return the site across the link from ``site``."""
        return self.b if site == self.a else self.a

    def emulated_rate_bps(self, direction: DirectionName) -> int:
        """Return the rate that the emulation gives this link: the planned one over ``rate_scale``."""
        return max(1, self.rate_bps.towards(direction) // self.rate_scale)


@dataclass(frozen=True, slots=True)
class Corridor:
    """What is promised end to end. ``via`` pins sites that the route must pass, in order; ``symmetric`` is as for a link."""

    id: str
    kind: CorridorKind
    link_class: LinkClass | None
    source: str
    destination: str
    via: tuple[str, ...]
    symmetric: bool = False


@dataclass(frozen=True, slots=True)
class Source:
    """The document a figure comes from."""

    title: str
    date: str
    url: str | None


@dataclass(frozen=True, slots=True)
class Selector:
    """Which corridors a target is for: every given field must match; an empty field matches all."""

    corridors: tuple[str, ...]
    kind: CorridorKind | None
    link_class: LinkClass | None
    sources: tuple[str, ...]
    destinations: tuple[str, ...]

    def matches(self, corridor: Corridor) -> bool:
        """Whether the target is for this corridor."""
        return (
            (not self.corridors or corridor.id in self.corridors)
            and self.kind in (None, corridor.kind)
            and self.link_class in (None, corridor.link_class)
            and (not self.sources or corridor.source in self.sources)
            and (not self.destinations or corridor.destination in self.destinations)
        )


@dataclass(frozen=True, slots=True)
class Target:
    """A limit on one statistic of one metric.

    ``limit`` is in ``unit``: ns for delays, bit/s for rates, 1 for ratios. ``comparison`` says which side is good.
    For the statistic ``share_at_least``, ``of`` is the threshold that a share (``limit``) of the samples must reach.
    ``measured_direction`` restricts an asymmetric target (an uplink) to one direction of the corridor; None means both.
    """

    id: str
    selector: Selector
    metric: str
    statistic: str
    comparison: Literal["at_most", "at_least"]
    limit: float
    unit: Literal["ns", "bit/s", "1"]
    of: float | None
    direction: TargetDirection
    measured_direction: DirectionName | None
    layer: Layer
    status: Status
    due: date | None
    source: Source


@dataclass(frozen=True, slots=True)
class Demand:
    """Planned traffic between two sites in the busy hour, counted as a link's rate is; ``assumed``: nobody vouches for it."""

    source: str
    destination: str
    busy_hour_bps: int
    origin: Source | None
    assumed: bool

    @property
    def ends(self) -> tuple[str, str]:
        """From where to where."""
        return self.source, self.destination


@dataclass(frozen=True, slots=True)
class Bfd:
    """How BFD (RFC 5880) watches a link: a packet every ``interval_ns`` each way, and ``multiplier`` missed ones end it."""

    interval_ns: int
    multiplier: int

    @property
    def detection_ns(self) -> int:
        """After how long a silent link is noticed."""
        return self.interval_ns * self.multiplier


@dataclass(frozen=True, slots=True)
class RoutingTimers:
    """What a routing protocol is told (OSPF's hello and dead intervals); ``bfd`` is None where only hellos watch the links."""

    hello_ns: int
    dead_ns: int
    bfd: Bfd | None

    @property
    def detection_ns(self) -> int:
        """After how long a link that silently loses everything is noticed."""
        return self.bfd.detection_ns if self.bfd else self.dead_ns


@dataclass(frozen=True, slots=True)
class Plan:
    """A checked plan. ``text`` is the file as read, so that a run can prove what it ran.

    ``digest`` is the SHA-256 of the text, followed by the digests of its links' traces where there are any.
    """

    name: str
    title: Text
    timezone: str
    theory: Theory
    rate_scale: int
    routing: RoutingTimers
    sites: Mapping[str, Site]
    links: Mapping[str, Link]
    corridors: Mapping[str, Corridor]
    targets: Mapping[str, Target]
    demands: tuple[Demand, ...]
    text: str
    digest: str

    @property
    def traces(self) -> tuple[Trace, ...]:
        """The traces that its links follow, each once, in their order."""
        every = [trace for link in self.links.values() for trace in (link.trace.forward, link.trace.reverse) if trace]
        return tuple({trace.name: trace for trace in every}.values())

    def targets_of(self, corridor: Corridor) -> tuple[Target, ...]:
        """Return the targets for a corridor, in the plan's order."""
        return tuple(target for target in self.targets.values() if target.selector.matches(corridor))


@dataclass(frozen=True, slots=True)
class Route:
    """The way of a corridor: ``len(sites) == len(links) + 1``."""

    sites: tuple[str, ...]
    links: tuple[str, ...]
