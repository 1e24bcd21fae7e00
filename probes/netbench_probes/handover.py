"""From a probe's loop to its sink: two threads, so that a slow sink delays no packet."""

import queue
import threading
from collections.abc import Callable, Sized
from typing import Protocol, TypeVar

from netbench.linux.punctual import punctual

Rows = TypeVar("Rows", bound=Sized)
Handed_co = TypeVar("Handed_co", covariant=True)


class Loop(Protocol[Handed_co]):
    """What a probe runs in a thread of its own; ``stop`` may be called from any thread."""

    def run(self, hand_over: Callable[[Handed_co], None], /) -> None:
        """Measure until done or stopped, handing rows over as they become final."""
        ...

    def stop(self) -> None:
        """Ask the loop to end soon."""
        ...


def drive(loop: Loop[Rows], name: str, write: Callable[[Rows], None]) -> None:
    """The loop has run in a thread called ``name``, and the caller's thread has written all that it handed over.

    The loop's thread runs before all ordinary ones where it may: what a busy machine delays is not what is measured.

    Whatever the loop raises is raised here, once what it had handed over is written.
    """
    handed: queue.SimpleQueue[Rows | None] = queue.SimpleQueue()
    failure: list[BaseException] = []

    def run() -> None:
        try:
            with punctual():
                loop.run(handed.put)
        except BaseException as error:  # noqa: BLE001 - carried over to the caller's thread, whatever it is
            failure.append(error)
        finally:
            handed.put(None)

    thread = threading.Thread(target=run, name=name)
    thread.start()
    try:
        while (rows := handed.get()) is not None:
            if rows:
                write(rows)
    finally:
        loop.stop()
        thread.join()
    if failure:
        raise failure[0]
