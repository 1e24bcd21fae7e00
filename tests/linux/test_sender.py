"""The sender against a clock that only its waiting and sending move."""

import os
import socket
from collections.abc import Iterator

import pytest

from netbench.linux.sender import PAYLOAD_OCTETS, Sent, Stream, send_until
from netbench.linux.sink import CountingSink

SECOND = 1_000_000_000


class Clock:
    """Waiting takes as long as asked for, plus ``stall_ns`` once; the stop comes at ``end_ns``."""

    def __init__(self, end_ns: int, stall_at_ns: int = -1, stall_ns: int = 0) -> None:
        self.now = 0
        self._end = end_ns
        self._stall = (stall_at_ns, stall_ns)

    def now_ns(self) -> int:
        return self.now

    def stopped(self, seconds: float) -> bool:
        self.now += round(seconds * SECOND)
        at, length = self._stall
        if 0 <= at <= self.now:
            self.now += length
            self._stall = (-1, 0)
        return self.now >= self._end


@pytest.fixture
def nowhere() -> Iterator[int]:
    """A descriptor that takes everything."""
    descriptor = os.open("/dev/null", os.O_WRONLY)
    yield descriptor
    os.close(descriptor)


def _run(streams: list[Stream], clock: Clock) -> Sent:
    return send_until(clock.stopped, streams, clock.now_ns)


def test_each_stream_has_its_own_mean_rate_and_poisson_spread(nowhere: int) -> None:
    """Within five standard deviations of a Poisson count, which is the root of its mean; nothing is late on an idle machine."""
    done = _run([Stream(nowhere, 1000, "a"), Stream(nowhere, 100, "b")], Clock(100 * SECOND))
    assert abs(done.sent[0] - 100_000) < 5 * 100_000**0.5
    assert abs(done.sent[1] - 10_000) < 5 * 10_000**0.5
    assert (done.late, done.refused) == (0, [0, 0])
    assert done.elapsed_ns == pytest.approx(100 * SECOND, rel=0.001)


def test_the_seed_decides_the_times_and_other_streams_do_not(nowhere: int) -> None:
    """The same word gives the same count, whatever else is sent; another word another."""
    counts = [
        _run(streams, Clock(20 * SECOND)).sent[0]
        for streams in (
            [Stream(nowhere, 997, "1/x")],
            [Stream(nowhere, 997, "1/x"), Stream(nowhere, 50, "1/y")],
            [Stream(nowhere, 997, "2/x")],
        )
    ]
    assert counts[0] == counts[1] != counts[2]


def test_what_a_standstill_delayed_is_sent_afterwards_and_counted_as_late(nowhere: int) -> None:
    """Half a second lost of ten: nothing is left out, a twentieth is late, and the worst is nearly as late as it was long."""
    quiet = _run([Stream(nowhere, 1000, "s")], Clock(10 * SECOND))
    stalled = _run([Stream(nowhere, 1000, "s")], Clock(10 * SECOND, stall_at_ns=5 * SECOND, stall_ns=SECOND // 2))
    assert stalled.sent == quiet.sent
    assert 400 < stalled.late < 600
    assert 490_000_000 < stalled.max_late_ns <= 500_000_000


def test_a_sink_counts_what_arrives_and_keeps_none_of_it() -> None:
    """Full datagrams over loopback: each is counted, and nothing can be read."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        receiver.bind(("127.0.0.1", 0))
        receiver.setblocking(False)
        sink = CountingSink(receiver)
        sender.connect(("127.0.0.1", sink.port))
        assert sink.count() == 0
        for _ in range(300):
            sender.send(bytes(PAYLOAD_OCTETS))
        assert sink.count() == 300
        with pytest.raises(BlockingIOError):
            receiver.recv(1)
