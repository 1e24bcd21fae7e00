"""From what the workers tell, interval by interval, to rows of the intervals table."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from netbench.measure.samples import INTERVALS, Column, Columns, Turn

Event = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Row:
    """One interval of one test. None is: not measured."""

    start_ns: int
    duration_ns: int
    received_bytes: int
    retransmits: int | None = None
    round_trip_ns: int | None = None
    congestion_window_bytes: int | None = None


class Joiner:
    """Joins what the two ends tell of the same interval.

    The receiver's count is the truth. Where the receiver is out of reach, or died, it is what its kernel acknowledged to the
    sender: the sender's count of bytes in order, which it takes half a round trip later.
    """

    def __init__(self, *, waits_for_receiver: bool) -> None:
        """``waits_for_receiver``: the receiver is ours and will tell too, so a row waits for both."""
        self._waits_for_receiver = waits_for_receiver
        self._sender: dict[int, Event] = {}
        self._receiver: dict[int, Event] = {}

    def sender(self, event: Event) -> list[Row]:
        """Take one interval as its sender saw it; return the row that is complete by it, if any."""
        if self._waits_for_receiver and event["index"] not in self._receiver:
            self._sender[event["index"]] = event
            return []
        return [_row(event, self._receiver.pop(event["index"], None))]

    def receiver(self, event: Event) -> list[Row]:
        """Take one interval as its receiver saw it; return the row that is complete by it, if any."""
        if self._waits_for_receiver and event["index"] not in self._sender:
            self._receiver[event["index"]] = event
            return []
        return [_row(self._sender.pop(event["index"], None), event)]

    def remaining(self) -> list[Row]:
        """Return the rows of which one end never told, in order."""
        indices = sorted(self._sender.keys() | self._receiver.keys())
        return [_row(self._sender.get(index), self._receiver.get(index)) for index in indices]


def columns(pair: int, turn: Turn, rows: Sequence[Row]) -> Columns:
    """Return the rows as a batch of the intervals table."""
    constant = {"pair": pair, "turn": int(turn)}
    return {
        field.name: np.full(len(rows), constant[field.name], field.dtype)
        if field.name in constant
        else _column((getattr(row, field.name) for row in rows), field.dtype, nullable=field.nullable)
        for field in INTERVALS.fields
    }


def _row(sender: Event | None, receiver: Event | None) -> Row:
    if sender is None:
        return _bare(receiver or {}, "received_bytes")
    bare = _bare(receiver, "received_bytes") if receiver is not None else _bare(sender, "acked_bytes")
    return Row(
        bare.start_ns,
        bare.duration_ns,
        bare.received_bytes,
        sender["retransmits"],
        sender["round_trip_us"] * 1000,
        sender["congestion_window_bytes"],
    )


def _bare(event: Event, counted: str) -> Row:
    return Row(event["start_ns"], event["duration_ns"], event[counted])


def _column(values: Iterable[int | None], dtype: str, *, nullable: bool) -> Column:
    listed = list(values)
    filled: npt.NDArray[Any] = np.array([0 if value is None else value for value in listed], dtype)
    return np.ma.masked_array(filled, mask=[value is None for value in listed]) if nullable else filled
