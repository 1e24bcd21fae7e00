"""Hosts made of network namespaces, joined by veth: made by the test, gone with it."""

import os
import socket
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from pyroute2 import IPRoute

from netbench.linux.namespaces import NamespaceVantage, new_network_namespace, run_inside


@dataclass(frozen=True)
class Host:
    """One end of a veth pair. ``namespace`` is a descriptor, ``interface`` the name of its veth end."""

    vantage: NamespaceVantage
    namespace: int
    interface: str


TwoHosts = tuple[Host, Host]


@pytest.fixture
def two_hosts() -> Iterator[TwoHosts]:
    """Two hosts, 10.9.0.1 / fd09::1 and 10.9.0.2 / fd09::2, joined by one veth pair named ``left`` and ``right``."""
    if os.geteuid() != 0:
        pytest.skip("needs root to make network namespaces: run as root or under `unshare -Urn`")
    left, right = new_network_namespace(), new_network_namespace()
    try:
        run_inside(left, lambda: _veth_into(right))
        run_inside(left, lambda: _configure("left", 1))
        run_inside(right, lambda: _configure("right", 2))
        yield _host("left", left, 1), _host("right", right, 2)
    finally:
        os.close(left)
        os.close(right)


def _veth_into(namespace: int) -> None:
    with IPRoute() as route:
        route.link("add", ifname="left", kind="veth", peer={"ifname": "right", "net_ns_fd": namespace})


def _configure(interface: str, number: int) -> None:
    with IPRoute() as route:
        for name in ("lo", interface):
            route.link("set", index=route.link_lookup(ifname=name)[0], state="up")
        index = route.link_lookup(ifname=interface)[0]
        route.addr("add", index=index, address=f"10.9.0.{number}", prefixlen=24)
        route.addr("add", index=index, address=f"fd09::{number}", prefixlen=64, flags=0x02)  # IFA_F_NODAD: usable at once


def _host(interface: str, namespace: int, number: int) -> Host:
    addresses = {socket.AF_INET: f"10.9.0.{number}", socket.AF_INET6: f"fd09::{number}"}
    return Host(NamespaceVantage(interface, namespace, addresses), namespace, interface)
