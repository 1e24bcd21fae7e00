"""The iperf3 probe between namespaces, held to what the interfaces and the queue disciplines counted."""

import os
import signal
import socket
import threading
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from pyroute2 import IPRoute

from netbench.errors import CannotMeasureError
from netbench.linux.namespaces import NamespaceVantage, run_inside
from netbench.measure.probe import Control, Pair, Report, Schedule
from netbench.measure.samples import INTERVALS, Columns, Table, Turn
from netbench.measure.vantage import RemoteEnd, Vantage
from netbench_probes.iperf3 import trial
from netbench_probes.iperf3.parameters import Parameters
from netbench_probes.iperf3.probe import Iperf3Probe
from netbench_probes.iperf3.result import told

if TYPE_CHECKING:
    import subprocess

    from tests.root.conftest import Host, TwoHosts

SHORT = Schedule(interval_ns=500_000_000, count=2)


class Rows:
    """A sink that keeps what it is given, and may act on it."""

    def __init__(self, act: Callable[[], None] = lambda: None) -> None:
        self.batches: list[Columns] = []
        self._act = act

    def write(self, table: Table, columns: Columns) -> None:
        assert table is INTERVALS
        assert set(columns) == {field.name for field in table.fields}
        assert len({len(column) for column in columns.values()}) == 1
        self.batches.append(columns)
        self._act()

    def column(self, name: str, *, pair: int = 0, turn: Turn = Turn.FORWARD) -> "np.ma.MaskedArray[Any, Any]":
        chosen = [batch[name][(batch["pair"] == pair) & (batch["turn"] == int(turn))] for batch in self.batches]
        values = np.concatenate([np.ma.getdata(each) for each in chosen])
        return np.ma.masked_array(values, mask=np.concatenate([np.ma.getmaskarray(each) for each in chosen]))

    def rate_bps(self, *, pair: int = 0, turn: Turn = Turn.FORWARD) -> float:
        received = self.column("received_bytes", pair=pair, turn=turn).sum()
        return float(received * 8e9 / self.column("duration_ns", pair=pair, turn=turn).sum())


class Watched:
    """A vantage that remembers the processes started in it."""

    def __init__(self, vantage: Vantage) -> None:
        self._vantage = vantage
        self.processes: list[subprocess.Popen[bytes]] = []

    @property
    def name(self) -> str:
        return self._vantage.name

    def address(self, family: socket.AddressFamily) -> str:
        return self._vantage.address(family)

    def socket(self, family: socket.AddressFamily, kind: socket.SocketKind, protocol: int = 0) -> socket.socket:
        return self._vantage.socket(family, kind, protocol)

    def popen(self, argv: Sequence[str]) -> "subprocess.Popen[bytes]":
        self.processes.append(self._vantage.popen(argv))
        return self.processes[-1]


def measure(pairs: Sequence[Pair], sink: Rows, parameters: Parameters | None = None, control: Control | None = None) -> Report:
    return Iperf3Probe(parameters).measure(pairs, SHORT, sink, control or Control())


def arrived_bytes(host: "Host") -> int:
    """What the host's interface counted as received, link-layer headers included."""

    def count() -> int:
        with IPRoute() as route:
            (link,) = route.get_links(route.link_lookup(ifname=host.interface)[0])
            return int(link.get_attr("IFLA_STATS64")["rx_bytes"])

    return run_inside(host.namespace, count)


def command(host: "Host", *argv: str) -> None:
    process = host.vantage.popen(argv)
    _, complaint = process.communicate(timeout=20)
    assert process.returncode == 0, complaint


@contextmanager
def iperf3_server(host: "Host", *options: str) -> Generator[None]:
    """Debian's own iperf3 serving at the host, ready."""
    process = host.vantage.popen(["iperf3", "-s", "--forceflush", *options])
    try:
        assert process.stdout is not None
        while b"listening" not in process.stdout.readline():
            assert process.poll() is None
        yield
    finally:
        process.kill()
        process.communicate()


