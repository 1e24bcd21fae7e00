"""From a plan to Mininet nodes and links, set up and connected to everything but the wire."""

import errno
import os
import secrets
from collections.abc import Sequence
from typing import Any

from netbench.errors import CannotMeasureError
from netbench.linux.namespaces import run_inside
from netbench.linux.rtnetlink import carry_out, delete_group
from netbench.plan.failover import tables
from netbench.plan.model import Link, Plan
from netbench.plan.routing import next_hops, routes
from netbench_topologies.addressing import Addressing
from netbench_topologies.link import WireIntf, WireLink, make_pairs
from netbench_topologies.mininet_quiet import Mininet, overheard
from netbench_topologies.node import NodeSetup, SiteNode
from netbench_topologies.offloading import offloading
from netbench_topologies.setups import node_setups, protocol_setups
from netbench_topologies.steering import pins


class PlanNet(Mininet):
    """A plan's sites and links in Mininet: nodes that route, and links whose middle is left to the wire."""

    def __init__(self, plan: Plan, addressing: Addressing, *, failover: bool = False, protocol: bool = False) -> None:
        """Nothing is made yet; with ``failover`` every site gets its second routes too, with ``protocol`` none at all.

        :raises RefusedError: when two corridors want what one set of routes cannot give
        """
        super().__init__(controller=None, host=SiteNode, link=WireLink, intf=WireIntf)
        self.plan = plan
        self.addressing = addressing
        self.sites: dict[str, SiteNode] = {}
        self._next_hops = next_hops(plan)
        self._second_hops = tables(plan).second if failover and not protocol else None
        self._protocol = protocol
        planned = routes(plan)
        self.hops = {corridor: len(route.links) for corridor, route in planned.items()}
        self._pins = pins(plan, planned, self._next_hops)
        self.group = secrets.randbits(30) | 1 << 30  # a stroke at this group deletes no other's interfaces
        self.home = os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)  # where the wire's ends are

    @property
    def wire_interfaces(self) -> list[str]:
        """The interfaces at which the wire picks frames up, two a link."""
        return [end.wire_interface for names in self.addressing.links.values() for end in (names.a, names.b)]

    def open(self) -> None:
        """Make and set up everything.

        :raises CannotMeasureError: when the kernel or Mininet does not do as told
        :raises UnsupportedError: when this kernel cannot
        """
        with overheard():
            for site in self.plan.sites:
                self.sites[site] = self.addHost(self.addressing.nodes[site], ip=None)
            self.connect([self._link(link) for link in self.plan.links.values()])
            self.build()

    def configHosts(self) -> None:  # noqa: N802 - Mininet's name
        """Set up every node."""
        for site, setup in self.setups().items():
            self.sites[site].config(setup=setup)

    def setups(self) -> dict[str, NodeSetup]:
        """Return what every site is told, in the plan's order."""
        if self._protocol:
            return protocol_setups(self.plan, self.addressing)
        return node_setups(self.plan, self.addressing, self._next_hops, self._pins, self._second_hops)

    def link_parameters(self, link: Link) -> dict[str, Any]:
        """Return what a ``WireLink`` takes besides its two nodes."""
        names = self.addressing.links[link.id]
        hardware = {"addr1": names.a.hardware_address, "addr2": names.b.hardware_address}
        return {"names": names, "group": self.group, "superpackets": offloading(link).on, **hardware}

    def connect(self, links: Sequence[WireLink]) -> None:
        """Make what the links consist of.

        :raises CannotMeasureError: when the kernel refuses it
        """
        try:
            run_inside(self.home, lambda: make_pairs(links))
        except OSError as error:
            raise CannotMeasureError(
                f"the kernel refused to make the links: {error}; is another emulated network up in this namespace?"
            ) from error

    def close(self) -> None:
        """Take everything down: the wire's interfaces (and their peers) in one stroke, then the nodes."""
        self.disconnect()
        for node in self.sites.values():
            node.end()
        for node in self.sites.values():
            node.release()
        os.close(self.home)

    def disconnect(self) -> None:
        """The wire's interfaces and their peers are gone."""
        run_inside(self.home, self._delete_wire_ends)

    def _delete_wire_ends(self) -> None:
        try:
            carry_out([delete_group(self.group)])
        except OSError as error:
            if error.errno != errno.ENODEV:  # none of them was made, or all are gone
                raise

    def _link(self, link: Link) -> WireLink:
        made: WireLink = self.addLink(self.sites[link.a], self.sites[link.b], **self.link_parameters(link))
        return made
