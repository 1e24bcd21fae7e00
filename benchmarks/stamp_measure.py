"""Round trips as STAMP and ping report them, beside what a capture saw of the same packets."""

import re
import struct
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from netbench.measure.collect import MemorySink
from netbench.measure.probe import Control, Pair, Schedule
from netbench.measure.samples import PACKETS, Fate
from netbench_probes.stamp.probe import StampProbe
from tests.root.stamp_capture import capturing, frames, round_trips_ns

if TYPE_CHECKING:
    from tests.root.conftest import TwoHosts

INTERVAL_NS = 1_000_000
_PING_LINE = re.compile(r"icmp_seq=(\d+) .*time=([\d.]+) ms")

Nanoseconds = NDArray[np.int64]


@dataclass(frozen=True)
class StampErrors:
    """Reported less captured, a packet each: the round trip with the reflector's residence, and without it on both sides."""

    round_trip_ns: Nanoseconds
    net_ns: Nanoseconds
    asked: int


def stamp_errors(hosts: "TwoHosts", count: int, folder: Path) -> StampErrors:
    """Return STAMP's errors over ``count`` packets at 1000 a second, against captures on both hosts' interfaces."""
    left, right = hosts
    sink = MemorySink()
    with ExitStack() as captures:
        for host in hosts:
            captures.enter_context(capturing(host, folder / f"{host.interface}.pcap", "udp"))
        StampProbe().measure([Pair("p", left.vantage, right.vantage)], Schedule(INTERVAL_NS, count), sink, Control())
    columns = sink.columns(PACKETS)
    kept = columns["fate"] == Fate.ANSWERED
    forward, residence, reverse = (columns[name][kept].astype(np.int64) for name in ("forward_ns", "residence_ns", "reverse_ns"))
    net = np.asarray(forward + reverse)
    wire, inside = (_captured(folder / f"{host.interface}.pcap", columns["sequence"][kept]) for host in hosts)
    return StampErrors(np.asarray(net + residence) - wire, net - (wire - inside), count)


def ping_errors(hosts: "TwoHosts", count: int, folder: Path) -> Nanoseconds:
    """Return the errors of ping's own times (it prints whole microseconds), likewise."""
    left, _ = hosts
    file = folder / "ping.pcap"
    with capturing(left, file, "icmp"):
        process = left.vantage.popen(["ping", "-n", "-i", "0.001", "-c", str(count), "10.9.0.2"])
        output = process.communicate(timeout=60)[0].decode()
    reported = {int(sequence): round(float(milliseconds) * 1e6) for sequence, milliseconds in _PING_LINE.findall(output)}
    requests, replies = _echoes(file, 8), _echoes(file, 0)
    return np.array([reported[key] - (replies[key] - requests[key]) for key in reported if key in replies and key in requests])


def _captured(file: Path, sequences: NDArray[np.uint32]) -> Nanoseconds:
    seen = round_trips_ns(file, "10.9.0.1")
    return np.array([seen[sequence][1] - seen[sequence][0] for sequence in sequences.tolist()], np.int64)


def _echoes(file: Path, kind: int) -> dict[int, int]:
    return {
        struct.unpack_from("!H", packet, 26)[0]: at_ns for at_ns, packet in frames(file) if packet[9] == 1 and packet[20] == kind
    }