@contextmanager
def answering(host: "Host", answer: Callable[[socket.socket], None]) -> Generator[int]:
    """The port of something that listens at the host, is no iperf3, and answers one connection."""
    with host.vantage.socket(socket.AF_INET, socket.SOCK_STREAM) as listener:
        listener.bind(("10.9.0.2", 0))
        listener.listen()

        def serve() -> None:
            connection, _ = listener.accept()
            with connection:
                answer(connection)

        thread = threading.Thread(target=serve)
        thread.start()
        yield int(listener.getsockname()[1])
        thread.join()


def test_what_is_received_is_what_the_interfaces_counted(two_hosts: "TwoHosts") -> None:
    """In both directions, within the headers and what was under way when the last interval ended."""
    left, right = two_hosts
    before = arrived_bytes(left), arrived_bytes(right)
    rows = Rows()
    report = measure([Pair("a", left.vantage, right.vantage)], rows, Parameters(turns=("forward", "reverse")))
    after = arrived_bytes(left), arrived_bytes(right)
    assert report.not_measured == {}
    assert report.timestamps == {"a": "user"}
    for turn, host in ((Turn.FORWARD, 1), (Turn.REVERSE, 0)):
        assert rows.column("received_bytes", turn=turn).sum() == pytest.approx(after[host] - before[host], rel=0.07)


def test_intervals_follow_one_another(two_hosts: "TwoHosts") -> None:
    """Every interval of the schedule is there, begins where the last one ended, and carries the sender's TCP state."""
    left, right = two_hosts
    rows = Rows()
    measure([Pair("a", left.vantage, right.vantage)], rows)
    start_ns, duration_ns = rows.column("start_ns"), rows.column("duration_ns")
    assert len(start_ns) == SHORT.count
    assert start_ns[1] - start_ns[0] == pytest.approx(duration_ns[0], abs=1_000_000)
    assert duration_ns.sum() == pytest.approx(SHORT.duration_ns, rel=0.2)
    for name in ("retransmits", "round_trip_ns", "congestion_window_bytes"):
        assert not np.ma.getmaskarray(rows.column(name)).any()
    assert (rows.column("round_trip_ns") > 0).all()
    assert (rows.column("congestion_window_bytes") > 1448).all()


def test_the_far_end_counts_the_same(two_hosts: "TwoHosts") -> None:
    """The samples agree with iperf3's own count at the receiving end, which is in the evidence with both ends' accounts."""
    left, right = two_hosts
    rows = Rows()
    report = measure([Pair("a", left.vantage, right.vantage)], rows, Parameters(congestion_control="reno"))
    assert set(report.evidence) == {"iperf3-a-forward-client.json", "iperf3-a-forward-server.json"}
    account = told(report.evidence["iperf3-a-forward-client.json"].decode())
    assert account.congestion_control == "reno"
    assert account.received_bytes == pytest.approx(rows.column("received_bytes").sum(), rel=0.05)


def test_a_shaped_link_gives_its_rate(two_hosts: "TwoHosts") -> None:
    """A token bucket of 50 Mbit/s counts Ethernet frames: 1448 octets of payload in 1514 make 47.8 Mbit/s."""
    left, right = two_hosts
    command(left, "tc", "qdisc", "add", "dev", "left", "root", "tbf", "rate", "50mbit", "burst", "32kb", "latency", "20ms")
    rows = Rows()
    schedule = Schedule(interval_ns=500_000_000, count=4)
    parameters = Parameters(omit_ns=1_000_000_000)
    Iperf3Probe(parameters).measure([Pair("a", left.vantage, right.vantage)], schedule, rows, Control())
    assert len(rows.column("start_ns")) == schedule.count
    assert rows.rate_bps() == pytest.approx(47.8e6, rel=0.1)


def test_three_pairs_at_once_over_ipv6(two_hosts: "TwoHosts") -> None:
    """Each pair has its own rows, and together they are what the interface counted: 1428 octets of payload in 1514."""
    left, right = two_hosts
    command(left, "tc", "qdisc", "add", "dev", "left", "root", "tbf", "rate", "60mbit", "burst", "32kb", "latency", "50ms")
    rows = Rows()
    pairs = [Pair(name, left.vantage, right.vantage) for name in "abc"]
    before = arrived_bytes(right)
    report = Iperf3Probe(Parameters(family="ipv6")).measure(pairs, Schedule(500_000_000, 4), rows, Control())
    arrived = arrived_bytes(right) - before
    assert report.not_measured == {}
    assert [len(rows.column("start_ns", pair=pair)) for pair in range(3)] == [4, 4, 4]
    received = sum(int(rows.column("received_bytes", pair=pair).sum()) for pair in range(3))
    assert received == pytest.approx(arrived * 1428 / 1514, rel=0.07)
    assert b"fd09::2" in report.evidence["iperf3-b-forward-client.json"]


