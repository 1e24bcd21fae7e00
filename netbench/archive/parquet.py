"""Tables that stay: Parquet files that pandas, R, DuckDB and anything else can read."""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from netbench.archive import streams
from netbench.archive.arrow import label_metadata
from netbench.archive.durable import replacing, sync_folder
from netbench.errors import CannotMeasureError

SUFFIX = ".parquet"
SUMMARY_TABLES = ("summaries", "verdicts", "calibration")
SUMMARY_VERSIONS = {"summaries": 1, "verdicts": 1, "calibration": 2}
"""Version 2 of the calibration has a row an item, told by its ``kind``; the rows of version 1 are those of kind ``delay``."""

_ROW_GROUP_ROWS = 1 << 20
_FLOATS = ("value", "low", "high", "limit", "asked", "tolerance")
"""Columns that hold ns in one row and a ratio in the next: always 64-bit floats, exact for ns up to 104 days."""


def from_stream(stream: Path) -> None:
    """Turn a stream into a Parquet file beside it and remove the stream.

    Rows come sorted by pair within a row group (of one pair: in the order of the stream), which is what makes neighbours alike
    and differences small. The stream is removed only after the Parquet file is on the disk and was counted anew.

    :raises CannotMeasureError: when the counts differ; the stream stays
    :raises OSError: when the disk says no; the stream stays
    """
    target = stream.with_suffix(SUFFIX)
    schema = streams.read_schema(stream)
    if schema is None:
        return  # cut before its first batch: nothing to turn, and nothing to throw away either
    rows = _write(target, schema, _row_groups(schema, streams.read_batches(stream)))
    if pq.read_metadata(target).num_rows != rows:
        raise CannotMeasureError(f"{target}: holds another number of rows than {stream.name}, which stays")
    stream.unlink()
    sync_folder(stream.parent)


def write_rows(path: Path, name: str, rows: Sequence[Mapping[str, Any]]) -> None:
    """Keep rows of plain values as one table; a value that is itself a mapping is kept as JSON text.

    :raises OSError: when the disk says no
    """
    names = list(dict.fromkeys(key for row in rows for key in row))
    arrays = [_column(key, [row.get(key) for row in rows]) for key in names]
    table = pa.Table.from_arrays(arrays, names=names).replace_schema_metadata(label_metadata(name, SUMMARY_VERSIONS.get(name, 1)))
    _write(path, table.schema, iter([table]))


def _write(path: Path, schema: pa.Schema, tables: Iterator[pa.Table]) -> int:
    with replacing(path) as file:
        return _write_groups(file, schema, tables)


def _write_groups(file: IO[bytes], schema: pa.Schema, tables: Iterator[pa.Table]) -> int:
    dictionary, encoding = _encoding(schema)
    rows = 0
    with pq.ParquetWriter(file, schema, compression="zstd", use_dictionary=dictionary, column_encoding=encoding) as writer:
        for table in tables:
            writer.write_table(table)
            rows += table.num_rows
    return rows


def _row_groups(schema: pa.Schema, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.Table]:
    held: list[pa.RecordBatch] = []
    for batch in batches:
        held.append(batch)
        if sum(each.num_rows for each in held) >= _ROW_GROUP_ROWS:
            yield _by_pair(pa.Table.from_batches(held, schema))
            held = []
    yield _by_pair(pa.Table.from_batches(held, schema))


def _by_pair(table: pa.Table) -> pa.Table:
    if "pair" not in table.schema.names:
        return table
    return table.take(pa.array(np.argsort(table.column("pair").to_numpy(), kind="stable")))


def _encoding(schema: pa.Schema) -> tuple[list[str], dict[str, str]]:
    """Return the columns kept by dictionary (few values) and the encoding of the others (times: small differences)."""
    integers = [field.name for field in schema if pa.types.is_integer(field.type) and field.type.bit_width >= 32]
    return [name for name in schema.names if name not in integers], dict.fromkeys(integers, "DELTA_BINARY_PACKED")


def _column(name: str, values: list[Any]) -> pa.Array:
    if name in _FLOATS or any(isinstance(value, float) for value in values):
        return pa.array([None if value is None else float(value) for value in values], pa.float64())
    if all(value is None for value in values):
        return pa.array(values, pa.string())
    if any(isinstance(value, Mapping) for value in values):
        return pa.array([None if value is None else json.dumps(value, ensure_ascii=False) for value in values], pa.string())
    return pa.array(values)
