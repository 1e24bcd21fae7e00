"""The unhurried loop: what it reads before it gives anything up."""

import socket
from collections.abc import Collection, Iterator, Sequence

from netbench.clock import Instant
from netbench.measure.probe import Control
from netbench_probes.talk import TalkLoop


class Times:
    """A clock that says what the test wants, one reading after the other, and then the last for ever."""

    def __init__(self, *milliseconds: int) -> None:
        self._left: Iterator[int] = iter(milliseconds)
        self._now = 0

    def now(self) -> Instant:
        self._now = next(self._left, self._now)
        return Instant(self._now * 1_000_000, 0)


class Listening:
    """A talk that notes when it was told to read and to settle, and is finished once it has settled."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self.told: list[tuple[str, int]] = []

    def descriptors(self) -> Sequence[int]:
        return [self._descriptor]

    def due_ns(self) -> int | None:
        return None

    def send(self, now: Instant) -> None:
        raise AssertionError(f"nothing was due at {now}")

    def collect(self, now: Instant, ready: Collection[int]) -> None:
        assert list(ready) == [self._descriptor]
        self.told.append(("collect", now.monotonic_ns // 1_000_000))

    def settle(self, now: Instant) -> Sequence[int]:
        self.told.append(("settle", now.monotonic_ns // 1_000_000))
        return [7]

    def abandon(self, now: Instant) -> Sequence[int]:
        del now
        return [9]

    @property
    def finished(self) -> bool:
        return any(what == "settle" for what, _ in self.told)


def test_a_thread_that_was_kept_waiting_takes_nothing_for_silence() -> None:
    """Deadlines are judged by the time before the poll, which told all that had come by then."""
    near, far = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    with near, far:
        far.send(b"an answer")
        talk = Listening(near.fileno())
        handed: list[tuple[int, int]] = []
        # started at 0; heard at 50; the poll returned, and then the thread stood still until 5000
        TalkLoop([(3, talk)], Control(), Times(0, 50, 5000)).run(handed.extend)

    assert talk.told[:2] == [("collect", 5000), ("settle", 50)]
    assert handed == [(3, 7), (3, 9)]
