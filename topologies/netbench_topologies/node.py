"""A site as a Mininet node: a Linux router in a network namespace, set up through netlink."""

import os
import signal
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

from pyroute2 import IPRoute
from pyroute2.netlink.exceptions import NetlinkError

from netbench.errors import CannotMeasureError
from netbench.linux.namespaces import run_inside
from netbench.linux.offload import one_packet_a_frame
from netbench_topologies.addressing import HOST_BITS, SITE_PREFIXES, Family, LinkEnd
from netbench_topologies.mininet_quiet import Node
from netbench_topologies.sysctls import AT_BIRTH, FORWARDING, write_sysctls

T = TypeVar("T")

IFF_UP, IFF_NOARP, IFF_MULTICAST = 0x1, 0x80, 0x1000
_SILENT_AND_UP = {"flags": IFF_UP | IFF_NOARP, "change": IFF_UP | IFF_NOARP | IFF_MULTICAST}
IFA_F_NODAD = 0x02
NUD_PERMANENT = 0x80
_MAIN_TABLE = 254


@dataclass(frozen=True, slots=True)
class Adjacency:
    """A link as one site sees it: its own end and the far one."""

    here: LinkEnd
    there: LinkEnd


@dataclass(frozen=True, slots=True)
class Way:
    """A route: traffic for ``prefix`` leaves by the link ``link``. ``table`` is the main one unless a rule leads to another."""

    family: Family
    prefix: str
    link: str
    table: int = _MAIN_TABLE


@dataclass(frozen=True, slots=True)
class Rule:
    """Traffic from one address to another is routed by ``table``."""

    family: Family
    source: str
    destination: str
    table: int


@dataclass(frozen=True, slots=True)
class NodeSetup:
    """All that a site is told before it routes."""

    loopbacks: Mapping[Family, str]
    adjacencies: Mapping[str, Adjacency]
    ways: Sequence[Way]
    rules: Sequence[Rule]


class SiteNode(Node):
    """A site. ``namespace`` is a descriptor of its network namespace, open until ``release``."""

    def __init__(self, name: str, **params: Any) -> None:
        super().__init__(name, **params)
        self.namespace = os.open(f"/proc/{self.pid}/ns/net", os.O_RDONLY | os.O_CLOEXEC)
        try:
            self.run(partial(write_sysctls, AT_BIRTH))
        except BaseException:
            self.end()
            self.release()
            raise

    def run(self, action: Callable[[], T]) -> T:
        """Return what ``action`` returns, run inside the node's network namespace."""
        return run_inside(self.namespace, action)

    def config(self, setup: NodeSetup | None = None, **_: Any) -> dict[str, object]:
        """Give the node its addresses, neighbours, routes and rules.

        :raises CannotMeasureError: when the kernel refuses one of them
        """
        if setup is not None:
            self.run(lambda: _apply(self.name, setup))
        return {}

    def end(self) -> None:
        """Kill the node's shell; ``release`` collects it."""
        if self.shell is not None and self.shell.poll() is None:
            os.killpg(self.shell.pid, signal.SIGKILL)

    def release(self) -> None:
        """Collect the shell and close every descriptor; the namespace goes with its last user."""
        terminal = self.stdin.fileno()
        self.terminate()
        Node.inToNode.pop(terminal, None)
        Node.outToNode.pop(terminal, None)
        os.close(self.namespace)


def _apply(node: str, setup: NodeSetup) -> None:
    try:
        with IPRoute() as route:
            _address_loopback(route, setup)
            indices = {link: route.link_lookup(ifname=end.here.interface)[0] for link, end in setup.adjacencies.items()}
            for link, adjacency in setup.adjacencies.items():
                _address_end(route, indices[link], adjacency)
            write_sysctls(FORWARDING)
            for way in setup.ways:
                _add_way(route, indices[way.link], setup, way)
            for rule in setup.rules:
                _add_rule(route, rule)
        one_packet_a_frame([adjacency.here.interface for adjacency in setup.adjacencies.values()])
    except NetlinkError as error:
        raise CannotMeasureError(f"the kernel refused to set up node {node}: {error}") from error


def _address_loopback(route: IPRoute, setup: NodeSetup) -> None:
    index = route.link_lookup(ifname="lo")[0]
    route.link("set", index=index, state="up")
    for family, address in setup.loopbacks.items():
        route.addr("add", family=family, index=index, address=address, prefixlen=HOST_BITS[family], flags=IFA_F_NODAD)


def _address_end(route: IPRoute, index: int, adjacency: Adjacency) -> None:
    """Bring an interface up with its address and its one neighbour; it never asks who is there."""
    route.link("set", index=index, **_SILENT_AND_UP)
    for family, address in adjacency.here.addresses.items():
        route.addr("add", family=family, index=index, address=address, prefixlen=HOST_BITS[family] - 1, flags=IFA_F_NODAD)
        neighbour = adjacency.there.addresses[family]
        hardware_address = adjacency.there.hardware_address
        route.neigh("add", family=family, dst=neighbour, lladdr=hardware_address, ifindex=index, state=NUD_PERMANENT)


def _add_way(route: IPRoute, index: int, setup: NodeSetup, way: Way) -> None:
    route.route(
        "add",
        family=way.family,
        dst=way.prefix,
        gateway=setup.adjacencies[way.link].there.addresses[way.family],
        oif=index,
        prefsrc=setup.loopbacks[way.family],
        table=way.table,
    )


def _add_rule(route: IPRoute, rule: Rule) -> None:
    bits = HOST_BITS[rule.family]
    route.rule(
        "add",
        family=rule.family,
        src=rule.source,
        src_len=bits,
        dst=rule.destination,
        dst_len=bits,
        table=rule.table,
        priority=rule.table,
    )


def usual_way(family: Family, link: str) -> Way:
    """The way to every site that no other way is known to."""
    return Way(family, SITE_PREFIXES[family], link)


def way_to(family: Family, address: str, link: str, table: int = _MAIN_TABLE) -> Way:
    """The way to one address."""
    return Way(family, f"{address}/{HOST_BITS[family]}", link, table)
