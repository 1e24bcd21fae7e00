"""Waiting until every site's kernel sends to every other site the way the plan does, in both families."""

import socket
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from netbench.errors import RefusedError
from netbench.plan.routing import next_hops
from netbench_topologies.build import PlanNet

CONVERGENCE_SECONDS = 90  # a few, and twelve in a software-emulated machine
_PAUSE_S = 0.05
_IPV4, _IPV6 = Path("/proc/thread-self/net/route"), Path("/proc/thread-self/net/ipv6_route")

Hosts = Mapping[str, str]


def await_convergence(net: PlanNet, check: Callable[[], None]) -> None:
    """Every site has the plan's route to the loopback addresses of every site that the plan can reach from it.

    ``check`` raises when a daemon has ended meanwhile.

    :raises RefusedError: naming the first route that is missing after a minute and a half
    """
    deadline = time.monotonic() + CONVERGENCE_SECONDS
    hops = next_hops(net.plan)
    for site in net.plan.sites:
        while (missing := next(_missing(net, site, hops[site]), None)) is not None:
            check()
            if time.monotonic() > deadline:
                raise RefusedError(
                    f"with routing frr site '{site}' has not found its planned route to {missing} after {CONVERGENCE_SECONDS} s; "
                    "OSPF's hellos are lost on the way, or the machine is too slow for this plan: use --routing static"
                )
            time.sleep(_PAUSE_S)


def _missing(net: PlanNet, site: str, hops: Mapping[str, str]) -> Iterator[str]:
    """Yield what a site does not yet send the planned way."""
    known = net.sites[site].run(host_routes)
    for destination, link in hops.items():
        if destination != site:
            planned = net.addressing.links[link].at(site).interface
            for address in net.addressing.loopbacks[destination].values():
                if known.get(address) != planned:
                    yield f"'{destination}' ({address})"


def host_routes() -> Hosts:
    """Return the interface by which each single address is reached, in the calling thread's network namespace."""
    return {**parse_ipv4(_IPV4.read_text("ascii")), **parse_ipv6(_IPV6.read_text("ascii"))}


def parse_ipv4(text: str) -> dict[str, str]:
    """Return the host routes in a table as /proc/net/route has it."""
    found: dict[str, str] = {}
    for line in text.splitlines()[1:]:
        interface, destination, *_, mask, _mtu, _window, _irtt = line.split()
        if mask == "FFFFFFFF":
            found[socket.inet_ntop(socket.AF_INET, int(destination, 16).to_bytes(4, "little"))] = interface
    return found


def parse_ipv6(text: str) -> dict[str, str]:
    """Return the host routes over other interfaces than the loopback, in a table as /proc/net/ipv6_route has it."""
    found: dict[str, str] = {}
    for line in text.splitlines():
        destination, length, *_, interface = line.split()
        if length == "80" and interface != "lo":
            found[socket.inet_ntop(socket.AF_INET6, bytes.fromhex(destination))] = interface
    return found
