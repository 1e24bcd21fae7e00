"""From a map file to a checked ``ColumnMap``, or to one sentence with file, line and key."""

import hashlib
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import cast
from zoneinfo import ZoneInfo

from netbench.analysis.summary import SummaryDirection
from netbench.errors import PlanError, UsageError
from netbench.foreign.model import (
    ANSWERED_PACKETS,
    COUNTED,
    FORMATS,
    SAMPLE,
    TABLES,
    VERSION,
    Column,
    ColumnMap,
    Format,
    TimeColumn,
    UnitName,
)
from netbench.plan.fields import Fields, Value
from netbench.plan.model import Layer
from netbench.plan.targets import read_source
from netbench.plan.tree import parse_tree
from netbench.units import shown

LARGEST_MAP_OCTETS = 200_000

KEYS = ("netbench", "map", "title", "source", "format", "layer", "encoding", "delimiter", "rows", "corridor", "time", "timezone",
        "period", "clock_error", "missing", "sent", "answered", "columns")  # fmt: skip
OF_TABLES = ("corridor", "time", "timezone", "period", "clock_error", "missing", "sent", "answered", "columns")
OF_CSV = ("encoding", "delimiter")
TIME_KEYS = ("column", "form", "marks")
COLUMN_KEYS = ("column", "metric", "statistic", "direction", "unit")

DELAYS = ("one_way_delay", "round_trip_delay", "ipdv", "pdv")
RATIOS = ("loss_ratio", "duplicate_ratio", "reordering_ratio")
STATISTICS = ("min", "mean", "p50", "p90", "p95", "p99", "p99.9", "max", SAMPLE)
SAMPLED = ("one_way_delay", "round_trip_delay")
DURATIONS = ("ns", "us", "ms", "s")
_WORDS = ("iso", "epoch", "epoch-ms")
_BOTH_ONLY = ("round_trip_delay", "duplicate_ratio", ANSWERED_PACKETS)


def names() -> list[str]:
    """Return the names of the maps that come with netbench, sorted."""
    return sorted(path.name.removesuffix(".yaml") for path in _folder().iterdir() if path.name.endswith(".yaml"))


def find(name_or_path: str) -> ColumnMap:
    """Return the map of that name, or in that file. A word with a slash or a suffix is a file.

    :raises UsageError: when there is neither; ``PlanError`` when there is and it cannot be used
    """
    if "/" in name_or_path or name_or_path.endswith((".yaml", ".yml")):
        return load_map(Path(name_or_path))
    if name_or_path not in names():
        raise UsageError(
            f"there is no map {name_or_path!r}; `netbench import --list` lists them; one of yours is named by its path"
        )
    return parse_map(built_in_text(name_or_path), f"{name_or_path}.yaml")


def built_in_text(name: str) -> str:
    """Return a built-in map as it is written."""
    return (_folder() / f"{name}.yaml").read_text("utf-8")


def load_map(path: Path) -> ColumnMap:
    """Return the checked map in a file.

    :raises PlanError: when the file cannot be read or is no map that can be used
    """
    try:
        with path.open("rb") as stream:
            octets = stream.read(LARGEST_MAP_OCTETS + 1)
        if len(octets) > LARGEST_MAP_OCTETS:
            raise PlanError(f"the file is larger than {LARGEST_MAP_OCTETS // 1000} kB, which no map is", file=str(path))
        return parse_map(octets.decode("utf-8"), str(path))
    except OSError as error:
        raise PlanError(f"the file cannot be read: {error.strerror}", file=str(path)) from error
    except UnicodeDecodeError as error:
        raise PlanError("this is not text in UTF-8; save the map as UTF-8", file=str(path)) from error


def parse_map(text: str, file: str) -> ColumnMap:
    """Return the checked map in ``text``; ``file`` is what refusals call it.

    :raises PlanError: when it is no map that can be used
    """
    value = Value(parse_tree(text, file, "map"), file, "", 1)
    _check_version(value)
    fields = value.fields(KEYS, ("map", "title", "source", "format"))
    form = cast("Format", fields["format"].one_of(FORMATS))
    _check_keys(fields, form)
    nothing: tuple[Column, ...] = ()
    columns = fields.get("columns", _columns, nothing)
    _check_counts(fields, columns)
    _check_clocks(fields, columns)
    return ColumnMap(
        name=fields["map"].identifier(),
        title=fields["title"].both_languages(),
        source=read_source(fields["source"], dated=False),
        format=form,
        layer=fields.get("layer", _layer, Layer.IP),
        encoding="gb18030" if fields.get("encoding", _encoding, "utf-8") == "gb18030" else "utf-8",
        delimiter=fields.get("delimiter", _delimiter, ","),
        rows=fields.get("rows", Value.text, ""),
        corridor=fields.get("corridor", Value.text, None),
        time=fields.get("time", _time, None),
        timezone=_timezone(fields),
        period_ns=fields.get("period", Value.duration_ns, None),
        clock_error_ns=fields.get("clock_error", Value.duration_ns, None),
        missing=fields.get("missing", _missing, ()),
        sent=fields.get("sent", Value.text, None),
        answered=fields.get("answered", Value.text, None),
        columns=columns,
        text=text,
        digest=hashlib.sha256(text.encode()).hexdigest(),
    )


def _folder() -> Traversable:
    return files("netbench.foreign") / "maps"


def _check_version(value: Value) -> None:
    entries = value.entries()
    if "netbench" not in entries or "map" not in entries:
        raise value.error("this is no column map: it must begin with 'netbench: 1' and 'map: NAME'")
    if entries["netbench"].whole(1, 10**6, "the version of the map format") > VERSION:
        raise entries["netbench"].error(
            f"this map is of a later version than this netbench reads, which is {VERSION}; upgrade netbench"
        )


