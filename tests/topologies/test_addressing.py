"""Names and addresses: private, unique, short enough for the kernel."""

import dataclasses
import ipaddress

import pytest

from netbench.errors import RefusedError
from netbench.plan.catalogue import find
from netbench_topologies.addressing import FAMILIES, Addressing
from tests.root.interfaces import OURS
from tests.topologies.plans import USUAL, square


def test_every_address_is_private_and_belongs_to_one_site() -> None:
    """No two places share an address, and each is known to be its site's."""
    plan = find("anshun")
    addressing = Addressing(plan)
    owned = [(site, address) for site, known in addressing.loopbacks.items() for address in known.values()]
    for names in addressing.links.values():
        owned += [(end.site, address) for end in (names.a, names.b) for address in end.addresses.values()]

    assert len({address for _, address in owned}) == len(owned) == len(FAMILIES) * (len(plan.sites) + 2 * len(plan.links))
    assert all(ipaddress.ip_address(address).is_private for _, address in owned)
    assert all(addressing.owner(address) == site for site, address in owned)
    assert addressing.owner("192.0.2.1") is None


def test_the_ends_of_a_link_share_a_point_to_point_prefix() -> None:
    """Both ends lie in one /31 and one /127, the plan's first end on the even address."""
    for names in Addressing(square(USUAL)).links.values():
        for family, bits in zip(FAMILIES, (31, 127), strict=True):
            prefix = ipaddress.ip_interface(f"{names.a.addresses[family]}/{bits}").network

            assert [str(address) for address in prefix] == [names.a.addresses[family], names.b.addresses[family]]


def test_interface_names_fit_the_kernel_and_never_repeat() -> None:
    """At most 15 characters (IFNAMSIZ holds a zero as well), unique within the plan, and known for what they are."""
    ends = [end for names in Addressing(find("anshun")).links.values() for end in (names.a, names.b)]
    names = [name for end in ends for name in (end.interface, end.wire_interface)]

    assert max(map(len, names)) <= 15
    assert len(set(names)) == len(names)
    assert all(OURS.fullmatch(name) for name in names)
    assert len({end.hardware_address for end in ends}) == len(ends)


def test_a_plan_with_too_many_sites_is_refused() -> None:
    """There are 65534 loopback addresses."""
    plan = square(USUAL)
    many = {f"s{number}": plan.sites["north"] for number in range(65535)}

    with pytest.raises(RefusedError, match="65535 sites and 5 links; an emulation holds at most 65534 and 32767"):
        Addressing(dataclasses.replace(plan, sites=many))
