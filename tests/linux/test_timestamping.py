"""Kernel timestamps on loopback, against the clock read before and after."""

import socket
import time
from collections.abc import Iterator
from contextlib import closing

import pytest

from netbench.linux.timestamping import SETTLING_NS, StampedSocket

LOOPBACK = {socket.AF_INET: "127.0.0.1", socket.AF_INET6: "::1"}
SLACK_NS = 1_000_000
"""The coarse part of the clock that a stamp may be read from is finer than this."""

Ends = tuple[StampedSocket, StampedSocket]


@pytest.fixture(params=[socket.AF_INET, socket.AF_INET6], ids=["ipv4", "ipv6"])
def ends(request: pytest.FixtureRequest) -> Iterator[Ends]:
    family: socket.AddressFamily = request.param
    sender, receiver = (socket.socket(family, socket.SOCK_DGRAM) for _ in range(2))
    with closing(sender), closing(receiver):
        for opened in (sender, receiver):
            opened.bind((LOOPBACK[family], 0))
        sender.connect(receiver.getsockname())
        receiver.connect(sender.getsockname())
        both = StampedSocket(sender), StampedSocket(receiver)
        time.sleep(SETTLING_NS / 1e9)  # the kernel's own latency to begin stamping: no argument stands for it
        yield both


def wall_ns() -> int:
    return time.clock_gettime_ns(time.CLOCK_REALTIME)


def test_stamps_lie_between_send_and_read(ends: Ends) -> None:
    """The transmit stamp comes with the packet's token, the receive stamp after it, both within the time that passed."""
    sender, receiver = ends
    before = wall_ns()
    sender.send(b"x" * 44, 17, before)
    received, transmitted = receiver.receive(), sender.transmitted()
    after = wall_ns()

    assert received is not None
    assert transmitted is not None
    assert received.stamp_ns is not None
    token, transmit_ns = transmitted
    assert token == 17
    assert before <= transmit_ns <= received.stamp_ns <= after
    assert received.hop_limit == 64
    assert sender.transmitted() is None
    assert receiver.receive() is None


def test_tokens_stay_with_their_packets_after_failed_sends(ends: Ends) -> None:
    """A send that the kernel refuses shifts no later packet's stamp to another."""
    sender, _ = ends
    stamps: list[tuple[int, int]] = []
    for token, octets in enumerate((b"a", bytes(65_536), b"b", bytes(65_536), b"c")):
        try:
            sender.send(octets, token, wall_ns())
        except OSError:
            assert len(octets) > 65_507
        while (stamp := sender.transmitted()) is not None:
            stamps.append(stamp)

    assert [token for token, _ in stamps] == [0, 2, 4]
    assert stamps == sorted(stamps, key=lambda stamp: stamp[1])


def test_refusal_is_told_once_and_the_socket_lives_on(ends: Ends) -> None:
    """An ICMP error raises in a read, and then the socket works as before."""
    sender, receiver = ends
    receiver.close()
    sender.send(b"x", 0, wall_ns())

    with pytest.raises(ConnectionRefusedError):
        sender.receive()
    assert sender.receive() is None
