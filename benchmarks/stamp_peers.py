"""Round trips as ping, irtt and sockperf report them, and what a capture saw of the same packets."""

import json
import re
import resource
import struct
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from tests.root.stamp_capture import capturing, frames

if TYPE_CHECKING:
    from tests.root.conftest import TwoHosts

Nanoseconds = NDArray[np.int64]
Seen = dict[int, tuple[int, int]]

IRTT_PORT, SOCKPERF_PORT = 2112, 11111
_PING_LINE = re.compile(r"icmp_seq=(\d+) .*time=([\d.]+) ms")
_SOCKPERF_LINE = re.compile(r"^\d+, (\d+\.\d+), (\d+\.\d+),", re.MULTILINE)


@dataclass(frozen=True)
class Measured:
    """Reported less captured, a packet each, and the sender's processor time a packet (with a reflector of its own: both)."""

    errors_ns: Nanoseconds
    cpu_us: float


def ping(hosts: "TwoHosts", count: int, folder: Path) -> Measured:
    """Ping prints whole microseconds."""
    argv = ["ping", "-n", "-i", "0.001", "-c", str(count), "10.9.0.2"]
    output, cpu_us, file = _run(hosts, argv, count, folder / "ping.pcap", "icmp")
    reported = {int(sequence): round(float(milliseconds) * 1e6) for sequence, milliseconds in _PING_LINE.findall(output)}
    return Measured(_errors(reported, _exchanges(file, _echo)), cpu_us)


def irtt(hosts: "TwoHosts", count: int, folder: Path) -> Measured:
    """Its own round trip, from its own clock before the send and after the receipt."""
    argv = ["irtt", "client", "-i", "1ms", "-d", f"{count}ms", "-Q", "-o", "-", "10.9.0.2"]
    with serving(hosts, ["irtt", "server", "-i", "100us", "-b", f"10.9.0.2:{IRTT_PORT}"]):
        output, cpu_us, file = _run(hosts, argv, count, folder / "irtt.pcap", f"udp port {IRTT_PORT}")
    rounds = json.loads(output[output.index("{") :])["round_trips"]
    reported = {each["seqno"]: each["delay"]["rtt"] for each in rounds if each["lost"] == "false"}
    return Measured(_errors(reported, _exchanges(file, lambda packet: _udp(packet, "<I", 12, IRTT_PORT))), cpu_us)


def sockperf(hosts: "TwoHosts", count: int, folder: Path) -> Measured:
    """Ping-pong, of which it logs a part; which part is told by when the packets left."""
    log, seconds = folder / "sockperf.csv", max(1, count // 1000)
    address = ["-i", "10.9.0.2", "-p", str(SOCKPERF_PORT)]
    argv = ["sockperf", "ping-pong", *address, "-t", str(seconds), "--mps=1000", "--full-log", str(log)]
    with serving(hosts, ["sockperf", "server", *address]):
        _, cpu_us, file = _run(hosts, argv, count, folder / "sockperf.pcap", f"udp port {SOCKPERF_PORT}")
    times = np.array(_SOCKPERF_LINE.findall(log.read_text()), np.float64) * 1e9
    seen = _exchanges(file, lambda packet: _udp(packet, "!Q", 0, SOCKPERF_PORT))
    wire = np.array([seen[key] for key in sorted(seen)], np.int64)
    first = _place(times[:, 0], wire[:, 0])
    part = wire[first : first + len(times)]
    return Measured((np.rint(times[:, 1] - times[:, 0]).astype(np.int64) - (part[:, 1] - part[:, 0])), cpu_us)


@contextmanager
def serving(hosts: "TwoHosts", argv: list[str]) -> Generator[None]:
    """While inside, a peer's server runs at the right host."""
    process = hosts[1].vantage.popen(argv)
    try:
        time.sleep(1)
        yield
    finally:
        process.terminate()
        process.communicate(timeout=10)


def _run(hosts: "TwoHosts", argv: list[str], count: int, file: Path, expression: str) -> tuple[str, float, Path]:
    left, _ = hosts
    with capturing(left, file, expression):
        before = children_seconds()
        process = left.vantage.popen(argv)
        output = process.communicate(timeout=120)[0].decode()
        spent = children_seconds() - before
    return output, spent * 1e6 / count, file


def children_seconds() -> float:
    """Return the processor time of all processes that were started here and have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _errors(reported: dict[int, int], seen: Seen) -> Nanoseconds:
    return np.array([reported[key] - (seen[key][1] - seen[key][0]) for key in reported if key in seen], np.int64)


def _exchanges(file: Path, read: Callable[[bytes], tuple[int, bool] | None]) -> Seen:
    """Return, by number, when the capture saw a request leave and its answer come."""
    requests: dict[int, int] = {}
    answers: dict[int, int] = {}
    for at_ns, packet in frames(file):
        told = read(packet)
        if told is not None:
            (answers if told[1] else requests).setdefault(told[0], at_ns)
    return {key: (requests[key], at_ns) for key, at_ns in answers.items() if key in requests}


def _echo(packet: bytes) -> tuple[int, bool] | None:
    if packet[9] != 1 or packet[20] not in (0, 8):
        return None
    return struct.unpack_from("!H", packet, 26)[0], packet[20] == 0


def _udp(packet: bytes, layout: str, offset: int, port: int) -> tuple[int, bool] | None:
    payload = packet[28:]
    if len(payload) < offset + struct.calcsize(layout) or (port == IRTT_PORT and len(payload) < 60):
        return None
    return struct.unpack_from(layout, payload, offset)[0], struct.unpack_from("!H", packet, 20)[0] == port


def _place(sent_ns: NDArray[np.float64], wire_ns: Nanoseconds) -> int:
    """Return from which captured packet on the logged ones are, by the steadiest difference of their times."""
    starts = range(len(wire_ns) - len(sent_ns) + 1)
    spreads = [float(np.median(np.abs(np.diff(wire_ns[start : start + len(sent_ns)] - sent_ns)))) for start in starts]
    return int(np.argmin(spreads))
