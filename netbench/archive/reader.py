"""Runs as they lie in the archive: sealed, cut short, or damaged. Reading changes nothing."""

import json
import re
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import pyarrow as pa
import pyarrow.parquet as pq

from netbench.archive import parquet, seals, streams
from netbench.archive.arrow import Label, columns_of, read_label
from netbench.archive.durable import sha256_of_file, told
from netbench.archive.writer import MANIFEST, MANIFEST_SCHEMA, RESULT
from netbench.errors import RefusedError, UsageError
from netbench.measure.samples import Columns

RunState = Literal["sealed", "unsealed", "damaged"]
DOCUMENT_SCHEMA = 1
_RUN_ID = re.compile(r"\d{8}T\d{6}Z-.+-[0-9a-f]{6}")


@dataclass(frozen=True, slots=True)
class RunEntry:
    """One line of the archive's list. What a damaged run no longer tells is None. ``finding`` says what is wrong with it."""

    run: str
    folder: Path
    state: RunState
    started: str | None
    plan: str | None
    network: str | None
    verdict: str | None
    seconds: float | None
    finding: str | None


class Run:
    """One run, opened for reading."""

    def __init__(self, folder: Path, state: RunState) -> None:
        """Nothing is read yet."""
        self.folder = folder
        self.run_id = folder.name
        self.state: RunState = state

    @cached_property
    def manifest(self) -> Mapping[str, Any]:
        """What ran.

        :raises RefusedError: when it cannot be read or is newer than this netbench knows
        """
        return _read_json(self.folder / MANIFEST, MANIFEST_SCHEMA)

    @cached_property
    def document(self) -> Mapping[str, Any] | None:
        """The result document, None when the run was cut short before it had one.

        :raises RefusedError: when it cannot be read or is newer than this netbench knows
        """
        path = self.folder / RESULT
        return _read_json(path, DOCUMENT_SCHEMA) if path.exists() else None

    def sample_names(self) -> list[str]:
        """Return the names that ``samples`` takes, ``<sink>-<table>``, sorted."""
        files = (self.folder / "samples").glob("*")
        return sorted({path.stem for path in files if path.suffix in (parquet.SUFFIX, streams.SUFFIX)})

    def samples(self, name: str) -> Columns:
        """Return all rows of one table, to the last batch flushed; columns that rows may lack are masked.

        :raises UsageError: when there is no such table in this run
        :raises RefusedError: when the file is damaged or its version is newer than this netbench knows
        """
        return columns_of(self._table(name))

    def row_count(self, name: str) -> int:
        """Return how many rows ``samples`` would have; raises what it raises."""
        return self._table(name).num_rows

    def label(self, name: str) -> Label:
        """Return the table, version and pair ids of one file of samples; raises what ``samples`` raises."""
        return read_label(self._table(name).schema, f"{self.run_id}: {name}")

    def table_rows(self, name: str) -> list[dict[str, Any]]:
        """Return the rows of summaries, verdicts or calibration.

        :raises UsageError: when the run has no such table
        """
        path = self.folder / f"{name}{parquet.SUFFIX}"
        if not path.exists():
            raise UsageError(f"{self.run_id} has no table {name}")
        with _readable(path):
            return pq.read_table(path).to_pylist()

    def _table(self, name: str) -> pa.Table:
        table = self._read(name)
        read_label(table.schema, f"{self.run_id}: {name}")
        return table

    def _read(self, name: str) -> pa.Table:
        base = self.folder / "samples" / name
        sealed, stream = base.with_name(name + parquet.SUFFIX), base.with_name(name + streams.SUFFIX)
        if sealed.exists():
            with _readable(sealed):
                return pq.read_table(sealed)
        schema = streams.read_schema(stream) if stream.exists() else None
        if schema is None:
            raise UsageError(f"{self.run_id} has no samples called {name}; it has {', '.join(self.sample_names()) or 'none'}")
        return pa.Table.from_batches(streams.read_batches(stream), schema)


