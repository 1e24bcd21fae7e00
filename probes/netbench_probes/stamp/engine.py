"""The loop of the STAMP probe: one thread serves the senders and reflectors of all pairs.

The kernel owns the time, so nothing here is urgent but answering requests and sending on time: senders are read every few
milliseconds. Each attempt is due at a time of its schedule and wakes the loop at it; of more than a thousand a second, those that
are due within a millisecond leave together. How late each left is with its sample.
"""

import select
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from netbench.clock import Clock
from netbench.linux.timers import DeadlineTimer
from netbench.linux.timestamping import SETTLING_NS
from netbench.measure.probe import Control, Schedule
from netbench.measure.schedules import sends
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
    """How well the loop kept its schedule. A send is late when it left more than two milliseconds after it was due."""

    late_sends: int = 0
    skipped_sends: int = 0
    largest_lag_ns: int = 0


class Engine:
    """Runs once."""

    def __init__(self, flows: Sequence[tuple[int, Flow]], schedule: Schedule, control: Control, clock: Clock) -> None:
        """``flows`` are by index of their pair; nothing is sent yet."""
        self.kind = "plain"
        self.pace = Pace()
        self._flows = flows
        self._schedule = schedule
        self._control = control
        self._clock = clock
        # waking for each packet costs more than sending it
        self._pause_ns = TICK_NS if schedule.interval_ns < TICK_NS * len(flows) else 0
        self._sends = sends(schedule, len(flows))
        self._next = next(self._sends, None)
        self._stopped = False
        self._most = len(flows) + 1
        self._collected_ns = 0
        self._settled_ns = 0

    def run(self, flush: Callable[[Rows], None]) -> None:
        """Send all, answer all, and hand rows to ``flush`` at least every half second until all are settled or stop is asked."""
        start_ns = self._clock.now().monotonic_ns + SETTLING_NS
        timer = DeadlineTimer(start_ns)
        try:
            self._loop(start_ns, timer, flush)
        finally:
            timer.close()

    def stop(self) -> None:
        """End the run as ``control`` would."""
        self._stopped = True

    def _loop(self, start_ns: int, timer: DeadlineTimer, flush: Callable[[Rows], None]) -> None:
        rows: Rows = []
        flushed_ns = start_ns
        with select.epoll() as ready, select.epoll() as answers:
            reflecting = self._register(ready, timer)
            answering = self._register_senders(answers)
            while not (self._control.stopped or self._stopped) and self._unfinished:
                self._serve(ready.poll(0.05, self._most), reflecting)
                now_ns = self._clock.now().monotonic_ns
                if timer.expired():
                    self._send_due(start_ns, now_ns, timer)
                if now_ns - self._collected_ns >= COLLECT_NS:
                    self._collect(now_ns, answers, answering, rows)
                if now_ns - flushed_ns >= FLUSH_NS:
                    flush(rows)
                    rows, flushed_ns = [], now_ns
        flush(rows + self._last_rows())

    @property
    def _unfinished(self) -> bool:
        return self._next is not None or any(flow.session.outstanding for _, flow in self._flows)

    def _register(self, ready: select.epoll, timer: DeadlineTimer) -> dict[int, Flow]:
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

    def _send_due(self, start_ns: int, now_ns: int, timer: DeadlineTimer) -> None:
        while self._next is not None:
            due_ns, number = start_ns + self._next[0], self._next[1]
            if due_ns > now_ns:
                timer.set(max(due_ns, now_ns + self._pause_ns))
                return
            self._send_one(self._flows[number][1], due_ns)
            self._next = next(self._sends, None)

    def _send_one(self, flow: Flow, due_ns: int) -> None:
        late_ns = max(0, self._clock.now().monotonic_ns - due_ns)
        self.pace.largest_lag_ns = max(self.pace.largest_lag_ns, late_ns)
        if late_ns > max(CATCH_UP_NS, self._schedule.interval_ns):
            self.pace.skipped_sends += 1
            flow.skip("the instrument was too late to send it")
            return
        self.pace.late_sends += late_ns > 2 * TICK_NS
        flow.send(late_ns)

    def _collect(self, now_ns: int, answers: select.epoll, answering: dict[int, tuple[int, Flow]], rows: Rows) -> None:
        """Read every sender that has something; all flows are settled now and then, for their losses."""
        touched = [answering[descriptor] for descriptor, _ in answers.poll(0, self._most)]
        for _, flow in touched:
            flow.collect()
        if now_ns - self._settled_ns >= SETTLE_NS:
            touched, self._settled_ns = list(self._flows), now_ns
            self._ask_for_the_last()
        for index, flow in touched:
            rows.extend((index, row) for row in flow.settle(now_ns))
        self._collected_ns = now_ns

    def _ask_for_the_last(self) -> None:
        if self._next is None:
            for _, flow in self._flows:
                flow.ask_for_the_last()

    def _last_rows(self) -> Rows:
        rows: Rows = []
        now_ns = self._clock.now().monotonic_ns
        for index, flow in self._flows:
            flow.collect()
            rows.extend((index, row) for row in flow.session.abandon(now_ns))
        return rows
