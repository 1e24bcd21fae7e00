"""Sends datagrams at random times: one process for many flows, each a Poisson stream of its own.

The process is told on its command line which connected sockets to use, how often each sends on average and what seeds it, and
ends when the other side of its stop pipe closes. What it did it says on stdout, as JSON: per flow how many datagrams it sent and
how many the kernel did not take, and how late it was. It keeps to absolute deadlines: what it is late with it sends at once.
"""

import contextlib
import ctypes
import heapq
import json
import os
import random
import select
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from typing import Final

PAYLOAD_OCTETS: Final = 1472
"""Fills a frame of 1514 octets over IPv4."""
WIRE_OCTETS: Final = PAYLOAD_OCTETS + 8 + 20 + 14 + 24
"""Such a datagram on Ethernet: UDP, IP, the frame's header, and preamble, check sequence and gap."""

LATE_NS: Final = 1_000_000
_AT_ONCE: Final = 64
"""How many overdue datagrams may leave before the sender looks whether it should stop."""
_PR_SET_TIMERSLACK: Final = 29
_PAYLOAD: Final = bytes(PAYLOAD_OCTETS)


@dataclass(frozen=True, slots=True)
class Stream:
    """One flow: a connected socket's descriptor, its mean rate, and the word that decides its random times."""

    descriptor: int
    packets_per_second: float
    seed: str


@dataclass(slots=True)
class Sent:
    """What a sender did, by stream: ``late`` datagrams left more than a millisecond after their time."""

    sent: list[int]
    refused: list[int]
    late: int = 0
    max_late_ns: int = 0
    elapsed_ns: int = 0
    errors: list[str] = field(default_factory=list[str])


def send_until(stopped: Callable[[float], bool], streams: list[Stream], now_ns: Callable[[], int] = time.monotonic_ns) -> Sent:
    """Send every stream until ``stopped``, which waits up to so many seconds for the stop and says whether it came."""
    result = Sent([0] * len(streams), [0] * len(streams))
    started_ns = now_ns()
    moments = [_moments(stream, started_ns) for stream in streams]
    heap = [(next(times), index) for index, times in enumerate(moments)]
    heapq.heapify(heap)
    while not _stop_comes_first(heap[0][0], now_ns, stopped):
        for _ in range(_AT_ONCE):
            due_ns, index = heap[0]
            if (late_ns := now_ns() - due_ns) < 0:
                break
            heapq.heapreplace(heap, (next(moments[index]), index))
            _note_lateness(result, late_ns)
            _send(streams[index].descriptor, result, index)
    result.elapsed_ns = now_ns() - started_ns
    return result


def _stop_comes_first(due_ns: int, now_ns: Callable[[], int], stopped: Callable[[float], bool]) -> bool:
    """Return at ``due_ns``, or true as soon as the stop comes."""
    return stopped(max(0, due_ns - now_ns()) / 1e9)


def _moments(stream: Stream, started_ns: int) -> Iterator[int]:
    chance = random.Random(stream.seed)
    moment = float(started_ns)
    while True:
        moment += chance.expovariate(stream.packets_per_second) * 1e9
        yield int(moment)


def _note_lateness(result: Sent, late_ns: int) -> None:
    result.late += late_ns > LATE_NS
    result.max_late_ns = max(result.max_late_ns, late_ns)


def _send(descriptor: int, result: Sent, index: int) -> None:
    try:
        os.write(descriptor, _PAYLOAD)
    except OSError as error:
        result.refused[index] += 1
        if len(result.errors) < len(result.sent):
            result.errors.append(error.strerror or str(error))
    else:
        result.sent[index] += 1


def main(arguments: list[str]) -> int:
    """Run as a process: ``STOP_DESCRIPTOR STREAMS``, the streams as JSON lists."""
    ctypes.CDLL(None).prctl(_PR_SET_TIMERSLACK, 1, 0, 0, 0)
    with contextlib.suppress(PermissionError):  # where the kernel does not let it go first it is late more often, and says so
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))
    stop = int(arguments[0])
    streams = [Stream(*values) for values in json.loads(arguments[1])]
    result = send_until(lambda seconds: bool(select.select([stop], [], [], seconds)[0]), streams)
    json.dump(asdict(result), sys.stdout)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
