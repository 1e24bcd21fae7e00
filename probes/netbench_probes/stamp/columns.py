"""Rows to columns: the shape of the table of packets."""

from collections.abc import Sequence

import numpy as np

from netbench.measure.samples import PACKETS, Column, Columns, Field
from netbench_probes.stamp.session import Row


def columns_of(rows: Sequence[tuple[int, Row]]) -> Columns:
    """Return the columns of ``PACKETS`` that rows have, with their pair's index; what a row lacks is masked."""
    records = [(pair, *row) for pair, row in rows]
    positions = {name: position for position, name in enumerate(("pair", *Row._fields))}
    fields = [field for field in PACKETS.fields if field.name in positions]
    return {field.name: _column(field, [record[positions[field.name]] for record in records]) for field in fields}


def _column(field: Field, values: list[int | None]) -> Column:
    if not field.nullable:
        return np.array(values, field.dtype)
    mask = np.array([value is None for value in values], np.bool_)
    return np.ma.MaskedArray(np.array([value or 0 for value in values], field.dtype), mask=mask)
