"""Attempts of one measurement, put together one by one, to columns of packets."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from netbench.foreign.columns import masked, packet_columns
from netbench.measure.samples import Columns, Fate

OVERTAKEN_EITHER_WAY = 4


@dataclass(slots=True)
class Attempt:
    """One packet: when it was sent and what became of it; ``arrival`` counts answers in the order of their arrival."""

    sequence: int
    fate: Fate
    sent_ns: int
    arrival: int | None = None
    forward_ns: int | None = None
    residence_ns: int | None = None
    reverse_ns: int | None = None
    round_trip_ns: int | None = None


def columns_of(attempts: Iterable[Attempt]) -> Columns:
    """Return the attempts as packets in the order of sending; an answer after a later one's counts as overtaken (RFC 4737)."""
    kept = sorted(attempts, key=lambda each: (each.sequence, each.fate))
    late = _overtaken(kept)
    names = ("forward_ns", "residence_ns", "reverse_ns", "round_trip_ns")
    known = {name: masked([getattr(each, name) for each in kept]) for name in names}
    columns = packet_columns(
        np.array([each.sequence for each in kept]),
        np.array([int(each.fate) for each in kept]),
        np.array([each.sent_ns for each in kept], np.int64),
        known,
    )
    reordered = np.array([OVERTAKEN_EITHER_WAY if id(each) in late else 0 for each in kept], np.uint8)
    return {**columns, "reordered": reordered}


def _overtaken(attempts: Iterable[Attempt]) -> set[int]:
    answered = [each for each in attempts if each.fate is Fate.ANSWERED and each.arrival is not None]
    highest, late = -1, set[int]()
    for each in sorted(answered, key=lambda one: one.arrival or 0):
        if each.sequence < highest:
            late.add(id(each))
        highest = max(highest, each.sequence)
    return late
