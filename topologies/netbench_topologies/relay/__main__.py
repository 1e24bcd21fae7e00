"""The relay's own process: ``python -m netbench_topologies.relay MEMORY DIRECTIONS READY STOP PARENT`` (descriptors).

It relays until STOP or PARENT becomes readable: the other end of the pipe is closed, or the parent process has ended.
"""

import ctypes
import os
import signal
import sys

from netbench.errors import NetbenchError, UnsupportedError
from netbench_topologies.relay.layout import HEADER_REALTIME, SharedMemory, map_shared

PR_SET_TIMERSLACK = 29
REALTIME_PRIORITY = 1


def main(arguments: list[str]) -> int:
    """Relay until told to stop; return the process's exit code, having said why on standard error."""
    memory, directions, ready, stop, parent = (int(argument) for argument in arguments)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # an interrupt is for the parent, which then ends the relay
    try:
        relay(map_shared(memory, directions), ready, (stop, parent))
    except NetbenchError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    return 0


def relay(shared: SharedMemory, ready: int, ends: tuple[int, int]) -> None:
    """Relay until one of ``ends`` is readable; an octet is written to ``ready`` when it begins.

    :raises UnsupportedError: when the loop cannot be compiled here or the kernel cannot wait in nanoseconds
    """
    shared.header[HEADER_REALTIME] = become_punctual()
    sys.modules["scipy"] = None  # type: ignore[assignment] # loading it for numba's BLAS, which nothing here calls, takes long
    try:
        from netbench_topologies.relay.engine import Engine

        engine = Engine(shared, ends)
    except (ImportError, RuntimeError, OSError, MemoryError) as error:
        raise UnsupportedError(f"the relay's loop cannot be compiled here: {error}; numba needs executable memory") from error
    os.write(ready, b"r")
    failure = engine.run()
    if failure:
        raise UnsupportedError(f"the relay cannot wait: {os.strerror(failure)}; it needs Linux 5.11")


def become_punctual() -> bool:
    """Timers fire without slack; return whether the process may also run before all ordinary ones."""
    ctypes.CDLL(None).prctl(PR_SET_TIMERSLACK, 1, 0, 0, 0)
    try:
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(REALTIME_PRIORITY))
    except PermissionError:
        return False
    return True


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
