"""Samples as Arrow: what a table looks like in a file, and how its columns go in and come out.

The schema's metadata carries the table's name and version and the ids of the pairs, so that a file can be read on its own.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from netbench.errors import CannotMeasureError, RefusedError
from netbench.measure.samples import HOPS, INTERVALS, PACKETS, Column, Columns, Field, Table, completed

KNOWN_TABLES: Mapping[str, Table] = {table.name: table for table in (PACKETS, INTERVALS, HOPS)}
_TABLE, _VERSION, _PAIRS = b"netbench.table", b"netbench.version", b"netbench.pairs"


@dataclass(frozen=True, slots=True)
class Label:
    """What a file of samples says about itself: its table, that table's version, and pair ids by the index in ``pair``."""

    table: str
    version: int
    pairs: tuple[str, ...]


def arrow_schema(table: Table, pairs: Sequence[str]) -> pa.Schema:
    """Return the schema of a file that keeps ``table`` for these pairs."""
    fields = [pa.field(field.name, pa.from_numpy_dtype(np.dtype(field.dtype)), nullable=field.nullable) for field in table.fields]
    return pa.schema(fields, metadata={**label_metadata(table.name, table.version), _PAIRS: json.dumps(list(pairs)).encode()})


def label_metadata(table: str, version: int) -> dict[bytes, bytes]:
    """Return the metadata that names a table and its version."""
    return {_TABLE: table.encode(), _VERSION: str(version).encode()}


def read_label(schema: pa.Schema, where: str) -> Label:
    """Return what the file says about itself; ``where`` names it in errors.

    :raises RefusedError: when it is not netbench's, or its version is newer than this netbench knows
    """
    metadata = schema.metadata or {}
    if _TABLE not in metadata:
        raise RefusedError(f"{where}: not a file of netbench samples: its schema names no table")
    table, version = metadata[_TABLE].decode(), int(metadata[_VERSION])
    known = KNOWN_TABLES[table].version if table in KNOWN_TABLES else version
    if version > known:
        raise RefusedError(
            f"{where}: table {table} version {version} is newer than this netbench reads ({known}): upgrade netbench"
        )
    return Label(table, version, tuple(json.loads(metadata.get(_PAIRS, b"[]"))))


def record_batch(table: Table, schema: pa.Schema, columns: Columns, where: str) -> pa.RecordBatch:
    """Return one batch; masked values become nulls, and so does a column that rows may lack and that is not there.

    :raises CannotMeasureError: when a column is missing, lengths differ, or a value is masked that every row must have
    """
    columns = completed(table, columns)
    missing = [field.name for field in table.fields if field.name not in columns]
    if missing:
        raise CannotMeasureError(f"{where}: the probe wrote {table.name} without {', '.join(missing)}")
    if len({len(columns[field.name]) for field in table.fields}) > 1:
        raise CannotMeasureError(f"{where}: the probe wrote columns of {table.name} of different lengths")
    return pa.RecordBatch.from_arrays([_to_arrow(field, columns[field.name], where) for field in table.fields], schema=schema)


def columns_of(table: pa.Table) -> Columns:
    """Return the columns as numpy arrays: masked where the schema lets a row lack the value, plain elsewhere.

    Columns that a later version of the table added are masked.
    """
    columns = {field.name: _to_numpy(table.column(field.name), field) for field in table.schema}
    known = KNOWN_TABLES.get((table.schema.metadata or {}).get(_TABLE, b"").decode())
    return columns if known is None else completed(known, columns)


def _to_arrow(field: Field, column: Column, where: str) -> pa.Array:
    data = np.ma.getdata(column).astype(field.dtype, copy=False)
    mask = np.ma.getmaskarray(column)
    if not mask.any():
        return pa.array(data)
    if not field.nullable:
        raise CannotMeasureError(f"{where}: the probe wrote rows without {field.name}, which every row must have")
    return pa.array(data, mask=mask)


def _to_numpy(column: pa.ChunkedArray, field: pa.Field) -> Column:
    if not field.nullable:
        return np.asarray(column.to_numpy())
    missing = np.asarray(column.is_null().to_numpy())
    text = pa.types.is_string(field.type)
    filled = column.fill_null("" if text else 0) if missing.any() else column
    # what fills it lies under the mask: nobody can read it as a value
    return np.ma.MaskedArray(np.asarray(filled.to_numpy(), np.str_ if text else None), mask=missing)
