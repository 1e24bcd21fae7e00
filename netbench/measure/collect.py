"""A sink that keeps samples in memory, for measurements small enough to be judged at once."""

import threading
from collections import defaultdict
from typing import Any, cast

import numpy as np

from netbench.measure.samples import Column, Columns, Field, Table, completed


class MemorySink:
    """Keeps every batch, from any thread; ``columns`` gives a table back as one piece."""

    def __init__(self) -> None:
        """Empty."""
        self._lock = threading.Lock()
        self._batches: dict[Table, list[Columns]] = defaultdict(list)

    def write(self, table: Table, columns: Columns) -> None:
        """Keep one batch."""
        with self._lock:
            self._batches[table].append(completed(table, columns))

    def columns(self, table: Table) -> Columns:
        """Return all of a table in the order of writing: masked arrays for its nullable fields, of length 0 when nothing came."""
        with self._lock:
            batches = list(self._batches[table])
        return {field.name: _joined(field, [batch[field.name] for batch in batches]) for field in table.fields}


def _joined(field: Field, parts: list[Column]) -> Column:
    if field.nullable:
        empty: Column = np.ma.MaskedArray(np.empty(0, field.dtype), mask=np.empty(0, np.bool_))
        # numpy's stubs leave np.ma.concatenate untyped
        joined: Any = np.ma.concatenate([empty, *parts])  # type: ignore[no-untyped-call]
        return cast("Column", joined)
    return np.concatenate([np.empty(0, field.dtype), *parts])
