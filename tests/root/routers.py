"""Networks of routers made of namespaces, for tests of paths: real forwarding, real ICMP, nothing emulated."""

import os
import socket
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from pyroute2 import IPRoute

from netbench.linux.namespaces import NamespaceVantage, new_network_namespace, run_inside

FAMILIES = (socket.AF_INET, socket.AF_INET6)
BITS = {socket.AF_INET: 30, socket.AF_INET6: 126}
EVERYWHERE = {socket.AF_INET: "0.0.0.0/0", socket.AF_INET6: "::/0"}
ROUTER = {
    "net/ipv4/ip_forward": "1",
    "net/ipv6/conf/all/forwarding": "1",
    "net/ipv4/fib_multipath_hash_policy": "1",
    "net/ipv6/fib_multipath_hash_policy": "1",
    "net/ipv4/icmp_ratelimit": "0",
    "net/ipv6/icmp/ratelimit": "0",
}
"""Forwards, spreads flows by their ports, and answers as often as it is asked."""


def address(family: int, link: int, end: int) -> str:
    """End 1 or 2 of a link by its number."""
    return f"10.7.{link}.{end}" if family == socket.AF_INET else f"fd07:{link}::{end}"


class Routers:
    """Namespaces by name. Link ``n`` has interface ``n`` at both of its ends."""

    def __init__(self, names: Sequence[str]) -> None:
        self.namespaces = {name: new_network_namespace() for name in names}
        for name in names:
            self.write(name, {"net/ipv6/conf/default/accept_dad": "0", **ROUTER})

    def link(self, number: int, first: str, second: str, mtu: int = 1500) -> None:
        """Join two: the first is end 1."""
        peer = {"ifname": f"l{number}", "net_ns_fd": self.namespaces[second]}
        run_inside(self.namespaces[first], lambda: _lay(number, peer))
        for end, name in ((1, first), (2, second)):
            run_inside(self.namespaces[name], partial(_set_up, number, end, mtu))

    def default(self, name: str, *gateways: tuple[int, int]) -> None:
        """Send everything unknown to these ends (link, end), spread over all of them."""
        run_inside(self.namespaces[name], lambda: _default(gateways))

    def route(self, name: str, link: int, gateway: tuple[int, int]) -> None:
        """Send what is for the ends of ``link`` to that end."""
        run_inside(self.namespaces[name], lambda: _route(link, gateway))

    def write(self, name: str, settings: Mapping[str, str]) -> None:
        """Set sysctls of one."""
        run_inside(
            self.namespaces[name], lambda: [(Path("/proc/sys") / key).write_text(value) for key, value in settings.items()]
        )

    def vantage(self, name: str, link: int, end: int) -> NamespaceVantage:
        """One of them as a place to measure from or to."""
        return NamespaceVantage(name, self.namespaces[name], {family: address(family, link, end) for family in FAMILIES})

    def close(self) -> None:
        for namespace in self.namespaces.values():
            os.close(namespace)


@contextmanager
def chain(*, mtu: Sequence[int] = (1500, 1500, 1500)) -> Generator[Routers]:
    """Left — r1 — r2 — right over links 1, 2 and 3."""
    made = Routers(("left", "r1", "r2", "right"))
    for number, (first, second) in enumerate((("left", "r1"), ("r1", "r2"), ("r2", "right")), start=1):
        made.link(number, first, second, mtu[number - 1])
    made.default("left", (1, 2))
    made.default("r1", (2, 2))
    made.default("r2", (2, 1))
    made.default("right", (3, 1))
    try:
        yield made
    finally:
        made.close()


@contextmanager
def diamond() -> Generator[Routers]:
    """Left — r1 = (a | b | c) = r2 — right: link 1; 2, 3 and 4 from r1; 5, 6 and 7 to r2; link 8."""
    made = Routers(("left", "r1", "a", "b", "c", "r2", "right"))
    made.link(1, "left", "r1")
    made.link(8, "r2", "right")
    for number, middle in enumerate("abc"):
        made.link(2 + number, "r1", middle)
        made.link(5 + number, middle, "r2")
        made.default(middle, (5 + number, 2))
        made.route(middle, 1, (2 + number, 1))
    made.default("left", (1, 2))
    made.default("r1", (2, 2), (3, 2), (4, 2))
    made.default("r2", (5, 1))
    made.default("right", (8, 1))
    try:
        yield made
    finally:
        made.close()


def _lay(number: int, peer: Mapping[str, object]) -> None:
    with IPRoute() as route:
        route.link("add", ifname=f"l{number}", kind="veth", peer=dict(peer))


def _set_up(number: int, end: int, mtu: int) -> None:
    with IPRoute() as route:
        route.link("set", index=route.link_lookup(ifname="lo")[0], state="up")
        index = route.link_lookup(ifname=f"l{number}")[0]
        route.link("set", index=index, state="up", mtu=mtu)
        for family in FAMILIES:
            route.addr("add", index=index, family=family, address=address(family, number, end), prefixlen=BITS[family], flags=2)


def _route(link: int, gateway: tuple[int, int]) -> None:
    with IPRoute() as route:
        for family in FAMILIES:
            network = f"{address(family, link, 0)}/{BITS[family]}"
            route.route("replace", family=family, dst=network, gateway=address(family, *gateway))


def _default(gateways: Sequence[tuple[int, int]]) -> None:
    with IPRoute() as route:
        for family in FAMILIES:
            hops = [{"gateway": address(family, *gateway), "hops": 0} for gateway in gateways]
            if len(hops) == 1:
                route.route("replace", family=family, dst=EVERYWHERE[family], gateway=hops[0]["gateway"])
            else:
                route.route("replace", family=family, dst=EVERYWHERE[family], multipath=hops)
