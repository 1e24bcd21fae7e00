"""The probe over loopback: against a server of ours, and against scripted ones that end badly."""

import socket
import threading
from collections.abc import Callable
from contextlib import suppress

import pytest

from netbench.cli.main import main
from netbench.errors import CannotMeasureError, UsageError
from netbench.linux.namespaces import HostVantage
from netbench.measure.collect import MemorySink
from netbench.measure.probe import Control, Pair, Report, Schedule
from netbench.measure.samples import PACKETS, Columns, Fate
from netbench.measure.vantage import RemoteEnd
from netbench.report.language import retell
from netbench_probes.twamp.probe import TwampParameters, TwampProbe
from netbench_probes.twamp.reflection import reply_to
from netbench_probes.twamp.wire import (
    SessionAccept,
    address_field,
    address_in,
    decode_request,
    encode_accept_session,
    ns_from_fixed,
)
from tests.probes.twamp import exchange
from tests.probes.twamp.peers import LOOPBACK, exactly, listening, udp
from tests.probes.twamp.test_client_session import CODES

MILLISECOND = 1_000_000
HERE = HostVantage({socket.AF_INET: LOOPBACK})
UNHURRIED = TwampParameters(timeout_ns=20_000 * MILLISECOND)


def measured(port: int, count: int, parameters: TwampParameters = UNHURRIED) -> tuple[Columns, Report]:
    sink = MemorySink()
    pair = Pair("p", HERE, RemoteEnd(LOOPBACK, port))
    report = TwampProbe(parameters).measure([pair], Schedule(10 * MILLISECOND, count), sink, Control())
    return sink.columns(PACKETS), report


class Dying(threading.Thread):
    """A server to the octet, which answers so many test packets and then dies; its reflector is at another port than asked."""

    def __init__(self, listener: socket.socket, answers: int, last_words: bytes = b"", *, lingers: bool = False) -> None:
        super().__init__()
        self._listener = listener
        self._answers = answers
        self._last_words = last_words
        self._lingers = lingers
        self.request = b""
        self.heard = b""
        self.start()

    def run(self) -> None:
        client, _ = self._listener.accept()
        with client, udp() as reflector, suppress(OSError):
            client.settimeout(10)
            client.sendall(exchange.GREETING)
            self.heard = exactly(client, len(exchange.SET_UP_RESPONSE))
            client.sendall(exchange.SERVER_START)
            self.request = exactly(client, len(exchange.REQUEST))
            client.sendall(encode_accept_session(SessionAccept(0, reflector.getsockname()[1])))
            exactly(client, len(exchange.START_SESSIONS))
            client.sendall(exchange.START_ACK)
            for sequence in range(self._answers):
                octets, peer = reflector.recvfrom(2000)
                now_ns = 1_800_000_000_000_000_000
                reply = reply_to(octets, sequence=sequence, received_ns=now_ns, now_ns=now_ns, hop_limit=9, error_estimate=1)
                reflector.sendto(reply, peer)
            client.sendall(self._last_words)
            if self._lingers:
                exactly(client, len(exchange.STOP_SESSIONS))


def test_a_server_of_ours_at_a_vantage() -> None:
    """Where the destination is a vantage a server runs there as long as it takes; every packet comes back."""
    sink = MemorySink()
    report = TwampProbe(UNHURRIED).measure([Pair("p", HERE, HERE)], Schedule(10 * MILLISECOND, 10), sink, Control())

    columns = sink.columns(PACKETS)
    assert (
        columns["sequence"][columns["fate"] == Fate.ANSWERED].tolist()
        == columns["sequence"][columns["fate"] != Fate.NOT_SENT].tolist()
    )
    assert report.cut_short == report.not_measured == {}
    assert set(report.evidence) == {"twamp.json"}


@pytest.mark.parametrize("last_words", [b"", exchange.STOP_SESSIONS])
def test_a_server_that_dies_half_way(last_words: bytes) -> None:
    """What it answered is kept, what it had no time to answer is no loss, and the report says why there is no more."""
    with listening() as (listener, port):
        server = Dying(listener, answers=3, last_words=last_words)
        columns, report = measured(port, 100_000)
        server.join()

    assert set(columns["fate"].tolist()) <= {Fate.ANSWERED, Fate.NOT_SENT}
    assert (columns["fate"] == Fate.ANSWERED).sum() == 3
    said = "stopped the test session" if last_words else "closed the connection, which ends the test session"
    assert report.cut_short["p"] == f"TWAMP server {LOOPBACK} port {port} {said}; its operator or its log may know why"


def test_what_is_asked_for() -> None:
    """Equal sizes, both addresses, our port, the DSCP and the timeout; open mode and nothing else."""
    with listening() as (listener, port), udp() as free:
        source_port = free.getsockname()[1]
        free.close()
        server = Dying(listener, answers=1)
        measured(port, 1, TwampParameters(packet_octets=100, dscp=46, source_port=source_port, timeout_ns=1500 * MILLISECOND))
        server.join()

    asked = decode_request(server.request)
    assert server.heard == exchange.SET_UP_RESPONSE
    assert (asked.ip_version, asked.sender_port, asked.receiver_port) == (4, source_port, source_port)
    assert (asked.padding_octets, asked.type_p, ns_from_fixed(asked.timeout)) == (86, 46 << 24, 1_500_000_000)
    assert address_in(asked.sender_address, 4) == address_in(asked.receiver_address, 4) == exchange.LOOPBACK
    assert (asked.conf_sender, asked.conf_receiver, asked.slots, asked.packets) == (0, 0, 0, 0)
    assert asked.sender_address == address_field(exchange.LOOPBACK)


