"""The loop of the STAMP probe: one thread serves the senders and reflectors of all pairs.

The kernel owns the time, so nothing here is urgent but answering requests: senders are read every few milliseconds, on the
ticks that also pace the sending. Attempt s of pair p is due at start + s * interval + p * interval / pairs.
"""

import select
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from netbench.clock import Clock
from netbench.linux.timers import PeriodicTimer
from netbench.linux.timestamping import SETTLING_NS
from netbench.measure.probe import Control, Schedule
from netbench_probes.stamp.flow import Flow
from netbench_probes.stamp.session import Row

Rows = list[tuple[int, Row]]

TICK_NS = 1_000_000
COLLECT_NS = 5_000_000
SETTLE_NS = 50_000_000
FLUSH_NS = 400_000_000
CATCH_UP_NS = 10_000_000
"""A send that is later than this and than its interval is not made: catching up would be a burst that nobody asked for."""


@dataclass(slots=True)
class Pace:
    """How well the loop kept its schedule. A send is late when more than a millisecond past its tick."""

    late_sends: int = 0
    skipped_sends: int = 0
    largest_lag_ns: int = 0


class Engine:
    """Runs once."""

    def __init__(self, flows: Sequence[tuple[int, Flow]], schedule: Schedule, control: Control, clock: Clock) -> None:
        """``flows`` are by index of their pair; nothing is sent yet."""
        self.pace = Pace()
        self._flows = flows
        self._schedule = schedule
        self._control = control
        self._clock = clock
        self._gap_ns = schedule.interval_ns / len(flows)
        self._tick_ns = max(int(self._gap_ns), min(TICK_NS, schedule.interval_ns))
        self._next = 0
        self._total = schedule.count * len(flows)
        self._stopped = False
        self._most = len(flows) + 1
        self._collected_ns = 0
        self._settled_ns = 0

    def run(self, flush: Callable[[Rows], None]) -> None:
        """Send all, answer all, and hand rows to ``flush`` at least every half second until all are settled or stop is asked."""
        start_ns = self._clock.now().monotonic_ns + SETTLING_NS
        timer = PeriodicTimer(start_ns, self._tick_ns)
        try:
            self._loop(start_ns, timer, flush)
        finally:
            timer.close()

    def stop(self) -> None:
        """End the run as ``control`` would."""
        self._stopped = True

    def _loop(self, start_ns: int, timer: PeriodicTimer, flush: Callable[[Rows], None]) -> None:
        rows: Rows = []
        flushed_ns = start_ns
        with select.epoll() as ready, select.epoll() as answers:
            reflecting = self._register(ready, timer)
            answering = self._register_senders(answers)
            while not (self._control.stopped or self._stopped) and self._unfinished:
                self._serve(ready.poll(0.05, self._most), reflecting)
                now_ns = self._clock.now().monotonic_ns
                if timer.expired():
                    self._send_due(start_ns, now_ns)
                if now_ns - self._collected_ns >= COLLECT_NS:
                    self._collect(now_ns, answers, answering, rows)
                if now_ns - flushed_ns >= FLUSH_NS:
                    flush(rows)
                    rows, flushed_ns = [], now_ns
        flush(rows + self._last_rows())

    @property
    def _unfinished(self) -> bool:
        return self._next < self._total or any(flow.session.outstanding for _, flow in self._flows)

    def _register(self, ready: select.epoll, timer: PeriodicTimer) -> dict[int, Flow]:
        ready.register(timer.fileno(), select.EPOLLIN)
        reflecting = {flow.reflector.fileno(): flow for _, flow in self._flows if flow.reflector is not None}
        for descriptor in reflecting:
            ready.register(descriptor, select.EPOLLIN)
        return reflecting

    def _register_senders(self, answers: select.epoll) -> dict[int, tuple[int, Flow]]:
        answering = {flow.sender.fileno(): (index, flow) for index, flow in self._flows}
        for descriptor in answering:
            answers.register(descriptor, select.EPOLLIN)
        return answering

    def _serve(self, events: list[tuple[int, int]], reflecting: dict[int, Flow]) -> None:
        for descriptor, event in events:
            flow = reflecting.get(descriptor)
            if flow is None:
                continue
            if event & select.EPOLLIN:
                flow.reflect()
            else:
                flow.collect_departures()
                flow.reflect()

    def _send_due(self, start_ns: int, now_ns: int) -> None:
        while self._next < self._total:
            due_ns = start_ns + int(self._next * self._gap_ns)
            if due_ns > now_ns:
                return
            self._send_one(self._flows[self._next % len(self._flows)][1], now_ns - due_ns)
            self._next += 1

    def _send_one(self, flow: Flow, lag_ns: int) -> None:
        self.pace.largest_lag_ns = max(self.pace.largest_lag_ns, lag_ns)
        if lag_ns > max(CATCH_UP_NS, self._schedule.interval_ns):
            self.pace.skipped_sends += 1
            flow.skip("the instrument was too late to send it")
            return
        self.pace.late_sends += lag_ns > self._tick_ns + TICK_NS
        flow.send()

    def _collect(self, now_ns: int, answers: select.epoll, answering: dict[int, tuple[int, Flow]], rows: Rows) -> None:
        """Read every sender that has something; all flows are settled now and then, for their losses."""
        touched = [answering[descriptor] for descriptor, _ in answers.poll(0, self._most)]
        for _, flow in touched:
            flow.collect()
        if now_ns - self._settled_ns >= SETTLE_NS:
            touched, self._settled_ns = list(self._flows), now_ns
        for index, flow in touched:
            rows.extend((index, row) for row in flow.settle(now_ns))
        self._collected_ns = now_ns

    def _last_rows(self) -> Rows:
        rows: Rows = []
        now_ns = self._clock.now().monotonic_ns
        for index, flow in self._flows:
            flow.collect()
            rows.extend((index, row) for row in flow.session.abandon(now_ns))
        return rows
