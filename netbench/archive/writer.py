"""A run being written: raw samples first, then what was made of them, then the seal that closes it for ever."""

import re
import secrets
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

from netbench.archive import parquet, seals, streams
from netbench.archive.durable import json_bytes, sha256_of_bytes, sha256_of_file, sync_folder, told, write_atomically
from netbench.archive.streams import StreamSink
from netbench.clock import Instant
from netbench.errors import CannotMeasureError
from netbench.measure.samples import Sink
from netbench.plan.model import Plan

MANIFEST = "manifest.json"
RESULT = "result.json"
MANIFEST_SCHEMA = 1
_OWN_KEYS = ("schema", "run", "state", "plan", "network", "started", "sealed", "verdict", "seconds", "files", "previous_seal")


class RunWriter:
    """One run's folder while it is open. All methods may be called from any thread; ``seal`` and ``abandon`` once, at the end."""

    def __init__(self, root: Path, run_id: str, manifest: Mapping[str, Any]) -> None:
        """Use ``create``."""
        self.run_id = run_id
        self.folder = root / run_id
        self._root = root
        self._manifest = manifest
        self._sinks: dict[str, StreamSink] = {}
        self._lock = threading.Lock()

    @classmethod
    def create(cls, root: Path, plan: Plan, network: str, started: Instant, manifest_facts: Mapping[str, Any]) -> "RunWriter":
        """The run's folder is there and its manifest says what is about to be measured.

        :raises CannotMeasureError: when the archive cannot be written: better known before measuring than after
        """
        run_id = _run_id(plan.name, network, started)
        writer = cls(root, run_id, _first_manifest(run_id, plan, network, started, manifest_facts))
        with told(f"cannot write results into {root}"):
            for name in ("samples", "evidence", "private"):
                (writer.folder / name).mkdir(parents=True)
            write_atomically(writer.folder / MANIFEST, json_bytes(writer._manifest))
            (root / seals.NAME).touch()
            sync_folder(root)
        return writer

    def sink(self, name: str, pairs: Sequence[str]) -> Sink:
        """Return a sink for samples whose ``pair`` counts in ``pairs``; every batch written to it is flushed to the disk.

        :raises CannotMeasureError: when the name was given before
        """
        with self._lock:
            if name in self._sinks:
                raise CannotMeasureError(f"{self.folder}: samples called {name} are already being kept")
            sink = self._sinks[name] = StreamSink(self.folder / "samples", name, pairs)
        return sink

    def evidence(self, name: str, content: bytes) -> None:
        """The bytes are under ``evidence/``: what a doubter would ask for. A name met again gets a number."""
        self._keep("evidence", name, content)

    def private(self, name: str, content: bytes) -> None:
        """The bytes are under ``private/``: addresses and site details, which may be withheld when a run is handed on."""
        self._keep("private", name, content)

    def write_table(self, name: str, rows: Sequence[Mapping[str, Any]]) -> None:
        """The rows are kept as ``<name>.parquet``.

        :raises CannotMeasureError: when the name is none of summaries, verdicts, calibration, or the disk says no
        """
        if name not in parquet.SUMMARY_TABLES:
            raise CannotMeasureError(f"{self.folder}: {name} is none of the tables {', '.join(parquet.SUMMARY_TABLES)}")
        path = self.folder / f"{name}{parquet.SUFFIX}"
        with told(f"cannot write {path}"):
            parquet.write_rows(path, name, rows)

    def seal(self, document: Mapping[str, Any], now: Instant) -> str:
        """The run is complete and closed: Parquet, ``result.json``, hashes of every file. Return the new head of the chain.

        Killed or failed at any point, the run is as readable as before; it may be called again when the cause is gone.

        :raises CannotMeasureError: when the disk says no: the sentence says where the run lies
        """
        self._close_sinks()
        with told(f"the run is kept unsealed in {self.folder}, with all its samples, because it could not be sealed"):
            for stream in sorted((self.folder / "samples").glob(f"*{streams.SUFFIX}")):
                parquet.from_stream(stream)
            write_atomically(self.folder / RESULT, json_bytes(document))
            return self._close_manifest(document, now)

    def abandon(self) -> None:
        """The streams are closed and the run stays unsealed: readable, and never to be taken for complete."""
        self._close_sinks()

    def _close_manifest(self, document: Mapping[str, Any], now: Instant) -> str:
        with seals.locked(self._root) as chain:
            manifest = {
                **self._manifest,
                "state": "sealed",
                "sealed": now.iso(),
                "verdict": document["verdict"],
                "seconds": document["seconds"],
                "previous_seal": chain.head(),
                "files": [_file_entry(self.folder, path) for path in sealed_files(self.folder)],
            }
            content = json_bytes(manifest)
            write_atomically(self.folder / MANIFEST, content)
            return chain.append(self.run_id, sha256_of_bytes(content), now.iso())

    def _close_sinks(self) -> None:
        with self._lock:
            for sink in self._sinks.values():
                sink.close()

    def _keep(self, kind: str, name: str, content: bytes) -> None:
        relative = PurePosixPath(name)
        if relative.is_absolute() or ".." in relative.parts or not relative.name:
            raise CannotMeasureError(f"{self.folder}: {name!r} cannot be the name of {kind}: it must stay inside its folder")
        with self._lock, told(f"cannot write {kind} into {self.folder}"):
            path = _unused(self.folder / kind / relative)
            path.parent.mkdir(parents=True, exist_ok=True)
            write_atomically(path, content)


def sealed_files(folder: Path) -> list[Path]:
    """Return every file of a run that its manifest hashes: all but the manifest, sorted."""
    return sorted(path for path in folder.rglob("*") if not path.is_dir() and path != folder / MANIFEST)


def _file_entry(folder: Path, path: Path) -> Mapping[str, Any]:
    return {"path": path.relative_to(folder).as_posix(), "bytes": path.stat().st_size, "sha256": sha256_of_file(path)}


def _run_id(plan: str, network: str, started: Instant) -> str:
    names = [re.sub(r"[^\w.]+", "_", name) for name in (plan, network)]
    return "-".join([started.utc().strftime("%Y%m%dT%H%M%SZ"), *names, secrets.token_hex(3)])


def _first_manifest(run_id: str, plan: Plan, network: str, started: Instant, facts: Mapping[str, Any]) -> Mapping[str, Any]:
    taken = sorted(set(facts) & set(_OWN_KEYS))
    if taken:
        raise CannotMeasureError(f"the manifest's facts may not be called {', '.join(taken)}: the archive uses these names")
    return {
        "schema": MANIFEST_SCHEMA,
        "run": run_id,
        "state": "measuring",
        "started": started.iso(),
        "network": network,
        "plan": {
            "name": plan.name,
            "title": {"en": plan.title.en, "zh": plan.title.zh},
            "digest": plan.digest,
            "text": plan.text,
            "traces": [{"name": trace.name, "digest": trace.digest, "text": trace.text} for trace in plan.traces],
        },
        **facts,
    }


def _unused(path: Path) -> Path:
    number, candidate = 2, path
    while candidate.exists():
        candidate = path.with_stem(f"{path.stem}-{number}")
        number += 1
    return candidate
