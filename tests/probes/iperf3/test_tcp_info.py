"""The kernel's counts of a TCP socket, held to bytes that the test itself sent over loopback."""

import os
import socket
from collections.abc import Iterator

import pytest

from netbench_probes.iperf3 import tcp_info

Connection = tuple[socket.socket, socket.socket]


@pytest.fixture
def connection() -> Iterator[Connection]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        near = socket.create_connection(listener.getsockname())
        far, _ = listener.accept()
        with near, far:
            yield near, far


def test_counts_are_the_bytes_that_went(connection: Connection) -> None:
    """What one end sent and the other took in order is counted at both, to the byte."""
    near, far = connection
    before = tcp_info.counters(near.fileno())
    near.sendall(b"x" * 5000)
    assert len(far.recv(5000, socket.MSG_WAITALL)) == 5000
    far.sendall(b"y" * 70)
    assert len(near.recv(70, socket.MSG_WAITALL)) == 70
    after, there = tcp_info.counters(near.fileno()), tcp_info.counters(far.fileno())
    assert before is not None
    assert after is not None
    assert there is not None
    assert after.acked_bytes - before.acked_bytes == 5000
    assert after.sent_bytes - before.sent_bytes == 5000
    assert (after.received_bytes, there.received_bytes) == (70, 5000)
    assert after.retransmits == 0
    assert after.round_trip_us > 0
    segment = near.getsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG)
    assert after.congestion_window_bytes % segment == 0
    assert after.congestion_window_bytes >= 10 * segment


def test_counts_outlive_a_close_through_a_duplicate(connection: Connection) -> None:
    """A duplicate still tells what the connection carried after the original was closed."""
    near, far = connection
    near.sendall(b"x" * 100)
    far.recv(100, socket.MSG_WAITALL)
    kept = os.dup(far.fileno())
    try:
        far.close()
        found = tcp_info.counters(kept)
        assert found is not None
        assert found.received_bytes == 100
    finally:
        os.close(kept)


def test_what_is_no_tcp_socket_has_no_counts(tmp_path_factory: pytest.TempPathFactory) -> None:
    """A file, a closed descriptor and a UDP socket are not mistaken for a connection."""
    path = tmp_path_factory.mktemp("counts") / "file"
    with path.open("wb") as file, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagrams:
        assert tcp_info.counters(file.fileno()) is None
        assert tcp_info.counters(datagrams.fileno()) is None
    assert tcp_info.counters(-1) is None


def test_an_old_kernel_has_no_counts() -> None:
    """A structure that ends before the bytes sent (before Linux 4.19) is not read past its end."""
    assert tcp_info.parse(b"\0" * 192) is None
    assert tcp_info.parse(b"\0" * 208) == tcp_info.Counters(0, 0, 0, 0, 0, 0)


def test_connections_are_told_from_listeners_and_the_control(connection: Connection) -> None:
    """Only the streams are left: not the control connection, a listener, a UDP or a Unix socket."""
    near, far = connection
    pair = socket.socketpair()
    with (
        socket.create_server(("127.0.0.1", 0)) as listener,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagrams,
        pair[0],
        pair[1],
    ):
        others = [listener.fileno(), datagrams.fileno(), pair[0].fileno(), -1]
        assert tcp_info.connections([near.fileno(), far.fileno(), *others], far.fileno()) == [near.fileno()]
        assert tcp_info.is_listening(listener.fileno())
        assert not tcp_info.is_listening(near.fileno())


def test_totals_add_counts_and_average_round_trips() -> None:
    """Several streams count together; their round trip is the mean."""
    each = [tcp_info.Counters(1, 2, 3, 4, 100, 6), tcp_info.Counters(10, 20, 30, 40, 201, 60)]
    assert tcp_info.total(each) == tcp_info.Counters(11, 22, 33, 44, 150, 66)


def test_ages_are_counted_from_the_last_byte(connection: Connection) -> None:
    """Just after an exchange every age is a few ticks; what never sent is as old as its connection."""
    near, far = connection
    near.sendall(b"x")
    far.recv(1)
    here, there = tcp_info.ages(near.fileno()), tcp_info.ages(far.fileno())
    assert here is not None
    assert there is not None
    assert max(here.sent_ns, there.received_ns) < 60_000_000_000
    assert there.sent_ns >= there.received_ns
    assert tcp_info.ages(-1) is None