def told_user(capsys: pytest.CaptureFixture[str], port: int, language: str) -> list[str]:
    command = [
        "probe",
        "twamp",
        LOOPBACK,
        "--port",
        str(port),
        "--interval",
        "10ms",
        "--set",
        "timeout_ns=20s",
        "--lang",
        language,
    ]
    assert main(command) == 1
    said = capsys.readouterr()
    assert said.err == ""
    return said.out.splitlines()


def test_a_user_is_told_in_one_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    """The figures that there are, then why there are no more, and exit code 1; no traceback."""
    with listening() as (listener, port):
        server = Dying(listener, answers=3)
        lines = told_user(capsys, port, "en")
        server.join()
        server = Dying(listener, answers=3)
        chinese = told_user(capsys, port, "zh")
        server.join()

    assert any(line.startswith("round-trip delay") for line in lines)
    assert lines[-1] == (
        f"TWAMP server {LOOPBACK} port {port} closed the connection, which ends the test session; "
        "its operator or its log may know why"
    )
    assert chinese[-1] == f"TWAMP 服务器 {LOOPBACK} 端口 {port} 关闭了连接，测试会话随之结束；原因可询问其管理者或查看其日志"


def test_a_session_whose_packets_never_come_back() -> None:
    """All is lost, and the remark says that the server is there."""
    with listening() as (listener, port):
        server = Dying(listener, answers=0, lingers=True)
        columns, report = measured(port, 2, TwampParameters(timeout_ns=50 * MILLISECOND))
        server.join()

    assert set(columns["fate"].tolist()) <= {Fate.LOST, Fate.NOT_SENT}
    assert report.remarks["p"][-1].startswith("the server agreed to the session, but none of its test packets came back")
    assert report.cut_short == {}


@pytest.mark.parametrize(
    "sentence",
    [
        *(
            f"{said} {meaning}"
            for said in ("refuses the connection:", "does not start the test session:")
            for _, meaning in CODES
        ),
        *(f"refuses the test session: {meaning}" for _, meaning in CODES),
        "sent no Start-Ack within 10 s; it may have stopped",
        "closed the connection before its Server-Start; it may not accept the open mode",
        "sent 9 of the 64 octets of its Server-Greeting within 10 s; it may be no TWAMP server",
        "offers no open mode, only encrypted; ask its operator to allow unauthenticated sessions",
        "is not there: nothing listens at that port; start one there, or give its port with --port",
    ],
)
def test_what_a_server_did_is_told_in_chinese_too(sentence: str) -> None:
    """Reports tell a pair's reason in their own language, whole."""
    said = retell(f"TWAMP server far port 862 {sentence}", "zh")
    assert said.startswith("TWAMP 服务器 far 端口 862 ")
    assert " it " not in said


def refusal(serve: Callable[[socket.socket], None]) -> str:
    with listening() as (listener, port):

        def run() -> None:
            client, _ = listener.accept()
            with client, suppress(OSError):
                client.settimeout(10)
                serve(client)

        thread = threading.Thread(target=run)
        thread.start()
        with pytest.raises(CannotMeasureError) as raised:
            measured(port, 1)
        thread.join()
    return str(raised.value).removeprefix(f"TWAMP server {LOOPBACK} port {port} ")


def test_a_server_without_open_mode() -> None:
    """Its modes are named."""
    said = refusal(lambda client: client.sendall(exchange.greeting(6)))
    assert said == "offers no open mode, only authenticated, encrypted; ask its operator to allow unauthenticated sessions"


def test_a_server_that_hangs_up() -> None:
    """So does twampd on what it does not like, without a word."""

    def serve(client: socket.socket) -> None:
        client.sendall(exchange.GREETING)
        exactly(client, len(exchange.SET_UP_RESPONSE))

    assert refusal(serve) == "closed the connection before its Server-Start; it may not accept the open mode"


def test_no_server() -> None:
    """A port at which nothing listens."""
    with listening() as (_, port):
        pass
    with pytest.raises(CannotMeasureError, match=rf"^TWAMP server {LOOPBACK} port {port} is not there: nothing listens"):
        measured(port, 1)


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"packet_octets": 43}, "packet_octets is 43; it must be from 44 to 65507"),
        ({"dscp": 64}, "dscp is 64; it must be from 0 to 63"),
        ({"receiver_port": 0}, "receiver_port is 0; it must be from 1 to 65535"),
        ({"control_timeout_ns": 0}, "control_timeout_ns is 0; it must be from 1000000 to 900000000000"),
    ],
)
def test_parameters_out_of_range(settings: dict[str, int], sentence: str) -> None:
    """Refused at birth."""
    with pytest.raises(UsageError, match=f"^{sentence}$"):
        TwampParameters(**settings)  # type: ignore[arg-type]
