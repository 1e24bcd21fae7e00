"""A link as Mininet knows it: two veth pairs, each from a site's namespace to the place where the wire picks it up."""

from typing import Any

from pyroute2 import IPRoute

from netbench_topologies.addressing import LinkEnd, LinkNames
from netbench_topologies.mininet_quiet import Intf, Link
from netbench_topologies.node import IFF_MULTICAST, IFF_NOARP, IFF_UP, SiteNode
from netbench_topologies.sysctls import keep_silent


class WireIntf(Intf):
    """An interface that its node sets up through netlink, together with everything else."""

    def config(self, **_: Any) -> dict[str, object]:
        """Leave it as it is."""
        return {}


class WireLink(Link):
    """A link whose middle is missing: frames that leave one site appear on a wire interface, and the wire carries them on."""

    def __init__(self, node1: SiteNode, node2: SiteNode, *, names: LinkNames, route: IPRoute, group: int, **params: Any) -> None:
        """``route`` is open in the namespace that is to hold the wire's ends, which join the interface group ``group``."""
        self._ends = ((names.a, node1), (names.b, node2))
        self._route = route
        self._group = group
        super().__init__(node1, node2, intfName1=names.a.interface, intfName2=names.b.interface, **params)

    def makeIntfPair(self, *_: Any, **__: Any) -> None:  # noqa: N802 - Mininet's name
        """Make both veth pairs, the sites' ends already inside their namespaces."""
        for end, node in self._ends:
            self._make_half(end, node)

    def _make_half(self, end: LinkEnd, node: SiteNode) -> None:
        far = {"ifname": end.interface, "net_ns_fd": node.namespace, "address": end.hardware_address}
        self._route.link("add", ifname=end.wire_interface, kind="veth", peer=far, group=self._group)
        keep_silent(end.wire_interface)
        index = self._route.link_lookup(ifname=end.wire_interface)[0]
        self._route.link("set", index=index, flags=IFF_UP | IFF_NOARP, change=IFF_UP | IFF_NOARP | IFF_MULTICAST)
