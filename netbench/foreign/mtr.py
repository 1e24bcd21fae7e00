"""Reports of mtr, as text (``--report``) and as JSON (``--json``): what is said of the last hop, which is the target.

A report's figures are mtr's own. The target that never answered has a loss and no delay.
"""

import re
from typing import Any, cast

from netbench.analysis.summary import Summary
from netbench.errors import InputError
from netbench.foreign.figures import GIVEN
from netbench.foreign.model import Content, Span, Subject, UnitName
from netbench.foreign.numbers import Duration, NoFigureError, count, duration, ratio
from netbench.foreign.structure import sequence
from netbench.foreign.tables import parsed_json
from netbench.foreign.times import instant_ns

NOBODY = "???"
_FIGURES = {"Best": "min", "Avg": "mean", "Wrst": "max"}
_START = re.compile(r"Start: (\S.*)")
_HEAD = re.compile(r"HOST: (\S+)\s+Loss%\s+Snt\s+Last\s+Avg\s+Best\s+Wrst\s+StDev")
_HOP = re.compile(
    r"\s*([0-9]{1,3})\.\s?\|--\s+(\S.*?)\s+([0-9.]+)%?\s+([0-9]+)\s+([0-9.]+)\s+([0-9.]+)\s+([0-9.]+)\s+([0-9.]+)\s+([0-9.]+)"
)
_NAMES: tuple[str, ...] = ("host", "Loss%", "Snt", "Last", "Avg", "Best", "Wrst", "StDev")
_SHARED = re.compile(r"\s+\|\s+`?\|?-- .*|\s+`-- .*|\s{4,}\S+.*")


def read_mtr(text: str, file: str, at_ns: int | None, zone: str) -> Content:
    """Return what the report says of its target; ``at_ns`` is when it began where the report does not say, ``zone`` its clock's.

    :raises InputError: naming the line or the item that is none of mtr's
    """
    if text.lstrip().startswith(("{", "[")):
        target, hop, place, begun = _of_json(text, file)
    else:
        target, hop, place, begun = _of_text(text, file)
    begun_ns = _begun_ns(begun, file, zone) if begun else at_ns
    summaries, resolution_ns = _summaries(hop, file, place)
    span = None if begun_ns is None else Span(begun_ns, begun_ns)
    return Content((Subject(target, place, summaries, resolution_ns=resolution_ns),), span, 1)


def _begun_ns(text: str, file: str, zone: str) -> int:
    try:
        return instant_ns(text, "iso", zone)
    except NoFigureError as error:
        raise InputError(str(error), file=file, place="1") from error


_Found = tuple[str, dict[str, str], str, str | None]


def _of_text(text: str, file: str) -> _Found:
    begun, place, headed = None, "", False
    last: dict[str, str] | None = None
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        if not headed:
            if (start := _START.fullmatch(line.strip())) is not None and begun is None:
                begun = start[1]
                continue
            if _HEAD.fullmatch(line.strip()) is None:
                raise InputError("this is no report of mtr (mtr --report, with its usual columns)", file=file, place=str(number))
            headed = True
        elif (hop := _HOP.fullmatch(line.rstrip())) is not None:
            last, place = dict(zip(_NAMES, hop.groups()[1:], strict=True)), str(number)
        elif _SHARED.fullmatch(line) is None:
            raise InputError("this line is none of mtr's report", file=file, place=str(number))
    if last is None:
        raise InputError("this report of mtr has no hop", file=file)
    return last["host"], last, place, begun


def _of_json(text: str, file: str) -> _Found:
    report = _object(_object(parsed_json(text, file), file, "").get("report"), file, "report")
    about = _object(report.get("mtr"), file, "report.mtr")
    items = sequence(report.get("hubs"), file, "report.hubs")
    if not items:
        raise InputError("this report of mtr has no hop", file=file, place="report.hubs")
    place = f"report.hubs[{len(items) - 1}]"
    hop = {name: _written(value, file, place, name) for name, value in _object(items[-1], file, place).items() if name in _NAMES}
    return str(about.get("dst") or hop.get("host") or NOBODY), hop, place, None


def _written(value: Any, file: str, place: str, name: str) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise InputError("this must be a number", file=file, place=place, column=name)
    return str(value)


def _object(value: Any, file: str, place: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise InputError("this is no report of mtr (mtr --json)", file=file, place=place)
    return cast("dict[str, Any]", value)


def _summaries(hop: dict[str, str], file: str, place: str) -> tuple[tuple[Summary, ...], int]:
    sent = _sent(hop, file, place)
    loss = _share(hop, file, place)
    found = [Summary("loss_ratio", "both", "ratio", loss, None, None, "1", sent, GIVEN, given=True)]
    if loss == 1 or hop.get("host") == NOBODY:
        return tuple(found), 0
    resolution_ns, answered = 0, round(sent * (1 - loss))
    for name, statistic in _FIGURES.items():
        took = _took(hop, name, file, place)
        resolution_ns = max(resolution_ns, took.resolution_ns)
        method = GIVEN
        found.append(
            Summary("round_trip_delay", "both", statistic, took.value_ns, None, None, "ns", answered, method, given=True)
        )
    return tuple(found), resolution_ns


def _took(hop: dict[str, str], name: str, file: str, place: str) -> Duration:
    unit: UnitName = "ms"
    try:
        return duration(hop.get(name, ""), unit)
    except NoFigureError as error:
        raise InputError(str(error), file=file, place=place, column=name) from error


def _sent(hop: dict[str, str], file: str, place: str) -> int:
    try:
        return count(hop.get("Snt", ""))
    except NoFigureError as error:
        raise InputError(str(error), file=file, place=place, column="Snt") from error


def _share(hop: dict[str, str], file: str, place: str) -> float:
    try:
        return ratio(hop.get("Loss%", ""), "%")
    except NoFigureError as error:
        raise InputError(str(error), file=file, place=place, column="Loss%") from error
