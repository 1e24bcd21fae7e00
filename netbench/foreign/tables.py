"""CSV and JSON to rows of text that know where they stand."""

import csv
import io
import json
from collections.abc import Iterator, Sequence
from typing import Any, cast

from netbench.errors import InputError
from netbench.foreign.model import ColumnMap, Row
from netbench.foreign.structure import is_list, sequence
from netbench.units import shown


def read_rows(wanted: ColumnMap, content: bytes, file: str) -> list[Row]:
    """Return the rows of a file with the cells that the map names.

    :raises InputError: when the file is not what the map says, or lacks one of its columns
    """
    text = decoded(content, wanted.encoding, file)
    rows = list(_csv_rows(wanted, text, file) if wanted.format == "csv" else _json_rows(wanted, text, file))
    if not rows:
        raise InputError("there is no row in it", file=file)
    return rows


def decoded(content: bytes, encoding: str, file: str) -> str:
    """Return the text of a file; a byte order mark is no part of it.

    :raises InputError: naming the line that is not in the encoding
    """
    try:
        return content.decode("utf-8-sig" if encoding == "utf-8" else encoding)
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise InputError(f"this is not text in {encoding.upper()}", file=file, place=str(line)) from error


def parsed_json(text: str, file: str) -> Any:
    """Return the value that a JSON text holds.

    :raises InputError: naming the line and column where it stops to be JSON
    """
    try:
        return json.loads(text, parse_constant=_no_constant)
    except json.JSONDecodeError as error:
        raise InputError(f"this is not JSON: {error.msg}", file=file, place=f"{error.lineno}:{error.colno}") from error
    except (RecursionError, ValueError) as error:
        raise InputError("this is not JSON that holds measurements", file=file) from error


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is no number")


def named_columns(wanted: ColumnMap) -> list[str]:
    """Return every column that the map names, each once."""
    time = [wanted.time.name] if wanted.time else []
    counts = [name for name in (wanted.corridor, wanted.sent, wanted.answered) if name]
    return list(dict.fromkeys([*counts, *time, *(column.name for column in wanted.columns)]))


def _csv_rows(wanted: ColumnMap, text: str, file: str) -> Iterator[Row]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=wanted.delimiter, strict=True)
    try:
        header = next((cells for cells in reader if any(cells)), None)
        places = _places(wanted, header, file, reader.line_num)
        while True:
            line = reader.line_num + 1
            cells = next(reader, None)
            if cells is None:
                return
            if not any(cell.strip() for cell in cells):
                continue
            if len(cells) != len(header or ()):
                raise InputError(
                    f"this row has {len(cells)} cells and the heading has {len(header or ())}", file=file, place=str(line)
                )
            yield Row({name: _kept(cells[at], wanted) for name, at in places.items()}, str(line))
    except csv.Error as error:
        raise InputError(f"this is not CSV: {error}", file=file, place=str(reader.line_num)) from error


def _places(wanted: ColumnMap, header: Sequence[str] | None, file: str, line: int) -> dict[str, int]:
    if header is None:
        raise InputError("the file is empty", file=file)
    found = [name.strip() for name in header]
    places: dict[str, int] = {}
    for name in named_columns(wanted):
        if found.count(name) != 1:
            told = "there is no such column" if name not in found else f"there are {found.count(name)} columns of this name"
            raise InputError(f"{told}, which map '{wanted.name}' reads; the heading has: {_listed(found)}", file=file,
                             place=str(line), column=name)  # fmt: skip
        places[name] = found.index(name)
    return places


def _listed(names: Sequence[str]) -> str:
    listed = ", ".join(names[:12])
    return shown(listed) if len(listed) > 300 else listed + (" …" if len(names) > 12 else "")


def _json_rows(wanted: ColumnMap, text: str, file: str) -> Iterator[Row]:
    found = parsed_json(text, file)
    for part in wanted.rows.split(".") if wanted.rows else ():
        found = _member(found, part, file, wanted.rows)
    items = sequence(found, file, "") if is_list(found) else [found]
    prefix = wanted.rows or "row "
    for number, item in enumerate(items):
        place = f"{prefix}[{number}]" if wanted.rows else f"{prefix}{number + 1}"
        if not isinstance(item, dict):
            raise InputError("this must be an object of names and values", file=file, place=place)
        yield Row({name: _json_cell(item, name, wanted, file, place) for name in named_columns(wanted)}, place)


def _member(value: Any, name: str, file: str, path: str) -> Any:
    if not isinstance(value, dict) or name not in value:
        raise InputError(f"there is no {shown(path)} in it, where the map looks for rows", file=file)
    return cast("dict[str, Any]", value)[name]


def _json_cell(item: Any, name: str, wanted: ColumnMap, file: str, place: str) -> str | None:
    """The value at a dotted path, or under the whole name; None where it is not there or null."""
    value = item
    if name in item:
        value = item[name]
    else:
        for part in name.split("."):
            value = cast("dict[str, Any]", value).get(part) if isinstance(value, dict) else None
    if value is None:
        return None
    if isinstance(value, bool | dict | list):
        raise InputError("this must be a number or words", file=file, place=place, column=name)
    return _kept(repr(value) if isinstance(value, float) else str(value), wanted)


def _kept(cell: str, wanted: ColumnMap) -> str | None:
    stripped = cell.strip()
    return None if not stripped or stripped in wanted.missing else stripped
