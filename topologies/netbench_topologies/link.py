"""A link as Mininet knows it: two veth pairs, each from a site's namespace to the place where the wire picks it up."""

import socket
from collections.abc import Iterator, Sequence
from typing import Any

from netbench.linux.offload import one_packet_a_frame
from netbench.linux.rtnetlink import IFF_MULTICAST, IFF_NOARP, IFF_UP, Request, add_veth, carry_out, set_flags
from netbench_topologies.addressing import LinkNames
from netbench_topologies.mininet_quiet import Intf, Link
from netbench_topologies.node import SiteNode
from netbench_topologies.sysctls import keep_silent


class WireIntf(Intf):
    """An interface that its node sets up through netlink, together with everything else."""

    def config(self, **_: Any) -> dict[str, object]:
        """Leave it as it is."""
        return {}


class WireLink(Link):
    """A link whose middle is missing: frames that leave one site appear on a wire interface, and the wire carries them on.

    Its veth pairs are made by ``make_pairs``, with those of all other links at once.
    """

    def __init__(
        self, node1: SiteNode, node2: SiteNode, *, names: LinkNames, group: int, superpackets: bool, **params: Any
    ) -> None:
        """The wire's ends join the interface group ``group``; ``superpackets``: a frame may be many packets."""
        self.superpackets = superpackets
        self._ends = ((names.a, node1), (names.b, node2))
        self._group = group
        super().__init__(node1, node2, intfName1=names.a.interface, intfName2=names.b.interface, **params)

    def makeIntfPair(self, *_: Any, **__: Any) -> None:  # noqa: N802 - Mininet's name
        """Make nothing yet."""

    @property
    def wire_interfaces(self) -> tuple[str, str]:
        """The interfaces at which the wire picks frames up."""
        (a, _), (b, _) = self._ends
        return a.wire_interface, b.wire_interface

    def pairs(self) -> Iterator[Request]:
        """Yield what makes both veth pairs; the sites' ends are born in their namespaces."""
        for end, node in self._ends:
            yield add_veth(
                end.wire_interface,
                self._group,
                end.interface,
                node.namespace,
                end.hardware_address,
                index=end.wire_index,
            )


def make_pairs(links: Sequence[WireLink]) -> None:
    """The veth pairs of all links are there, the wire's ends up and silent in the calling thread's network namespace.

    :raises OSError: when the kernel refuses one
    :raises UnsupportedError: when an interface keeps joining packets
    """
    carry_out(pair for link in links for pair in link.pairs())
    interfaces = [interface for link in links for interface in link.wire_interfaces]
    for interface in interfaces:
        keep_silent(interface)
    carry_out(set_flags(socket.if_nametoindex(interface), IFF_UP | IFF_NOARP, IFF_MULTICAST) for interface in interfaces)
    one_packet_a_frame([interface for link in links if not link.superpackets for interface in link.wire_interfaces])
