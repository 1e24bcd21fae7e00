"""Paths through real routers made of namespaces: who forwards, where it branches, what fits, what changes."""

import os
import socket
import struct
import sys
import threading
from collections.abc import Generator
from contextlib import closing, contextmanager
from pathlib import Path as FilePath
from typing import Literal

import pytest

from netbench.analysis.hops import Hop, Standing, hops_of, trails_of
from netbench.analysis.ways import LargestPacket, changes_of, largest_packet
from netbench.linux.icmp_extensions import internet_checksum
from netbench.linux.namespaces import run_inside
from netbench.measure.collect import MemorySink
from netbench.measure.probe import Control, Pair, Report, Schedule
from netbench.measure.samples import HOPS, Columns, Table
from netbench_probes.path.probe import PathParameters, PathProbe
from tests.root.nobody import as_nobody
from tests.root.routers import FAMILIES, Routers, address, chain, diamond

pytestmark = pytest.mark.skipif(
    os.geteuid() != 0, reason="needs root to make network namespaces: run as root or under `unshare -Urn`"
)

VERSIONS: dict[int, Literal[4, 6]] = {socket.AF_INET: 4, socket.AF_INET6: 6}
SILENT = {"net/ipv4/icmp_ratelimit": "2147483647", "net/ipv4/icmp_ratemask": str(1 << 11)}
"""One answer in weeks is what it may give, and not the first."""


class Turning(MemorySink):
    """Turns the path when the first rows come, and stops the probe when the change is in them."""

    def __init__(self, net: Routers, control: Control) -> None:
        super().__init__()
        self._net = net
        self._control = control

    def write(self, table: Table, columns: Columns) -> None:
        self._net.default("r1", (3, 2))
        super().write(table, columns)
        if changes_of(self.columns(HOPS)):
            self._control.stop()


def follow(net: Routers, last_link: int, parameters: PathParameters, rounds: int = 8) -> tuple[Columns, Report]:
    """Follow the path from left to right in ``rounds`` rounds."""
    sink = MemorySink()
    report = PathProbe(parameters).measure([left_to_right(net, last_link)], Schedule(10_000_000, rounds), sink, Control())
    return sink.columns(HOPS), report


def left_to_right(net: Routers, last_link: int) -> Pair:
    return Pair("p", net.vantage("left", 1, 1), net.vantage("right", last_link, 2))


def addresses(hop: Hop) -> set[str]:
    return {answerer.address for answerer in hop.answerers}


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("method", ["udp", "icmp"])
def test_a_chain_is_found_in_kernel_time(family: int, method: Literal["udp", "icmp"]) -> None:
    """Every hop by its address, with the TTL of its answers, until the far end, and the whole MTU arrives."""
    with chain() as net:
        columns, report = follow(net, 3, PathParameters(family=VERSIONS[family], method=method))
    hops = hops_of(columns)

    assert [addresses(hop) for hop in hops] == [{address(family, link, 2)} for link in (1, 2, 3)]
    assert [hop.ends for hop in hops] == [False, False, True]
    assert [hop.answerers[0].reply_ttl for hop in hops] == [64, 63, 62]
    assert all(answerer.round_trip[0].value for hop in hops for answerer in hop.answerers)
    assert report.timestamps == {"p": "kernel"}
    assert largest_packet(columns) == LargestPacket(1500, None, None, searched=False)


@pytest.mark.parametrize("family", FAMILIES)
def test_all_branches_are_found_and_flows_stay_on_theirs(family: int) -> None:
    """Three next hops behind one router; no flow changes its way."""
    with diamond() as net:
        columns, _ = follow(net, 8, PathParameters(family=VERSIONS[family], confidence=0.9999, mtu=False), 64)
    trails = trails_of(columns)

    assert addresses(hops_of(columns)[1]) == {address(family, link, 2) for link in (2, 3, 4)}
    assert len(trails) > 26  # what two next hops take at this confidence, before the third was met
    assert changes_of(columns) == ()


@pytest.mark.parametrize("family", FAMILIES)
def test_a_narrow_link_is_named_by_its_router(family: int) -> None:
    """The second link takes 1400 octets; the router before it says so, and such a packet arrives."""
    with chain(mtu=(1500, 1400, 1500)) as net:
        columns, _ = follow(net, 3, PathParameters(family=VERSIONS[family]), 1)

    assert largest_packet(columns) == LargestPacket(1400, 1400, address(family, 1, 2), searched=False)


