"""Echoes with real packets, by both kinds of socket and in both families."""

import json
import re
import socket
from pathlib import Path
from typing import Literal

import numpy as np
import pytest

from netbench.errors import CannotMeasureError
from netbench.linux.namespaces import NamespaceVantage, run_inside
from netbench.measure.collect import MemorySink
from netbench.measure.probe import Control, Pair, Schedule
from netbench.measure.samples import PACKETS, Fate
from netbench.measure.vantage import RemoteEnd
from netbench_probes.icmp.probe import IcmpParameters, IcmpProbe
from tests.root.conftest import TwoHosts

SCHEDULE = Schedule(100_000_000, 5)
"""An echo that is later than its interval is not sent: a busy machine is given time."""


def forbidden(family: int, kind: int, protocol: int = 0) -> socket.socket:
    raise PermissionError(1, f"Operation not permitted: {family} {kind} {protocol}")


def allow_datagram_sockets(namespace: int) -> None:
    run_inside(namespace, lambda: Path("/proc/sys/net/ipv4/ping_group_range").write_text("0 2147483647"))


@pytest.mark.parametrize("family", [4, 6])
@pytest.mark.parametrize("kind", ["datagram", "raw"])
def test_echoes_come_back_in_kernel_time(two_hosts: TwoHosts, family: Literal[4, 6], kind: str) -> None:
    """Every echo has a round trip above nothing, its TTL, and no way of its own."""
    left, right = two_hosts
    if kind == "datagram":
        allow_datagram_sockets(left.namespace)
    sink = MemorySink()
    pair = Pair("p", left.vantage, right.vantage)
    report = IcmpProbe(IcmpParameters(family=family, dscp=46)).measure([pair], SCHEDULE, sink, Control())
    columns = sink.columns(PACKETS)
    answered = columns["fate"] == Fate.ANSWERED

    assert report.timestamps == {"p": "kernel"}
    assert report.remarks == {"p": ()}
    assert json.loads(report.evidence["icmp.json"])["p"]["socket"] == kind
    assert int(answered.sum()) + int((columns["fate"] == Fate.NOT_SENT).sum()) == 5
    assert int(answered.sum()) > 0
    assert (columns["round_trip_ns"][answered] > 0).all()
    assert set(columns["reverse_ttl"][answered].tolist()) == {64}
    assert np.ma.getmaskarray(columns["forward_ns"]).all()


def test_nobody_there_is_loss_and_a_remark(two_hosts: TwoHosts) -> None:
    """An address on the far side of a host that knows no way to it: the host's own complaint is told."""
    left, right = two_hosts
    run_inside(right.namespace, lambda: Path("/proc/sys/net/ipv4/ip_forward").write_text("1"))
    run_inside(left.namespace, default_route)
    sink = MemorySink()
    pair = Pair("p", left.vantage, RemoteEnd("192.0.2.1"))
    report = IcmpProbe(IcmpParameters(timeout_ns=200_000_000)).measure([pair], SCHEDULE, sink, Control())
    fates = set(sink.columns(PACKETS)["fate"].tolist())

    assert Fate.LOST in fates <= {Fate.LOST, Fate.NOT_SENT}
    [remark] = report.remarks["p"]
    assert re.fullmatch(r"10\.9\.0\.2 has no route for [1-5] of the packets \(ICMP type 3 code 0\)", remark)


def test_who_may_open_no_socket_is_told_the_cure(two_hosts: TwoHosts) -> None:
    """Neither kind allowed: one sentence with the command."""
    left, _ = two_hosts

    place = NamespaceVantage("left", left.namespace, {socket.AF_INET: "10.9.0.1"})
    place.socket = forbidden  # type: ignore[method-assign]
    with pytest.raises(CannotMeasureError, match=r"sudo sysctl -w net\.ipv4\.ping_group_range='0 2147483647'`, or run as root"):
        IcmpProbe().measure([Pair("p", place, RemoteEnd("10.9.0.2"))], SCHEDULE, MemorySink(), Control())


def default_route() -> None:
    from pyroute2 import IPRoute

    with IPRoute() as route:
        route.route("add", dst="0.0.0.0/0", gateway="10.9.0.2")
