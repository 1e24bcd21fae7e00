"""Reading a link's trace: a CSV file beside the plan that says how the link changes with time.

The first line names the columns: ``time`` and at least one of ``delay``, ``rate`` and ``loss``. Values carry units as in a plan;
an empty one leaves the plan's own figure. Lines that begin with ``#`` are remarks. Each row holds from its time until the next
one's; the last holds as long as the one before it, and then the trace begins anew.
"""

import csv
import hashlib
import itertools
from collections.abc import Iterator
from importlib.resources.abc import Traversable
from pathlib import PurePosixPath
from typing import NoReturn

from netbench.errors import PlanError
from netbench.plan import defaults
from netbench.plan.fields import Fields, Value
from netbench.plan.impairments import bounded_duration
from netbench.plan.model import DIRECTIONS, DirectionName, Link, PerDirection, Trace, TracePoint
from netbench.plan.tree import Entries, Scalar
from netbench.units import format_duration, format_rate, format_ratio, shown

COLUMNS = ("time", "delay", "rate", "loss")

LARGEST_FILE_BYTES = 2_000_000
SHORTEST_STEP_NS = 10_000_000
"""What an emulation follows without being late by much of a step."""


def read_traces(fields: Fields, link: Link, light_ns: int, folder: Traversable | None) -> PerDirection[Trace | None]:
    """Return the traces that a link follows, each held to the link and to ``light_ns``, which nothing outruns.

    :raises PlanError: at the plan's line when a file cannot be had, at the file's own line when it cannot be meant
    """
    if "trace" not in fields:
        return PerDirection(None, None)
    given = _given(fields["trace"])
    return PerDirection(*(_trace(given[way], folder, link, way, light_ns) if way in given else None for way in DIRECTIONS))


def _given(value: Value) -> dict[DirectionName, Value]:
    if not isinstance(value.node, Entries):
        return dict.fromkeys(DIRECTIONS, value)
    by_direction = value.fields(DIRECTIONS)
    given: dict[DirectionName, Value] = {way: by_direction[way] for way in DIRECTIONS if way in by_direction}
    if not given:
        raise value.error("this names no direction; give 'forward', 'reverse' or both, or one file for both")
    return given


def _trace(value: Value, folder: Traversable | None, link: Link, direction: DirectionName, light_ns: int) -> Trace:
    name = value.text()
    file, text = _text(value, name, folder)
    rows = list(_rows(file, text))
    points = tuple(_point(row) for row in rows)
    for row, point in zip(rows, points, strict=True):
        _check_point(row, point, link, direction, light_ns)
    period_ns = _period_ns(rows, points, file)
    return Trace(name, points, period_ns, text, hashlib.sha256(text.encode()).hexdigest())


def _text(value: Value, name: str, folder: Traversable | None) -> tuple[str, str]:
    """Return what to call the file, and its text."""
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or path.suffix != ".csv":
        raise value.error(
            f"{shown(name)} is no trace; name a .csv file beside the plan or in a folder there, like traces/day.csv"
        )
    if folder is None:
        raise value.error(f"the trace {shown(name)} lies beside the plan's file, and this plan came without one")
    found = folder.joinpath(*path.parts)
    try:
        octets = found.read_bytes()
    except OSError as error:
        raise value.error(f"the trace {shown(name)} cannot be read: {error.strerror or error}") from error
    if len(octets) > LARGEST_FILE_BYTES:
        raise value.error(f"the trace {shown(name)} is larger than {LARGEST_FILE_BYTES // 1_000_000} MB; use longer steps")
    try:
        return str(found), octets.decode("utf-8")
    except UnicodeDecodeError as error:
        raise value.error(f"the trace {shown(name)} is not text in UTF-8") from error


def _rows(file: str, text: str) -> Iterator[dict[str, Value]]:
    lines = ((number, line) for number, line in enumerate(text.splitlines(), start=1) if line.strip() and line[0] != "#")
    number, header = next(lines, (1, ""))
    columns = [word.strip() for word in next(csv.reader([header]), list[str]())]
    _check_columns(columns, file, number)
    for number, line in lines:
        cells = next(csv.reader([line]))
        if len(cells) != len(columns):
            _refuse(
                f"{len(cells)} values under {len(columns)} columns; leave a value empty where the plan's own holds", file, number
            )
        yield {
            column: Value(Scalar(cell.strip(), number), file, column, number) for column, cell in zip(columns, cells, strict=True)
        }


