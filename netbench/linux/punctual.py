"""A thread that runs when its time has come, whatever else the machine does."""

import ctypes
import os
from collections.abc import Generator
from contextlib import contextmanager
from typing import Final

_PR_SET_TIMERSLACK: Final = 29
_PRIORITY: Final = 1


@contextmanager
def punctual() -> Generator[bool]:
    """While inside, the calling thread's timers fire without slack and, where it may, it runs before all ordinary threads.

    Gives whether it does.
    """
    ctypes.CDLL(None).prctl(_PR_SET_TIMERSLACK, 1, 0, 0, 0)
    before, settings = os.sched_getscheduler(0), os.sched_getparam(0)
    try:
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(_PRIORITY))
    except PermissionError:
        yield False
        return
    try:
        yield True
    finally:
        os.sched_setscheduler(0, before, settings)