def list_runs(root: Path) -> list[RunEntry]:
    """Return every run of the archive, oldest first; a sealed run whose folder is gone is listed as damaged.

    Sizes are compared and the manifest is hashed; ``verify`` alone reads every byte.

    :raises UsageError: when there is no such archive
    """
    chain = _chain(root)
    there = {path.name for path in root.iterdir() if path.is_dir() and _RUN_ID.fullmatch(path.name)}
    return [run_entry(root, name, chain) for name in sorted(there | {seal.run for seal in chain.seals})]


def open_run(root: Path, wanted: str) -> Run:
    """Return the run with this id, the only one whose id begins (or ends: the short id) so, or the one at this path.

    :raises UsageError: when no run or more than one fits
    """
    at_path = Path(wanted)
    if (at_path / MANIFEST).exists():
        folder = at_path.resolve()
        return Run(folder, run_entry(folder.parent, folder.name, _chain(folder.parent)).state)
    fitting = [entry for entry in list_runs(root) if entry.run.startswith(wanted) or entry.run.endswith(f"-{wanted}")]
    exact = [entry for entry in fitting if entry.run == wanted] or fitting
    if not exact:
        raise UsageError(f"no run in {root} is called {wanted}: `netbench results list` shows them")
    if len(exact) > 1:
        raise UsageError(
            f"{wanted} fits {len(exact)} runs in {root}: {', '.join(entry.run for entry in exact[:3])}; give more of the id"
        )
    return Run(exact[0].folder, exact[0].state)


def run_entry(root: Path, run: str, chain: seals.Chain) -> RunEntry:
    """Return what the list says of one run."""
    folder = root / run
    try:
        manifest = _read_json(folder / MANIFEST, MANIFEST_SCHEMA)
        plan, verdict, seconds = manifest["plan"]["name"], manifest.get("verdict"), manifest.get("seconds")
    except (RefusedError, KeyError, TypeError) as error:
        return RunEntry(run, folder, "damaged", None, None, None, None, None, _manifest_finding(folder, error))
    state, finding = _state(folder, manifest, chain.of_run(run))
    return RunEntry(run, folder, state, manifest.get("started"), plan, manifest.get("network"), verdict, seconds, finding)


def _state(folder: Path, manifest: Mapping[str, Any], seal: seals.Seal | None) -> tuple[RunState, str | None]:
    if seal is None:
        cut_short = "sealing was cut short" if manifest.get("state") == "sealed" else None
        return "unsealed", cut_short
    if sha256_of_file(folder / MANIFEST) != seal.manifest_sha256:
        return "damaged", f"{MANIFEST} was changed after the run was sealed"
    for entry in manifest["files"]:
        path = folder / entry["path"]
        if not path.is_file():
            return "damaged", f"{entry['path']} is missing"
        if path.stat().st_size != entry["bytes"]:
            return "damaged", f"{entry['path']} was changed"
    return "sealed", None


def _manifest_finding(folder: Path, error: Exception) -> str:
    if not folder.exists():
        return "the run's folder is missing"
    return str(error) if isinstance(error, RefusedError) else f"{MANIFEST} says too little: {error} is missing"


def _chain(root: Path) -> seals.Chain:
    if not root.is_dir():
        raise UsageError(f"there are no results in {root}: no such folder; --results or NETBENCH_RESULTS names another")
    with told(f"cannot read {root / seals.NAME}", UsageError):
        return seals.read_chain(root)


def _read_json(path: Path, known_schema: int) -> Mapping[str, Any]:
    try:
        value: Mapping[str, Any] = json.loads(path.read_bytes())
        schema: Any = value["schema"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise RefusedError(f"{path}: cannot be read as netbench wrote it: {error}") from error
    if not isinstance(schema, int) or schema > known_schema:
        raise RefusedError(f"{path}: schema {schema} is newer than this netbench reads ({known_schema}): upgrade netbench")
    return value


@contextmanager
def _readable(path: Path) -> Generator[None, None, None]:
    try:
        yield
    except (OSError, pa.ArrowInvalid) as error:
        raise RefusedError(f"{path}: cannot be read as netbench wrote it: {error}") from error
