"""A site as a Mininet node: a Linux router in a network namespace, set up through netlink."""

import os
import signal
import socket
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, TypeVar

from netbench.errors import CannotMeasureError
from netbench.linux.namespaces import new_network_namespace, run_inside
from netbench.linux.offload import one_packet_a_frame
from netbench.linux.rtnetlink import (
    IFF_MULTICAST,
    IFF_NOARP,
    IFF_UP,
    MAIN_TABLE,
    Request,
    add_address,
    add_neighbour,
    add_route,
    add_rule,
    add_unreachable,
    carry_out,
    set_flags,
)
from netbench_topologies.addressing import HOST_BITS, SITE_PREFIXES, Family, LinkEnd
from netbench_topologies.mininet_quiet import Node
from netbench_topologies.sysctls import AT_BIRTH, FORWARDING, write_sysctls

T = TypeVar("T")
_OWN_SYS = ("unshare", "--mount", "sh", "-ec", 'mount -t sysfs none /sys; exec "$@"', "sh")
_LINK_LOCAL_BITS = 64
_SECOND_METRIC, _LAST_METRIC = 2048, 4096  # IPv6's own is 1024, IPv4's 0


@dataclass(frozen=True, slots=True)
class Adjacency:
    """A link as one site sees it: its own end and the far one, and whether one frame may stand for many packets."""

    here: LinkEnd
    there: LinkEnd
    superpackets: bool = False


@dataclass(frozen=True, slots=True)
class Way:
    """A route: traffic for ``prefix`` leaves by ``link``, or not at all where that is None.

    ``table`` is the main one unless a rule leads to another. Of two routes the one with the lower ``metric`` is used while its
    link has a carrier; None is the kernel's own, lower than those here.
    """

    family: Family
    prefix: str
    link: str | None
    table: int = MAIN_TABLE
    metric: int | None = None


@dataclass(frozen=True, slots=True)
class Rule:
    """Traffic from one address to another is routed by ``table``."""

    family: Family
    source: str
    destination: str
    table: int


@dataclass(frozen=True, slots=True)
class NodeSetup:
    """All that a site is told before it routes; ``protocol``: its routes are found by one, which speaks on every link."""

    loopbacks: Mapping[Family, str]
    adjacencies: Mapping[str, Adjacency]
    ways: Sequence[Way]
    rules: Sequence[Rule]
    protocol: bool = False


class SiteNode(Node):
    """A site. ``namespace`` is a descriptor of its network namespace, open until ``release``.

    A site routes without a process of its own. Mininet's shell starts when somebody first asks the node to run something.
    """

    def __init__(self, name: str, **params: Any) -> None:
        """The node is a network namespace with its settings, and nothing in it.

        :raises UnsupportedError: when this machine lacks what it takes
        """
        self._pid: int | None = None
        self._made = False
        self.namespace = new_network_namespace(partial(write_sysctls, AT_BIRTH))
        try:
            super().__init__(name, **params)
        except BaseException:
            os.close(self.namespace)
            raise
        self._made = True

    def run(self, action: Callable[[], T]) -> T:
        """Return what ``action`` returns, run inside the node's network namespace."""
        return run_inside(self.namespace, action)

    def config(self, setup: NodeSetup | None = None, **_: Any) -> dict[str, object]:
        """Give the node its addresses, neighbours, routes and rules.

        :raises CannotMeasureError: when the kernel refuses one of them
        """
        if setup is not None:
            self.run(lambda: _apply(self.name, setup))
        return {}

    def startShell(self, mnopts: str | None = None) -> None:  # noqa: N802 - Mininet's name
        """Start none yet."""

    @property
    def pid(self) -> int | None:
        """The shell's process, started if need be; None while the node is being made."""
        if self._pid is None and self._made:
            self._start_shell()
        return self._pid

    @pid.setter
    def pid(self, pid: int | None) -> None:
        self._pid = pid

    def sendCmd(self, *arguments: Any, **options: Any) -> None:  # noqa: N802 - Mininet's name
        """Give the shell a command."""
        self._start_shell()
        super().sendCmd(*arguments, **options)

    def cmd(self, *arguments: Any, **options: Any) -> str:
        """Give the shell a command and return what it printed."""
        self._start_shell()
        return super().cmd(*arguments, **options)

    def _start_shell(self) -> None:
        if self.shell is not None:
            return
        in_namespace, self.inNamespace = self.inNamespace, False  # or mnexec would make another
        try:
            super().startShell()
        finally:
            self.inNamespace = in_namespace

    def _popen(self, cmd: Sequence[str], **params: Any) -> "subprocess.Popen[bytes]":
        """Start a process inside the node, with a /sys that shows its interfaces."""
        started: subprocess.Popen[bytes] = self.run(lambda: subprocess.Popen[Any]([*_OWN_SYS, *cmd], **params))
        return started

    def end(self) -> None:
        """Kill the node's shell, if it has one; ``release`` collects it."""
        if self.shell is not None and self.shell.poll() is None:
            os.killpg(self.shell.pid, signal.SIGKILL)

    def release(self) -> None:
        """Collect the shell and close every descriptor; the namespace goes with its last user."""
        if self.shell is not None:
            terminal = self.stdin.fileno()
            self.terminate()
            Node.inToNode.pop(terminal, None)
            Node.outToNode.pop(terminal, None)
        os.close(self.namespace)


