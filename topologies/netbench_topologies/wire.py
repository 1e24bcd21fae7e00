"""The wire: what carries frames between the ends of each link, told what the plan says of them."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from netbench.errors import UnsupportedError, UsageError
from netbench.measure.network import LinkHealth
from netbench.plan.model import DirectionName
from netbench_topologies.spec import DirectionSpec

if TYPE_CHECKING:
    from netbench_topologies.build import PlanNet

RELAY = "relay"


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


def chosen(wire: str | None) -> str:
    """Return the backend to use for what the user asked (None to choose).

    :raises UnsupportedError: when it is known and not built yet
    :raises UsageError: when it is unknown
    """
    if wire in (None, RELAY):
        return RELAY
    if wire == "netem":
        raise UnsupportedError("the netem wire comes with a later release; use the relay, which needs nothing of the kernel")
    raise UsageError(f"there is no wire called '{wire}'; use {RELAY}")


def make(name: str, net: "PlanNet", seed: int) -> Wire:
    """Return the wire of that name (what ``chosen`` gave) for a plan's links, not yet started."""
    assert name == RELAY
    from netbench_topologies.relay.wire import RelayWire

    return RelayWire(net.plan, net.addressing, seed)