def _check_columns(columns: list[str], file: str, line: int) -> None:
    for column in columns:
        if column not in COLUMNS:
            _refuse(f"there is no column {shown(column)}; the first line names time, and some of delay, rate, loss", file, line)
    if len(set(columns)) < len(columns):
        _refuse("a column is named twice; name each once", file, line)
    if "time" not in columns or len(columns) < 2:
        _refuse("the first line must name the column time, and at least one of delay, rate, loss", file, line)


def _point(row: dict[str, Value]) -> TracePoint:
    given = {column: value for column, value in row.items() if column == "time" or value.node != Scalar("", value.line)}
    return TracePoint(
        time_ns=given["time"].duration_ns(),
        delay_ns=bounded_duration(given["delay"]) if "delay" in given else None,
        rate_bps=given["rate"].rate_bps() if "rate" in given else None,
        loss_ratio=given["loss"].ratio() if "loss" in given else None,
    )


def _check_point(row: dict[str, Value], point: TracePoint, link: Link, direction: DirectionName, light_ns: int) -> None:
    """Hold a row to the link that follows it: what could not be planned cannot be reached by a trace either."""
    if point.delay_ns is not None:
        least_ns = max(light_ns, link.jitter_ns.towards(direction), 1)
        if point.delay_ns < least_ns:
            raise row["delay"].error(
                f"{format_duration(point.delay_ns)} is less than link '{link.id}' can take: {format_duration(least_ns)}, for "
                "light between its sites and for its jitter"
            )
    if point.rate_bps is not None:
        _check_rate(row["rate"], point.rate_bps, link, direction)
    burst = link.loss_burst.towards(direction)
    if point.loss_ratio is not None and burst is not None and point.loss_ratio * (burst + 1) > burst:
        raise row["loss"].error(f"{format_ratio(point.loss_ratio)} in runs of {burst:g} packets leaves none between the runs")


def _check_rate(value: Value, rate_bps: int, link: Link, direction: DirectionName) -> None:
    if rate_bps > link.rate_bps.towards(direction):
        raise value.error(
            f"{format_rate(rate_bps)} is more than the rate of link '{link.id}' {direction}, "
            f"{format_rate(link.rate_bps.towards(direction))}; a link's rate is the most that its trace reaches"
        )
    emulated_bps, queue_ns = rate_bps // link.rate_scale, link.queue_ns.towards(direction)
    frames_ns = defaults.QUEUE_FRAMES * defaults.FRAME_BITS * 1_000_000_000 // max(1, emulated_bps)
    if emulated_bps < defaults.LOWEST_EMULATED_RATE_BPS or queue_ns < frames_ns:
        raise value.error(
            f"{format_rate(rate_bps)} over a rate_scale of {link.rate_scale} is {format_rate(emulated_bps)}: "
            f"too slow, 1 Mbit/s at least, and {defaults.QUEUE_FRAMES} full frames in a queue of {format_duration(queue_ns)}"
        )


def _period_ns(rows: list[dict[str, Value]], points: tuple[TracePoint, ...], file: str) -> int:
    if len(points) < 2:
        _refuse("a trace has at least two rows under its first line; a link that does not change needs none", file, None)
    if points[0].time_ns != 0:
        raise rows[0]["time"].error("a trace begins at 0s")
    for (earlier, later), row in zip(itertools.pairwise(points), rows[1:], strict=True):
        if later.time_ns - earlier.time_ns < SHORTEST_STEP_NS:
            raise row["time"].error(
                f"{format_duration(later.time_ns)} comes less than {format_duration(SHORTEST_STEP_NS)} after "
                f"{format_duration(earlier.time_ns)}: times rise, by no less than an emulation can follow"
            )
    return 2 * points[-1].time_ns - points[-2].time_ns


def _refuse(sentence: str, file: str, line: int | None) -> NoReturn:
    raise PlanError(sentence, file=file, line=line)
