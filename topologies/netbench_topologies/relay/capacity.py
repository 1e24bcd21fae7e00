"""How much room the frames on their way may need: addresses, paid for only where they are touched."""

from collections.abc import Iterable

from netbench.clock import NANOSECONDS_PER_SECOND
from netbench.errors import UnsupportedError
from netbench_topologies.relay.layout import CHUNK_WORDS, LARGEST_FRAME
from netbench_topologies.spec import DirectionSpec

FASTEST_RELAY_BPS = 40_000_000_000
USABLE_WORDS = CHUNK_WORDS - LARGEST_FRAME // 8  # what is left of a chunk may be too short for the next frame
CHUNKS_BEGUN = 4  # two rings, each with a first and a last chunk that are not full
SPARE_CHUNKS = 1 << 11  # 1 GiB of addresses for what links may be altered to
MOST_CHUNKS = 1 << 17  # 64 GiB


def chunks_of(spec: DirectionSpec) -> int:
    """Return how many chunks a direction may fill: with all that its rate brings while a frame is on its way.

    A frame takes a quarter more in the store than on the wire at most. No relay carries more than 40 Gbit/s.
    """
    rate_bps = min(spec.rate_bps, FASTEST_RELAY_BPS)
    time_ns = spec.delay_ns + spec.queue_ns + spec.jitter_ns + spec.reorder_ns
    words = rate_bps * time_ns * 5 // (4 * 64 * NANOSECONDS_PER_SECOND)
    return words // USABLE_WORDS + CHUNKS_BEGUN


def store_chunks(specs: Iterable[DirectionSpec]) -> int:
    """Return how many chunks the store of a relay has that begins with these directions.

    :raises UnsupportedError: when delay × rate asks for more than can be had
    """
    chunks = sum(map(chunks_of, specs)) + SPARE_CHUNKS
    if chunks > MOST_CHUNKS:
        raise UnsupportedError(
            f"the links hold {chunks * CHUNK_WORDS * 8 >> 30} GiB of frames on their way; "
            "raise the plan's rate_scale or shorten its queues"
        )
    return chunks