def test_more_json_than_a_pipe_holds(two_hosts: "TwoHosts") -> None:
    """64 streams make more than 64 KiB of JSON at each end; all of it comes, and the rows are of all streams together."""
    left, right = two_hosts
    rows = Rows()
    report = measure([Pair("a", left.vantage, right.vantage)], rows, Parameters(streams=64))
    assert report.not_measured == {}
    assert all(len(text) > 65536 for text in report.evidence.values())
    account = told(report.evidence["iperf3-a-forward-client.json"].decode())
    assert account.received_bytes == pytest.approx(rows.column("received_bytes").sum(), rel=0.25)


@pytest.mark.parametrize(("family", "rate_bps"), [("ipv4", None), ("ipv6", 80_000_000)])
def test_a_server_that_somebody_else_runs(two_hosts: "TwoHosts", family: Any, rate_bps: int | None) -> None:
    """Debian's iperf3 is measured in both directions, no faster than it was told, over all streams; what its sender's TCP knew is
    masked, for it does not tell."""
    left, right = two_hosts
    host = {"ipv4": "10.9.0.2", "ipv6": "fd09::2"}[family]
    rows = Rows()
    with iperf3_server(right):
        parameters = Parameters(family=family, turns=("forward", "reverse"), rate_bps=rate_bps, streams=2 if rate_bps else 1)
        before = arrived_bytes(left), arrived_bytes(right)
        report = measure([Pair("a", left.vantage, RemoteEnd(host))], rows, parameters)
        after = arrived_bytes(left), arrived_bytes(right)
    assert report.not_measured == {}
    assert not np.ma.getmaskarray(rows.column("round_trip_ns")).any()
    assert np.ma.getmaskarray(rows.column("round_trip_ns", turn=Turn.REVERSE)).all()
    for turn, side in ((Turn.FORWARD, 1), (Turn.REVERSE, 0)):
        received = rows.column("received_bytes", turn=turn).sum()
        assert received == pytest.approx(after[side] - before[side], rel=0.07)
        assert rate_bps is None or 8e9 * received / rows.column("duration_ns", turn=turn).sum() < 1.25 * rate_bps


def test_nobody_listens(two_hosts: "TwoHosts") -> None:
    """A refused pair has its reason and no rows; the pair beside it is measured; alone it is an error."""
    left, right = two_hosts
    refused = Pair("dark", left.vantage, RemoteEnd("10.9.0.2", 5999))
    rows = Rows()
    report = measure([refused, Pair("a", left.vantage, right.vantage)], rows)
    assert list(report.not_measured) == ["dark"]
    assert "10.9.0.2 port 5999" in report.not_measured["dark"]
    assert "Connection refused" in report.not_measured["dark"]
    assert len(rows.column("start_ns", pair=0)) == 0
    assert len(rows.column("start_ns", pair=1)) == SHORT.count
    with pytest.raises(CannotMeasureError, match="Connection refused"):
        measure([refused], Rows())


def test_nobody_is_there(two_hosts: "TwoHosts") -> None:
    """An address that no host answers for is given up after the time asked for."""
    left, _ = two_hosts
    with pytest.raises(CannotMeasureError, match=r"10\.9\.0\.77 port 5201"):
        measure([Pair("a", left.vantage, RemoteEnd("10.9.0.77"))], Rows(), Parameters(connect_timeout_ns=300_000_000))


