"""The server over loopback, driven step by step with a clock that stands still: whom it answers, and what it lets nobody take."""

import errno
import resource
import socket
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest

from netbench.errors import CannotMeasureError, UsageError
from netbench.linux.namespaces import HostVantage
from netbench.measure.keys import Key
from netbench.measure.probe import Control
from netbench.measure.reflector import ReflectorOptions
from netbench_probes.stamp.wire import decode_reflector
from netbench_probes.twamp.server import TwampServer
from netbench_probes.twamp.server_session import Limits
from netbench_probes.twamp.wire import (
    SessionRequest,
    StopSessions,
    address_field,
    decode_accept_session,
    decode_greeting,
    encode_request,
    encode_stop_sessions,
)
from tests.probes.twamp import exchange
from tests.probes.twamp.peers import LOOPBACK, Looks, ManualClock, Stepped, exactly, stepped, udp

PACKET = bytes.fromhex("00000007ec9d2a00800000008a14") + bytes(range(30))
IP_TOS = 1


def request(sender: socket.socket, **change: object) -> bytes:
    port = sender.getsockname()[1]
    asked = SessionRequest(ip_version=4, sender_port=port, receiver_port=0, padding_octets=30, timeout=1 << 32)
    return encode_request(replace(asked, **change))  # type: ignore[arg-type]


def set_up(bed: Stepped) -> socket.socket:
    client = bed.connect()
    assert decode_greeting(exactly(client, 64)).modes == 0x41
    assert bed.told(client, exchange.SET_UP_RESPONSE, 48)[15] == 0
    return client


def agreed(bed: Stepped, sender: socket.socket, **change: object) -> tuple[socket.socket, int]:
    """Return the control connection of a running session and the port of its reflector."""
    client = set_up(bed)
    accepted = decode_accept_session(bed.told(client, request(sender, **change), 48))
    assert accepted.accept == 0
    assert bed.told(client, exchange.START_SESSIONS, 32) == exchange.START_ACK
    return client, accepted.port


def reflected(bed: Stepped, sender: socket.socket, port: int) -> bytes:
    sender.sendto(PACKET, (LOOPBACK, port))
    bed.until_readable(sender)
    return sender.recv(2000)


def unanswered(bed: Stepped, sender: socket.socket, port: int) -> bool:
    sender.sendto(PACKET, (LOOPBACK, port))
    bed.step()
    sender.setblocking(False)
    try:
        sender.recv(2000)
    except OSError as error:
        # a port that is closed again refuses
        return error.errno in (errno.EAGAIN, errno.ECONNREFUSED)
    return False


def test_a_session_from_its_request_to_its_stop() -> None:
    """Nothing is reflected before the start; then each packet once, by the reflector's own count; after the stop, its timeout."""
    with stepped() as bed, udp() as sender:
        client = set_up(bed)
        accepted = decode_accept_session(bed.told(client, request(sender), 48))
        assert accepted.sid[:4] == exchange.LOOPBACK.packed
        assert unanswered(bed, sender, accepted.port)
        sender.settimeout(10)
        bed.told(client, exchange.START_SESSIONS, 32)

        replies = [reflected(bed, sender, accepted.port) for _ in range(3)]
        assert [decode_reflector(reply).sequence for reply in replies] == [0, 1, 2]
        assert {len(reply) for reply in replies} == {len(PACKET)}
        assert {decode_reflector(reply).sender_ttl for reply in replies} == {64}

        client.sendall(exchange.STOP_SESSIONS)
        bed.step()
        assert decode_reflector(reflected(bed, sender, accepted.port)).sequence == 3
        bed.wait(1)
        assert unanswered(bed, sender, accepted.port)
        assert bed.step().replies == 4
        client.close()


def test_only_the_client_is_answered() -> None:
    """Another port of the same host is another's, once the client's is known from its request."""
    with stepped() as bed, udp() as sender, udp() as stranger:
        _, port = agreed(bed, sender)
        assert unanswered(bed, stranger, port)
        assert reflected(bed, sender, port)
        assert bed.step().ignored == 1


