"""Who is called what in an emulated network: short node names, interface names, and private addresses of both families.

A site's loopback addresses are what it is known by (10.255.0.0/16 and fd6e:6265:6e63:ff::/64, host number = place in the
plan, from 1). A link's ends share a /31 (RFC 3021) of 10.254.0.0/16 and a /127 (RFC 6164) of fd6e:6265:6e63:fe::/64; the end
that the plan names first has the even address.
"""

import ipaddress
import socket
from collections.abc import Mapping
from dataclasses import dataclass

from netbench.errors import RefusedError
from netbench.plan.model import Plan

Family = socket.AddressFamily
FAMILIES: tuple[Family, Family] = (socket.AF_INET, socket.AF_INET6)

SITE_PREFIXES: Mapping[Family, str] = {socket.AF_INET: "10.255.0.0/16", socket.AF_INET6: "fd6e:6265:6e63:ff::/64"}
LINK_PREFIXES: Mapping[Family, str] = {socket.AF_INET: "10.254.0.0/16", socket.AF_INET6: "fd6e:6265:6e63:fe::/64"}
HOST_BITS: Mapping[Family, int] = {socket.AF_INET: 32, socket.AF_INET6: 128}

_FIRST_WIRE_INDEX = 1 << 20
"""Interface indices of the wire's ends: far above those that sites count for themselves (see ``rtnetlink.add_veth``)."""

_LARGEST_SITE = 0xFFFE
_LARGEST_LINK = 0x7FFF


@dataclass(frozen=True, slots=True)
class LinkEnd:
    """One end of a link: the site's own interface, and the interface by which the wire reaches it."""

    site: str
    interface: str
    wire_interface: str
    wire_index: int
    hardware_address: str
    addresses: Mapping[Family, str]

    @property
    def link_local(self) -> str:
        """Its address on the link alone (fe80::/64), with the host number of the others; in use where a protocol routes."""
        number = int(ipaddress.ip_address(self.addresses[socket.AF_INET6])) & 0xFFFFFFFF
        return str(ipaddress.ip_address("fe80::1:0:0") + number)


@dataclass(frozen=True, slots=True)
class LinkNames:
    """Both ends of a link, in the plan's order."""

    a: LinkEnd
    b: LinkEnd

    def at(self, site: str) -> LinkEnd:
        """Return the end at a site."""
        return self.a if site == self.a.site else self.b

    def across(self, site: str) -> LinkEnd:
        """Return the end that faces a site."""
        return self.b if site == self.a.site else self.a


class Addressing:
    """The names and addresses of a plan; the same plan always gets the same ones."""

    def __init__(self, plan: Plan) -> None:
        """Assign all of them.

        :raises RefusedError: when the plan has more sites or links than there are addresses
        """
        if len(plan.sites) > _LARGEST_SITE or len(plan.links) > _LARGEST_LINK:
            raise RefusedError(
                f"the plan has {len(plan.sites)} sites and {len(plan.links)} links; an emulation holds at most "
                f"{_LARGEST_SITE} and {_LARGEST_LINK}; split the plan"
            )
        self.nodes: Mapping[str, str] = {site: f"n{number}" for number, site in enumerate(plan.sites)}
        self.loopbacks: Mapping[str, Mapping[Family, str]] = {
            site: {family: _nth(SITE_PREFIXES[family], number) for family in FAMILIES}
            for number, site in enumerate(plan.sites, start=1)
        }
        self.links: Mapping[str, LinkNames] = self._name_links(plan)
        self._owners = self._find_owners()

    def owner(self, address: str) -> str | None:
        """Return the site that an address belongs to, None for a stranger's."""
        return self._owners.get(address)

    def _name_links(self, plan: Plan) -> dict[str, LinkNames]:
        ports = dict.fromkeys(plan.sites, 0)
        named: dict[str, LinkNames] = {}
        for number, link in enumerate(plan.links.values()):
            named[link.id] = LinkNames(*(self._end(site, number, side, ports) for side, site in enumerate((link.a, link.b))))
        return named

    def _end(self, site: str, number: int, side: int, ports: dict[str, int]) -> LinkEnd:
        port = ports[site]
        ports[site] += 1
        return LinkEnd(
            site=site,
            interface=f"{self.nodes[site]}-eth{port}",
            wire_interface=f"w{number}{'ab'[side]}",
            wire_index=_FIRST_WIRE_INDEX + 2 * number + side,
            hardware_address=f"02:00:{side:02x}:00:{number >> 8:02x}:{number & 0xFF:02x}",
            addresses={family: _nth(LINK_PREFIXES[family], 2 * number + side) for family in FAMILIES},
        )

    def _find_owners(self) -> dict[str, str]:
        owners = {address: site for site, known in self.loopbacks.items() for address in known.values()}
        for names in self.links.values():
            for end in (names.a, names.b):
                owners |= dict.fromkeys(end.addresses.values(), end.site)
        return owners


def _nth(prefix: str, number: int) -> str:
    return str(ipaddress.ip_network(prefix)[number])
