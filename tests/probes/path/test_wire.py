"""The marks of probes, and the sockets' own part in them, byte by byte."""

import socket
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netbench.linux.icmp_errors import IcmpError, Saying
from netbench.linux.icmp_extensions import internet_checksum
from netbench.linux.timestamping import Received
from netbench_probes.path.sockets import EchoFlow, UdpFlow
from netbench_probes.path.wire import ProbeId, decode_mark, encode_mark
from tests.fuzz import path_quotes

NONCE = b"nonce!"


def error(quoted: bytes) -> IcmpError:
    return IcmpError("10.0.0.1", 11, 0, Saying.EXPIRED, None, quoted, None, None, None)


@pytest.fixture
def udp() -> Iterator[UdpFlow]:
    made = UdpFlow(socket.socket(socket.AF_INET, socket.SOCK_DGRAM), NONCE)
    yield made
    made.channel.close()


@pytest.fixture
def echo() -> Iterator[EchoFlow]:
    # what makes echoes is not asked of the kernel here, only how they look
    made = EchoFlow(socket.socket(socket.AF_INET, socket.SOCK_DGRAM), NONCE, 3, raw=False)
    yield made
    made.channel.close()


IDENTITIES = st.builds(ProbeId, st.integers(0, 0xFFFFFFFF), st.integers(0, 0xFFFF), st.integers(0, 255))


def test_a_mark_octet_by_octet() -> None:
    """Nonce, round, flow, hop, then zeros."""
    assert encode_mark(NONCE, ProbeId(1, 2, 3), 15).hex() == NONCE.hex() + "00000001" + "0002" + "03" + "0000"


@given(IDENTITIES, st.integers(0, 100))
def test_a_mark_is_known_again(identity: ProbeId, octets: int) -> None:
    """With whatever follows it; not when cut, not with another nonce."""
    mark = encode_mark(NONCE, identity, octets)

    assert decode_mark(mark + b"padding", NONCE) == identity
    assert decode_mark(mark[:12], NONCE) is None
    assert decode_mark(mark, b"others") is None


def test_a_udp_flow_reads_quotes(udp: UdpFlow) -> None:
    """A whole mark names the probe, a cut one does not, another's is refused; the headers count as quoted."""
    payload = udp.encode(ProbeId(7, 1, 2), 64)

    assert len(payload) == 64 - 28
    assert udp.quoted(error(payload)) == ProbeId(7, 1, 2)
    assert udp.quoted(error(payload[:5])) is None
    assert udp.quoted(error(b"")) is None
    assert udp.quoted_octets(error(payload)) == 64
    for strange in (b"x" * 20, b"x"):
        with pytest.raises(ValueError, match="no probe of ours"):
            udp.quoted(error(strange))


def test_the_echoes_of_a_flow_have_one_checksum(echo: EchoFlow) -> None:
    """Whatever round and hop: routers that look at it send all of them the same way."""
    identities = [ProbeId(sequence, 3, hop) for sequence in (0, 1, 70_000) for hop in (0, 1, 30)]
    messages = [echo.encode(identity, octets) for identity in identities for octets in (64, 200)]

    assert {message[2:4] for message in messages} == {messages[0][2:4]}
    assert all(internet_checksum(message) == 0 for message in messages)
    assert {len(message) for message in messages} == {64 - 20, 200 - 20}


def test_an_echo_flow_reads_quotes_and_replies(echo: EchoFlow) -> None:
    """Its requests in errors, its replies, and no other flow's."""
    request = echo.encode(ProbeId(9, 3, 4), 64)
    reply = b"\0\0" + request[2:]

    assert echo.quoted(error(request)) == ProbeId(9, 3, 4)
    assert echo.quoted(error(request[:8])) is None
    assert echo.quoted_octets(error(request)) == 64
    arrived = echo.arrived(Received(reply, ("10.0.0.9", 0), None, None, []))
    assert arrived is not None
    assert (arrived.identity, arrived.icmp_type) == (ProbeId(9, 3, 4), 0)
    other = echo.encode(ProbeId(9, 4, 4), 64)
    assert echo.arrived(Received(b"\0\0" + other[2:], ("10.0.0.9", 0), None, None, [])) is None
    assert echo.arrived(Received(request, ("10.0.0.9", 0), None, None, [])) is None
    with pytest.raises(ValueError, match="no request of ours"):
        echo.quoted(error(reply))


def test_mutated_quotes_are_survived() -> None:
    """The fuzz target, shortly."""
    path_quotes.fuzz(seed=3, count=2_000)