def test_a_client_behind_a_translator_is_known_by_its_first_packet() -> None:
    """A request that names another address than it comes from says nothing of the port either: the first packet does."""
    elsewhere = address_field(exchange.LOOPBACK + 8)
    with stepped() as bed, udp() as translated, udp() as stranger:
        _, port = agreed(bed, translated, sender_address=elsewhere, sender_port=9)
        assert reflected(bed, translated, port)
        assert unanswered(bed, stranger, port)


def test_the_end_of_the_connection_ends_its_sessions_at_once() -> None:
    """RFC 4656 §3: nobody is left to stop them."""
    with stepped() as bed, udp() as sender:
        client, port = agreed(bed, sender)
        assert reflected(bed, sender, port)
        client.close()
        bed.step()
        assert unanswered(bed, sender, port)


def test_refwait_ends_a_silent_session() -> None:
    """A session that heard nothing for REFWAIT is over; one that is heard goes on."""
    with stepped(Limits(refwait_ns=10 * 10**9)) as bed, udp() as sender:
        _, port = agreed(bed, sender)
        bed.wait(8)
        assert reflected(bed, sender, port)
        bed.wait(8)
        assert reflected(bed, sender, port)
        bed.wait(11)
        assert unanswered(bed, sender, port)


def test_a_silent_connection_is_closed() -> None:
    """One that never chooses a mode after 30 s, one that never asks after SERVWAIT."""
    with stepped(Limits(servwait_ns=100 * 10**9)) as bed:
        idle, slow = bed.connect(), set_up(bed)
        bed.wait(40)
        assert len(exactly(idle, 65)) == 64
        bed.wait(70)
        assert slow.recv(1) == b""


def test_too_many_connections_are_told_so() -> None:
    """Modes 0, and the end; a place that is free again is given again."""
    with stepped(Limits(connections=3, connections_a_client=2)) as bed:
        first, _second = set_up(bed), set_up(bed)
        third = bed.connect()
        assert decode_greeting(exactly(third, 64)).modes == 0
        assert third.recv(1) == b""
        first.close()
        bed.step()
        set_up(bed)


def test_too_many_sessions_are_told_so() -> None:
    """Code 5 past what the server has for all; a session that is stopped still counts until its timeout is over."""
    with stepped(Limits(sessions=1)) as bed, udp() as sender:
        client, _ = agreed(bed, sender)
        other = set_up(bed)
        assert bed.told(other, request(sender), 48)[0] == 5
        client.sendall(exchange.STOP_SESSIONS)
        bed.step()
        assert bed.told(other, request(sender), 48)[0] == 5
        bed.wait(1)
        assert bed.told(other, request(sender), 48)[0] == 0


def test_ports() -> None:
    """A port that is asked for and free is given, one that is taken or privileged is replaced by another."""
    with stepped() as bed, udp() as sender, udp() as taken:
        with udp() as free:
            wished = free.getsockname()[1]
        assert agreed(bed, sender, receiver_port=wished)[1] == wished
        assert agreed(bed, sender, receiver_port=taken.getsockname()[1])[1] != taken.getsockname()[1]
        assert agreed(bed, sender, receiver_port=862)[1] >= 1024


def test_a_client_that_reads_no_port_announces_no_padding_and_stops_no_sessions() -> None:
    """Nokia's controller: no addresses, padding 0 whatever it sends, test packets to the port that it asked for, a stop of 0."""
    with stepped() as bed, udp() as sender:
        with udp() as free:
            wished = free.getsockname()[1]
        client, _ = agreed(bed, sender, receiver_port=wished, padding_octets=0, timeout=3 << 32)
        for octets in (14, 41, 500):
            sender.sendto(PACKET[:14].ljust(octets, b"\0"), (LOOPBACK, wished))
            bed.until_readable(sender)
            assert len(sender.recv(2000)) == max(41, octets)
        client.sendall(encode_stop_sessions(StopSessions(0, 0)))
        bed.step()
        assert bed.told(client, request(sender), 48)[0] == 0


