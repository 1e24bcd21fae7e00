"""A plan as a Mininet topology: built by whoever reads topologies, with the wires of an emulated network."""

import os
import re
import socket
from collections.abc import Mapping
from typing import Any

from netbench.errors import RefusedError, UsageError
from netbench.plan import catalogue
from netbench.plan.model import Link, Plan
from netbench_topologies import wire
from netbench_topologies.addressing import Addressing
from netbench_topologies.build import PlanNet
from netbench_topologies.link import WireIntf, WireLink
from netbench_topologies.mininet_quiet import Topo, check_machine
from netbench_topologies.mn import refusing
from netbench_topologies.node import SiteNode

_PLAIN = ("port1", "port2", "intf")


class PlanTopo(Topo):
    """A plan's sites as hosts, its links between them. Nothing is made before Mininet builds it."""

    def build(self, *words: Any, **parameters: Any) -> None:
        """Read the plan and choose its wire: ``--topo NAME,wire=relay,seed=7``.

        :raises UsageError: when something else is asked for
        :raises RefusedError: when the shell could not tell two sites apart
        """
        name, *more = words
        unknown = [*map(str, more), *(parameters.keys() - {"wire", "seed"})]
        if unknown:
            raise UsageError(f"--topo {name} takes wire=NAME and seed=NUMBER; leave {', '.join(unknown)} out")
        check_machine()
        plan = catalogue.find(name)
        standing = Standing(plan, parameters.get("wire"), int(parameters.get("seed", 1)))
        if len({node_name(site) for site in plan.sites}) < len(plan.sites):
            raise RefusedError(f"two sites of plan '{name}' would have one name in Mininet's shell; rename one of them")
        for site in plan.sites:
            self.addHost(node_name(site), cls=ShellSite, standing=standing, site=site, ip=None)
        for link in plan.links.values():
            self.addLink(node_name(link.a), node_name(link.b), cls=ShellLink, standing=standing, planned=link)


class Standing:
    """A plan on its way to stand, told step by step by the parts that Mininet makes, and then standing."""

    def __init__(self, plan: Plan, wire_name: str | None, seed: int) -> None:
        """Nothing is made yet.

        :raises NetbenchError: when the wire cannot do what the plan asks
        """
        self.plan = plan
        self.net = PlanNet(plan, Addressing(plan))
        self._wire = wire.make(wire.chosen(wire_name, plan), self.net, seed)
        self._links: list[WireLink] = []
        self._set_up: set[str] = set()
        self._prepared = self._gone = False

    def add_site(self, site: str, node: SiteNode) -> None:
        """A node has been made; with the first, the wire gets ready."""
        if not self._prepared:
            self._prepared = True
            self._wire.prepare()
        self.net.sites[site] = node

    def add_link(self, link: WireLink) -> None:
        """A link has been made; with the last, what all consist of is made."""
        self._links.append(link)
        if len(self._links) == len(self.plan.links):
            self.net.connect(self._links)

    def set_up(self, site: str) -> None:
        """A node is set up; with the last, the wire carries every link."""
        self.net.sites[site].config(setup=self.net.setups()[site])
        self._set_up.add(site)
        if len(self._set_up) == len(self.plan.sites):
            self._wire.start()

    def take_down(self) -> None:
        """The wire has stopped and its interfaces are gone; a second call does nothing. Mininet ends the nodes."""
        if not self._gone:
            self._gone = True
            self._wire.stop()
            self.net.disconnect()


class ShellSite(SiteNode):
    """A site that is known by its loopback address, and says so to whoever asks for its address."""

    def __init__(self, name: str, *, standing: Standing, site: str, **params: Any) -> None:
        self._standing = standing
        self._site = site
        with refusing():
            super().__init__(name, **params)
            standing.add_site(site, self)

    def config(self, setup: Any = None, **params: Any) -> dict[str, object]:
        """Set the site up, by what the plan says of it."""
        with refusing():
            if setup is not None:
                return super().config(setup=setup, **params)
            self._standing.set_up(self._site)
            return {}

    def IP(self, intf: Any = None) -> str | None:  # noqa: N802 - Mininet's name
        """Return the loopback address; that of an interface where one is named."""
        if intf is None:
            return self._standing.net.addressing.loopbacks[self._site][socket.AF_INET]
        ends = self._standing.net.addressing.links.values()
        return next(end.addresses[socket.AF_INET] for both in ends for end in (both.a, both.b) if end.interface == str(intf))

    def terminate(self) -> None:
        """End the shell, if there is one, and let go of the namespace."""
        super().terminate()
        if self.namespace >= 0:
            os.close(self.namespace)
            self.namespace = -1


class ShellIntf(WireIntf):
    """An interface whose state is the plan's to decide."""

    def updateIP(self) -> str | None:  # noqa: N802 - Mininet's name
        """Return the address of the node, which is what the shell puts in the place of its name."""
        return self.node.IP()

    def ifconfig(self, *words: str) -> str:
        """Refuse to change anything; Mininet shows the sentence."""
        if not words:
            return super().ifconfig()
        return f"{self.name} would come back without its routes; cut links by netbench run --cut"


class ShellLink(WireLink):
    """A link of the plan; nothing can be asked of it that the plan does not say."""

    def __init__(self, node1: ShellSite, node2: ShellSite, *, standing: Standing, planned: Link, **params: Any) -> None:
        with refusing():
            self._standing = standing
            self._refuse(planned, params)
            ports = {name: value for name, value in params.items() if name in ("port1", "port2")}
            given = standing.net.link_parameters(planned)
            super().__init__(node1, node2, intf=ShellIntf, **ports, **given)
            standing.add_link(self)

    def delete(self) -> None:
        """Take the whole plan's wire down: Mininet deletes links only when it stops."""
        self._standing.take_down()

    @staticmethod
    def _refuse(planned: Link, params: Mapping[str, Any]) -> None:
        asked = sorted(name for name, value in params.items() if name not in (*_PLAIN, "addr1", "addr2") and value is not None)
        if asked:
            raise UsageError(
                f"the plan says what link '{planned.id}' does; leave {', '.join(asked)} out, or write it in the plan"
            )


def node_name(site: str) -> str:
    """Return what a site is called in the shell, which takes letters, digits and underscores for a name."""
    return re.sub(r"\W", "_", site, flags=re.ASCII)
