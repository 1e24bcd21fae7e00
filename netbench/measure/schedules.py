"""The times of a schedule: a pure function of it, so that every engine sends at the same ones and a test can foretell them.

Times are nanoseconds after the start. Pairs that are measured at once have one stream each: periodic ones are staggered evenly
within the interval, Poisson ones are drawn apart.
"""

import heapq
from collections.abc import Iterator
from typing import Final

import numpy as np
import numpy.typing as npt

from netbench.measure.probe import Schedule

CHUNK: Final = 4096

Times = npt.NDArray[np.int64]


def due_ns(schedule: Schedule, stream: int = 0, streams: int = 1) -> Times:
    """Return when each attempt of one stream is due, in order."""
    return np.concatenate([np.empty(0, np.int64), *due_chunks(schedule, stream, streams)])


def due_chunks(schedule: Schedule, stream: int = 0, streams: int = 1) -> Iterator[Times]:
    """Give the same times piece by piece, for schedules too long to be held at once."""
    if schedule.spacing == "poisson":
        return _poisson(schedule, stream)
    return _periodic(schedule, stream, streams)


def sends(schedule: Schedule, streams: int) -> Iterator[tuple[int, int]]:
    """Give every attempt of all streams as (due time, stream), in order of time."""
    if schedule.spacing == "poisson":
        return heapq.merge(*(_told(schedule, stream, streams) for stream in range(streams)))
    return _in_turn(schedule, streams)


def _in_turn(schedule: Schedule, streams: int) -> Iterator[tuple[int, int]]:
    for number in range(schedule.count):
        base_ns = number * schedule.interval_ns
        for stream in range(streams):
            yield base_ns + stream * schedule.interval_ns // streams, stream


def _told(schedule: Schedule, stream: int, streams: int) -> Iterator[tuple[int, int]]:
    for chunk in due_chunks(schedule, stream, streams):
        for time_ns in chunk.tolist():
            yield time_ns, stream


def _periodic(schedule: Schedule, stream: int, streams: int) -> Iterator[Times]:
    offset_ns = stream * schedule.interval_ns // streams
    for first in range(0, schedule.count, CHUNK):
        numbers = np.arange(first, min(first + CHUNK, schedule.count), dtype=np.int64)
        yield numbers * schedule.interval_ns + offset_ns


def _poisson(schedule: Schedule, stream: int) -> Iterator[Times]:
    # the inverse of the distribution on raw uniform draws: numpy may change how it draws exponentials, not these
    draws = np.random.default_rng([schedule.seed, stream])
    reached_ns = 0
    for first in range(0, schedule.count, CHUNK):
        gaps = -np.log1p(-draws.random(CHUNK)) * schedule.interval_ns
        times = reached_ns + np.cumsum(np.rint(gaps).astype(np.int64))
        reached_ns = int(times[-1])
        yield times[: schedule.count - first]
