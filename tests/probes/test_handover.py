"""What a loop hands over is written by the caller's thread, all of it, whatever happens."""

import threading
from collections.abc import Callable

import pytest

from netbench_probes.handover import drive


class Loop:
    """Hands over three batches, one of them empty, and then ends or fails."""

    def __init__(self, failure: Exception | None = None) -> None:
        self.failure = failure
        self.thread = ""
        self.stopped = False

    def run(self, hand_over: Callable[[list[int]], None]) -> None:
        self.thread = threading.current_thread().name
        for batch in ([1, 2], [], [3]):
            hand_over(batch)
        if self.failure:
            raise self.failure

    def stop(self) -> None:
        self.stopped = True


def test_all_is_written_in_order_by_the_caller() -> None:
    """The loop has a thread of its own; an empty batch is not written."""
    loop, written = Loop(), list[tuple[str, list[int]]]()

    drive(loop, "loop", lambda rows: written.append((threading.current_thread().name, rows)))

    here = threading.current_thread().name
    assert written == [(here, [1, 2]), (here, [3])]
    assert loop.thread == "loop" != here


def test_a_failure_is_raised_after_what_came_before_it_is_written() -> None:
    """Nothing that was handed over is lost to it."""
    written: list[list[int]] = []

    with pytest.raises(OSError, match="gone"):
        drive(Loop(OSError("gone")), "loop", written.append)

    assert written == [[1, 2], [3]]


def test_a_sink_that_fails_stops_the_loop() -> None:
    """The loop is told, and its thread has ended when the failure is raised."""
    loop = Loop()

    def fail(rows: list[int]) -> None:
        raise ValueError(f"no room for {rows}")

    with pytest.raises(ValueError, match="no room"):
        drive(loop, "full", fail)

    assert loop.stopped
    assert "full" not in {thread.name for thread in threading.enumerate()}
