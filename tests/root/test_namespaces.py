"""Sockets and processes live where they were made, and the caller's thread never moves."""

import socket
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.root.conftest import TwoHosts


def test_datagram_crosses_the_veth(two_hosts: "TwoHosts") -> None:
    """A socket made in one namespace reaches one made in the other, in both families."""
    left, right = two_hosts
    for family in (socket.AF_INET, socket.AF_INET6):
        with (
            left.vantage.socket(family, socket.SOCK_DGRAM) as sender,
            right.vantage.socket(family, socket.SOCK_DGRAM) as receiver,
        ):
            receiver.bind((right.vantage.address(family), 9000))
            receiver.settimeout(5)
            sender.sendto(b"hello", (right.vantage.address(family), 9000))

            assert receiver.recv(100) == b"hello"


def test_process_starts_inside_and_caller_stays(two_hosts: "TwoHosts") -> None:
    """A process sees the namespace's interfaces; the calling thread still sees its own."""
    before = Path("/proc/thread-self/ns/net").readlink()

    with two_hosts[0].vantage.popen(["ip", "-o", "link"]) as process:
        seen = process.communicate(timeout=10)[0]

    assert b"left" in seen
    assert Path("/proc/thread-self/ns/net").readlink() == before