def test_a_busy_server(two_hosts: "TwoHosts") -> None:
    """iperf3 serves one client at a time; another is told so."""
    left, right = two_hosts
    with iperf3_server(right):
        other = left.vantage.popen(["iperf3", "-c", "10.9.0.2", "-t", "30", "-b", "1M", "-i", "0.1", "--forceflush"])
        try:
            assert other.stdout is not None
            while b"sec" not in other.stdout.readline():  # its first interval: it is being served
                assert other.poll() is None
            with pytest.raises(CannotMeasureError, match="the server is busy running a test"):
                measure([Pair("a", left.vantage, RemoteEnd("10.9.0.2"))], Rows())
        finally:
            other.kill()
            other.communicate()


def test_a_server_that_speaks_something_else(two_hosts: "TwoHosts") -> None:
    """Nonsense ends in a sentence."""
    left, right = two_hosts
    with (
        answering(right, lambda connection: connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")) as port,
        pytest.raises(CannotMeasureError, match=f"10.9.0.2 port {port}: "),
    ):
        measure([Pair("a", left.vantage, RemoteEnd("10.9.0.2", port))], Rows())


def test_a_server_that_says_nothing(two_hosts: "TwoHosts", monkeypatch: pytest.MonkeyPatch) -> None:
    """Silence ends in a sentence when patience does."""
    monkeypatch.setattr(trial, "_DIALOGUE_NS", 0)
    left, right = two_hosts
    with right.vantage.socket(socket.AF_INET, socket.SOCK_STREAM) as listener:
        listener.bind(("10.9.0.2", 5201))
        listener.listen()
        with pytest.raises(CannotMeasureError, match=r"did not begin the test within 0\.5 s"):
            measure([Pair("a", left.vantage, RemoteEnd("10.9.0.2"))], Rows(), Parameters(connect_timeout_ns=500_000_000))


def test_the_server_is_killed_in_the_middle(two_hosts: "TwoHosts") -> None:
    """What was measured before is kept, the reason is given, and nothing is left running."""
    left, right = two_hosts
    near, far = Watched(left.vantage), Watched(right.vantage)
    rows = Rows(lambda: os.kill(far.processes[0].pid, signal.SIGKILL))
    report = measure([Pair("a", near, far)], rows)
    assert len(rows.column("start_ns")) == 1
    assert (rows.column("received_bytes") > 0).all()
    assert report.not_measured["a"].startswith("a forward: the iperf3 server at 10.9.0.2 port")
    assert_all_gone(near, far)


def test_stopped_in_the_middle(two_hosts: "TwoHosts") -> None:
    """What was measured before is kept, the second turn is not begun, and nothing is left running."""
    left, right = two_hosts
    near, far = Watched(left.vantage), Watched(right.vantage)
    control = Control()
    rows = Rows(control.stop)
    report = measure([Pair("a", near, far)], rows, Parameters(turns=("forward", "reverse")), control)
    assert len(rows.column("start_ns")) == 1
    assert report.not_measured == {"a": "a forward: stopped before the end; a reverse: stopped before it began"}
    assert_all_gone(near, far)


def test_stopped_before_the_first_interval(two_hosts: "TwoHosts") -> None:
    """No samples, no error: the caller knows, and the pair says so."""
    left, right = two_hosts
    control = Control()
    control.stop()
    report = measure([Pair("a", left.vantage, right.vantage)], Rows(), control=control)
    assert report.not_measured == {"a": "a forward: stopped before it began"}


def test_nothing_is_left_running(two_hosts: "TwoHosts") -> None:
    """After a test that went well both processes are reaped."""
    left, right = two_hosts
    near, far = Watched(left.vantage), Watched(right.vantage)
    measure([Pair("a", near, far)], Rows())
    assert_all_gone(near, far)


def test_a_family_that_one_end_lacks(two_hosts: "TwoHosts") -> None:
    """Any family means one that both ends have."""
    left, right = two_hosts
    only_six = NamespaceVantage("right", right.namespace, {socket.AF_INET6: "fd09::2"})
    report = measure([replace(Pair("a", left.vantage, right.vantage), destination=only_six)], Rows())
    assert b"fd09::2" in report.evidence["iperf3-a-forward-client.json"]


def assert_all_gone(*places: Watched) -> None:
    for place in places:
        assert place.processes
        assert all(process.returncode is not None for process in place.processes)
