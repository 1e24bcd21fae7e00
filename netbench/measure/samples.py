"""Samples: one attempt and its fate, raw, in columns.

Three tables serve every probe: packets (one row an attempt, or one row more for each extra copy that arrived), intervals
(one row a stretch of time in which bytes were counted) and hops (one row a packet that was to end on its way). A value that
was not measured is masked: never zero, never NaN; a column that a probe does not write is masked as a whole.
Instants are wall-clock nanoseconds since 1970; durations are differences taken from the clocks named by the probe.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, Protocol, TypeAlias

import numpy as np
import numpy.typing as npt

Column: TypeAlias = npt.NDArray[Any] | np.ma.MaskedArray[Any, Any]
Columns: TypeAlias = Mapping[str, Column]


class Fate(IntEnum):
    """What became of a packet. Only ``ANSWERED`` and ``DUPLICATE`` carry all four times; one-way probes know the first two."""

    ANSWERED = 0
    LOST = 1
    """No answer in time, and nobody can say in which direction."""
    LOST_FORWARD = 2
    LOST_REVERSE = 3
    DUPLICATE = 4
    """One more copy of an answer already counted: not an attempt."""
    NOT_SENT = 5
    """The instrument failed to send it: not the network's loss."""


class Turn(IntEnum):
    """The direction of an interval along its pair."""

    FORWARD = 0
    REVERSE = 1


@dataclass(frozen=True, slots=True)
class Field:
    """One column: its name (the unit is the suffix), numpy type, and whether rows may lack it."""

    name: str
    dtype: str
    nullable: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """The shape of one kind of samples."""

    name: str
    version: int
    fields: tuple[Field, ...]


PACKETS = Table(
    "packets",
    2,
    (
        Field("pair", "uint16"),  # index into the pairs that were measured
        Field("sequence", "uint32"),
        Field("fate", "uint8"),  # Fate
        Field("sent_ns", "int64"),  # wall clock, T1
        Field("forward_ns", "int64", nullable=True),  # T2 - T1
        Field("residence_ns", "int64", nullable=True),  # T3 - T2, spent in the reflector
        Field("reverse_ns", "int64", nullable=True),  # T4 - T3
        Field("reordered", "uint8"),  # overtaken (RFC 4737), bit 0: on the way there, bit 1: on the way back, bit 2: on either
        # since version 2:
        Field("send_late_ns", "int64", nullable=True),  # how long after its due time it was handed to the kernel
        Field("forward_ttl", "uint8", nullable=True),  # TTL or hop limit as the far end saw it
        Field("reverse_ttl", "uint8", nullable=True),  # as it came back
        Field("forward_tos", "uint8", nullable=True),  # DSCP << 2 | ECN as the far end saw it
        Field("reverse_tos", "uint8", nullable=True),  # as it came back
        Field("round_trip_ns", "int64", nullable=True),  # T4 - T1 where the far end tells no time, else masked
    ),
)

INTERVALS = Table(
    "intervals",
    1,
    (
        Field("pair", "uint16"),
        Field("turn", "uint8"),  # Turn
        Field("start_ns", "int64"),  # wall clock
        Field("duration_ns", "int64"),
        Field("received_bytes", "int64"),
        Field("retransmits", "int64", nullable=True),
        Field("round_trip_ns", "int64", nullable=True),  # TCP's smoothed estimate at the end of the interval
        Field("congestion_window_bytes", "int64", nullable=True),
    ),
)

HOPS = Table(
    "hops",
    1,
    (
        Field("pair", "uint16"),
        Field("sequence", "uint32"),  # the round: all hops of one flow, asked once
        Field("flow", "uint16"),  # probes of one flow look alike to whatever spreads traffic over several ways
        Field("hop", "uint8"),  # the hop limit it was sent with; 0: the greatest, to find the largest packet that arrives
        Field("fate", "uint8"),  # Fate
        Field("sent_ns", "int64"),  # wall clock
        Field("packet_octets", "uint16"),  # the IP packet
        Field("round_trip_ns", "int64", nullable=True),
        Field("address", "U45", nullable=True),  # who answered
        Field("saying", "uint8", nullable=True),  # what the answer means: netbench.linux.icmp_errors.Saying
        Field("icmp_type", "uint8", nullable=True),
        Field("icmp_code", "uint8", nullable=True),
        Field("reply_ttl", "uint8", nullable=True),  # of the answer on its arrival
        Field("mtu_octets", "uint16", nullable=True),  # what the next link takes, by who found the packet too big
        Field("quoted_octets", "uint16", nullable=True),  # how much of the packet the answer quoted
        Field("labels", "U120", nullable=True),  # MPLS, from the top: label/traffic class/bottom/TTL, as the packet carried them
        Field("interface", "U64", nullable=True),  # by which the router took it, by name, address or number (RFC 5837)
    ),
)


def completed(table: Table, columns: Columns) -> Columns:
    """Return the columns with those of ``table`` that they lack and rows may lack, all masked: how an older version is read."""
    count = len(next(iter(columns.values()), ()))
    lacking = [field for field in table.fields if field.nullable and field.name not in columns]
    return {**columns, **{field.name: _unknown(field, count) for field in lacking}}


def _unknown(field: Field, count: int) -> Column:
    return np.ma.MaskedArray(np.zeros(count, field.dtype), mask=np.ones(count, np.bool_))


class Sink(Protocol):
    """Takes samples as they come; every call is flushed, so a probe calls it at least once a second."""

    def write(self, table: Table, columns: Columns) -> None:
        """Keep one batch. Its columns are of one length; of ``table`` only those may be missing that rows may lack."""
        ...
