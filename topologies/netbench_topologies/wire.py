"""The wire: what carries frames between the ends of each link, told what the plan says of them."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from netbench.errors import UnsupportedError, UsageError
from netbench.linux import trials
from netbench.measure.network import LinkHealth
from netbench.plan.model import DirectionName, Plan
from netbench_topologies.spec import DirectionSpec

if TYPE_CHECKING:
    from netbench_topologies.build import PlanNet

RELAY, NETEM = "relay", "netem"


class Wire(Protocol):
    """A backend. It carries every link of a plan, between ``start`` and ``stop``; any thread may use it meanwhile."""

    @property
    def name(self) -> str:
        """What ``--wire`` calls it."""
        ...

    def prepare(self) -> None:
        """What takes its time and needs no link is under way, while the links are made; ``start`` comes from the same thread.

        :raises UnsupportedError: when this machine cannot
        """
        ...

    def start(self) -> None:
        """Every link carries frames as its plan says, between the wire interfaces of the caller's network namespace.

        :raises RefusedError: when it is not faithful to what was asked
        :raises UnsupportedError: when this machine cannot
        """
        ...

    def stop(self) -> None:
        """Nothing is carried and nothing is held any more; a second call does nothing."""
        ...

    def health(self) -> Mapping[str, LinkHealth]:
        """Return, by link id, what the wire itself lost or delayed since it started.

        :raises CannotMeasureError: when the wire has failed
        """
        ...

    def alter(self, link: str, direction: DirectionName, spec: DirectionSpec) -> None:
        """Frames that arrive from now on are treated as ``spec`` says; those on their way keep their time.

        :raises RefusedError: when the wire cannot do that while it runs
        """
        ...

    def forecast(self, link: str, direction: DirectionName, count: int) -> NDArray[np.bool_] | None:
        """Return which of the next ``count`` frames that come through the queue will be lost, shape (count,).

        None where the wire cannot tell.
        """
        ...

    def evidence(self) -> Mapping[str, bytes]:
        """Return what the wire was told and what it counted, by file name."""
        ...


def chosen(wire: str | None, plan: Plan) -> str:
    """Return the backend to use: the one that is named, else netem where this kernel has it and it can do what the plan asks.

    :raises UnsupportedError: when netem is named and this kernel has none
    :raises UsageError: when it is unknown
    """
    if wire == RELAY or (wire is None and any(link.reorder.forward or link.reorder.reverse for link in plan.links.values())):
        return RELAY
    if wire not in (None, NETEM):
        raise UsageError(f"there is no wire called '{wire}'; use {RELAY} or {NETEM}")
    tried = trials.in_namespace("netem")
    if not tried.ok and wire == NETEM:
        raise UnsupportedError(f"this kernel has no netem ({tried.said}); sudo modprobe sch_netem, or use --wire relay")
    return NETEM if tried.ok else RELAY


def make(name: str, net: "PlanNet", seed: int) -> Wire:
    """Return the wire of that name (what ``chosen`` gave) for a plan's links, not yet started.

    :raises RefusedError: when the plan asks for what that wire cannot do
    """
    if name == NETEM:
        from netbench_topologies.netem.wire import NetemWire

        return NetemWire(net, seed)
    from netbench_topologies.relay.wire import RelayWire

    return RelayWire(net.plan, net.addressing, seed)
