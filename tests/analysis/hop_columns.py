"""Tables of hops for tests."""

from collections.abc import Sequence

import numpy as np

from netbench.linux.icmp_errors import Saying
from netbench.measure.collect import MemorySink
from netbench.measure.samples import HOPS, Columns, Fate
from netbench_probes.path.records import HopRow
from netbench_probes.tables import columns_of

SECOND = 1_000_000_000
START = 1_795_000_000 * SECOND


def answered(sequence: int, hop: int, address: str, saying: Saying = Saying.EXPIRED, *, flow: int = 0) -> HopRow:
    """An answer after ``hop`` ms to round ``sequence``, one round a second."""
    sent_ns = START + sequence * SECOND + hop * 1000
    return HopRow(sequence, flow, hop, Fate.ANSWERED, sent_ns, 64, hop * 1_000_000, address, saying, reply_ttl=65 - hop)


def lost(sequence: int, hop: int, *, flow: int = 0) -> HopRow:
    return HopRow(sequence, flow, hop, Fate.LOST, START + sequence * SECOND + hop * 1000, 64)


def search(number: int, octets: int, saying: Saying | None, address: str = "10.0.0.9", told: int | None = None) -> HopRow:
    """One packet of the search for the largest."""
    sent_ns = START - SECOND + number
    if saying is None:
        return HopRow(number, 0, 0, Fate.LOST, sent_ns, octets)
    return HopRow(number, 0, 0, Fate.ANSWERED, sent_ns, octets, 5, address, saying, mtu_octets=told)


def hop_columns(rows: Sequence[HopRow]) -> Columns:
    """The rows as one pair's columns, shuffled: analysis must not rely on their order."""
    sink = MemorySink()
    if rows:
        order: list[int] = np.random.default_rng(1).permutation(len(rows)).tolist()
        sink.write(HOPS, columns_of(HOPS, [(0, rows[at]) for at in order]))
    return sink.columns(HOPS)
