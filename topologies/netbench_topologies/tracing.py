"""Links that change with time: a thread that follows their traces and tells the wire, to absolute deadlines."""

import heapq
import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

from netbench.clock import Clock, SystemClock
from netbench.errors import CannotMeasureError
from netbench.measure.network import TraceRecord
from netbench.plan.model import DIRECTIONS, DirectionName, Link, Plan, Trace, TracePoint
from netbench_topologies.spec import DirectionSpec, direction_spec

Alter = Callable[[str, DirectionName, DirectionSpec], None]

LATE_NS = 10_000_000
"""Steps later than this are counted: as much as the shortest step of a trace."""


@dataclass(slots=True)
class Followed:
    """One direction of a link and how well its trace was followed so far."""

    link: Link
    direction: DirectionName
    trace: Trace
    late_ns: list[int] = field(default_factory=list[int])
    """Of every step so far."""

    def moments(self, started_ns: int) -> Iterator[tuple[int, TracePoint]]:
        """Yield when each step is due, and what it says: for ever, the trace beginning anew at its end."""
        begin_ns = started_ns
        while True:
            yield from ((begin_ns + point.time_ns, point) for point in self.trace.points)
            begin_ns += self.trace.period_ns


class TraceDriver:
    """Follows every trace of a plan between ``start`` and ``stop``; before and after, links are as the plan itself says."""

    def __init__(self, plan: Plan, alter: Alter, clock: Clock | None = None) -> None:
        """Nothing changes yet; ``alter`` is the wire's."""
        self._alter = alter
        self._clock = clock or SystemClock()
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self._failure: Exception | None = None
        self.followed = [
            Followed(link, direction, trace)
            for link in plan.links.values()
            for direction in DIRECTIONS
            if (trace := link.trace.towards(direction))
        ]

    def start(self) -> TraceRecord | None:
        """Every traced link is as its trace begins, and changes from now on; without traces nothing happens.

        Return when they began and how late each step is; None for no traces, or when they are followed already.

        :raises CannotMeasureError: when the wire does not take the first step
        """
        if not self.followed or self._thread:
            return None
        self._stopping.clear()
        self.followed = [Followed(each.link, each.direction, each.trace) for each in self.followed]
        began = self._clock.now()
        moments = [followed.moments(began.monotonic_ns) for followed in self.followed]
        for number, (due_ns, point) in enumerate([next(steps) for steps in moments]):
            self._step(number, due_ns, point)
        self._thread = threading.Thread(target=self._follow, args=(moments,), name="netbench-traces", daemon=True)
        self._thread.start()
        return TraceRecord(began, {(each.link.id, each.direction): each.late_ns for each in self.followed})

    def stop(self) -> None:
        """Every link is as the plan says again; a second call does nothing.

        :raises CannotMeasureError: when the wire refused a step: the links were not as their traces say
        """
        if not self.end():
            return
        for followed in self.followed:
            self._alter(followed.link.id, followed.direction, direction_spec(followed.link, followed.direction))
        self.check()

    def end(self) -> bool:
        """Nothing changes any more, and links stay as they are; whether traces were followed until now."""
        if self._thread is None:
            return False
        self._stopping.set()
        self._thread.join()
        self._thread = None
        return True

    def check(self) -> None:
        """The traces are followed.

        :raises CannotMeasureError: when the wire refused a step
        """
        if self._failure:
            raise CannotMeasureError(f"a link could not follow its trace: {self._failure}") from self._failure

    def evidence(self) -> bytes:
        """Return which traces were followed, and how late their steps were, as JSON."""
        told = [
            {
                "link": followed.link.id,
                "direction": followed.direction,
                "trace": followed.trace.name,
                "digest": followed.trace.digest,
                "period_ns": followed.trace.period_ns,
                "steps": len(followed.late_ns),
                "late_steps": sum(late_ns > LATE_NS for late_ns in followed.late_ns),
                "max_late_ns": max(followed.late_ns, default=0),
            }
            for followed in self.followed
        ]
        return json.dumps(told, ensure_ascii=False, indent=1).encode() + b"\n"

    def _follow(self, moments: list[Iterator[tuple[int, TracePoint]]]) -> None:
        waiting = [_after(steps, number) for number, steps in enumerate(moments)]
        heapq.heapify(waiting)
        while not self._stopping.wait(max(0, waiting[0][0] - self._clock.now().monotonic_ns) / 1e9):
            due_ns, number, point = waiting[0]
            heapq.heapreplace(waiting, _after(moments[number], number))
            try:
                self._step(number, due_ns, point)
            except Exception as error:  # noqa: BLE001 - told by whoever looks next: this thread has nobody to raise to
                self._failure = error
                return

    def _step(self, number: int, due_ns: int, point: TracePoint) -> None:
        followed = self.followed[number]
        self._alter(followed.link.id, followed.direction, traced_spec(followed.link, followed.direction, point))
        followed.late_ns.append(self._clock.now().monotonic_ns - due_ns)


def _after(steps: Iterator[tuple[int, TracePoint]], number: int) -> tuple[int, int, TracePoint]:
    """The next step in the order of a heap: when, whose, what."""
    due_ns, point = next(steps)
    return due_ns, number, point


def traced_spec(link: Link, direction: DirectionName, point: TracePoint) -> DirectionSpec:
    """Return what is asked of one direction of a link while ``point`` of its trace holds."""
    spec = direction_spec(link, direction)
    rate_bps = link.rate_bps.towards(direction) if point.rate_bps is None else point.rate_bps
    return replace(
        spec,
        delay_ns=spec.delay_ns if point.delay_ns is None else point.delay_ns,
        rate_bps=max(1, rate_bps // link.rate_scale),
        planned_rate_bps=rate_bps,
        loss_ratio=spec.loss_ratio if point.loss_ratio is None else point.loss_ratio,
    )
