"""Rows of one subject to figures: what several periods say together, as far as that can be said without their samples.

The least of minima and the greatest of maxima are exact. A mean is weighted by the packets that answered where the map names
their column, else every period counts alike. Of percentiles the greatest is kept: that of all periods is no more. None of these
has an interval. A loss of which the packets are counted is a proportion like any other.
"""

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from typing import Final, TypeVar

import numpy as np

from netbench.analysis.proportion import proportion
from netbench.analysis.summary import Summary
from netbench.errors import InputError
from netbench.foreign import numbers
from netbench.foreign.columns import packet_columns
from netbench.foreign.model import COUNTED, LOST_PACKETS, SAMPLE, Column, ColumnMap, Row, Subject
from netbench.foreign.numbers import Duration, NoFigureError
from netbench.measure.samples import Columns, Fate

T = TypeVar("T")

GIVEN: Final = "as given, without its samples"
LEAST: Final = "the least of {periods} periods as given"
GREATEST: Final = "the greatest of {periods} periods as given"
MEAN: Final = "the mean of {periods} periods as given, each of equal weight"
WEIGHTED: Final = "the mean of {periods} periods as given, weighted by their packets"


def subject(wanted: ColumnMap, name: str | None, rows: Sequence[Row], instants_ns: Sequence[int | None], file: str) -> Subject:
    """Return what the rows of one subject say.

    :raises InputError: naming the cell that is none of what the map says
    """
    reader = _Reader(wanted, rows, file)
    if wanted.columns[0].statistic == SAMPLE:
        return reader.samples(name, instants_ns)
    summaries = [found for column in wanted.columns if (found := reader.summary(column)) is not None]
    if not summaries:
        raise InputError("none of the columns that the map reads has a figure", file=file, place=rows[0].place)
    clock_error_ns = wanted.clock_error_ns
    return Subject(name, rows[0].place, tuple(summaries), None, False, reader.resolution_ns, clock_error_ns)


class _Reader:
    """Reads columns of some rows, and remembers the coarsest last digit of a duration."""

    def __init__(self, wanted: ColumnMap, rows: Sequence[Row], file: str) -> None:
        self._map = wanted
        self._rows = rows
        self._file = file
        self.resolution_ns = 0

    def summary(self, column: Column) -> Summary | None:
        """The figure of a column; None where every cell is empty."""
        if column.metric in COUNTED:
            return self._lost(column)
        values = self._values(column)
        return _together(column, values, self._weights(values)) if values else None

    def samples(self, name: str | None, instants_ns: Sequence[int | None]) -> Subject:
        """Every row is one packet that came back; of others nothing is known."""
        column = self._map.columns[0]
        values = self._values(column)
        if not values:
            raise InputError("no row has a figure", file=self._file, place=self._rows[0].place, column=column.name)
        packets = _packets(column, values, [instants_ns[number] for number in values])
        return Subject(name, self._rows[0].place, (), packets, True, self.resolution_ns, self._map.clock_error_ns)

    def _values(self, column: Column) -> dict[int, int | float]:
        """The values of a column by the number of their row."""
        if column.unit in ("1", "%"):
            return dict(self._read(column.name, lambda text: numbers.ratio(text, column.unit)))
        found = self._read(column.name, lambda text: _signed(numbers.duration(text, column.unit), text, column))
        self.resolution_ns = max([self.resolution_ns, *(each.resolution_ns for each in found.values())])
        return {number: each.value_ns for number, each in found.items()}

    def _lost(self, column: Column) -> Summary | None:
        told, sent = self._read(column.name, numbers.count), self._counts(self._map.sent)
        counted = [number for number in told if number in sent]
        for number in counted:
            if told[number] > sent[number]:
                raise self._refusal(number, column.name, f"{told[number]} of {sent[number]} sent are more than all")
        total, part = sum(sent[number] for number in counted), sum(told[number] for number in counted)
        lost = part if column.metric == LOST_PACKETS else total - part
        return proportion("loss_ratio", column.direction, lost, total) if total else None

    def _weights(self, values: Mapping[int, float]) -> dict[int, int] | None:
        """The packets behind each value, where that is known of all of them."""
        counts = self._counts(self._map.answered or self._map.sent)
        known = all(number in counts for number in values) and sum(counts[number] for number in values) > 0
        return {number: counts[number] for number in values} if known else None

    def _counts(self, name: str | None) -> dict[int, int]:
        return {} if name is None else self._read(name, numbers.count)

    def _read(self, name: str, read: Callable[[str], T]) -> dict[int, T]:
        found: dict[int, T] = {}
        for number, row in enumerate(self._rows):
            text = row.cells[name]
            if text is not None:
                try:
                    found[number] = read(text)
                except NoFigureError as error:
                    raise self._refusal(number, name, str(error)) from error
        return found

    def _refusal(self, number: int, name: str, sentence: str) -> InputError:
        return InputError(sentence, file=self._file, place=self._rows[number].place, column=name)


def _signed(found: Duration, text: str, column: Column) -> Duration:
    if found.value_ns < 0 and column.metric != "one_way_delay":
        raise NoFigureError(f"{text!r} is negative, which no {column.metric} is")
    return found


def _together(column: Column, values: Mapping[int, int | float], weights: Mapping[int, int] | None) -> Summary:
    value, method = _combined(column, values, weights)
    unit, exact = ("1", float(value)) if column.unit in ("1", "%") else ("ns", round(value))
    method = GIVEN if len(values) == 1 else method.format(periods=len(values))
    count = sum(weights.values()) if weights else 0
    return Summary(column.metric, column.direction, column.statistic, exact, None, None,
                   "1" if unit == "1" else "ns", count, method, given=True)  # fmt: skip


def _combined(
    column: Column, values: Mapping[int, int | float], weights: Mapping[int, int] | None
) -> tuple[Fraction | float, str]:
    if column.statistic == "min":
        return min(values.values()), LEAST
    if column.statistic not in ("mean", "ratio"):
        return max(values.values()), GREATEST
    if weights is None:
        return sum(map(Fraction, values.values())) / len(values), MEAN
    total = sum(Fraction(value) * weights[number] for number, value in values.items())
    return total / sum(weights.values()), WEIGHTED


def _packets(column: Column, values: Mapping[int, int | float], instants_ns: Sequence[int | None]) -> Columns:
    delays = np.array([int(value) for value in values.values()], np.int64)
    way = {"both": "round_trip_ns", "forward": "forward_ns", "reverse": "reverse_ns"}[column.direction]
    sent = np.array([instant or 0 for instant in instants_ns], np.int64)
    fates = np.full(len(delays), int(Fate.ANSWERED), np.uint8)
    return packet_columns(np.arange(len(delays)), fates, sent, {way: np.ma.MaskedArray(delays)})
