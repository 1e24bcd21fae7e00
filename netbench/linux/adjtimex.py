"""What the kernel itself knows of its wall clock: adjtimex(2), read and never set."""

import ctypes
import os
from dataclasses import dataclass
from typing import Final

from netbench.errors import CannotMeasureError

_TIME_ERROR: Final = 5
_STA_UNSYNC: Final = 0x0040
_MICROSECOND_NS: Final = 1000

_libc = ctypes.CDLL(None, use_errno=True)


class _Timex(ctypes.Structure):
    _fields_ = (
        ("modes", ctypes.c_uint),
        ("offset", ctypes.c_long),
        ("frequency", ctypes.c_long),
        ("maxerror", ctypes.c_long),
        ("esterror", ctypes.c_long),
        ("status", ctypes.c_int),
        ("rest", ctypes.c_byte * 256),  # more than any libc's struct timex has after this
    )


@dataclass(frozen=True, slots=True)
class KernelClock:
    """The kernel's word on CLOCK_REALTIME.

    ``most_error_ns`` and ``estimated_error_ns`` were filled by whoever disciplines the clock, and the first grows by 500 ppm
    since; ``frequency_ppb`` is by how much the kernel makes it run faster.
    """

    synchronised: bool
    most_error_ns: int
    estimated_error_ns: int
    frequency_ppb: int


def read_kernel_clock() -> KernelClock:
    """Return the kernel's word; no privilege is needed.

    :raises CannotMeasureError: when the kernel refuses, as some containers make it
    """
    found = _Timex()
    state = _libc.adjtimex(ctypes.byref(found))
    if state < 0:
        raise CannotMeasureError(f"the kernel does not tell the state of its clock (adjtimex): {os.strerror(ctypes.get_errno())}")
    return KernelClock(
        synchronised=state != _TIME_ERROR and not found.status & _STA_UNSYNC,
        most_error_ns=found.maxerror * _MICROSECOND_NS,
        estimated_error_ns=found.esterror * _MICROSECOND_NS,
        frequency_ppb=round(found.frequency * 1000 / 65_536),
    )
