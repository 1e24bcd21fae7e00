"""Many datagrams in one call."""

import socket

import pytest

from netbench.linux.batches import Batch, send_burst


def test_every_datagram_arrives_whole_and_in_order() -> None:
    """Of different lengths, over loopback."""
    datagrams = [f"{number}".encode() * (number * 37 + 1) for number in range(30)]
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver:
        receiver.bind(("127.0.0.1", 0))
        receiver.settimeout(5)
        sender.connect(receiver.getsockname())

        assert Batch(datagrams).send(sender) == 30
        assert [receiver.recv(4096) for _ in datagrams] == datagrams


def test_what_the_kernel_refuses_altogether_is_an_error() -> None:
    """A socket that is not connected has nowhere to send to."""
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender,
        pytest.raises(OSError, match=r"[Dd]estination address required"),
    ):
        Batch([b"lost"]).send(sender)


def test_a_burst_arrives_as_its_datagrams() -> None:
    """A hundred of one length, more than the kernel segments at once: none is joined to another, none is missing."""
    datagrams = [f"{number:08}".encode() * 100 for number in range(100)]
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver:
        receiver.bind(("127.0.0.1", 0))
        receiver.settimeout(5)
        sender.connect(receiver.getsockname())

        assert send_burst(sender, datagrams) == 100
        assert [receiver.recv(4096) for _ in datagrams] == datagrams
