"""Room for the frames on their way, taken from the kernel at once and paid for only where it is touched."""

import mmap

import numpy as np

from netbench.clock import NANOSECONDS_PER_SECOND
from netbench.errors import UnsupportedError
from netbench_topologies.relay.frame import LARGEST_FRAME
from netbench_topologies.relay.layout import DELAY_NS, JITTER_NS, QUEUE_NS, RATE_BPS, RING_START, RING_WORDS, Words

MAP_NORESERVE = 0x4000  # not in the mmap module before Python 3.13
FASTEST_RELAY_BPS = 40_000_000_000
SLACK_WORDS = 4 * LARGEST_FRAME // 8
MOST_WORDS = 1 << 33  # 64 GiB of addresses


def ring_words(spec: Words) -> int:
    """Return how large the ring of a direction must be: everything that its rate brings while a frame is on its way.

    A frame takes a quarter more in the ring than on the wire at most. No relay carries more than 40 Gbit/s.
    """
    rate_bps = min(int(spec[RATE_BPS]), FASTEST_RELAY_BPS)
    time_ns = int(spec[DELAY_NS]) + int(spec[QUEUE_NS]) + int(spec[JITTER_NS])
    return rate_bps * time_ns * 5 // (4 * 64 * NANOSECONDS_PER_SECOND) + SLACK_WORDS


def make_arena(specs: Words) -> Words:
    """Return memory for the rings of all directions, and write into ``specs`` where each is.

    :raises UnsupportedError: when delay × rate asks for more than can be had
    """
    start = 0
    for spec in specs:
        spec[RING_START], spec[RING_WORDS] = start, ring_words(spec)
        start += int(spec[RING_WORDS])
    if start > MOST_WORDS:
        raise UnsupportedError(
            f"the links hold {start * 8 >> 30} GiB of frames on their way; raise the plan's rate_scale or shorten its queues"
        )
    private = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | MAP_NORESERVE
    return np.frombuffer(mmap.mmap(-1, start * 8, flags=private), dtype=np.int64)