def test_silence_and_limits_are_told_from_loss() -> None:
    """The first router never answers, the second seldom; packets pass both."""
    with chain() as net:
        net.write("r1", SILENT)
        net.write("r2", {"net/ipv4/icmp_ratelimit": "10000"})  # six answers, then one in ten seconds
        columns, _ = follow(net, 3, PathParameters(family=4, mtu=False, timeout_ns=300_000_000), 40)
    first, second, third = hops_of(columns)

    assert (first.standing, second.standing) == (Standing.SILENT, Standing.LIMITED)
    assert (addresses(second), addresses(third)) == ({"10.7.2.2"}, {"10.7.3.2"})


def test_a_change_on_the_way_is_told() -> None:
    """While packets go, the first router sends them over another."""
    with diamond() as net:
        net.default("r1", (2, 2))
        control = Control()
        sink = Turning(net, control)
        PathProbe(PathParameters(family=4, mtu=False)).measure(
            [left_to_right(net, 8)], Schedule(10_000_000, 10_000), sink, control
        )
    columns = sink.columns(HOPS)
    [change] = changes_of(columns)

    assert change.hops == ((2, "10.7.2.2", "10.7.3.2"),)
    assert change.after_ns < change.before_ns


def test_labels_that_a_router_tells_are_kept() -> None:
    """An answer with an MPLS label stack (RFC 4950), as the kernel hands it over."""
    with chain() as net:
        net.write("r1", SILENT)
        with labelling_router(net):
            columns, _ = follow(net, 3, PathParameters(family=4, mtu=False), 2)
    first = hops_of(columns)[0]

    assert (first.answerers[0].address, first.answerers[0].labels) == ("10.7.1.2", "24001/0/1/1")


@contextmanager
def labelling_router(net: Routers) -> Generator[None]:
    """Something in the first router's place answers expired packets as a label switch does."""
    hears = run_inside(net.namespaces["r1"], lambda: socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(0x0800)))
    says = run_inside(net.namespaces["r1"], lambda: socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP))
    with closing(hears), closing(says):
        hears.bind(("l1", 0x0800))
        hears.settimeout(0.05)
        stop = threading.Event()
        thread = threading.Thread(target=_answer_expired, args=(hears, says, stop))
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join()


def _answer_expired(hears: socket.socket, says: socket.socket, stop: threading.Event) -> None:
    while not stop.is_set():
        try:
            packet = hears.recv(2048)
        except TimeoutError:
            continue
        if packet[8] == 1 and packet[9] == socket.IPPROTO_UDP:  # TTL, protocol
            says.sendto(time_exceeded(packet), (socket.inet_ntoa(packet[12:16]), 0))


def time_exceeded(packet: bytes) -> bytes:
    """RFC 4884: 32 words of the packet, then the extensions with the label 24001 on the bottom of the stack, TTL 1."""
    labels = bytes.fromhex("20000000" + "00080101" + "05dc1101")
    extensions = labels[:2] + internet_checksum(labels).to_bytes(2, "big") + labels[4:]
    body = packet[:128].ljust(128, b"\0") + extensions
    head = struct.pack("!BBHBBH", 11, 0, 0, 0, 32, 0)
    return head[:2] + internet_checksum(head + body).to_bytes(2, "big") + head[4:] + body


FOLLOW = """
from netbench.errors import CannotMeasureError
from netbench.linux.namespaces import HostVantage
from netbench.measure.collect import MemorySink
from netbench.measure.probe import Control, Pair, Schedule
from netbench.measure.samples import HOPS
from netbench.measure.vantage import RemoteEnd
from netbench_probes.icmp.probe import IcmpProbe
from netbench_probes.path.probe import PathProbe

sink, pair, schedule = MemorySink(), Pair("p", HostVantage(), RemoteEnd("10.7.3.2")), Schedule(20_000_000, 2)
print(PathProbe().measure([pair], schedule, sink, Control()).timestamps["p"])
columns = sink.columns(HOPS)
print(*sorted(set(columns["address"][columns["hop"] > 0].compressed().tolist())))
try:
    IcmpProbe().measure([pair], schedule, sink, Control())
except CannotMeasureError as error:
    print(error)
"""


def test_an_ordinary_user_follows_a_path(tmp_path: FilePath) -> None:
    """Uid 65534 by UDP finds every hop in kernel time, and by ICMP is told what would allow it."""
    with chain() as net:
        command = [*as_nobody(tmp_path), sys.executable, "-P", "-c", FOLLOW]
        output, errors = net.vantage("left", 1, 1).popen(command).communicate(timeout=100)
    lines = output.decode().splitlines()

    assert lines[:2] == ["kernel", "10.7.1.2 10.7.2.2 10.7.3.2"], errors
    assert "sudo sysctl -w net.ipv4.ping_group_range='0 2147483647'" in lines[2]
