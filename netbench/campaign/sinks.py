"""Where samples go while a campaign measures: to disk first, and into memory for judging."""

import numpy as np

from netbench.measure.samples import Columns, Sink, Table


class Both:
    """Writes every batch to two sinks, the durable one first."""

    def __init__(self, durable: Sink, memory: Sink) -> None:
        """``durable`` is written before ``memory`` sees the batch."""
        self._durable = durable
        self._memory = memory

    def write(self, table: Table, columns: Columns) -> None:
        """Keep one batch in both."""
        self._durable.write(table, columns)
        self._memory.write(table, columns)


class Renumbered:
    """Lets a probe that measures some of the pairs write into a sink that numbers all of them."""

    def __init__(self, sink: Sink, pair_numbers: list[int]) -> None:
        """``pair_numbers[i]`` is what the sink calls the probe's pair i."""
        self._sink = sink
        self._numbers = np.asarray(pair_numbers, dtype=np.uint16)

    def write(self, table: Table, columns: Columns) -> None:
        """Keep one batch under the sink's own numbers."""
        self._sink.write(table, {**columns, "pair": self._numbers[columns["pair"]]})


def of_pair(columns: Columns, number: int) -> Columns:
    """Return the rows of one pair."""
    mine = columns["pair"] == number
    return {name: column[mine] for name, column in columns.items()}
