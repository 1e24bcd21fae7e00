"""Ctrl-C and SIGTERM as a polite request: the work ends at once and what was done is shown."""

import signal
from collections.abc import Generator
from contextlib import contextmanager
from types import FrameType

from netbench.measure.probe import Control


@contextmanager
def stopping_on_signals() -> Generator[Control]:
    """Yield a control that SIGINT and SIGTERM stop; the handlers that were there before are back afterwards."""
    control = Control()

    def stop(_number: int, _frame: FrameType | None) -> None:
        control.stop()

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield control
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