def _check_keys(fields: Fields, form: Format) -> None:
    """Refuse what the format has no use for, and the lack of what it needs."""
    if form in TABLES and "columns" not in fields:
        raise fields.owner.error("the key 'columns' is missing: which column is which figure?")
    odd = [] if form in TABLES else [*OF_TABLES, "rows"]
    odd += [] if form == "csv" else OF_CSV
    odd += ["rows"] if form == "csv" else []
    for key in odd:
        if key in fields:
            raise fields[key].error(f"a file of the format {form} has no use for this; leave it out")


def _check_counts(fields: Fields, columns: tuple[Column, ...]) -> None:
    if any(column.metric in COUNTED for column in columns) and "sent" not in fields:
        raise fields["columns"].error(
            "lost or answered packets are a share of those sent: give 'sent', the column that counts them"
        )


def _check_clocks(fields: Fields, columns: tuple[Column, ...]) -> None:
    """A clock's error is for one-way delays; samples of them are worth nothing without."""
    one_way = [column for column in columns if column.metric == "one_way_delay"]
    if "clock_error" in fields and not one_way:
        raise fields["clock_error"].error("no column is a one-way delay, so no clock is compared with another; leave it out")
    if "clock_error" not in fields and any(column.statistic == SAMPLE for column in one_way):
        raise fields["columns"].error("a one-way delay is as wrong as the clocks are apart: give 'clock_error', like 100us")


def _layer(value: Value) -> Layer:
    return Layer(value.one_of(("ip", "internet")))


def _encoding(value: Value) -> str:
    return value.one_of(("utf-8", "gb18030"))


def _delimiter(value: Value) -> str:
    words = {"comma": ",", "semicolon": ";", "tab": "\t"}
    return words[value.one_of(words)]


def _missing(value: Value) -> tuple[str, ...]:
    return tuple(each.text() for each in value.one_or_more())


def _time(value: Value) -> TimeColumn:
    fields = value.fields(TIME_KEYS, ("column", "form"))
    marks = fields.get("marks", lambda given: given.one_of(("begin", "end")), "begin")
    return TimeColumn(fields["column"].text(), _form(fields["form"]), marks == "end")


def _form(value: Value) -> str:
    form = value.text()
    if form not in _WORDS and "%" not in form:
        raise value.error(f"{shown(form)} is no form of a time; write iso, epoch, epoch-ms or a pattern like %Y-%m-%d %H:%M:%S")
    return form


def _timezone(fields: Fields) -> str | None:
    if "timezone" in fields:
        return _zone(fields["timezone"])
    time = fields.get("time", _time, None)
    if time is not None and "%" in time.form and "%z" not in time.form:
        raise fields["time"].error("times of this form say no zone: give 'timezone', or 'timezone: plan' for the plan's")
    return None


def _zone(value: Value) -> str:
    name = value.text()
    if name != "plan":
        try:
            ZoneInfo(name)
        except (KeyError, ValueError, OSError) as error:
            raise value.error(f"{shown(name)} is no time zone; write one like Asia/Shanghai, UTC, or 'plan'") from error
    return name


def _columns(value: Value) -> tuple[Column, ...]:
    values = value.items()
    if not values:
        raise value.error("no column is named; a map needs at least one")
    columns: list[Column] = []
    for each in values:
        column = _column(each)
        if _figure(column) in map(_figure, columns):
            raise each.error(f"{' '.join(_figure(column))} is given by a second column; keep one")
        columns.append(column)
    sampled = {(column.metric, column.direction) for column in columns if column.statistic == SAMPLE}
    if len(sampled) > 1 or (sampled and len(columns) > 1):
        raise value.error("a column of samples stands alone: its figures are made of them")
    return tuple(columns)


def _figure(column: Column) -> tuple[str, str, str]:
    """Which figure a column gives: counts give a loss."""
    return "loss_ratio" if column.metric in COUNTED else column.metric, column.statistic, column.direction


def _column(value: Value) -> Column:
    fields = value.fields(COLUMN_KEYS, ("column", "metric", "direction", "unit"))
    metric = fields["metric"].one_of((*DELAYS, *RATIOS, *COUNTED))
    return Column(
        fields["column"].text(),
        metric,
        _statistic(fields, metric),
        _direction(fields["direction"], metric),
        _unit(fields, metric),
    )


def _statistic(fields: Fields, metric: str) -> str:
    if metric not in DELAYS:
        if "statistic" in fields:
            raise fields["statistic"].error(f"{metric} is itself the statistic; leave this out")
        return "ratio"
    if "statistic" not in fields:
        raise fields.owner.error("the key 'statistic' is missing")
    statistic = fields["statistic"].one_of(STATISTICS)
    if statistic == SAMPLE and metric not in SAMPLED:
        raise fields["statistic"].error(f"samples are read of {' and '.join(SAMPLED)} alone")
    return statistic


def _direction(value: Value, metric: str) -> SummaryDirection:
    known: tuple[SummaryDirection, ...] = ("forward", "reverse", "both")
    if metric in _BOTH_ONLY:
        known = ("both",)
    elif metric == "one_way_delay":
        known = ("forward", "reverse")
    return cast("SummaryDirection", value.one_of(known))


def _unit(fields: Fields, metric: str) -> UnitName:
    known = DURATIONS if metric in DELAYS else ("packets",) if metric in COUNTED else ("1", "%")
    return cast("UnitName", fields["unit"].one_of(known))
