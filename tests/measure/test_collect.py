"""A sink in memory gives back what was written, and the right shape of nothing."""

import numpy as np

from netbench.measure.collect import MemorySink
from netbench.measure.samples import PACKETS, Fate
from netbench_probes.stamp.columns import columns_of
from netbench_probes.stamp.session import Row


def test_batches_come_back_as_one() -> None:
    """Two batches are one table in the order of writing; what was not measured stays masked."""
    sink = MemorySink()
    sink.write(PACKETS, columns_of([(3, Row(0, Fate.ANSWERED, 9, 1, 2, 3, 0))]))
    sink.write(PACKETS, columns_of([(3, Row(1, Fate.LOST, 10, None, None, None, 0))]))

    columns = sink.columns(PACKETS)

    assert columns["sequence"].tolist() == [0, 1]
    assert columns["forward_ns"].tolist() == [1, None]
    assert {field.name: columns[field.name].dtype for field in PACKETS.fields} == {
        f.name: np.dtype(f.dtype) for f in PACKETS.fields
    }


def test_nothing_has_its_shape() -> None:
    """An empty table has all its columns, of length 0."""
    columns = MemorySink().columns(PACKETS)

    assert {len(column) for column in columns.values()} == {0}
    assert set(columns) == {field.name for field in PACKETS.fields}
