"""Timers that poll like a socket (timerfd), to the nanosecond: a periodic one, set once, and one that is set again and again."""

import ctypes
import os
import sys
from typing import Final

from netbench.errors import UnsupportedError

_CLOCK_MONOTONIC: Final = 1
_ABSOLUTE: Final = 1
_NONBLOCK_CLOEXEC: Final = os.O_NONBLOCK | os.O_CLOEXEC

_libc = ctypes.CDLL(None, use_errno=True)


class _Timespec(ctypes.Structure):
    _fields_ = (("seconds", ctypes.c_long), ("nanoseconds", ctypes.c_long))


class _Itimerspec(ctypes.Structure):
    _fields_ = (("interval", _Timespec), ("first", _Timespec))


class _Timer:
    def __init__(self, first_ns: int, period_ns: int) -> None:
        self._descriptor = _libc.timerfd_create(_CLOCK_MONOTONIC, _NONBLOCK_CLOEXEC)
        self._set(first_ns, period_ns)

    def fileno(self) -> int:
        """Return the descriptor, for polling."""
        return int(self._descriptor)

    def expired(self) -> int:
        """Return how many times it has ended since last asked; 0 when it has not."""
        try:
            return int.from_bytes(os.read(self._descriptor, 8), sys.byteorder)
        except BlockingIOError:
            return 0

    def close(self) -> None:
        """Stop the timer."""
        os.close(self._descriptor)

    def _set(self, first_ns: int, period_ns: int) -> None:
        wanted = _Itimerspec(_Timespec(*divmod(period_ns, 10**9)), _Timespec(*divmod(max(1, first_ns), 10**9)))
        if self._descriptor < 0 or _libc.timerfd_settime(self._descriptor, _ABSOLUTE, ctypes.byref(wanted), None) != 0:
            raise UnsupportedError(f"cannot make a timer: {os.strerror(ctypes.get_errno())}; close some files (ulimit -n)")


class PeriodicTimer(_Timer):
    """Readable from ``first_ns`` of the monotonic clock on, and again every ``period_ns``."""

    def __init__(self, first_ns: int, period_ns: int) -> None:
        """The timer runs.

        :raises UnsupportedError: when the kernel gives none
        """
        super().__init__(first_ns, period_ns)


class DeadlineTimer(_Timer):
    """Readable once from ``at_ns`` of the monotonic clock on, until it is set to another time."""

    def __init__(self, at_ns: int) -> None:
        """The timer runs.

        :raises UnsupportedError: when the kernel gives none
        """
        super().__init__(at_ns, 0)

    def set(self, at_ns: int) -> None:
        """Forget the time set before; a time that is past makes it readable at once."""
        self._set(at_ns, 0)
