"""TWAMP between two hosts, over both families: the probe of this host against the server of that one, decoded by tshark."""

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from netbench.measure.collect import MemorySink
from netbench.measure.probe import Control, Pair, Schedule
from netbench.measure.samples import PACKETS, Fate
from netbench.measure.vantage import RemoteEnd
from netbench_probes.twamp.probe import TwampParameters, TwampProbe
from tests.root.stamp_capture import capturing

if TYPE_CHECKING:
    from tests.root.conftest import Host, TwoHosts

MILLISECOND = 1_000_000
EVERY_10_MS = Schedule(10 * MILLISECOND, 20)
CONTROL = [
    "Server Greeting",
    "Setup Response",
    "Server Start, (OK)",
    "Request Session",
    "Accept Session, (OK)",
    "Start Sessions",
    "Start Sessions ACK, (OK)",
    "Stop Session",
]


def test_a_session_in_each_family_as_tshark_reads_it(two_hosts: "TwoHosts", tmp_path: Path) -> None:
    """Every packet is answered, with the asked DSCP and TTL 255 both ways; Wireshark finds the eight messages and the packets."""
    left, right = two_hosts
    file = tmp_path / "left.pcap"
    server = _reflecting(right)
    try:
        with capturing(left, file, "tcp port 862 or udp"):
            answered = [_answered(left, address) for address in ("10.9.0.2", "fd09::2")]
    finally:
        server.terminate()
        said, _ = server.communicate(timeout=20)

    assert said.decode().startswith(f"{sum(answered)} replies to 2 sessions")
    decoded = _decoded(file)
    assert [line[0] for line in decoded if line[-1] == ""] == CONTROL * 2
    packets = [tuple(line) for line in decoded if line[-1]]
    assert set(packets) == {
        ("Measurement packet", "46", "", "255", "", "108"),
        ("Measurement packet", "", "46", "", "255", "108"),
    }
    assert len(packets) == 2 * sum(answered)


def _answered(left: "Host", address: str) -> int:
    sink = MemorySink()
    parameters = TwampParameters(packet_octets=100, dscp=46, timeout_ns=5000 * MILLISECOND)
    report = TwampProbe(parameters).measure([Pair("p", left.vantage, RemoteEnd(address))], EVERY_10_MS, sink, Control())
    fates: list[int] = sink.columns(PACKETS)["fate"].tolist()
    assert report.timestamps == {"p": "kernel"}
    assert set(fates) <= {Fate.ANSWERED, Fate.NOT_SENT}
    assert report.cut_short == {}
    return fates.count(Fate.ANSWERED)


def _reflecting(host: "Host") -> "subprocess.Popen[bytes]":
    process = host.vantage.popen([sys.executable, "-m", "netbench", "reflect", "--protocol", "twamp"])
    assert process.stderr is not None
    assert process.stderr.readline() == b"reflecting TWAMP at tcp 0.0.0.0 port 862, tcp :: port 862\n"
    return process


def _decoded(file: Path) -> list[list[str]]:
    """Return what tshark makes of each packet of TWAMP: its name, DSCP and TTL in either family, and its UDP length."""
    fields = ("_ws.col.Info", "ip.dsfield.dscp", "ipv6.tclass.dscp", "ip.ttl", "ipv6.hlim", "udp.length")
    wanted = [argument for field in fields for argument in ("-e", field)]
    command = ["tshark", "-r", str(file), "-Y", "twamp.control or twamp.test", "-T", "fields", *wanted]
    done = subprocess.run(command, capture_output=True, check=True, text=True)
    return [line.split("\t") for line in done.stdout.splitlines()]
