"""How far round trips of hops are from what a capture on the sender's link saw: by the path probe and by traceroute."""

import re
import socket
import struct
from pathlib import Path

from netbench.measure.collect import MemorySink
from netbench.measure.probe import Control, Pair, Schedule
from netbench.measure.samples import HOPS, Fate
from netbench_probes.path.probe import PathParameters, PathProbe
from tests.root.conftest import Host
from tests.root.routers import Routers
from tests.root.stamp_capture import capturing, frames

Key = tuple[int, int, bytes]
"""Ports and payload of a UDP probe: no two of a tool's are alike."""
Errors = dict[int, list[int]]
"""By hop: round trip told less round trip on the wire, in ns."""
_ROUND_TRIP = re.compile(rb"([0-9.]+) ms")


def path_errors(net: Routers, rounds: int, folder: Path) -> tuple[Errors, list[str]]:
    """Return the probe's errors, and the address of each hop."""
    file, sink = folder / "path.pcap", MemorySink()
    left = Host(net.vantage("left", 1, 1), net.namespaces["left"], "l1")
    pair = Pair("p", left.vantage, net.vantage("right", 3, 2))
    with capturing(left, file, "udp or icmp"):
        PathProbe(PathParameters(family=4, mtu=False)).measure([pair], Schedule(10_000_000, rounds), sink, Control())
    columns, wire = sink.columns(HOPS), dict[tuple[int, int, int], int]()
    for (_, _, payload), trip_ns in wire_round_trips(file).items():
        sequence, flow, hop = struct.unpack_from("!IHB", payload, 6)
        wire[sequence, flow, hop] = trip_ns
    errors: Errors = {}
    addresses: dict[int, str] = {}
    for row in range(len(columns["hop"])):
        identity = (int(columns["sequence"][row]), int(columns["flow"][row]), int(columns["hop"][row]))
        if columns["fate"][row] == Fate.ANSWERED and identity in wire:
            errors.setdefault(identity[2], []).append(int(columns["round_trip_ns"][row]) - wire[identity])
            addresses[identity[2]] = str(columns["address"][row])
    return errors, [addresses[hop] for hop in sorted(addresses)]


def traceroute_errors(net: Routers, probes_a_hop: int, folder: Path, program: str) -> tuple[Errors, list[str]]:
    """Return traceroute's errors, asked ten times a hop and one probe at a time, and the address of each hop."""
    file = folder / "traceroute.pcap"
    left = Host(net.vantage("left", 1, 1), net.namespaces["left"], "l1")
    told: dict[int, list[int]] = {}
    addresses: dict[int, str] = {}
    with capturing(left, file, "udp or icmp"):
        for _ in range(probes_a_hop // 10):
            process = left.vantage.popen([program, "-n", "-q", "10", "-N", "1", "10.7.3.2", "60"])
            output, _ = process.communicate(timeout=60)
            for line in output.splitlines()[1:]:
                hop, address = int(line.split()[0]), line.split()[1].decode()
                told.setdefault(hop, []).extend(round(float(each) * 1e6) for each in _ROUND_TRIP.findall(line))
                addresses[hop] = address
    seen: dict[int, list[int]] = {}
    for _, at_hop, trip_ns in wire_in_order(file):
        seen.setdefault(at_hop, []).append(trip_ns)
    errors = {hop: [mine - wire for mine, wire in zip(told[hop], seen[hop], strict=True)] for hop in told}
    return errors, [addresses[hop] for hop in sorted(addresses)]


def wire_round_trips(file: Path) -> dict[Key, int]:
    """Return, for each UDP probe that was answered by ICMP, how long that took on the link."""
    return {key: trip_ns for key, _, trip_ns in wire_in_order(file)}


def wire_in_order(file: Path) -> list[tuple[Key, int, int]]:
    """Return (probe, its TTL, round trip on the link), in the order of sending; a probe sent again counts again."""
    sent: dict[Key, tuple[int, int, int]] = {}
    found: list[tuple[int, Key, int, int]] = []
    for number, (at_ns, packet) in enumerate(frames(file)):
        if packet[9] == socket.IPPROTO_UDP:
            sent[_key(packet)] = number, packet[8], at_ns
        elif packet[9] == socket.IPPROTO_ICMP and packet[20] in (3, 11) and _key(packet[28:]) in sent:
            key = _key(packet[28:])
            order, ttl, sent_ns = sent.pop(key)
            found.append((order, key, ttl, at_ns - sent_ns))
    return [(key, ttl, trip_ns) for _, key, ttl, trip_ns in sorted(found, key=lambda each: each[0])]


def _key(packet: bytes) -> Key:
    source, destination, length = struct.unpack_from("!HHH", packet, 20)
    return source, destination, packet[28 : 20 + length]
