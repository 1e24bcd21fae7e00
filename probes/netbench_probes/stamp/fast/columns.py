"""Rows of the compiled loop as columns of the table of packets."""

import numpy as np
from numpy.typing import NDArray

from netbench.measure.samples import PACKETS, Column, Columns, Field
from netbench_probes.stamp.fast.layout import UNKNOWN
from netbench_probes.stamp.session import Row


def columns_of(rows: NDArray[np.int64]) -> Columns:
    """Return the columns of ``PACKETS`` for rows of shape (n, 13), copied; what a row lacks is masked."""
    positions = {name: position for position, name in enumerate(("pair", *Row._fields))}
    fields = [field for field in PACKETS.fields if field.name in positions]
    return {field.name: _column(field, rows[:, positions[field.name]]) for field in fields}


def _column(field: Field, values: NDArray[np.int64]) -> Column:
    if not field.nullable:
        return values.astype(field.dtype)
    mask = values == UNKNOWN
    return np.ma.MaskedArray(np.where(mask, 0, values).astype(field.dtype), mask=mask)
