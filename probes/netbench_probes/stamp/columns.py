"""Rows to columns: the shape of the table of packets."""

from collections.abc import Sequence

import numpy as np

from netbench.measure.samples import PACKETS, Column, Columns, Field
from netbench_probes.stamp.session import Row


def columns_of(rows: Sequence[tuple[int, Row]]) -> Columns:
    """Return the columns of ``PACKETS`` for rows with their pair's index; what a row lacks is masked."""
    records = [(pair, *row) for pair, row in rows]
    return {field.name: _column(field, [record[position] for record in records]) for position, field in enumerate(PACKETS.fields)}


def _column(field: Field, values: list[int | None]) -> Column:
    if not field.nullable:
        return np.array(values, field.dtype)
    mask = np.array([value is None for value in values], np.bool_)
    return np.ma.MaskedArray(np.array([value or 0 for value in values], field.dtype), mask=mask)