def _apply(node: str, setup: NodeSetup) -> None:
    try:
        indices = {link: socket.if_nametoindex(end.here.interface) for link, end in setup.adjacencies.items()}
        carry_out(_addressed(setup, indices))
        write_sysctls(FORWARDING)
        carry_out(_routed(setup, indices))
        one_packet_a_frame([end.here.interface for end in setup.adjacencies.values() if not end.superpackets])
    except OSError as error:
        raise CannotMeasureError(f"the kernel refused to set up node {node}: {error}") from error


def _addressed(setup: NodeSetup, indices: Mapping[str, int]) -> Iterator[Request]:
    """Bring every interface up with its addresses."""
    loopback = socket.if_nametoindex("lo")
    yield set_flags(loopback, IFF_UP)
    for family, address in setup.loopbacks.items():
        yield add_address(family, loopback, address, HOST_BITS[family])
    for link, adjacency in setup.adjacencies.items():
        yield from _end_addressed(indices[link], adjacency, protocol=setup.protocol)


def _end_addressed(index: int, adjacency: Adjacency, *, protocol: bool) -> Iterator[Request]:
    """Bring an interface up with its address and its one neighbour; it never asks who is there."""
    yield set_flags(index, IFF_UP | IFF_NOARP, 0 if protocol else IFF_MULTICAST)
    if protocol:
        yield add_address(socket.AF_INET6, index, adjacency.here.link_local, _LINK_LOCAL_BITS)
        yield add_neighbour(socket.AF_INET6, index, adjacency.there.link_local, adjacency.there.hardware_address)
    for family, address in adjacency.here.addresses.items():
        yield add_address(family, index, address, HOST_BITS[family] - 1)
        yield add_neighbour(family, index, adjacency.there.addresses[family], adjacency.there.hardware_address)


def _routed(setup: NodeSetup, indices: Mapping[str, int]) -> Iterator[Request]:
    for way in setup.ways:
        yield _route(setup, indices, way)
    for rule in setup.rules:
        yield add_rule(rule.family, rule.source, rule.destination, rule.table, priority=rule.table)


def _route(setup: NodeSetup, indices: Mapping[str, int], way: Way) -> Request:
    if way.link is None:
        return add_unreachable(way.family, way.prefix, _LAST_METRIC)
    gateway = setup.adjacencies[way.link].there.addresses[way.family]
    source = setup.loopbacks[way.family]
    return add_route(way.family, way.prefix, gateway, indices[way.link], source, table=way.table, metric=way.metric)


def usual_way(family: Family, link: str) -> Way:
    """The way to every site that no other way is known to."""
    return Way(family, SITE_PREFIXES[family], link)


def way_to(family: Family, address: str, link: str, table: int = MAIN_TABLE) -> Way:
    """The way to one address."""
    return Way(family, f"{address}/{HOST_BITS[family]}", link, table)


def second_choice(way: Way) -> Way:
    """The same way, taken when the first has lost its carrier."""
    return replace(way, metric=_SECOND_METRIC)


def unreachable(family: Family, address: str) -> Way:
    """No way to one address, when every other has lost its carrier."""
    return Way(family, f"{address}/{HOST_BITS[family]}", None)
