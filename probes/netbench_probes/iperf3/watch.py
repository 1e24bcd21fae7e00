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
from typing import NamedTuple

from netbench_probes.iperf3 import tcp_info

_TEST_START_OCTETS = 3
_POLL_SECONDS = 0.0005


class Watch(threading.Thread):
    """Tells ``listening`` (a server), ``started`` and one ``interval`` after the other; ``end`` stops it.

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
        self._ended = threading.Event()
        self._whole = False
        self._control = control
        self._is_server = is_server
        self._descriptors = range(3, 64 + streams)
        self._first_ns = first_ns
        self._interval_ns = interval_ns
        self._count = count
        self._tell = tell

    def end(self, *, whole: bool) -> None:
        """Tell the watch that libiperf has returned, and whether the test went to its planned end; return when it has ended."""
        self._whole = whole
        self._ended.set()
        self.join()

    def run(self) -> None:
        """Watch from before the test to its last interval, or until ``end``."""
        if self._is_server and not self._poll(self._is_listening):
            return
        if not self._poll(self._has_started):
            return
        first_ns = self._began_ns() + self._first_ns
        with self._held_streams() as streams:
            self._tell("started", streams=len(streams))
            if streams and self._wait_until(first_ns):
                self._watch(streams, first_ns)

    def _watch(self, streams: list[int], first_ns: int) -> None:
        before = _reading(streams)
        for index in range(self._count):
            due_ns = first_ns + (index + 1) * self._interval_ns
            in_time = self._wait_until(due_ns)
            after = _reading(streams) if index < self._count - 1 else _last_reading(streams, due_ns)
            # when libiperf of a whole test returned first, this thread began late, by less than half an interval or not at all
            if in_time or (self._whole and after.monotonic_ns - before.monotonic_ns >= self._interval_ns // 2):
                self._tell("interval", index=index, **_difference(before, after))
            if not in_time:
                return
            before = after

    def _began_ns(self) -> int:
        """When the control connection carried the start: this thread may have looked later than that on a busy host."""
        ages = tcp_info.ages(self._control())
        age_ns = 0 if ages is None else ages.sent_ns if self._is_server else ages.received_ns
        return time.monotonic_ns() - age_ns

    def _wait_until(self, when_ns: int) -> bool:
        """Whether that moment came before the test ended."""
        self._ended.wait(max(0, when_ns - time.monotonic_ns()) / 1e9)
        return time.monotonic_ns() >= when_ns

    def _poll(self, condition: Callable[[], bool]) -> bool:
        while not condition():
            if self._ended.wait(_POLL_SECONDS):
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


class _Reading(NamedTuple):
    wall_ns: int
    monotonic_ns: int
    counters: tcp_info.Counters


def _reading(streams: list[int]) -> _Reading:
    found = [each for each in map(tcp_info.counters, streams) if each is not None]
    # the project's clock module would double a worker's start-up time
    return _Reading(time.clock_gettime_ns(time.CLOCK_REALTIME), time.monotonic_ns(), tcp_info.total(found))


def _last_reading(streams: list[int], due_ns: int) -> _Reading:
    """Read at the test's end: if it is late, the silence after the last byte is no part of the test."""
    reading = _reading(streams)
    ages = [min(age.received_ns, age.acknowledged_ns) for age in map(tcp_info.ages, streams) if age is not None]
    silent_ns = min([reading.monotonic_ns - due_ns, *ages])
    return reading._replace(monotonic_ns=reading.monotonic_ns - max(0, silent_ns))


def _difference(before: _Reading, after: _Reading) -> dict[str, int]:
    then, now = before.counters, after.counters
    return {
        "start_ns": before.wall_ns,
        "duration_ns": after.monotonic_ns - before.monotonic_ns,
        "acked_bytes": now.acked_bytes - then.acked_bytes,
        "received_bytes": now.received_bytes - then.received_bytes,
        "retransmits": now.retransmits - then.retransmits,
        "round_trip_us": now.round_trip_us,
        "congestion_window_bytes": now.congestion_window_bytes,
    }
