"""The C library as compiled code calls it: by name, so that the compiled loop can be kept on disk.

Addresses and lengths are plain integers; a negative result means that ``error_number`` says why.
"""

from typing import TYPE_CHECKING, cast

import numpy as np
from numba import types
from numpy.typing import NDArray

from netbench.linux.native.compiled import compiled

if TYPE_CHECKING:
    from collections.abc import Callable

Words = NDArray[np.int64]

NANOSECONDS = 1_000_000_000
CLOCK_REALTIME, CLOCK_MONOTONIC = 0, 1
MSG_DONTWAIT, MSG_TRUNC, MSG_ERRQUEUE = 0x40, 0x20, 0x2000
EINTR, EAGAIN, ENOBUFS, ECONNREFUSED = 4, 11, 105, 111
SYS_EPOLL_PWAIT2 = 441  # the same number on every architecture; glibc has the name only since 2.35

_word, _int, _unsigned = types.intp, types.int32, types.uint32

recvmmsg = cast("Callable[..., int]", types.ExternalFunction("recvmmsg", _int(_int, _word, _unsigned, _int, _word)))
sendmmsg = cast("Callable[..., int]", types.ExternalFunction("sendmmsg", _int(_int, _word, _unsigned, _int)))
setsockopt = cast("Callable[..., int]", types.ExternalFunction("setsockopt", _int(_int, _int, _int, _word, _unsigned)))
read = cast("Callable[..., int]", types.ExternalFunction("read", _word(_int, _word, _word)))
write = cast("Callable[..., int]", types.ExternalFunction("write", _word(_int, _word, _word)))
memcpy = cast("Callable[..., int]", types.ExternalFunction("memcpy", _word(_word, _word, _word)))
clock_gettime = cast("Callable[..., int]", types.ExternalFunction("clock_gettime", _int(_int, _word)))
syscall = cast("Callable[..., int]", types.ExternalFunction("syscall", _word(_word, _word, _word, _word, _word, _word, _word)))
_errno_location = cast("Callable[[], int]", types.ExternalFunction("__errno_location", _word()))
_ERRNO_OCTETS = 4


@compiled
def error_number(times: Words, address: int, place: int) -> int:
    """Return errno of the calling thread, by way of ``times[place]``, which was zero and is below 2**32."""
    memcpy(address + 8 * place, _errno_location(), _ERRNO_OCTETS)
    return int(times[place])


@compiled
def read_clock(times: Words, address: int, clock: int, place: int) -> int:
    """Return what a clock of the kernel says, in nanoseconds, by way of the timespec at ``times[place]``."""
    clock_gettime(clock, address + 8 * place)
    return int(times[place] * NANOSECONDS + times[place + 1])
