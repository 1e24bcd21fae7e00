"""There is room for everything that a link's rate brings while it is on its way, and no more is promised than can be had."""

import pytest

from netbench.errors import UnsupportedError
from netbench_topologies.relay.capacity import CHUNKS_BEGUN, SPARE_CHUNKS, chunks_of, store_chunks
from netbench_topologies.relay.layout import CHUNK_WORDS
from tests.topologies.relay.directions import plain_spec


@pytest.mark.parametrize("octets", [84, 1538, 65_000])
def test_a_full_link_fits(octets: int) -> None:
    """10 Gbit/s over 50 ms of delay, queue, jitter and lateness, in frames of one size, each with its record's overhead."""
    spec = plain_spec(
        rate_bps=10**10, planned_rate_bps=10**10, delay_ns=20_000_000, queue_ns=10_000_000, jitter_ns=10_000_000,
        reorder_ns=10_000_000,
    )  # fmt: skip
    frames = 10**10 * 50 // 1000 // (8 * octets)
    record_words = 2 + (10 + max(octets - 24, 14) + 7) // 8
    frames_a_chunk = (CHUNK_WORDS - 1) // record_words

    assert frames / frames_a_chunk <= chunks_of(spec)


def test_room_to_spare_is_for_alterations() -> None:
    """A relay of two quiet directions can take a gigabyte more than they need."""
    quiet = plain_spec(rate_bps=10**6, planned_rate_bps=10**6)

    assert store_chunks([quiet, quiet]) == 2 * CHUNKS_BEGUN + SPARE_CHUNKS


def test_too_much_is_refused_with_its_size() -> None:
    """Forty links of 40 Gbit/s and a second each hold more than 64 GiB."""
    endless = plain_spec(rate_bps=4 * 10**10, planned_rate_bps=4 * 10**10, delay_ns=10**9)

    with pytest.raises(UnsupportedError, match=r"the links hold \d+ GiB .* raise the plan's rate_scale"):
        store_chunks([endless] * 40)
