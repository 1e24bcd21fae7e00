"""A network: where a plan is measured, emulated or live."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import ClassVar, Literal, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from netbench.clock import Instant
from netbench.measure.vantage import Vantage
from netbench.plan.failures import How
from netbench.plan.model import Corridor, DirectionName, PerDirection, Plan

API = 1


@dataclass(frozen=True, slots=True)
class NetworkOptions:
    """What a run asks of its network. ``wire`` is a backend's name or None to choose; ``seed`` decides every random fate.

    ``routing``: the plan's static routes, or ``frr``: a routing protocol. ``switching``: what stands between a site's router and
    its links: nothing, or an Open vSwitch (``ovs``). A network that does not know one of them refuses it. ``failover``: links
    will be cut, so sites with static routes get their second ones (``netbench.plan.failover``) as well.

    For live links: ``inventory`` is the file that says where sites answer, ``here`` the sites at which this host is (those that
    the inventory names when empty), ``bulk`` whether throughput was asked for.
    """

    wire: str | None = None
    seed: int = 1
    routing: Literal["static", "frr"] = "static"
    switching: Literal["none", "ovs"] = "none"
    failover: bool = False
    inventory: Path | None = None
    here: tuple[str, ...] = ()
    bulk: bool = False


@dataclass(frozen=True, slots=True)
class LinkHealth:
    """What the network's own machinery did to one link while it was measured: counts that are not the plan's doing.

    Of ``frames`` that crossed it, ``late_frames`` left more than 1 ms after their time, None where the network cannot tell;
    ``overrun_frames`` never crossed, being lost by the instrument (a full socket buffer).
    """

    frames: int
    overrun_frames: int
    late_frames: int | None


@dataclass(frozen=True, slots=True)
class LinkTraffic:
    """What came out of one direction of a link since it was built: frames, and what they took of the wire.

    ``wire_octets`` counts Ethernet framing as a rate does: 24 octets a frame beside the frame itself.
    """

    frames: int
    wire_octets: int


@dataclass(frozen=True, slots=True)
class TraceRecord:
    """How traces are followed: all of them began at ``began``.

    ``late_ns`` is, by link id and direction, by how much each step taken so far was late: the n-th since then, the repeated
    ones too. It grows as long as they are followed.
    """

    began: Instant
    late_ns: Mapping[tuple[str, DirectionName], Sequence[int]]


class Network(Protocol):
    """Contract version 1: a context manager over a checked plan. Everything below holds between enter and exit."""

    API: ClassVar[int]
    name: ClassVar[str]

    def __init__(self, plan: Plan, options: NetworkOptions) -> None:
        """Nothing is built yet."""
        ...

    @classmethod
    def sandbox_argv(cls, argv: Sequence[str]) -> Sequence[str] | None:
        """Return the command that runs ``argv`` inside this network's own namespaces, or None when there is no need.

        The caller replaces itself by it (exec) before any thread starts, so that a kill at any moment leaves nothing.
        """
        ...

    def __enter__(self) -> Self:
        """Build it.

        :raises UnsupportedError: when this machine cannot
        :raises RefusedError: when the plan asks for what this network cannot do faithfully
        """
        ...

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None) -> None:
        """Take it down; nothing is left."""
        ...

    @property
    def wire(self) -> str:
        """The backend in use: ``relay``, ``netem``, or ``none`` on live links."""
        ...

    def vantage(self, site: str) -> Vantage:
        """Return the place at a site, known by its loopback address."""
        ...

    def link_ends(self, link: str) -> tuple[Vantage, Vantage]:
        """Return the two ends (a, b) of a link, each known by its address on that link."""
        ...

    def route(self, corridor: Corridor) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Return the sites that packets really pass, forward and reverse, found by sending some; each begins at its sender.

        :raises CannotMeasureError: when a hop does not answer
        """
        ...

    def start_traces(self) -> TraceRecord | None:
        """Links that follow a trace do so from now on, from its beginning; until then they are as the plan itself says.

        Return when that was, and how late every step is from now on; None where no link follows a trace.
        """
        ...

    def stop_traces(self) -> None:
        """Every link is again as the plan itself says.

        :raises CannotMeasureError: when a trace was not followed
        """
        ...

    def traffic(self) -> Mapping[str, PerDirection[LinkTraffic]]:
        """Return, by link id, what came out at the far ends of each direction since the links were built."""
        ...

    def health(self) -> Mapping[str, LinkHealth]:
        """Return, by link id, what the instrument itself did to the traffic since it was entered."""
        ...

    def forecast(self, link: str, direction: DirectionName, count: int) -> NDArray[np.bool_] | None:
        """Return which of the next ``count`` frames that come through a link's queue will be lost, shape (count,).

        None where nobody can know: on live links, and on a wire without a seed.
        """
        ...

    def cut(self, link: str, how: How) -> None:
        """Cut a link: ``visible``, both ends lose their carrier at once; ``silent``, everything is lost and nothing shows.

        :raises RefusedError: where this network cannot be cut
        """
        ...

    def restore(self, link: str) -> None:
        """Make a link as the plan says again; one that was not cut stays so."""
        ...

    def evidence(self) -> Mapping[str, bytes]:
        """Return what a doubter would ask for, by file name: routes, queue disciplines, offloads, sysctls."""
        ...
