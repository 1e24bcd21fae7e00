"""Paths found with real packets, through three namespaces in a row."""

import os
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path as FilePath

import pytest
from pyroute2 import IPRoute

from netbench.errors import CannotMeasureError
from netbench.linux.namespaces import new_network_namespace, run_inside
from netbench.linux.trace import Path, PathRequest, find_paths

FAMILIES = (socket.AF_INET, socket.AF_INET6)
BITS = {socket.AF_INET: 30, socket.AF_INET6: 126}
FORWARDING = ("net/ipv4/ip_forward", "net/ipv6/conf/all/forwarding")

pytestmark = pytest.mark.skipif(
    os.geteuid() != 0, reason="needs root to make network namespaces: run as root or under `unshare -Urn`"
)


@dataclass(frozen=True)
class Row:
    """Three namespaces, left to right, by descriptor."""

    left: int
    middle: int
    right: int


def address(family: socket.AddressFamily, link: int, host: int) -> str:
    """Host 1 or 2 of link 1 (left) or 2 (right)."""
    return f"10.8.{link}.{host}" if family == socket.AF_INET else f"fd08:{link}::{host}"


def join(left: int, right: int, link: int) -> None:
    """Lay link ``link`` between two namespaces: host 1 on its left, host 2 on its right, called ``r`` and ``l``."""

    def lay() -> None:
        with IPRoute() as route:
            route.link("add", ifname="r", kind="veth", peer={"ifname": "l", "net_ns_fd": right})

    def set_up(name: str, host: int) -> None:
        with IPRoute() as route:
            index = route.link_lookup(ifname=name)[0]
            route.link("set", index=index, state="up")
            for family in FAMILIES:
                route.addr(
                    "add", index=index, family=family, address=address(family, link, host), prefixlen=BITS[family], flags=2
                )

    run_inside(left, lay)
    run_inside(left, lambda: set_up("r", 1))
    run_inside(right, lambda: set_up("l", 2))


def default_route(namespace: int, link: int, gateway: int) -> None:
    """Send everything unknown to host ``gateway`` of ``link``."""

    def add() -> None:
        with IPRoute() as route:
            for family in FAMILIES:
                everywhere = "0.0.0.0/0" if family == socket.AF_INET else "::/0"
                route.route("add", family=family, dst=everywhere, gateway=address(family, link, gateway))

    run_inside(namespace, add)


def write(namespace: int, settings: dict[str, str]) -> None:
    """Set sysctls of a namespace."""
    run_inside(namespace, lambda: [(FilePath("/proc/sys") / name).write_text(value) for name, value in settings.items()])


@pytest.fixture
def row() -> Iterator[Row]:
    """Left 10.8.1.1 — 10.8.1.2 middle 10.8.2.1 — 10.8.2.2 right, and the same in IPv6."""
    made = Row(new_network_namespace(), new_network_namespace(), new_network_namespace())
    for namespace in (made.left, made.middle, made.right):
        write(namespace, {"net/ipv6/conf/default/accept_dad": "0"})  # link-local addresses are there at once
    join(made.left, made.middle, 1)
    join(made.middle, made.right, 2)
    default_route(made.left, 1, 2)
    default_route(made.right, 2, 1)
    write(made.middle, dict.fromkeys(FORWARDING, "1"))
    yield made
    for namespace in (made.left, made.middle, made.right):
        os.close(namespace)


def sender(namespace: int, family: socket.AddressFamily) -> socket.socket:
    """A socket at the left end."""
    made = run_inside(namespace, lambda: socket.socket(family, socket.SOCK_DGRAM))
    made.bind((address(family, 1, 1), 0))
    return made


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("expected_hops", [1, 2, 5])
def test_the_path_is_found_whatever_was_expected(row: Row, family: socket.AddressFamily, expected_hops: int) -> None:
    """Middle, then right: also when the path is longer or shorter than expected."""
    destination = address(family, 2, 2)
    with sender(row.left, family) as made:
        (path,) = find_paths([PathRequest(made, destination, expected_hops)])

    assert path.reached
    assert path.hops == (address(family, 1, 2), destination)


def test_many_paths_are_found_at_once(row: Row) -> None:
    """Answers never get into the wrong path, though all walk at the same time."""
    ends = [(family, address(family, link, host)) for family in FAMILIES for link, host in ((1, 2), (2, 1), (2, 2))]
    made = [sender(row.left, family) for family, _ in ends]
    paths = find_paths([PathRequest(one, destination, 2) for one, (_, destination) in zip(made, ends, strict=True)])
    for one in made:
        one.close()

    assert [path.hops[-1] for path in paths] == [destination for _, destination in ends]
    assert [len(path.hops) for path in paths] == [1, 1, 2, 1, 1, 2]


def test_a_silent_hop_has_no_address(row: Row) -> None:
    """A router whose answers are limited away leaves a hole, is said to have been asked twice, and the path goes on."""
    write(row.middle, {"net/ipv4/icmp_ratelimit": "2147483647", "net/ipv4/icmp_ratemask": str(1 << 11)})
    destination = address(socket.AF_INET, 2, 2)
    with sender(row.left, socket.AF_INET) as made:
        find_paths([PathRequest(made, destination, 2)], timeout_ns=50_000_000)  # uses up what the limit allows
        (path,) = find_paths([PathRequest(made, destination, 2)], timeout_ns=50_000_000)

    assert path == Path((None, destination), reached=True, asked_twice=(1,))


def test_a_destination_that_is_not_there_is_not_reached(row: Row) -> None:
    """The path ends with the last that answered."""
    write(row.middle, {"net/ipv4/ip_forward": "0"})
    with sender(row.left, socket.AF_INET) as made:
        (path,) = find_paths([PathRequest(made, address(socket.AF_INET, 2, 2), 2)], timeout_ns=50_000_000)

    assert not path.reached
    assert path.hops == ()


def test_no_route_is_said_at_once(row: Row) -> None:
    """A source that knows no way says so."""
    with sender(row.left, socket.AF_INET) as made:
        run_inside(row.left, flush_routes)

        with pytest.raises(CannotMeasureError, match=r"10\.8\.1\.1 has no route to 10\.8\.2\.2"):
            find_paths([PathRequest(made, address(socket.AF_INET, 2, 2), 2)])


def flush_routes() -> None:
    with IPRoute() as route:
        route.route("del", dst="0.0.0.0/0", gateway="10.8.1.2")
