from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from . import Schema, Table

class FileMetaData:
    @property
    def num_rows(self) -> int: ...

class ParquetWriter:
    def __init__(
        self,
        where: IO[bytes],
        schema: Schema,
        *,
        compression: str = ...,
        use_dictionary: Sequence[str] = ...,
        column_encoding: Mapping[str, str] | None = ...,
    ) -> None: ...
    def write_table(self, table: Table) -> None: ...
    def __enter__(self) -> Self: ...
    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> bool | None: ...

def read_metadata(where: Path) -> FileMetaData: ...
def read_schema(where: Path) -> Schema: ...
def read_table(where: Path) -> Table: ...
