"""Which corridors an inventory gives both ends, seen from the sites at which this host is."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from netbench.live.model import DELAY_PROTOCOLS, UNKNOWN_OPERATOR, Inventory, LayerName, LiveSite, ProtocolName
from netbench.measure.sessions import Unreached
from netbench.plan.model import Corridor, Layer, Plan, Route


@dataclass(frozen=True, slots=True)
class Ends:
    """A corridor from where this host is to where somebody answers."""

    corridor: Corridor
    here: LiveSite
    far: LiveSite

    @property
    def turned(self) -> bool:
        """Whether this host is at the corridor's destination."""
        return self.here.id == self.corridor.destination

    @property
    def delay_protocols(self) -> tuple[ProtocolName, ...]:
        """What may measure its delay, best first."""
        return tuple(name for name in DELAY_PROTOCOLS if name in self.far.protocols)

    @property
    def throughput_bps(self) -> int | None:
        """The lower of both ends' limits on bulk tests."""
        limits = [limits.throughput_bps for limits in (self.here.limits, self.far.limits) if limits.throughput_bps is not None]
        return min(limits, default=None)


@dataclass(frozen=True, slots=True)
class Reach:
    """The corridors with both ends, and by corridor id why the others have not."""

    ends: tuple[Ends, ...]
    unreached: Mapping[str, Unreached]


def reach(plan: Plan, inventory: Inventory, here: Collection[str]) -> Reach:
    """Return what can be measured of ``plan`` by a host that is at the sites ``here``."""
    found: list[Ends] = []
    unreached: dict[str, Unreached] = {}
    for corridor in plan.corridors.values():
        ends = _ends(corridor, inventory, here)
        if isinstance(ends, Ends):
            found.append(ends)
        else:
            unreached[corridor.id] = ends
    return Reach(tuple(found), unreached)


def _ends(corridor: Corridor, inventory: Inventory, here: Collection[str]) -> Ends | Unreached:
    mine = [site for site in (corridor.source, corridor.destination) if site in here]
    if not mine:
        reason = f"neither {corridor.source} nor {corridor.destination} is where this host is; run netbench at one of them"
        return Unreached("not-here", reason)
    if len(mine) == 2:
        reason = f"this host is at both {corridor.source} and {corridor.destination}, and what it sends itself crosses no link"
        return Unreached("both-here", reason)
    far = corridor.destination if mine[0] == corridor.source else corridor.source
    return _towards(corridor, inventory, mine[0], far)


def _towards(corridor: Corridor, inventory: Inventory, here: str, far: str) -> Ends | Unreached:
    if far not in inventory.sites or inventory.sites[far].address is None:
        return Unreached("no-address", f"the inventory gives no address at {far}")
    return Ends(corridor, inventory.sites[here], inventory.sites[far])


def operators(plan: Plan, route: Route, ends: Ends) -> tuple[str, ...]:
    """Return the operators at the ends and along the planned route, from source to destination, each once and if known."""
    along = (plan.links[name].operator for name in route.links)
    first, last = (ends.far, ends.here) if ends.turned else (ends.here, ends.far)
    named = (first.operator, *along, last.operator)
    return tuple(dict.fromkeys(name for name in named if name != UNKNOWN_OPERATOR))


def layer(plan: Plan, route: Route, ends: Ends) -> LayerName:
    """Return the layer that packets on this corridor are at: as the inventory says, else internet where a planned link is."""
    if "internet" in (ends.here.layer, ends.far.layer):
        return "internet"
    if "ip" in (ends.here.layer, ends.far.layer):
        return "ip"
    return "internet" if any(plan.links[name].layer is Layer.INTERNET for name in route.links) else "ip"
