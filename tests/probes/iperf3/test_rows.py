"""What the two ends tell becomes rows of the intervals table."""

from collections.abc import Mapping
from itertools import chain
from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from netbench.measure.samples import INTERVALS, Turn
from netbench_probes.iperf3.rows import Joiner, Row, columns


def interval(index: int, *, start_ns: int = 0, acked_bytes: int = 0, received_bytes: int = 0) -> Mapping[str, Any]:
    return {
        "event": "interval",
        "index": index,
        "start_ns": start_ns,
        "duration_ns": 1_000_000_000,
        "acked_bytes": acked_bytes,
        "received_bytes": received_bytes,
        "retransmits": 3,
        "round_trip_us": 250,
        "congestion_window_bytes": 14480,
    }


def test_the_receiver_counts_and_the_sender_knows_the_rest() -> None:
    """Times and bytes are the receiver's; retransmissions, round trip and window are the sender's."""
    joiner = Joiner(waits_for_receiver=True)
    assert joiner.sender(interval(0, start_ns=7, acked_bytes=900)) == []
    assert joiner.receiver(interval(0, start_ns=5, received_bytes=1000)) == [Row(5, 1_000_000_000, 1000, 3, 250_000, 14480)]
    assert joiner.remaining() == []


def test_the_receiver_is_out_of_reach() -> None:
    """Then what its kernel acknowledged counts, and nothing is waited for."""
    joiner = Joiner(waits_for_receiver=False)
    assert joiner.sender(interval(0, start_ns=7, acked_bytes=900)) == [Row(7, 1_000_000_000, 900, 3, 250_000, 14480)]


def test_the_sender_is_out_of_reach() -> None:
    """Then what only it knows is not measured."""
    joiner = Joiner(waits_for_receiver=False)
    assert joiner.receiver(interval(0, received_bytes=900)) == [Row(0, 1_000_000_000, 900, None, None, None)]


def test_an_end_that_died_takes_no_row_with_it() -> None:
    """What only one end told comes at the end, in order."""
    joiner = Joiner(waits_for_receiver=True)
    joiner.receiver(interval(1, received_bytes=11))
    joiner.sender(interval(0, acked_bytes=10))
    assert [row.received_bytes for row in joiner.remaining()] == [10, 11]


@given(st.permutations([(end, index) for end in ("sender", "receiver") for index in range(4)]))
def test_any_order_of_telling_gives_the_same_rows(order: list[tuple[str, int]]) -> None:
    """Each interval makes one row with both ends in it, whichever told first."""
    joiner = Joiner(waits_for_receiver=True)
    take = {"sender": joiner.sender, "receiver": joiner.receiver}
    rows = list(chain.from_iterable(take[end](interval(index, received_bytes=index)) for end, index in order))
    assert sorted(row.received_bytes for row in rows) == [0, 1, 2, 3]
    assert all(row.retransmits == 3 for row in rows)
    assert joiner.remaining() == []


def test_rows_have_the_shape_of_the_table() -> None:
    """Every column has its type and length; what was not measured is masked, and nothing else can be."""
    made = columns(2, Turn.REVERSE, [Row(1, 2, 3, 4, 5, 6), Row(7, 8, 9)])
    assert {name: str(column.dtype) for name, column in made.items()} == {f.name: f.dtype for f in INTERVALS.fields}
    assert made["pair"].tolist() == [2, 2]
    assert made["turn"].tolist() == [1, 1]
    assert made["received_bytes"].tolist() == [3, 9]
    assert made["retransmits"].tolist() == [4, None]
    assert [f.name for f in INTERVALS.fields if f.nullable] == [n for n, c in made.items() if isinstance(c, np.ma.MaskedArray)]
