"""Samples on their way in: one Arrow IPC stream a table, on the disk after every batch, readable wherever it was cut."""

import io
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

import pyarrow as pa

from netbench.archive.arrow import arrow_schema, record_batch
from netbench.archive.durable import append_durably, sync_folder, told
from netbench.errors import CannotMeasureError
from netbench.measure.samples import Columns, Table

SUFFIX = ".arrows"


class Stream:
    """One open stream file. Not thread-safe by itself."""

    def __init__(self, path: Path, table: Table, pairs: Sequence[str]) -> None:
        """The file is there, with its schema.

        :raises OSError: when it cannot be made
        """
        self.path = path
        self._table = table
        self._schema = arrow_schema(table, pairs)
        self._file = path.open("xb", buffering=0)
        self._encoded = io.BytesIO()
        self._writer = pa.ipc.new_stream(self._encoded, self._schema)
        try:
            self._append()
            sync_folder(path.parent)
        except OSError:
            self._file.close()
            raise

    def write(self, columns: Columns) -> None:
        """The batch is on the disk.

        :raises CannotMeasureError: when it could not be kept; the stream is then as it was before, whole
        """
        self._writer.write_batch(record_batch(self._table, self._schema, columns, str(self.path)))
        with told(f"cannot keep samples in {self.path}"):
            self._append()

    def close(self) -> None:
        """The file is closed with its end mark. Closing twice changes nothing.

        :raises CannotMeasureError: when the end mark could not be written; what was flushed is readable without it
        """
        if self._file.closed:
            return
        self._writer.close()
        with self._file, told(f"cannot close {self.path}"):
            self._append()

    def _append(self) -> None:
        # encoded in memory and appended in one piece: a full disk leaves no half batch behind
        content = self._encoded.getvalue()
        self._encoded.seek(0)
        self._encoded.truncate()
        append_durably(self._file, content)


class StreamSink:
    """A sink into the archive: ``<name>-<table>.arrows``, a stream for each table that is written. Thread-safe."""

    def __init__(self, folder: Path, name: str, pairs: Sequence[str]) -> None:
        """Files are made when their first batch comes."""
        self._folder = folder
        self._name = name
        self._pairs = tuple(pairs)
        self._streams: dict[str, Stream] = {}
        self._lock = threading.Lock()
        self._closed = False

    def write(self, table: Table, columns: Columns) -> None:
        """The batch is on the disk when this returns.

        :raises CannotMeasureError: when it cannot be kept, or the run was sealed or abandoned
        """
        with self._lock:
            if self._closed:
                raise CannotMeasureError(f"{self._folder}: the run is closed and takes no more samples of {self._name}")
            self._stream(table).write(columns)

    def close(self) -> None:
        """All streams are closed; nothing more is taken."""
        with self._lock:
            self._closed = True
            for stream in self._streams.values():
                stream.close()

    def _stream(self, table: Table) -> Stream:
        if table.name not in self._streams:
            path = self._folder / f"{self._name}-{table.name}{SUFFIX}"
            with told(f"cannot keep samples in {path}"):
                self._streams[table.name] = Stream(path, table, self._pairs)
        return self._streams[table.name]


def read_schema(path: Path) -> pa.Schema | None:
    """Return a stream's schema, None when the file was cut before it was whole."""
    with path.open("rb") as file:
        try:
            return pa.ipc.open_stream(file).schema
        except (pa.ArrowInvalid, EOFError):
            return None


def read_batches(path: Path) -> Iterator[pa.RecordBatch]:
    """Yield every whole batch up to where the file ends or was cut.

    A killed writer leaves at most one half batch, the last: that is the end, not an error.
    """
    with path.open("rb") as file:
        try:
            reader = pa.ipc.open_stream(file)
        except (pa.ArrowInvalid, EOFError):
            return
        while True:
            try:
                batch = reader.read_next_batch()
            except (StopIteration, pa.ArrowInvalid, OSError):
                return
            yield batch
