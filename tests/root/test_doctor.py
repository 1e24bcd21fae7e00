"""The doctor's trials against what other programs find in namespaces of their own."""

import os
import socket
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from netbench.clock import SystemClock
from netbench.errors import UnsupportedError
from netbench.linux.doctor import Finding, examine
from netbench.linux.timestamping import StampedSocket
from netbench.linux.trials import transmit_stamp_delay_ns

if TYPE_CHECKING:
    from tests.root.conftest import TwoHosts

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="needs root to make network namespaces: run under `unshare -Urn`")


@pytest.fixture(scope="module")
def findings() -> dict[str, Finding]:
    """What the doctor finds here."""
    return {finding.name: finding for finding in examine()}


def succeeds(*argv: str) -> bool:
    """Whether a command succeeds in a network namespace of its own."""
    return subprocess.run(["unshare", "--net", *argv], check=False, capture_output=True).returncode == 0


def test_netem_is_what_tc_says(findings: dict[str, Finding]) -> None:
    """netem is there exactly when tc can add it."""
    assert findings["netem"].ok == succeeds("tc", "qdisc", "add", "dev", "lo", "root", "netem", "delay", "1ms")


def test_what_the_tests_stand_on_is_there(findings: dict[str, Finding]) -> None:
    """Where these tests run, namespaces, packet sockets and transmit stamps are there, and the doctor says so."""
    assert [name for name in ("sandbox", "packet_sockets", "tx_timestamps") if not findings[name].ok] == []


def test_trials_leave_no_interface(findings: dict[str, Finding]) -> None:
    """The veth pair of the trials was made elsewhere, and went with its namespace."""
    assert findings["tx_timestamps"].ok
    assert not {"left", "right"} & {name for _, name in socket.if_nameindex()}


def test_transmit_stamp_lies_between_the_clocks_readings(two_hosts: "TwoHosts") -> None:
    """The kernel's stamp is not before the send began and not after it was known."""
    left, right = two_hosts
    with left.vantage.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.connect((right.vantage.address(socket.AF_INET), 9))
        before = SystemClock().now()
        delay_ns = transmit_stamp_delay_ns(StampedSocket(sender), before.wall_ns)

        assert 0 <= delay_ns <= SystemClock().now().since_ns(before)


def test_packet_that_never_leaves_has_no_stamp(two_hosts: "TwoHosts") -> None:
    """A datagram that waits for a neighbour who is not there was not transmitted: no stamp is made up for it."""
    left, _ = two_hosts
    with left.vantage.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.connect(("10.9.0.77", 9))

        with pytest.raises(UnsupportedError, match="no transmit timestamp came back"):
            transmit_stamp_delay_ns(StampedSocket(sender), SystemClock().now().wall_ns)


def test_trials_run_as_a_program() -> None:
    """The trials print one JSON object, and nothing else, in any network namespace."""
    done = subprocess.run(
        ["unshare", "--net", sys.executable, "-P", "-m", "netbench.linux.trials"], check=False, capture_output=True, text=True
    )

    assert (done.returncode, done.stderr, done.stdout[:1]) == (0, "", "{")
