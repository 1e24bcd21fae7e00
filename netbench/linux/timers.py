"""A periodic timer that polls like a socket (timerfd), set once: no drift, nanoseconds, no re-arming a tick."""

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


class PeriodicTimer:
    """Readable from ``first_ns`` of the monotonic clock on, and again every ``period_ns``."""

    def __init__(self, first_ns: int, period_ns: int) -> None:
        """The timer runs.

        :raises UnsupportedError: when the kernel gives none
        """
        self._descriptor = _libc.timerfd_create(_CLOCK_MONOTONIC, _NONBLOCK_CLOEXEC)
        wanted = _Itimerspec(_Timespec(*divmod(period_ns, 10**9)), _Timespec(*divmod(max(1, first_ns), 10**9)))
        if self._descriptor < 0 or _libc.timerfd_settime(self._descriptor, _ABSOLUTE, ctypes.byref(wanted), None) != 0:
            raise UnsupportedError(f"cannot make a timer: {os.strerror(ctypes.get_errno())}; close some files (ulimit -n)")

    def fileno(self) -> int:
        """Return the descriptor, for polling."""
        return int(self._descriptor)

    def expired(self) -> int:
        """Return how many periods have ended since last asked; 0 when none."""
        try:
            return int.from_bytes(os.read(self._descriptor, 8), sys.byteorder)
        except BlockingIOError:
            return 0

    def close(self) -> None:
        """Stop the timer."""
        os.close(self._descriptor)
