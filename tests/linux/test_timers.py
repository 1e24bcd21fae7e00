"""Timers poll as they were set. Only that they fire is asked, not how soon: this machine may be busy."""

import select
from collections.abc import Generator
from contextlib import closing, contextmanager

from netbench.clock import SystemClock
from netbench.linux.timers import DeadlineTimer, PeriodicTimer

HOUR_NS = 3_600_000_000_000


@contextmanager
def polled(timer: DeadlineTimer | PeriodicTimer) -> Generator[select.epoll]:
    with closing(timer), select.epoll() as ready:
        ready.register(timer.fileno(), select.EPOLLIN)
        yield ready


def test_a_deadline_comes_once_until_it_is_set_again() -> None:
    """A past one comes at once, a future one not yet, and setting anew forgets the one before."""
    now_ns = SystemClock().now().monotonic_ns
    timer = DeadlineTimer(now_ns + HOUR_NS)
    with polled(timer) as ready:
        assert not ready.poll(0)
        timer.set(now_ns - HOUR_NS)
        assert ready.poll(30)
        assert (timer.expired(), timer.expired()) == (1, 0)
        timer.set(now_ns)
        assert ready.poll(30)
        timer.set(now_ns + HOUR_NS)
        assert not ready.poll(0)
        assert timer.expired() == 0


def test_a_period_comes_again() -> None:
    """Periods that ended unasked are counted."""
    timer = PeriodicTimer(SystemClock().now().monotonic_ns - 10_000_000, 1_000_000)
    with polled(timer) as ready:
        assert ready.poll(30)
        assert timer.expired() >= 10
        assert ready.poll(30)
