"""A whole file by its map."""

import zlib
from collections.abc import Sequence

from netbench.errors import InputError
from netbench.foreign.figures import subject
from netbench.foreign.irtt import read_irtt
from netbench.foreign.model import ColumnMap, Content, Row, Span
from netbench.foreign.mtr import read_mtr
from netbench.foreign.numbers import NoFigureError
from netbench.foreign.perfsonar import read_perfsonar
from netbench.foreign.ping import read_ping
from netbench.foreign.tables import decoded, read_rows
from netbench.foreign.times import instant_ns

LARGEST_UNPACKED_OCTETS = 512_000_000


def read(wanted: ColumnMap, content: bytes, file: str, plan_zone: str, at_ns: int | None = None) -> Content:
    """Return everything that a file says by its map; ``at_ns`` is when it was measured, where the file does not say.

    :raises InputError: naming file, place and column of the first thing that is not as the map says
    """
    content = _unpacked(content, file)
    if wanted.format in ("csv", "json"):
        return _table(wanted, read_rows(wanted, content, file), file, plan_zone, at_ns)
    text = decoded(content, "utf-8", file)
    if wanted.format == "ping":
        return read_ping(text, file, at_ns)
    if wanted.format == "mtr":
        return read_mtr(text, file, at_ns, plan_zone)
    return read_irtt(text, file) if wanted.format == "irtt" else read_perfsonar(text, file, at_ns)


def _unpacked(content: bytes, file: str) -> bytes:
    """The octets themselves, of a file that gzip packed too, as irtt does."""
    if not content.startswith(b"\x1f\x8b"):
        return content
    unpacker = zlib.decompressobj(wbits=31)
    try:
        octets = unpacker.decompress(content, LARGEST_UNPACKED_OCTETS)
    except zlib.error as error:
        raise InputError("this begins like a file of gzip and is none", file=file) from error
    if unpacker.unconsumed_tail:
        raise InputError(f"unpacked it is larger than {LARGEST_UNPACKED_OCTETS // 1_000_000} MB", file=file)
    if not unpacker.eof:
        raise InputError("this file of gzip ends too early", file=file)
    return octets


def _table(wanted: ColumnMap, rows: list[Row], file: str, plan_zone: str, at_ns: int | None) -> Content:
    zone = plan_zone if wanted.timezone == "plan" else wanted.timezone
    instants = [_instant(wanted, row, file, zone) for row in rows]
    groups: dict[str | None, list[int]] = {}
    for number, row in enumerate(rows):
        groups.setdefault(_name(wanted, row, file), []).append(number)
    subjects = tuple(
        subject(wanted, name, [rows[at] for at in places], [instants[at] for at in places], file)
        for name, places in groups.items()
    )
    return Content(subjects, _span(wanted, instants, max(map(len, groups.values())), at_ns), len(rows))


def _name(wanted: ColumnMap, row: Row, file: str) -> str | None:
    if wanted.corridor is None:
        return None
    name = row.cells[wanted.corridor]
    if name is None:
        raise InputError("this row does not say what was measured", file=file, place=row.place, column=wanted.corridor)
    return name


def _instant(wanted: ColumnMap, row: Row, file: str, zone: str | None) -> int | None:
    time = wanted.time
    if time is None:
        return None
    text = row.cells[time.name]
    if text is None:
        raise InputError("this row does not say when it was measured", file=file, place=row.place, column=time.name)
    try:
        return instant_ns(text, time.form, zone)
    except NoFigureError as error:
        raise InputError(str(error), file=file, place=row.place, column=time.name) from error


def _span(wanted: ColumnMap, instants: Sequence[int | None], periods: int, at_ns: int | None) -> Span | None:
    """From the beginning of the first period to the end of the last."""
    known, period_ns = [each for each in instants if each is not None], wanted.period_ns or 0
    if known:
        before = period_ns if wanted.time and wanted.time.marks_end else 0
        return Span(min(known) - before, max(known) + period_ns - before)
    return None if at_ns is None else Span(at_ns, at_ns + periods * period_ns)
