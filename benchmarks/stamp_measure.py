"""Round trips as STAMP reports them, beside what a capture saw of the same packets."""

import sys
import time
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from benchmarks.stamp_peers import Measured, Nanoseconds
from netbench.measure.collect import MemorySink
from netbench.measure.probe import Control, Pair, Schedule
from netbench.measure.samples import PACKETS, Columns, Fate
from netbench.measure.vantage import RemoteEnd, Vantage
from netbench_probes.stamp.parameters import StampParameters
from netbench_probes.stamp.probe import StampProbe
from tests.root.stamp_capture import capturing, round_trips_ns

if TYPE_CHECKING:
    from tests.root.conftest import TwoHosts

INTERVAL_NS = 1_000_000
PORT = 8620


@dataclass(frozen=True)
class StampErrors:
    """Reported less captured: the round trip with the reflector's residence, and without it on both sides."""

    round_trip: Measured
    net_ns: Nanoseconds


def watched(hosts: "TwoHosts", count: int, folder: Path, parameters: StampParameters) -> StampErrors:
    """Return the errors of ``count`` packets at 1000 a second where both ends are ours, against captures on both interfaces."""
    return _measured(hosts, hosts[1].vantage, count, folder, parameters)


def followed(hosts: "TwoHosts", count: int, folder: Path) -> StampErrors:
    """Return the same towards ``netbench reflect``, whose replies tell when the one before really left (RFC 8972 §4.7)."""
    with reflecting(hosts):
        return _measured(hosts, RemoteEnd("10.9.0.2", PORT), count, folder, StampParameters(tlvs=("follow-up",)))


@contextmanager
def reflecting(hosts: "TwoHosts", *options: str) -> Generator[None]:
    """While inside, a reflector of its own process runs at the right host."""
    process = hosts[1].vantage.popen([sys.executable, "-m", "netbench", "reflect", "-4", "--port", str(PORT), *options])
    assert process.stderr is not None
    try:
        assert b"reflecting" in process.stderr.readline()
        yield
    finally:
        process.terminate()
        process.communicate(timeout=10)


def _measured(
    hosts: "TwoHosts", destination: Vantage | RemoteEnd, count: int, folder: Path, parameters: StampParameters
) -> StampErrors:
    with ExitStack() as captures:
        for host in hosts:
            captures.enter_context(capturing(host, folder / f"{host.interface}.pcap", "udp"))
        before_ns = time.process_time_ns()
        columns = run(hosts[0].vantage, destination, count, parameters)
        cpu_us = (time.process_time_ns() - before_ns) / 1000 / count
    return _errors(columns, [folder / f"{host.interface}.pcap" for host in hosts], cpu_us)


def run(source: Vantage, destination: Vantage | RemoteEnd, count: int, parameters: StampParameters) -> Columns:
    """Return the samples of ``count`` packets at 1000 a second."""
    sink = MemorySink()
    StampProbe(parameters).measure([Pair("p", source, destination)], Schedule(INTERVAL_NS, count), sink, Control())
    return sink.columns(PACKETS)


def _errors(columns: Columns, files: list[Path], cpu_us: float) -> StampErrors:
    near, far = (round_trips_ns(file, "10.9.0.1") for file in files)
    both = np.array([sequence in near and sequence in far for sequence in columns["sequence"].tolist()])
    kept = both & (columns["fate"] == Fate.ANSWERED)
    wire, inside = (_spans(seen, columns["sequence"][kept].tolist()) for seen in (near, far))
    forward, residence, reverse = (columns[name][kept].astype(np.int64) for name in ("forward_ns", "residence_ns", "reverse_ns"))
    net = np.asarray(forward + reverse)
    return StampErrors(Measured(np.asarray(net + residence) - wire, cpu_us), net - (wire - inside))


def _spans(seen: dict[int, tuple[int, int]], sequences: list[int]) -> Nanoseconds:
    return np.array([seen[sequence][1] - seen[sequence][0] for sequence in sequences], np.int64)
