"""Reading what routers say about expired probes, octet by octet as the kernel lays it out."""

import socket
import struct

import pytest

from netbench.linux.trace import Answer, answer_of, hop_limit_of

IP_ERROR = (socket.IPPROTO_IP, 11)
IPV6_ERROR = (socket.IPPROTO_IPV6, 25)


def error(origin: int, icmp_type: int, code: int, offender: bytes) -> bytes:
    """A ``struct sock_extended_err`` and the address of whoever sent the ICMP message (linux/errqueue.h)."""
    return struct.pack("=IBBBBII", 113, origin, icmp_type, code, 0, 0, 0) + offender


def ipv4(address: str) -> bytes:
    return struct.pack("=HH4s8x", socket.AF_INET, 0, socket.inet_pton(socket.AF_INET, address))


def ipv6(address: str) -> bytes:
    return struct.pack("=HHI16sI", socket.AF_INET6, 0, 0, socket.inet_pton(socket.AF_INET6, address), 0)


@pytest.mark.parametrize(
    ("message", "answer"),
    [
        ((*IP_ERROR, error(2, 11, 0, ipv4("10.255.0.7"))), Answer("10.255.0.7", arrived=False)),
        ((*IP_ERROR, error(2, 3, 3, ipv4("10.255.0.9"))), Answer("10.255.0.9", arrived=True)),
        ((*IPV6_ERROR, error(3, 3, 0, ipv6("fd00::7"))), Answer("fd00::7", arrived=False)),
        ((*IPV6_ERROR, error(3, 1, 4, ipv6("fd00::9"))), Answer("fd00::9", arrived=True)),
        ((*IP_ERROR, error(2, 3, 1, ipv4("10.255.0.7"))), None),  # host unreachable: neither expired nor arrived
        ((*IP_ERROR, error(2, 11, 1, ipv4("10.255.0.7"))), None),  # fragment reassembly time exceeded
        ((*IP_ERROR, error(1, 0, 0, ipv4("10.255.0.7"))), None),  # this host's own error
        ((*IP_ERROR, error(4, 11, 0, b"")), None),  # a transmit timestamp
        ((socket.SOL_SOCKET, 29, b"\0" * 16), None),
    ],
)
def test_an_error_says_who_answered_and_whether_the_probe_arrived(message: tuple[int, int, bytes], answer: Answer | None) -> None:
    """Time exceeded means expired there, port unreachable means arrived; everything else is no answer."""
    assert answer_of([message]) == answer


def test_other_control_messages_are_passed_over() -> None:
    """The error is found behind a timestamp."""
    timestamp = (socket.SOL_SOCKET, 29, b"\0" * 16)

    assert answer_of([timestamp, (*IP_ERROR, error(2, 11, 0, ipv4("10.0.0.1")))]) == Answer("10.0.0.1", arrived=False)


def test_a_probe_is_known_by_its_payload() -> None:
    """The quoted payload ends with the hop limit it was sent with; a stranger's or a truncated one says nothing."""
    assert hop_limit_of(b"netbench path \x05") == 5
    assert hop_limit_of(b"netbench path ") is None
    assert hop_limit_of(b"") is None
    assert hop_limit_of(b"something else!") is None
