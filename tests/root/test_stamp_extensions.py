"""What STAMP can do beyond its base packets, between namespaces: markings, keys, link-local addresses, follow-ups, any size."""

import json
import socket
import subprocess
import threading
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from pyroute2 import IPRoute

from netbench.linux.namespaces import NamespaceVantage, run_inside
from netbench.measure.collect import MemorySink
from netbench.measure.keys import Key, Keys
from netbench.measure.probe import Control, Pair, Report, Schedule
from netbench.measure.reflector import ReflectorOptions, Served
from netbench.measure.samples import PACKETS, Column, Columns, Fate
from netbench.measure.schedules import due_ns
from netbench.measure.vantage import RemoteEnd, Vantage
from netbench_probes.stamp.patterns import Sizes
from netbench_probes.stamp.probe import StampParameters, StampProbe
from tests.root.stamp_capture import capturing

if TYPE_CHECKING:
    from tests.root.conftest import Host, TwoHosts

MILLISECOND = 1_000_000
SHORT = Schedule(5 * MILLISECOND, 30)
PORT = 8620
PATIENT_NS = 20_000_000_000
SOUTH, NORTH = Key("south", b"southern secret"), Key("north", b"northern secret")


@contextmanager
def reflecting(at: Vantage, **options: object) -> Generator[list[Served]]:
    """A reflector at a place, in a thread; what it did is in the list afterwards."""
    made = ReflectorOptions(port=PORT)
    for name, value in options.items():
        object.__setattr__(made, name, value)
    reflector, control, served = StampProbe.reflector(at, made), Control(), list[Served]()
    thread = threading.Thread(target=lambda: served.append(reflector.serve(control)))
    thread.start()
    try:
        yield served
    finally:
        control.stop()
        thread.join()
        reflector.close()


def measured(
    source: Vantage, destination: Vantage | RemoteEnd, schedule: Schedule = SHORT, **parameters: object
) -> tuple[Columns, Report]:
    sink = MemorySink()
    # nothing here is lost but by intent: a machine that is busy for seconds must not make it look so
    probe = StampProbe(StampParameters(**{"timeout_ns": PATIENT_NS, **parameters}))  # type: ignore[arg-type]
    report = probe.measure([Pair("p", source, destination)], schedule, sink, Control())
    return sink.columns(PACKETS), report


def seen(columns: Columns, name: str) -> set[int]:
    """The values of a column among the answered."""
    answered = columns[name][columns["fate"] == Fate.ANSWERED]
    assert len(answered) > 0
    assert not np.ma.getmaskarray(answered).any()
    return set(answered.tolist())


def lost(columns: Columns) -> int:
    return int(np.isin(columns["fate"], (Fate.LOST, Fate.LOST_FORWARD, Fate.LOST_REVERSE)).sum())


@pytest.fixture
def marked_hosts(two_hosts: "TwoHosts") -> "TwoHosts":
    """Two hosts, of which the right one's network marks what comes with DSCP 10 and takes two from its TTL, as routers may."""
    right = two_hosts[1]
    for rule in (["DSCP", "--set-dscp", "10"], ["TTL", "--ttl-dec", "2"]):
        argv = ["iptables", "-w", "-t", "mangle", "-A", "PREROUTING", "-p", "udp", "-j", *rule]
        try:
            process = right.vantage.popen(argv)
        except OSError:
            pytest.skip("there is no iptables here to stand for a router that marks packets anew")
        _, errors = process.communicate(timeout=20)
        if process.returncode:
            pytest.skip(f"this kernel cannot mark packets anew: {errors.decode().strip()}")
    return two_hosts


def test_a_network_that_marks_anew_is_found_out(marked_hosts: "TwoHosts") -> None:
    """Sent with DSCP 46 and ECN 2, seen with 10 and 2, answered with 12 as asked; TTLs tell the two hops; one remark says it."""
    left, right = marked_hosts
    with reflecting(right.vantage):
        far = RemoteEnd("10.9.0.2", PORT)
        columns, report = measured(left.vantage, far, dscp=46, ecn=2, tlvs=("class-of-service",), reply_dscp=12)

    assert (seen(columns, "forward_tos"), seen(columns, "reverse_tos")) == ({10 << 2 | 2}, {12 << 2})
    assert (seen(columns, "forward_ttl"), seen(columns, "reverse_ttl")) == ({253}, {255})
    answered = int((columns["fate"] == Fate.ANSWERED).sum())
    expected = f"the network marked {answered} of the packets anew on the way there: DSCP 46 became 10"
    assert report.remarks == {"p": (expected,)}

    watched, _ = measured(left.vantage, right.vantage, dscp=46, ecn=2)
    assert (seen(watched, "forward_tos"), seen(watched, "reverse_tos")) == ({10 << 2 | 2}, {46 << 2 | 2})
    assert (seen(watched, "forward_ttl"), seen(watched, "reverse_ttl")) == ({253}, {255})


