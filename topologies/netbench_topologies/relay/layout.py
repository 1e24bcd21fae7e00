"""The memory that the relay and its parent share: one header, then a row of specs and a row of counters a direction.

Everything is int64 in native order. Direction 2 × i is link i forward, 2 × i + 1 reverse. The parent writes specs, the relay
writes counters; either may be read at any time, each value is whole. A spec may be changed while the relay runs.
"""

import mmap
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from netbench.plan.model import DIRECTIONS, DirectionName
from netbench_topologies.relay.fate import loss_thresholds, stream_key, threshold
from netbench_topologies.relay.model import RelayLink
from netbench_topologies.spec import DirectionSpec

Words = NDArray[np.int64]

VERSION = 1
LARGEST_FRAME = 68 * 1024
CHUNK_WORDS = 1 << 16
HEADER_WORDS = 8
HEADER_VERSION, HEADER_DIRECTIONS, HEADER_REALTIME, HEADER_CHUNKS = range(4)

(
    DELAY_NS,
    RATE_BPS,
    PLANNED_RATE_BPS,
    QUEUE_NS,
    JITTER_NS,
    LOSS_AT_FIRST,
    LOSS_AFTER_SENT,
    LOSS_AFTER_LOST,
    REORDER_THRESHOLD,
    REORDER_NS,
    LOSS_KEY,
    JITTER_KEY,
    REORDER_KEY,
    IN_DESCRIPTOR,
    OUT_DESCRIPTOR,
) = range(15)
SPEC_WORDS = 15

(
    RECEIVED,
    SENT,
    QUEUE_DROPS,
    LOSS_DROPS,
    OVERRUNS,
    SEND_ERRORS,
    LATE_FRAMES,
    MAX_LATE_NS,
    TOTAL_LATE_NS,
    ACCEPTED,
    REORDERED,
    LAST_LOST,
) = range(12)
COUNTER_WORDS = 12


@dataclass(frozen=True, slots=True)
class SharedMemory:
    """Views into the shared memory: header (8,), specs (directions, 15), counters (directions, 12)."""

    header: Words
    specs: Words
    counters: Words


def shared_bytes(directions: int) -> int:
    """Return how much memory so many directions share."""
    return 8 * (HEADER_WORDS + directions * (SPEC_WORDS + COUNTER_WORDS))


def map_shared(descriptor: int, directions: int) -> SharedMemory:
    """Return the shared memory behind ``descriptor``, mapped for as long as one of the views lives."""
    words = np.frombuffer(mmap.mmap(descriptor, shared_bytes(directions)), dtype=np.int64)
    header, rest = words[:HEADER_WORDS], words[HEADER_WORDS:]
    specs, counters = rest[: directions * SPEC_WORDS], rest[directions * SPEC_WORDS :]
    return SharedMemory(header, specs.reshape(directions, SPEC_WORDS), counters.reshape(directions, COUNTER_WORDS))


def write_specs(memory: SharedMemory, links: Sequence[RelayLink], seed: int, descriptors: Sequence[int]) -> None:
    """Write what is asked of every direction; ``descriptors`` are the sockets, a and b of each link in turn."""
    memory.header[HEADER_VERSION] = VERSION
    memory.header[HEADER_DIRECTIONS] = 2 * len(links)
    for index, link in enumerate(links):
        ends = descriptors[2 * index], descriptors[2 * index + 1]
        for offset, direction in enumerate(DIRECTIONS):
            row = memory.specs[2 * index + offset]
            write_spec(row, link.specs().towards(direction))
            _write_streams(row, seed, link.id, direction)
            row[IN_DESCRIPTOR], row[OUT_DESCRIPTOR] = ends[offset], ends[1 - offset]


def write_spec(row: Words, spec: DirectionSpec) -> None:
    """Write what is asked of one direction, whose streams and sockets stay."""
    row[DELAY_NS] = spec.delay_ns
    row[RATE_BPS] = spec.rate_bps
    row[PLANNED_RATE_BPS] = spec.planned_rate_bps
    row[QUEUE_NS] = spec.queue_ns
    row[JITTER_NS] = spec.jitter_ns
    losses = loss_thresholds(spec.loss_ratio, spec.loss_burst)
    row[LOSS_AT_FIRST], row[LOSS_AFTER_SENT], row[LOSS_AFTER_LOST] = losses.at_first, losses.after_sent, losses.after_lost
    row[REORDER_THRESHOLD] = threshold(spec.reorder_ratio)
    row[REORDER_NS] = spec.reorder_ns


def _write_streams(row: Words, seed: int, link: str, direction: DirectionName) -> None:
    unsigned = row.view(np.uint64)
    unsigned[LOSS_KEY] = stream_key(seed, link, direction, "loss")
    unsigned[JITTER_KEY] = stream_key(seed, link, direction, "jitter")
    unsigned[REORDER_KEY] = stream_key(seed, link, direction, "reorder")
