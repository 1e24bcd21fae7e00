"""Requests to the kernel, read back by pyroute2, which shares no line with what made them; and what a refusal says."""

import errno
import os
import socket
import struct
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from pyroute2 import IPRoute
from pyroute2.netlink.rtnl.fibmsg import fibmsg
from pyroute2.netlink.rtnl.ifaddrmsg import ifaddrmsg
from pyroute2.netlink.rtnl.ifinfmsg import ifinfmsg
from pyroute2.netlink.rtnl.ndmsg import ndmsg
from pyroute2.netlink.rtnl.rtmsg import rtmsg

from netbench.linux.namespaces import new_network_namespace, run_inside
from netbench.linux.rtnetlink import (
    IFF_MULTICAST,
    IFF_UP,
    Request,
    add_address,
    add_neighbour,
    add_route,
    add_rule,
    add_veth,
    carry_out,
    delete_group,
    set_flags,
)

V4, V6 = socket.AF_INET, socket.AF_INET6
HARDWARE = "02:00:01:00:00:2a"


def decoded(parser: Callable[[bytes], Any], request: Request) -> Any:
    """What pyroute2 understands of a request."""
    message = parser(struct.pack("=IHHII", 16 + len(request.body), request.kind, 5, 0, 0) + request.body)
    message.decode()
    return message


def test_a_veth_pair_is_born_across_namespaces() -> None:
    """Both names, the group, the far end's namespace and its hardware address."""
    message = decoded(ifinfmsg, add_veth("w0a", 77, "n0-eth0", 9, HARDWARE))
    peer = message.get_nested("IFLA_LINKINFO", "IFLA_INFO_DATA", "VETH_INFO_PEER")

    assert (message.get_attr("IFLA_IFNAME"), message.get_attr("IFLA_GROUP")) == ("w0a", 77)
    assert message.get_nested("IFLA_LINKINFO", "IFLA_INFO_KIND") == "veth"
    assert (peer.get_attr("IFLA_IFNAME"), peer.get_attr("IFLA_NET_NS_FD")) == ("n0-eth0", 9)
    assert peer.get_attr("IFLA_ADDRESS") == HARDWARE


def test_flags_name_what_changes() -> None:
    """What is set and what is cleared are both in the mask; nothing else is."""
    message = decoded(ifinfmsg, set_flags(5, IFF_UP, IFF_MULTICAST))

    assert (message["index"], message["flags"], message["change"]) == (5, IFF_UP, IFF_UP | IFF_MULTICAST)
    assert decoded(ifinfmsg, delete_group(77)).get_attr("IFLA_GROUP") == 77


@pytest.mark.parametrize(("family", "address", "bits"), [(V4, "10.254.0.2", 31), (V6, "fd6e:6265:6e63:fe::2", 127)])
def test_an_address_and_a_neighbour(family: socket.AddressFamily, address: str, bits: int) -> None:
    """The address is not asked about (NODAD), and the neighbour is permanent."""
    message = decoded(ifaddrmsg, add_address(family, 3, address, bits))
    neighbour = decoded(ndmsg, add_neighbour(family, 3, address, HARDWARE))

    assert (message["family"], message["index"], message["prefixlen"], message["flags"]) == (family, 3, bits, 2)
    assert message.get_attr("IFA_ADDRESS") == message.get_attr("IFA_LOCAL") == address
    assert (neighbour["ifindex"], neighbour["state"]) == (3, 0x80)
    assert (neighbour.get_attr("NDA_DST"), neighbour.get_attr("NDA_LLADDR")) == (address, HARDWARE)


@pytest.mark.parametrize(("table", "short"), [(254, 254), (1000, 0)])
@pytest.mark.parametrize(("family", "near", "far"), [(V4, "10.255.0.1", "10.255.0.9"), (V6, "fd6e::1", "fd6e::9")])
def test_a_route_and_a_rule(family: socket.AddressFamily, near: str, far: str, table: int, short: int) -> None:
    """A table beyond 255 is named in its attribute alone."""
    bits = 32 if family == V4 else 128
    route = decoded(rtmsg, add_route(family, f"{far}/{bits}", far, 4, near, table=table))
    rule = decoded(fibmsg, add_rule(family, near, far, table, 900))

    assert (route["family"], route["dst_len"], route["table"], route["type"]) == (family, bits, short, 1)
    assert [route.get_attr(f"RTA_{name}") for name in ("DST", "GATEWAY", "OIF", "PREFSRC", "TABLE")] == [far, far, 4, near, table]
    assert (rule["src_len"], rule["dst_len"], rule["action"]) == (bits, bits, 1)
    assert [rule.get_attr(f"FRA_{name}") for name in ("SRC", "DST", "TABLE", "PRIORITY")] == [near, far, table, 900]


@pytest.fixture
def namespace() -> Iterator[int]:
    """An empty network namespace."""
    if os.geteuid() != 0:
        pytest.skip("needs root to make network namespaces: run as root or under `unshare -Urn`")
    made = new_network_namespace()
    yield made
    os.close(made)


def addresses(namespace: int) -> list[str]:
    """The IPv4 addresses there."""

    def ask() -> list[str]:
        with IPRoute() as route:
            return [message.get_attr("IFA_ADDRESS") for message in route.get_addr(family=V4)]

    return run_inside(namespace, ask)


def test_thousands_are_carried_out_in_order(namespace: int) -> None:
    """More than fit into one datagram: all are there, none twice."""
    wanted = [f"10.1.{number // 250}.{number % 250}" for number in range(3000)]
    requests = [set_flags(1, IFF_UP), *(add_address(V4, 1, address, 32) for address in wanted)]

    run_inside(namespace, lambda: carry_out(requests))

    assert addresses(namespace) == ["127.0.0.1", *wanted]


@pytest.mark.parametrize("place", [0, 40, 2999])
def test_a_refusal_says_what_was_refused(namespace: int, place: int) -> None:
    """Wherever in the batch it is: its number and the kind of thing."""
    requests = [add_address(V4, 1, f"10.1.{number // 250}.{number % 250}", 32) for number in range(3000)]
    requests.insert(place, add_route(V4, "10.9.0.0/16", "10.8.0.1", 1, "10.7.0.1"))

    with pytest.raises(OSError, match=r"\(a route\)") as refused:
        run_inside(namespace, lambda: carry_out(requests))

    assert refused.value.errno in (errno.EINVAL, errno.ENETDOWN, errno.ENETUNREACH)


def test_nothing_to_do_is_done(namespace: int) -> None:
    """No request, no answer to wait for."""
    run_inside(namespace, lambda: carry_out([]))