def test_authenticated_sessions_answer_their_key_alone(two_hosts: "TwoHosts") -> None:
    """With the key of its SSID all is answered, TLVs too; with another, or none, nothing is; between two of ours it works too."""
    left, right = two_hosts
    keys = Keys([SOUTH, NORTH], {17: SOUTH, 18: NORTH})
    far, hasty = RemoteEnd("10.9.0.2", PORT), 100 * MILLISECOND
    with reflecting(right.vantage, keys=keys, authenticated=True) as served:
        good, report = measured(left.vantage, far, key=SOUTH, ssid=17, ssid_needed=True, tlvs=("location", "direct-measurement"))
        wrong, _ = measured(left.vantage, far, key=NORTH, ssid=17, timeout_ns=hasty)
        bare, _ = measured(left.vantage, far, packet_octets=200, timeout_ns=hasty)

    assert (lost(good), report.remarks) == (0, {})
    assert seen(good, "forward_ttl") == {255}
    assert set(wrong["fate"].tolist()) <= {Fate.LOST, Fate.NOT_SENT}
    assert set(bare["fate"].tolist()) <= {Fate.LOST, Fate.NOT_SENT}
    assert (served[0].sessions, served[0].ignored > 0) == (1, True)
    pair, _ = measured(left.vantage, right.vantage, key=SOUTH)
    assert lost(pair) == 0


def test_link_local_ends_and_a_pinned_port(two_hosts: "TwoHosts") -> None:
    """Towards a reflector and between two places of ours, though an interface has another number at either."""
    left, right = (_link_local(host, number) for number, host in enumerate(two_hosts, start=1))
    far = RemoteEnd(f"fe80::2%{left.address(socket.AF_INET6).partition('%')[2]}", PORT)
    with reflecting(right, family=socket.AF_INET6):
        columns, report = measured(left, far, source_port=9862, tlvs=("location",))
    assert lost(columns) == 0
    assert report.remarks == {}  # the far end saw fe80::1 port 9862, as it is
    assert b'"source_port": 9862' in report.evidence["stamp.json"]

    watched, _ = measured(left, right)
    assert lost(watched) == 0


def _link_local(host: "Host", number: int) -> NamespaceVantage:
    index = run_inside(host.namespace, lambda: _add_link_local(host.interface, number))
    return NamespaceVantage(host.interface, host.namespace, {socket.AF_INET6: f"fe80::{number}%{index}"})


def _add_link_local(interface: str, number: int) -> int:
    with IPRoute() as route:
        index = int(route.link_lookup(ifname=interface)[0])
        route.addr("add", index=index, address=f"fe80::{number}", prefixlen=64, flags=0x02)  # IFA_F_NODAD
        return index


def test_follow_ups_agree_with_a_capture(two_hosts: "TwoHosts", tmp_path: Path) -> None:
    """T3 of every reply is when tcpdump saw it leave the far end; sizes, formats, ports and times are what tshark reads."""
    left, right = two_hosts
    file = tmp_path / "right.pcap"
    schedule = Schedule(10 * MILLISECOND, 50, "poisson", 3)
    asked = {"tlvs": ("follow-up",), "sizes": "imix", "timestamps": "ptp", "source_port": 9862, "ttl": 77}
    with reflecting(right.vantage), capturing(right, file, "udp"):
        columns, report = measured(left.vantage, RemoteEnd("10.9.0.2", PORT), schedule, **asked)

    packets = _dissected(file)
    requests, replies = (
        [row[1:] for row in packets if row[0] == str(PORT)],
        [row[1:] for row in packets if row[0] == "9862"],
    )
    sent = sorted(columns["sequence"][columns["fate"] != Fate.NOT_SENT].tolist())
    assert {int(row[0]) for row in requests} >= set(sent)
    assert all(row[1:5] == ["77", "9862", "1", str(_udp_octets(int(row[0])))] for row in requests)
    assert {row[5] for row in replies} == {"77"}
    assert lost(columns) == 0
    assert json.loads(report.evidence["stamp.json"])["pairs"]["p"]["claimed_departures"] == 0
    assert report.error_ns == {"p": 10_000}
    left_ns = {int(row[6]): int(row[7].replace(".", "")) for row in replies}
    whole = columns["sent_ns"] + columns["forward_ns"] + columns["residence_ns"]
    errors = sorted(abs(at_ns - left_ns[sequence]) for sequence, at_ns in _answered(columns, whole))
    assert errors[len(errors) // 2] < 50_000
    assert errors[int(len(errors) * 0.9)] < MILLISECOND
    _check_times(columns, schedule)


def _check_times(columns: Columns, schedule: Schedule) -> None:
    """Taking off how late each left, they left at the times of the schedule: most to the millisecond, from the middle one on."""
    due = due_ns(schedule)
    apart = np.array(
        [at_ns - due[sequence] for sequence, at_ns in _answered(columns, columns["sent_ns"] - columns["send_late_ns"])]
    )
    assert np.median(np.abs(apart - np.median(apart))) < MILLISECOND
    assert min(seen(columns, "send_late_ns")) >= 0


def _answered(columns: Columns, values: Column) -> Iterator[tuple[int, int]]:
    chosen = columns["fate"] == Fate.ANSWERED
    return zip(columns["sequence"][chosen].tolist(), values[chosen].tolist(), strict=True)


def _udp_octets(sequence: int) -> int:
    """A header of 8 octets; the smallest of the mix has as much as the question needs."""
    return 8 + max(44 + 20, Sizes("imix").of(sequence))


def _dissected(file: Path) -> list[list[str]]:
    fields = ["udp.dstport", "twamp.test.seq_number", "ip.ttl", "udp.srcport", "twamp.test.error_estimate.z", "udp.length"]
    fields += ["twamp.test.sender_ttl", "twamp.test.sender_seq_number", "frame.time_epoch"]
    wanted = [argument for field in fields for argument in ("-e", field)]
    command = ["tshark", "-r", str(file), "-d", f"udp.port=={PORT},twamp.test", "-T", "fields", "-E", "occurrence=f", *wanted]
    done = subprocess.run(command, capture_output=True, check=True, text=True)
    return [line.split("\t") for line in done.stdout.splitlines()]
