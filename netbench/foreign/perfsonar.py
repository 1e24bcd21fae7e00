"""Latency that perfSONAR measured: one result of pScheduler's ``latency`` test, or a series out of esmond's archive.

Both are one way, from the sender to the receiver, as histograms of milliseconds: how many packets took how long, to the width of
a bucket. What order they came in is gone, so that these figures have no interval; losses are counted, and have one.
pScheduler divides delays by the test's bucket-width (1 ms unless its specification, where it is there too, says otherwise).
``max-clock-error`` bounds how far apart the clocks were.
esmond's series ``histogram-owdelay`` is a list of ``{"ts": …, "val": {…}}``, each an object of counts. A file holds one series.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from typing import Any, Final

from netbench.analysis.proportion import proportion
from netbench.analysis.quantiles import QUANTILES
from netbench.analysis.summary import Summary
from netbench.errors import InputError
from netbench.foreign.model import Content, Span, Subject
from netbench.foreign.structure import is_list, mapping, sequence, whole
from netbench.foreign.tables import parsed_json
from netbench.units import shown

HISTOGRAM: Final = "of the tool's histogram"
_NS_PER_MS: Final = 1_000_000
_LONGEST_MS: Final = Decimal(10**9)
Histogram = dict[int, int]


@dataclass(frozen=True, slots=True)
class _Series:
    histogram: Histogram
    resolution_ns: int
    span: Span | None
    losses: Summary | None
    rows: int
    clock_error_ns: int | None = None


def read_perfsonar(text: str, file: str, at_ns: int | None) -> Content:
    """Return the figures of one result or series; ``at_ns`` is when a result was measured, which it does not say itself.

    :raises InputError: naming the place of what is none of perfSONAR's
    """
    root = parsed_json(text, file)
    series = _esmond(root, file) if is_list(root) else _result(mapping(root, file, ""), file, at_ns)
    summaries = [*_delays(series.histogram), *([series.losses] if series.losses else [])]
    if not summaries:
        raise InputError("no packet was counted in it", file=file)
    found = Subject(None, "1", tuple(summaries), None, False, series.resolution_ns, series.clock_error_ns)
    return Content((found,), series.span, series.rows)


def _result(root: dict[str, Any], file: str, at_ns: int | None) -> _Series:
    result = mapping(root.get("result", root), file, "result")
    if "packets-sent" not in result:
        raise InputError("this is neither a result of pScheduler's latency test nor a series of esmond's", file=file)
    if result.get("succeeded") is False:
        raise InputError("the test did not succeed, so there is nothing to import", file=file)
    sent, lost = (whole(result.get(name), file, "1", name) for name in ("packets-sent", "packets-lost"))
    if lost > sent:
        raise InputError(f"{lost} lost of {sent} sent is more than all", file=file, place="1", column="packets-lost")
    histogram, resolution_ns = _histogram(result.get("histogram-latency", {}), file, "histogram-latency", _bucket_ms(root, file))
    if sum(histogram.values()) > sent - lost + whole(result.get("packets-duplicated", 0), file, "1", "packets-duplicated"):
        raise InputError("its histogram counts more packets than arrived", file=file, place="1", column="histogram-latency")
    span = None if at_ns is None else Span(at_ns, at_ns)
    losses = proportion("loss_ratio", "forward", lost, sent) if sent else None
    return _Series(histogram, resolution_ns, span, losses, 1, _clock_error_ns(result, file))


def _bucket_ms(root: dict[str, Any], file: str) -> Decimal:
    """What a histogram's 1 stands for."""
    specification = mapping(mapping(root.get("test", {}), file, "test").get("spec", {}), file, "test.spec")
    width = _decimal(specification.get("bucket-width", "0.001"))
    if width is None or not 0 < width <= 1:
        raise InputError("this is no width of a bucket in seconds", file=file, place="test.spec", column="bucket-width")
    return width * 1000


def _clock_error_ns(result: dict[str, Any], file: str) -> int | None:
    if result.get("max-clock-error") is None:
        return None
    error_ms = _decimal(result["max-clock-error"])
    if error_ms is None or not 0 <= error_ms <= _LONGEST_MS:
        raise InputError("this is no number of milliseconds", file=file, place="1", column="max-clock-error")
    return math.ceil(error_ms * _NS_PER_MS)


def _esmond(root: Any, file: str) -> _Series:
    total: Histogram = {}
    resolution_ns, instants = 0, list[int]()
    for number, item in enumerate(sequence(root, file, "")):
        place = f"[{number}]"
        point = mapping(item, file, place)
        instants.append(whole(point.get("ts"), file, place, "ts"))
        if not 0 < instants[-1] < 4_102_444_800:
            raise InputError("this is no time of this century", file=file, place=place, column="ts")
        histogram, finest_ns = _histogram(point.get("val"), file, place)
        resolution_ns = max(resolution_ns, finest_ns)
        for delay_ns, count in histogram.items():
            total[delay_ns] = total.get(delay_ns, 0) + count
    if not instants:
        raise InputError("there is no point in it", file=file)
    span = Span(min(instants) * 10**9, max(instants) * 10**9)
    return _Series(total, resolution_ns, span, None, len(instants))


def _histogram(value: Any, file: str, place: str, bucket_ms: Decimal = Decimal(1)) -> tuple[Histogram, int]:
    found: Histogram = {}
    resolution_ns = 0
    for name, count in mapping(value, file, place).items():
        delay_ms = _milliseconds(name, file, place)
        exponent = delay_ms.as_tuple().exponent
        digit_ns = (bucket_ms * _NS_PER_MS).scaleb(exponent if isinstance(exponent, int) else 0)
        resolution_ns = max(resolution_ns, math.ceil(digit_ns))
        delay_ns = round(delay_ms * bucket_ms * _NS_PER_MS)
        found[delay_ns] = found.get(delay_ns, 0) + whole(count, file, place, name)
    return found, max(resolution_ns, 1) if found else 0


def _milliseconds(text: str, file: str, place: str) -> Decimal:
    value = _decimal(text)
    if value is None or abs(value) > _LONGEST_MS:
        raise InputError(f"{shown(text)} is no number of milliseconds", file=file, place=place)
    return value


def _decimal(value: Any) -> Decimal | None:
    """A finite number that is written in no more digits than a measurement has; None of anything else."""
    if isinstance(value, bool) or not isinstance(value, str | int | float) or len(str(value)) > 40:
        return None
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        return None
    return number if number.is_finite() and abs(number.adjusted()) < 30 else None


def _delays(histogram: Mapping[int, int]) -> list[Summary]:
    counted = sorted((delay_ns, count) for delay_ns, count in histogram.items() if count)
    total = sum(count for _, count in counted)
    if not total:
        return []
    mean = Fraction(sum(delay_ns * count for delay_ns, count in counted), total)
    values = {"min": counted[0][0], "mean": round(mean), "max": counted[-1][0]}
    values |= {name: _at(counted, -(-quantile * total // 1)) for name, quantile in QUANTILES.items()}
    return [_summary(statistic, value, total) for statistic, value in values.items()]


def _summary(statistic: str, value_ns: int, count: int) -> Summary:
    return Summary("one_way_delay", "forward", statistic, value_ns, None, None, "ns", count, HISTOGRAM, given=True)


def _at(counted: list[tuple[int, int]], rank: int) -> int:
    """The value of that rank, counted from 1."""
    passed = 0
    for delay_ns, count in counted:
        passed += count
        if passed >= rank:
            return delay_ns
    return counted[-1][0]
