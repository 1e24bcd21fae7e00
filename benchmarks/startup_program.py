"""A program for ``test_startup``: builds the graph one way, in its own namespaces, and says when every neighbour was pinged.

``python -m benchmarks.startup_program netbench|tclink|nodes`` says ``up``, waits for a line, takes all down, says ``down``.
"""

import os
import select
import socket
import struct
import sys
from collections.abc import Callable, Generator, Mapping
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING

from benchmarks.startup_graph import RATE_MBPS, SITES, addresses, edges, plan_text
from netbench.linux.namespaces import run_inside
from netbench.linux.sandbox import sandbox_argv

if TYPE_CHECKING:
    from mininet.link import Link

ECHO_REQUEST, ECHO_REPLY = 8, 0
SECONDS = 60
AGAIN_SECONDS = 1.0

Namespaces = list[int]


@contextmanager
def netbench() -> Generator[Namespaces]:
    """The graph as a plan, carried by the relay."""
    from netbench.measure.network import NetworkOptions
    from netbench.plan.load import parse_plan
    from netbench_topologies.network import EmulatedNetwork

    plan = parse_plan(plan_text(), "hundred.yaml")
    with EmulatedNetwork(plan, NetworkOptions(wire="relay")) as network:
        yield [network.vantage(f"s{number}").namespace for number in range(SITES)]


@contextmanager
def tclink() -> Generator[Namespaces]:
    """The graph in plain Mininet, with TCLink, rates only."""
    from mininet.link import TCLink

    with _mininet(TCLink, {"bw": RATE_MBPS}) as namespaces:
        yield namespaces


@contextmanager
def nodes() -> Generator[Namespaces]:
    """The graph in plain Mininet, with links that do nothing."""
    from mininet.link import Link

    with _mininet(Link, {}) as namespaces:
        yield namespaces


@contextmanager
def _mininet(link: "type[Link]", shaped: Mapping[str, object]) -> Generator[Namespaces]:
    from mininet.log import setLogLevel
    from mininet.net import Mininet

    setLogLevel("critical")
    Mininet.inited = True  # or it would set sysctls of the whole machine
    net = Mininet(controller=None, link=link)
    hosts = [net.addHost(f"n{number}", ip=None) for number in range(SITES)]
    for number, (a, b) in enumerate(edges()):
        ends = [{"ip": f"{address}/31", **shaped} for address in addresses(number)]
        net.addLink(hosts[a], hosts[b], params1=ends[0], params2=ends[1])
    net.start()
    namespaces = [os.open(f"/proc/{host.pid}/ns/net", os.O_RDONLY) for host in hosts]
    try:
        yield namespaces
    finally:
        net.stop()


def ping_neighbours(namespaces: Namespaces) -> None:
    """Every node has had an answer from each of its neighbours: one raw echo each, all at once, again after a second.

    :raises RuntimeError: when some never answered
    """
    waiting = {_raw_socket(namespace): neighbours for namespace, neighbours in zip(namespaces, _neighbours(), strict=True)}
    sockets = {sender.fileno(): sender for sender in waiting}
    poll = select.epoll()
    for number in sockets:
        poll.register(number, select.EPOLLIN)
    for _ in range(int(SECONDS / AGAIN_SECONDS)):
        for sender, neighbours in waiting.items():
            for neighbour in neighbours:
                sender.sendto(_ECHO, (neighbour, 0))
        while ready := poll.poll(AGAIN_SECONDS):
            for number, _ in ready:
                _take_answer(sockets[number], waiting[sockets[number]])
            if not any(waiting.values()):
                return
    raise RuntimeError(f"{sum(map(len, waiting.values()))} neighbours never answered")


def _neighbours() -> list[set[str]]:
    found: list[set[str]] = [set() for _ in range(SITES)]
    for number, (a, b) in enumerate(edges()):
        end_a, end_b = addresses(number)
        found[a].add(end_b)
        found[b].add(end_a)
    return found


def _raw_socket(namespace: int) -> socket.socket:
    return run_inside(namespace, lambda: socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP))


def _take_answer(receiver: socket.socket, neighbours: set[str]) -> None:
    packet, (source, _) = receiver.recvfrom(2048)
    if packet[20] == ECHO_REPLY:
        neighbours.discard(source)


def _echo() -> bytes:
    body = struct.pack("!BBHHH", ECHO_REQUEST, 0, 0, 1, 1)
    total = sum(struct.unpack("!4H", body))
    checksum = ~(total + (total >> 16)) & 0xFFFF
    return struct.pack("!BBHHH", ECHO_REQUEST, 0, checksum, 1, 1)


_ECHO = _echo()
_WAYS: Mapping[str, Callable[[], AbstractContextManager[Namespaces]]] = {"netbench": netbench, "tclink": tclink, "nodes": nodes}


def main() -> None:
    """Build, say so, wait, take down, say so."""
    argv = sandbox_argv([sys.executable, "-m", "benchmarks.startup_program", *sys.argv[1:]])
    if argv is not None:
        os.execvp(argv[0], list(argv))
    with _WAYS[sys.argv[1]]() as namespaces:
        ping_neighbours(namespaces)
        print("up", flush=True)
        sys.stdin.readline()
    print("down", flush=True)


if __name__ == "__main__":
    main()
