"""The STAMP probe between two hosts: against a capture, with real losses, in both families, and towards a reflector alone."""

import ctypes
import json
import signal
import socket
import struct
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
import pytest
from pyroute2 import IPRoute

from netbench.errors import CannotMeasureError
from netbench.linux.namespaces import run_inside
from netbench.measure.collect import MemorySink
from netbench.measure.probe import Control, Pair, Report, Schedule
from netbench.measure.samples import PACKETS, Columns, Fate, Table
from netbench.measure.vantage import RemoteEnd, Vantage
from netbench_probes.stamp.probe import StampParameters, StampProbe
from tests.root.stamp_capture import capturing, round_trips_ns

if TYPE_CHECKING:
    import subprocess

    from tests.root.conftest import Host, TwoHosts

MILLISECOND = 1_000_000
EVERY_10_MS = Schedule(10 * MILLISECOND, 50)
UNHURRIED = 1_000_000


def measured(pair: Pair, schedule: Schedule = EVERY_10_MS, parameters: StampParameters | None = None) -> tuple[Columns, Report]:
    sink = MemorySink()
    report = StampProbe(parameters).measure([pair], schedule, sink, Control())
    return sink.columns(PACKETS), report


def sequences(columns: Columns, fate: Fate) -> list[int]:
    return sorted(columns["sequence"][columns["fate"] == fate].tolist())


def sent(columns: Columns) -> list[int]:
    """Every attempt but those that a busy machine let slip."""
    return sorted(columns["sequence"][~np.isin(columns["fate"], (Fate.NOT_SENT, Fate.DUPLICATE))].tolist())


class Filtering:
    """A vantage whose sockets drop, in the kernel, each packet whose number at ``offset`` ends in ``low_bits`` zeros."""

    def __init__(self, inner: Vantage, offset: int, low_bits: int) -> None:
        self.name = inner.name
        self.address = inner.address
        self.popen = inner.popen
        self._inner = inner
        self._offset = offset
        self._mask = (1 << low_bits) - 1

    def socket(self, family: socket.AddressFamily, kind: socket.SocketKind, protocol: int = 0) -> socket.socket:
        opened = self._inner.socket(family, kind, protocol)
        load, mask, drop_if_zero, drop, keep = (
            (0x20, 0, 0, 8 + self._offset),
            (0x54, 0, 0, self._mask),
            (0x15, 0, 1, 0),
            (6, 0, 0, 0),
            (6, 0, 0, 0xFFFF),
        )
        code = b"".join(struct.pack("=HBBI", *step) for step in (load, mask, drop_if_zero, drop, keep))
        self._code = ctypes.create_string_buffer(code)
        program = struct.pack("@HP", 5, ctypes.addressof(self._code))
        opened.setsockopt(socket.SOL_SOCKET, 26, program)  # SO_ATTACH_FILTER
        return opened


