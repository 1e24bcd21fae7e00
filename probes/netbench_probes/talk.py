"""The loop of probes that are never in a hurry: one thread sends what is due and reads what has come, for all pairs.

The kernel stamps every packet, so that a wake-up that is a millisecond late costs no accuracy.
"""

import select
from collections.abc import Callable, Collection, Sequence
from typing import Final, Generic, Protocol, TypeVar

from netbench.clock import Clock, Instant
from netbench.measure.probe import Control

Row_co = TypeVar("Row_co", covariant=True)
Row = TypeVar("Row")

FLUSH_NS: Final = 400_000_000
SETTLE_NS: Final = 20_000_000
_LONGEST_WAIT_NS: Final = 50_000_000


class Talk(Protocol[Row_co]):
    """One pair's conversation with its far end: sockets tied to a session."""

    def descriptors(self) -> Sequence[int]:
        """Return what to poll; more may be added at its end while it talks."""
        ...

    def due_ns(self) -> int | None:
        """Return when (monotonic) something is to be sent next, None while there is nothing to send."""
        ...

    def send(self, now: Instant) -> None:
        """Send what is due."""
        ...

    def collect(self, now: Instant, ready: Collection[int]) -> None:
        """Read all that has come at the descriptors that are ``ready``."""
        ...

    def settle(self, now: Instant) -> Sequence[Row_co]:
        """Return the rows that nothing can change any more."""
        ...

    def abandon(self, now: Instant) -> Sequence[Row_co]:
        """Return what is left of answers; what had no time to be answered is dropped and counts as nothing."""
        ...

    @property
    def finished(self) -> bool:
        """Whether all is sent and settled."""
        ...


class TalkLoop(Generic[Row]):
    """Runs once (see ``netbench_probes.handover.Loop``); ``talks`` are by index of their pair."""

    def __init__(self, talks: Sequence[tuple[int, Talk[Row]]], control: Control, clock: Clock) -> None:
        """Nothing is sent yet."""
        self._talks = talks
        self._control = control
        self._clock = clock
        self._stopped = False
        self._settled_ns = 0

    def stop(self) -> None:
        """End the run as ``control`` would."""
        self._stopped = True

    def run(self, hand_over: Callable[[list[tuple[int, Row]]], None]) -> None:
        """Talk until all are finished or stop is asked, handing rows over at least every half second."""
        rows: list[tuple[int, Row]] = []
        flushed_ns = self._clock.now().monotonic_ns
        with select.epoll() as poll:
            readers: dict[int, Talk[Row]] = {}
            while not (self._stopped or self._control.stopped) and any(not talk.finished for _, talk in self._talks):
                self._turn(poll, readers, rows)
                now_ns = self._clock.now().monotonic_ns
                if now_ns - flushed_ns >= FLUSH_NS:
                    hand_over(rows)
                    rows, flushed_ns = [], now_ns
        hand_over(rows + self._last_rows())

    def _register(self, poll: select.epoll, readers: dict[int, Talk[Row]]) -> None:
        for _, talk in self._talks:
            for descriptor in talk.descriptors():
                if descriptor not in readers:
                    readers[descriptor] = talk
                    poll.register(descriptor, select.EPOLLIN)

    def _turn(self, poll: select.epoll, readers: dict[int, Talk[Row]], rows: list[tuple[int, Row]]) -> None:
        self._register(poll, readers)
        # whatever had come by now is told by the poll and read before anything is given up: a thread that is kept waiting after
        # the poll must not take for silence what arrived meanwhile
        heard = self._clock.now()
        events = poll.poll(self._wait_ns(heard.monotonic_ns) / 1e9)
        now = self._clock.now()
        self._collect(now, readers, [descriptor for descriptor, _ in events])
        for _, talk in self._talks:
            due_ns = talk.due_ns()
            if due_ns is not None and due_ns <= now.monotonic_ns:
                talk.send(now)
        if heard.monotonic_ns - self._settled_ns >= SETTLE_NS:
            self._settled_ns = heard.monotonic_ns
            rows.extend((index, row) for index, talk in self._talks for row in talk.settle(heard))

    def _collect(self, now: Instant, readers: dict[int, Talk[Row]], ready: Sequence[int]) -> None:
        by_talk: dict[int, list[int]] = {}
        for descriptor in ready:
            by_talk.setdefault(id(readers[descriptor]), []).append(descriptor)
        for mine in by_talk.values():
            readers[mine[0]].collect(now, mine)

    def _wait_ns(self, now_ns: int) -> int:
        dues = (talk.due_ns() for _, talk in self._talks)
        nearest = min((due_ns for due_ns in dues if due_ns is not None), default=now_ns + _LONGEST_WAIT_NS)
        return max(0, min(nearest - now_ns, SETTLE_NS if self._talks else _LONGEST_WAIT_NS))

    def _last_rows(self) -> list[tuple[int, Row]]:
        now = self._clock.now()
        for _, talk in self._talks:
            talk.collect(now, talk.descriptors())
        return [(index, row) for index, talk in self._talks for row in talk.abandon(now)]
