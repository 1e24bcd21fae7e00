"""What a column map says, and what is read by one."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

from netbench.analysis.summary import Summary, SummaryDirection
from netbench.measure.samples import Columns
from netbench.plan.model import Layer, Source, Text

VERSION = 1

Format: TypeAlias = Literal["csv", "json", "ping", "mtr", "irtt", "perfsonar"]
FORMATS: tuple[Format, ...] = ("csv", "json", "ping", "mtr", "irtt", "perfsonar")
TABLES: tuple[Format, ...] = ("csv", "json")
"""Formats whose columns a map must name; the others name theirs themselves."""

UnitName: TypeAlias = Literal["ns", "us", "ms", "s", "1", "%", "packets"]
LOST_PACKETS, ANSWERED_PACKETS = "lost_packets", "answered_packets"
COUNTED = (LOST_PACKETS, ANSWERED_PACKETS)
SAMPLE = "sample"


@dataclass(frozen=True, slots=True)
class Column:
    """One figure of a row: where it stands and what it is; ``name`` of a JSON row is a dotted path.

    The statistic ``sample`` is one measurement and no summary of many; ``lost_packets`` and ``answered_packets`` are counts.
    """

    name: str
    metric: str
    statistic: str
    direction: SummaryDirection
    unit: UnitName


@dataclass(frozen=True, slots=True)
class TimeColumn:
    """When a row was measured: ``form`` is iso, epoch (seconds), epoch-ms or a strptime pattern."""

    name: str
    form: str
    marks_end: bool


@dataclass(frozen=True, slots=True)
class ColumnMap:
    """A checked map. ``rows`` is the dotted path to a JSON file's rows, empty where the file is the list of them.

    ``timezone`` is that of times that say none: an IANA name, ``plan`` for the plan's, None where every time says its own.
    ``clock_error_ns`` is how far apart the clocks at both ends may be by somebody's word, None where nobody says.
    ``sent`` and ``answered`` are the columns that count a row's packets; ``missing`` are cells that stand for nothing.
    """

    name: str
    title: Text
    source: Source
    format: Format
    layer: Layer
    encoding: Literal["utf-8", "gb18030"]
    delimiter: str
    rows: str
    corridor: str | None
    time: TimeColumn | None
    timezone: str | None
    period_ns: int | None
    clock_error_ns: int | None
    missing: tuple[str, ...]
    sent: str | None
    answered: str | None
    columns: tuple[Column, ...]
    text: str
    digest: str


@dataclass(frozen=True, slots=True)
class Subject:
    """What a file says of one thing that was measured; ``name`` is the file's own word for it, None where it has none.

    ``place`` is where it is first met. ``summaries`` are figures, ``packets`` raw samples (``PACKETS`` columns) or None;
    ``only_delays`` says that losses among them are not told. ``resolution_ns`` is the last digit that was written.
    ``clock_error_ns`` bounds how far apart the clocks of one-way figures were, None where nobody says.
    """

    name: str | None
    place: str
    summaries: tuple[Summary, ...]
    packets: Columns | None = None
    only_delays: bool = False
    resolution_ns: int = 0
    clock_error_ns: int | None = None


@dataclass(frozen=True, slots=True)
class Span:
    """From when to when it was measured, as wall-clock nanoseconds since 1970."""

    begins_ns: int
    ends_ns: int


@dataclass(frozen=True, slots=True)
class Content:
    """A whole file, read: ``span`` is None where it does not say when; ``rows`` is how many were read."""

    subjects: tuple[Subject, ...]
    span: Span | None
    rows: int


Cell: TypeAlias = str | int | float | bool | None


@dataclass(frozen=True, slots=True)
class Row:
    """One row: its cells as text, None where there is nothing, and where it stands, for refusals."""

    cells: Mapping[str, str | None]
    place: str