def test_ports_within_a_range() -> None:
    """All test ports come from the range, and when it is used up it is code 5."""
    with udp() as free:
        first = free.getsockname()[1]
    with stepped(Limits(test_ports=(first, first))) as bed, udp() as sender:
        client, port = agreed(bed, sender, receiver_port=40_000)
        assert port == first
        client.sendall(exchange.STOP_SESSIONS)
        bed.step()
        assert bed.told(client, request(sender), 48)[0] == 5


def test_the_dscp_of_the_request_marks_the_replies() -> None:
    """RFC 5357 §3.5: Type-P is for both directions."""
    with stepped() as bed, udp() as sender:
        sender.setsockopt(socket.IPPROTO_IP, 13, 1)  # IP_RECVTOS
        _, port = agreed(bed, sender, type_p=46 << 24)
        sender.sendto(PACKET, (LOOPBACK, port))
        bed.until_readable(sender)
        _, ancillary, _, _ = sender.recvmsg(2000, 100)
        assert [data[0] for level, kind, data in ancillary if (level, kind) == (socket.IPPROTO_IP, IP_TOS)] == [46 << 2]


def test_nonsense_is_answered_and_then_closed_without_taking_the_answer_back() -> None:
    """The last answer arrives although more octets were sent than anybody read; then the connection ends."""
    with stepped() as bed:
        client = set_up(bed)
        assert bed.told(client, b"GET / HTTP/1.1\r\n" + bytes(3000), 49)[:1] == b"\3"
        client.sendall(bytes(3000))
        bed.wait(3)
        assert not bed.server.connections


def test_a_client_that_takes_no_answers_is_closed() -> None:
    """Commands without end, and nobody reads what is said to them: the server does not wait."""
    with stepped(Limits(sessions_a_connection=0)) as bed, udp() as sender:
        client = set_up(bed)
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.setblocking(False)
        for _ in range(5000):
            with suppress(OSError):
                client.send(request(sender) * 100)
            bed.server.serve(Looks(1))
            if not bed.server.connections:
                return
        pytest.fail("still served")


def test_a_port_that_is_taken() -> None:
    """One sentence with the cure."""
    with (
        stepped() as bed,
        pytest.raises(CannotMeasureError, match=r"^cannot listen at 127.0.0.1 port \d+: another program has it"),
    ):
        TwampServer(HostVantage(), ReflectorOptions(LOOPBACK, None, bed.server.port), ManualClock())


def test_it_stops_when_it_has_done_enough() -> None:
    """After the count of replies, or the time, of its options."""
    clock = ManualClock()
    server = TwampServer(HostVantage(), ReflectorOptions(LOOPBACK, None, 0, duration_ns=0), clock)
    try:
        assert server.serve(Control()).replies == 0
        assert server.endpoints == [f"tcp {LOOPBACK} port {server.port}"]
    finally:
        server.close()


def test_a_server_out_of_descriptors_serves_again_when_there_are_some() -> None:
    """Who waits meanwhile neither keeps the loop busy nor is lost."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with stepped() as bed, socket.create_connection((LOOPBACK, bed.server.port), timeout=10) as client:
        resource.setrlimit(resource.RLIMIT_NOFILE, (0, hard))
        try:
            failed = bed.server.serve(Looks(10)).failed
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        assert failed == 1
        bed.step()
        assert decode_greeting(exactly(client, 64)).modes == 0x41


@pytest.mark.parametrize("change", [{"authenticated": True}, {"ptp": True}, {"stateless": True}, {"key": Key("k", b"0" * 16)}])
def test_what_open_mode_does_not_have_is_refused(change: dict[str, Any]) -> None:
    """Nobody is served in another way than was asked for."""
    with pytest.raises(UsageError, match="TWAMP is served in open mode, with NTP timestamps and counted replies"):
        TwampServer(HostVantage(), ReflectorOptions(LOOPBACK, None, 0, **change), ManualClock())
