"""Tables of packets and intervals for tests."""

from collections.abc import Sequence

import numpy as np

from netbench.measure.samples import Columns, Fate

Packet = tuple[int, Fate, int | None, int | None, int]
"""Sequence, fate, forward and reverse delay in ns, reordering bits."""


def packet_columns(packets: Sequence[Packet]) -> Columns:
    """Return the packets as one pair's columns; the reflector kept each for a second, which no figure may contain."""
    return {
        "pair": np.zeros(len(packets), np.uint16),
        "sequence": np.array([packet[0] for packet in packets], np.uint32),
        "fate": np.array([packet[1] for packet in packets], np.uint8),
        "sent_ns": np.arange(len(packets), dtype=np.int64) * 1_000_000,
        "forward_ns": nullable([packet[2] for packet in packets]),
        "residence_ns": nullable([None if packet[2] is None else 1_000_000_000 for packet in packets]),
        "reverse_ns": nullable([packet[3] for packet in packets]),
        "reordered": np.array([packet[4] for packet in packets], np.uint8),
    }


def answered(delays_ns: Sequence[tuple[int, int]]) -> list[Packet]:
    """Return packets that all came back in order."""
    return [(number, Fate.ANSWERED, *delays, 0) for number, delays in enumerate(delays_ns)]


def lost(number: int, fate: Fate = Fate.LOST) -> Packet:
    """Return a packet without times."""
    return (number, fate, None, None, 0)


def interval_columns(intervals: Sequence[tuple[int, int, int]]) -> Columns:
    """Return (turn, duration in ns, received bytes) as one pair's columns, one after the other."""
    count = len(intervals)
    nothing = nullable([None] * count)
    return {
        "pair": np.zeros(count, np.uint16),
        "turn": np.array([each[0] for each in intervals], np.uint8),
        "start_ns": np.arange(count, dtype=np.int64) * 1_000_000_000,
        "duration_ns": np.array([each[1] for each in intervals], np.int64),
        "received_bytes": np.array([each[2] for each in intervals], np.int64),
        "retransmits": nothing,
        "round_trip_ns": nothing,
        "congestion_window_bytes": nothing,
    }


def nullable(values: Sequence[int | None]) -> "np.ma.MaskedArray[tuple[int], np.dtype[np.int64]]":
    """Return one column in which None is masked."""
    plain = np.array([0 if value is None else value for value in values], np.int64)
    return np.ma.MaskedArray(plain, mask=np.array([value is None for value in values], np.bool_))
