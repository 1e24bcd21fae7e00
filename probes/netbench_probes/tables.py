"""Rows to columns: how the named tuples of a session become a table of samples."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from netbench.measure.samples import Column, Columns, Field, Table


def columns_of(table: Table, rows: Sequence[tuple[int, NamedTuple]]) -> Columns:
    """Return the columns of ``table`` that rows (not none, and of one kind) have, with their pair's index.

    What a row lacks is masked.
    """
    names = ("pair", *rows[0][1]._fields)
    records = [(pair, *row) for pair, row in rows]
    fields = {field.name: field for field in table.fields}
    return {name: _column(fields[name], [record[at] for record in records]) for at, name in enumerate(names)}


def _column(field: Field, values: list[Any]) -> Column:
    if not field.nullable:
        return np.array(values, field.dtype)
    mask = np.array([value is None for value in values], np.bool_)
    nothing = "" if field.dtype.startswith("U") else 0
    return np.ma.MaskedArray(np.array([nothing if value is None else value for value in values], field.dtype), mask=mask)
