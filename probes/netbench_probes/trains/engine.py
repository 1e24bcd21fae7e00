"""The loop of the train probe: one thread sends the trains of all pairs and reads what arrives."""

import select
from collections.abc import Callable, Sequence

from netbench.clock import Clock
from netbench.linux.timers import PeriodicTimer
from netbench.linux.timestamping import SETTLING_NS
from netbench.measure.probe import Control, Schedule
from netbench_probes.stamp.session import Row
from netbench_probes.trains.flow import TrainFlow
from netbench_probes.trains.session import Shape, TrainTimes

Rows = list[tuple[int, Row]]

TICK_NS = 500_000
FLUSH_NS = 400_000_000


class TrainEngine:
    """Runs once. Pair p begins at start + p * interval / pairs, so that bursts do not coincide."""

    def __init__(self, flows: Sequence[tuple[int, TrainFlow, Shape]], schedule: Schedule, control: Control, clock: Clock) -> None:
        """``flows`` are by index of their pair; nothing is sent yet."""
        self._flows = flows
        self._schedule = schedule
        self._control = control
        self._clock = clock
        self._stopped = False

    def run(self, flush: Callable[[Rows], None]) -> None:
        """Send all, and hand rows to ``flush`` at least every half second until all are settled or stop is asked."""
        start_ns = self._clock.now().monotonic_ns + SETTLING_NS
        timer = PeriodicTimer(start_ns, TICK_NS)
        try:
            self._loop(self._times(start_ns), timer, flush)
        finally:
            timer.close()

    def stop(self) -> None:
        """End the run as ``control`` would."""
        self._stopped = True

    def _times(self, start_ns: int) -> list[TrainTimes]:
        interval_ns, count = self._schedule.interval_ns, self._schedule.count
        return [
            TrainTimes(shape, count, interval_ns, start_ns + place * interval_ns // len(self._flows))
            for place, (_, _, shape) in enumerate(self._flows)
        ]

    def _loop(self, times: Sequence[TrainTimes], timer: PeriodicTimer, flush: Callable[[Rows], None]) -> None:
        rows: Rows = []
        flushed_ns = self._clock.now().monotonic_ns
        poll = select.poll()
        poll.register(timer.fileno(), select.POLLIN)
        while not (self._control.stopped or self._stopped) and self._unfinished(times):
            poll.poll(50)
            timer.expired()
            for (_, flow, _), due in zip(self._flows, times, strict=True):
                flow.send_due(due)
                flow.collect()
            now_ns = self._clock.now().monotonic_ns
            rows += [(index, row) for index, flow, _ in self._flows for row in flow.settle(now_ns)]
            if now_ns - flushed_ns >= FLUSH_NS:
                flush(rows)
                rows, flushed_ns = [], now_ns
        flush(rows)

    def _unfinished(self, times: Sequence[TrainTimes]) -> bool:
        return any(flow.session.outstanding for _, flow, _ in self._flows) or not all(due.finished for due in times)