def test_round_trips_agree_with_a_capture(two_hosts: "TwoHosts", tmp_path: Path) -> None:
    """T1 to T4 of every packet are what tcpdump saw at the sender's interface: half within 50 µs, nearly all within 1 ms."""
    left, right = two_hosts
    file = tmp_path / "left.pcap"
    with capturing(left, file, "udp"):
        columns, report = measured(Pair("p", left.vantage, right.vantage))
    seen = round_trips_ns(file, "10.9.0.1")

    assert report.timestamps == {"p": "kernel"}
    assert sequences(columns, Fate.ANSWERED) == sent(columns) == sorted(seen)
    ours = columns["forward_ns"] + columns["residence_ns"] + columns["reverse_ns"]
    answered = columns["fate"] == Fate.ANSWERED
    pairs = zip(columns["sequence"][answered].tolist(), ours[answered].tolist(), strict=True)
    errors = sorted(abs(round_trip - (seen[sequence][1] - seen[sequence][0])) for sequence, round_trip in pairs)
    assert errors[len(errors) // 2] < 50_000
    assert errors[int(len(errors) * 0.9)] < MILLISECOND
    starts = dict(zip(columns["sequence"].tolist(), columns["sent_ns"].tolist(), strict=True))
    assert sorted(abs(starts[sequence] - seen[sequence][0]) for sequence in seen)[len(seen) // 2] < 50_000


@pytest.mark.parametrize("family", [4, 6])
def test_delays_are_positive_and_ordered_in_both_families(two_hosts: "TwoHosts", family: int) -> None:
    """Over a veth each way takes some time and no second, whichever the family; nothing is lost or overtaken."""
    left, right = two_hosts
    columns, report = measured(Pair("p", left.vantage, right.vantage), parameters=StampParameters(family=4 if family == 4 else 6))

    assert sequences(columns, Fate.ANSWERED) == sent(columns)
    for name in ("forward_ns", "residence_ns", "reverse_ns"):
        values = columns[name][columns["fate"] == Fate.ANSWERED]
        assert not np.ma.getmaskarray(values).any()
        assert 0 < values.min() <= values.max() < 1000 * MILLISECOND
    assert not columns["reordered"].any()
    assert report.error_ns["p"] <= 10_000


@pytest.mark.parametrize("engine", ["plain", "compiled"])
def test_losses_are_located(two_hosts: "TwoHosts", engine: Literal["plain", "compiled"]) -> None:
    """Packets dropped in the kernel before the reflector are lost forward, those dropped before the sender in reverse."""
    left, right = two_hosts
    parameters = StampParameters(timeout_ns=200 * MILLISECOND, engine=engine)
    pair = Pair("p", Filtering(left.vantage, 24, 2), Filtering(right.vantage, 0, 3))

    columns, report = measured(pair, parameters=parameters)

    assert sequences(columns, Fate.LOST_FORWARD) == [sequence for sequence in sent(columns) if sequence % 8 == 0]
    assert sequences(columns, Fate.LOST_REVERSE) == [sequence for sequence in sent(columns) if sequence % 8 == 4]
    assert sequences(columns, Fate.ANSWERED) == [sequence for sequence in sent(columns) if sequence % 4]
    forward = columns["forward_ns"]
    assert not np.ma.getmaskarray(forward[columns["fate"] == Fate.LOST_REVERSE]).any()
    assert np.ma.getmaskarray(forward[columns["fate"] == Fate.LOST_FORWARD]).all()
    for name in ("forward_ttl", "reverse_ttl"):
        assert set(columns[name][columns["fate"] == Fate.ANSWERED].tolist()) == {255}
    assert report.timestamps == {"p": "kernel"}
    assert json.loads(report.evidence["stamp.json"])["pairs"]["p"]["socket_drops"] > 0
    assert json.loads(report.evidence["stamp.json"])["loop"]["engine"] == engine


def test_remote_losses_are_located_by_a_stateful_reflector(two_hosts: "TwoHosts") -> None:
    """Towards `netbench reflect` in another namespace, single losses have their direction too, told by its own numbering."""
    left, right = two_hosts
    process = _reflecting(right, "--port", "8620")
    try:
        source = Filtering(left.vantage, 24, 2)
        columns, report = measured(
            Pair("p", source, RemoteEnd("10.9.0.2", 8620)), parameters=StampParameters(timeout_ns=200 * MILLISECOND)
        )
        six, _ = measured(Pair("p", left.vantage, RemoteEnd("fd09::2", 8620)))
    finally:
        said = _ended(process)

    lost = [sequence for sequence in sent(columns) if sequence % 4 == 0]
    unlocated = sequences(columns, Fate.LOST)
    assert sorted(unlocated + sequences(columns, Fate.LOST_REVERSE)) == lost
    assert report.timestamps == {"p": "kernel"}
    assert sequences(six, Fate.ANSWERED) == sent(six)
    assert process.returncode == 0
    replies = len(sent(columns)) + len(sent(six))
    assert said.startswith(f"{replies} replies to 2 sessions")


def test_a_packet_that_cannot_leave_is_not_sent(two_hosts: "TwoHosts") -> None:
    """When the interface goes down the rest is not sent, with the kernel's reason, and nothing of it is the network's loss."""
    left, right = two_hosts
    sink = Interrupting(lambda: run_inside(left.namespace, lambda: _set_down(left.interface)))

    report = StampProbe(StampParameters(timeout_ns=200 * MILLISECOND)).measure(
        [Pair("p", left.vantage, right.vantage)], Schedule(10 * MILLISECOND, 100), sink, Control()
    )

    columns = sink.columns(PACKETS)
    assert len(sequences(columns, Fate.NOT_SENT)) > 10
    assert sorted(columns["sequence"].tolist()) == list(range(100))
    assert "Network is unreachable" in json.loads(report.evidence["stamp.json"])["pairs"]["p"]["send_errors"]


def test_stop_ends_it_without_inventing_losses(two_hosts: "TwoHosts") -> None:
    """After stop nothing more is sent, answers are kept, and what had no time to be answered is not counted."""
    left, right = two_hosts
    control = Control()
    sink = Interrupting(control.stop)

    StampProbe().measure([Pair("p", left.vantage, right.vantage)], Schedule(10 * MILLISECOND, UNHURRIED), sink, control)

    columns = sink.columns(PACKETS)
    assert 0 < len(columns["sequence"]) < UNHURRIED
    assert not np.isin(columns["fate"], (Fate.LOST, Fate.LOST_FORWARD, Fate.LOST_REVERSE)).any()


def test_many_sessions_in_one_loop(two_hosts: "TwoHosts") -> None:
    """Two hundred sessions, marked and filled: each has its own samples, all of them, and nothing is foreign."""
    left, right = two_hosts
    pairs = [Pair(str(number), left.vantage, right.vantage) for number in range(200)]
    asked = StampParameters(engine="compiled", packet_octets=200, dscp=46, ssid=7)
    sink = MemorySink()
    report = StampProbe(asked).measure(pairs, Schedule(100 * MILLISECOND, 5), sink, Control())
    columns = sink.columns(PACKETS)
    made = np.unique(np.stack([columns["pair"], columns["sequence"]]), axis=1)
    assert made.shape[1] == len(columns["pair"]) == 1000
    assert set(columns["fate"].tolist()) <= {Fate.ANSWERED, Fate.NOT_SENT}
    answered = columns["fate"] == Fate.ANSWERED
    assert answered.any()
    assert set(columns["forward_tos"][answered].tolist()) == set(columns["reverse_tos"][answered].tolist()) == {46 << 2}
    told = json.loads(report.evidence["stamp.json"])["pairs"].values()
    assert all(pair["foreign"] == pair["malformed"] == pair["tlvs"]["unrecognised"] == 0 for pair in told)


def test_unmeasurable_pairs_have_their_reason(two_hosts: "TwoHosts") -> None:
    """One pair without a route is told by name while the other is measured; with none left it is an error."""
    left, right = two_hosts
    lost = Pair("lost", left.vantage, RemoteEnd("203.0.113.1"))
    sink = MemorySink()

    report = StampProbe().measure([lost, Pair("good", left.vantage, right.vantage)], EVERY_10_MS, sink, Control())

    assert report.not_measured == {"lost": "cannot open a test session from left to 203.0.113.1: Network is unreachable"}
    assert set(sink.columns(PACKETS)["pair"].tolist()) == {1}
    with pytest.raises(CannotMeasureError, match=r"203\.0\.113\.1: Network is unreachable"):
        StampProbe().measure([lost], EVERY_10_MS, MemorySink(), Control())


def test_compiled_reflector_leaves_to_python_what_it_cannot_answer(two_hosts: "TwoHosts") -> None:
    """Base packets are numbered a session, in both families and marked alike; a location asked for between them is told."""
    left, right = two_hosts
    process = _reflecting(right, "--port", "8620", "--compiled")
    try:
        marked, _ = measured(Pair("p", left.vantage, RemoteEnd("10.9.0.2", 8620)), parameters=StampParameters(dscp=46))
        asked = StampParameters(tlvs=("location",))
        located, report = measured(Pair("p", left.vantage, RemoteEnd("10.9.0.2", 8620)), Schedule(10 * MILLISECOND, 5), asked)
        six, _ = measured(Pair("p", left.vantage, RemoteEnd("fd09::2", 8620)))
    finally:
        said = _ended(process)

    for columns in (marked, located, six):
        assert sequences(columns, Fate.ANSWERED) == sent(columns)
    assert set(marked["reverse_tos"][marked["fate"] == Fate.ANSWERED].tolist()) == {46 << 2}
    told = json.loads(report.evidence["stamp.json"])["pairs"]["p"]["tlvs"]
    assert told["unrecognised"] == 0
    assert told["told"]["location"]["source"] == "10.9.0.1"
    assert said.startswith(f"{sum(len(sent(columns)) for columns in (marked, located, six))} replies to 3 sessions")


@pytest.mark.parametrize("how", [(), ("--compiled",)], ids=["plain", "compiled"])
def test_strangers_and_nonsense_are_not_answered(two_hosts: "TwoHosts", how: tuple[str, ...]) -> None:
    """A reflector answers 14 octets with 44, ignores 13, and its reply never grows past its request otherwise."""
    left, right = two_hosts
    process = _reflecting(right, "--port", "8620", "-4", *how)
    try:
        with left.vantage.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
            stranger.settimeout(5)
            stranger.connect(("10.9.0.2", 8620))
            for octets in (13, 14, 44, 1000):
                stranger.send(bytes(octets))
            assert [len(stranger.recv(2000)) for _ in range(3)] == [44, 44, 1000]
    finally:
        said = _ended(process)

    assert said.startswith("3 replies to 1 sessions")
    assert "1 ignored, 0 failed" in said


class Interrupting(MemorySink):
    """Does something when the first samples come."""

    def __init__(self, action: Callable[[], None]) -> None:
        super().__init__()
        self._action: Callable[[], None] | None = action

    def write(self, table: Table, columns: Columns) -> None:
        super().write(table, columns)
        if self._action is not None:
            self._action()
            self._action = None


def _set_down(interface: str) -> None:
    with IPRoute() as route:
        route.link("set", index=route.link_lookup(ifname=interface)[0], state="down")


def _reflecting(host: "Host", *options: str) -> "subprocess.Popen[bytes]":
    argv: Sequence[str] = [sys.executable, "-m", "netbench", "reflect", *options]
    process = host.vantage.popen(argv)
    assert process.stderr is not None
    assert b"reflecting STAMP" in process.stderr.readline()
    return process


def _ended(process: "subprocess.Popen[bytes]") -> str:
    process.send_signal(signal.SIGTERM)
    output, errors = process.communicate(timeout=20)
    assert errors == b""
    return output.decode()
