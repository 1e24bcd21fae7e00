"""Watches a test that libiperf runs in this process, as it happens: its start, and the kernel's counts interval by interval.

libiperf 3.12 tells its own intervals only after the end, and nothing of a test that was killed. A test begins when the control
connection has carried three state octets from the server (PARAM_EXCHANGE, CREATE_STREAMS, TEST_START): both ends start their
clocks there. Standard library only: the worker imports it.
"""

import os
import threading
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager

from netbench_probes.iperf3 import tcp_info

_TEST_START_OCTETS = 3
_POLL_SECONDS = 0.0005


class Watch(threading.Thread):
    """Tells ``listening`` (a server), ``started`` and one ``interval`` after the other; ``ended`` stops it.

    ``control`` returns the control connection's descriptor; ``first_ns`` and ``interval_ns`` count from the test's start.
    """

    def __init__(
        self,
        *,
        control: Callable[[], int],
        is_server: bool,
        streams: int,
        first_ns: int,
        interval_ns: int,
        count: int,
        tell: Callable[..., None],
    ) -> None:
        super().__init__(name="netbench-watch", daemon=True)
        self.ended = threading.Event()
        self._control = control
        self._is_server = is_server
        self._descriptors = range(3, 64 + streams)
        self._first_ns = first_ns
        self._interval_ns = interval_ns
        self._count = count
        self._tell = tell

    def run(self) -> None:
        """Watch from before the test to its last interval, or until ``ended``."""
        if self._is_server and not self._poll(self._is_listening):
            return
        if not self._poll(self._has_started):
            return
        begun_ns = time.monotonic_ns()
        with self._held_streams() as streams:
            self._tell("started", streams=len(streams))
            if streams and self._wait_until(begun_ns + self._first_ns):
                self._watch(streams, begun_ns + self._first_ns)

    def _watch(self, streams: list[int], first_ns: int) -> None:
        before = _reading(streams)
        for index in range(self._count):
            if not self._wait_until(first_ns + (index + 1) * self._interval_ns):
                return
            after = _reading(streams)
            self._tell("interval", index=index, **_difference(before, after))
            before = after

    def _wait_until(self, when_ns: int) -> bool:
        """Whether that moment came before the test ended; a test that ended just about then counts as whole."""
        self.ended.wait(max(0, when_ns - time.monotonic_ns()) / 1e9)
        return time.monotonic_ns() >= when_ns - self._interval_ns // 100

    def _poll(self, condition: Callable[[], bool]) -> bool:
        while not condition():
            if self.ended.wait(_POLL_SECONDS):
                return False
        return True

    def _is_listening(self) -> bool:
        found = any(tcp_info.is_listening(descriptor) for descriptor in self._descriptors)
        if found:
            self._tell("listening")
        return found

    def _has_started(self) -> bool:
        found = tcp_info.counters(self._control())
        if found is None:
            return False
        return (found.sent_bytes if self._is_server else found.received_bytes) >= _TEST_START_OCTETS

    @contextmanager
    def _held_streams(self) -> Generator[list[int]]:
        # held by duplicates, so that the last reading is of the streams even when libiperf has just closed them
        held = [os.dup(descriptor) for descriptor in tcp_info.connections(self._descriptors, self._control())]
        try:
            yield held
        finally:
            for descriptor in held:
                os.close(descriptor)


def _reading(streams: list[int]) -> tuple[int, int, tcp_info.Counters]:
    found = [each for each in map(tcp_info.counters, streams) if each is not None]
    # the project's clock module would double a worker's start-up time
    return time.clock_gettime_ns(time.CLOCK_REALTIME), time.monotonic_ns(), tcp_info.total(found)


def _difference(before: tuple[int, int, tcp_info.Counters], after: tuple[int, int, tcp_info.Counters]) -> dict[str, int]:
    start_ns, begun_ns, then = before
    _, ended_ns, now = after
    return {
        "start_ns": start_ns,
        "duration_ns": ended_ns - begun_ns,
        "acked_bytes": now.acked_bytes - then.acked_bytes,
        "received_bytes": now.received_bytes - then.received_bytes,
        "retransmits": now.retransmits - then.retransmits,
        "round_trip_us": now.round_trip_us,
        "congestion_window_bytes": now.congestion_window_bytes,
    }
