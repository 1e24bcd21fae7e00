"""Two hosts with a relay between them: host --veth-- relay --veth-- host, three namespaces, gone with the context."""

import contextlib
import os
import socket
import struct
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from pyroute2 import IPRoute

from netbench.linux.namespaces import NamespaceVantage, new_network_namespace, run_inside
from netbench_topologies.relay import Relay, RelayLink
from netbench_topologies.spec import DirectionSpec

SO_RCVBUFFORCE, SO_TIMESTAMPNS = 33, 35
SOL_PACKET, PACKET_IGNORE_OUTGOING, PACKET_OUTGOING = 263, 23, 4
ETH_P_ALL = 0x0003
EXPERIMENTAL_TYPE = 0x88B5  # IEEE 802 local experimental EtherType 1
CAPTURE_OCTETS = 8 * 1024 * 1024
NANOSECONDS = 1_000_000_000


@dataclass(frozen=True)
class Bed:
    """Hosts ``left`` (10.8.0.1, fd08::1) and ``right`` (10.8.0.2, fd08::2), each with an interface ``host``.

    The interfaces between which the relay stands are called ``left`` and ``right``.
    """

    relay: Relay
    left: NamespaceVantage
    right: NamespaceVantage
    namespaces: tuple[int, int, int]

    def capture(self, place: int, interface: str, *, outgoing: bool = False) -> socket.socket:
        """Return a packet socket with kernel timestamps in the left (0), the relay's (1) or the right (2) namespace."""
        return run_inside(self.namespaces[place], lambda: capturing(interface, outgoing=outgoing))


@contextmanager
def relay_bed(
    forward: DirectionSpec, reverse: DirectionSpec, *, seed: int = 1, mtu: int = 1500, quiet: bool = False, start: bool = True
) -> Generator[Bed]:
    """The bed stands and relays; ``quiet`` leaves IPv6 out, so that no frame crosses but those that are sent on purpose."""
    namespaces = new_network_namespace(), new_network_namespace(), new_network_namespace()
    left, middle, right = namespaces
    try:
        run_inside(middle, lambda: _join({"left": left, "right": right}, mtu, quiet=quiet))
        vantages = [_host(name, namespace, number, mtu, quiet=quiet) for name, namespace, number in _hosts(left, right)]
        relay = Relay([RelayLink("link", "left", "right", forward, reverse)], seed)
        if start:
            run_inside(middle, relay.start)
        try:
            yield Bed(relay, vantages[0], vantages[1], namespaces)
        finally:
            relay.stop()
    finally:
        for namespace in namespaces:
            os.close(namespace)


def _hosts(left: int, right: int) -> Sequence[tuple[str, int, int]]:
    return [("left", left, 1), ("right", right, 2)]


def _join(ends: dict[str, int], mtu: int, *, quiet: bool) -> None:
    _without_ipv6(quiet=quiet)
    with IPRoute() as route:
        for name, namespace in ends.items():
            peer = {"ifname": "host", "net_ns_fd": namespace, "mtu": mtu}
            route.link("add", ifname=name, kind="veth", mtu=mtu, peer=peer)
            route.link("set", index=route.link_lookup(ifname=name)[0], state="up")


def _host(name: str, namespace: int, number: int, mtu: int, *, quiet: bool) -> NamespaceVantage:
    def configure() -> None:
        _without_ipv6(quiet=quiet)
        with IPRoute() as route:
            index = route.link_lookup(ifname="host")[0]
            for interface in (route.link_lookup(ifname="lo")[0], index):
                route.link("set", index=interface, state="up")
            route.link("set", index=index, mtu=mtu)
            route.addr("add", index=index, address=f"10.8.0.{number}", prefixlen=24, broadcast="10.8.0.255")
            if not quiet:
                route.addr("add", index=index, address=f"fd08::{number}", prefixlen=64, flags=0x02)  # IFA_F_NODAD

    run_inside(namespace, configure)
    return NamespaceVantage(name, namespace, {socket.AF_INET: f"10.8.0.{number}", socket.AF_INET6: f"fd08::{number}"})


def _without_ipv6(*, quiet: bool) -> None:
    if quiet:
        for scope in ("all", "default"):
            Path(f"/proc/sys/net/ipv6/conf/{scope}/disable_ipv6").write_text("1")


def capturing(interface: str, *, outgoing: bool) -> socket.socket:
    """Return a packet socket on an interface of the caller's namespace; without ``outgoing`` it sees arrivals alone."""
    capture = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
    capture.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
    capture.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, CAPTURE_OCTETS)
    with contextlib.suppress(PermissionError):  # only the host's own root may go past net.core.rmem_max
        capture.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, CAPTURE_OCTETS)
    capture.setsockopt(SOL_PACKET, PACKET_IGNORE_OUTGOING, int(not outgoing))
    capture.bind((interface, ETH_P_ALL))
    return capture


def numbered_frame(number: int, octets: int = 60) -> bytes:
    """Return an Ethernet frame to nobody in particular that carries a number."""
    frame = b"\x02\x00\x00\x00\x00\x02" + b"\x02\x00\x00\x00\x00\x01" + struct.pack("!HI", EXPERIMENTAL_TYPE, number)
    return frame.ljust(octets, b"\x00")


def numbers_captured(
    capture: socket.socket, wanted: int, *, timeout: float = 5, outgoing: bool = False
) -> list[tuple[int, int, int]]:
    """Return (number, kernel time in ns, octets) of numbered frames in order, ``wanted`` of them or those before a silence.

    They are those that arrived, or those that were sent from here (``outgoing``), never both.
    """
    capture.settimeout(timeout)
    seen = list[tuple[int, int, int]]()
    try:
        while len(seen) < wanted:
            data, ancillary, _flags, address = capture.recvmsg(65536, 64)
            kind, number = struct.unpack_from("!HI", data, 12)
            if kind == EXPERIMENTAL_TYPE and (address[2] == PACKET_OUTGOING) == outgoing:
                seconds, nanoseconds = struct.unpack("=qq", ancillary[0][2])
                seen.append((number, seconds * NANOSECONDS + nanoseconds, len(data)))
    except TimeoutError:
        pass
    return seen


def sending(namespace: int, act: Callable[[socket.socket], None], interface: str = "host") -> None:
    """``act`` was given a packet socket that sends by an interface of a namespace, and is done."""
    with run_inside(namespace, lambda: socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)) as raw:
        raw.bind((interface, 0))
        act(raw)
