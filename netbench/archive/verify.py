"""Whether a run is what it was when it was sealed: every byte against the manifest, the manifest against the chain."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from netbench.archive import seals
from netbench.archive.durable import sha256_of_bytes, sha256_of_file, told
from netbench.archive.reader import Run
from netbench.archive.writer import MANIFEST, sealed_files
from netbench.errors import UsageError


def verify(root: Path, run: Run) -> list[str]:
    """Return one sentence for each thing that is not as it was sealed, beginning with the file's name; none when all is whole.

    An unsealed run has one finding: there is nothing to compare it with.

    :raises UsageError: when the archive's chain of seals cannot be read at all
    """
    with told(f"cannot read {root / seals.NAME}", UsageError):
        chain = seals.read_chain(root)
    return [*chain.findings, *verify_run(run, chain)]


def verify_run(run: Run, chain: seals.Chain) -> list[str]:
    """Return the findings of one run alone, against a chain already read (whose own findings are not repeated)."""
    try:
        content = (run.folder / MANIFEST).read_bytes()
    except OSError as error:
        return [f"{MANIFEST}: cannot be read: {error.strerror}"]
    seal = chain.of_run(run.run_id)
    if seal is None:
        return [_without_seal(content, chain)]
    if sha256_of_bytes(content) != seal.manifest_sha256:
        return [f"{MANIFEST}: was changed after the run was sealed, so the files it lists cannot be vouched for"]
    manifest: Any = json.loads(content)
    return [*_place_in_chain(manifest, seal), *_compare_files(run.folder, manifest["files"])]


def missing_runs(root: Path, chain: seals.Chain) -> list[str]:
    """Return one sentence for each sealed run whose folder is gone."""
    gone = dict.fromkeys(seal.run for seal in chain.seals if not (root / seal.run).is_dir())
    return [f"{run}: the run was sealed and its folder is missing" for run in gone]


def _without_seal(content: bytes, chain: seals.Chain) -> str:
    if b'"state": "sealed"' not in content:
        return "the run was not sealed: there is nothing to compare it with"
    if chain.findings:
        return f"{seals.NAME}: no whole line vouches for this run"
    return f"{seals.NAME}: has no line for this run: sealing was cut short, or the line was removed"


def _place_in_chain(manifest: Mapping[str, Any], seal: seals.Seal) -> list[str]:
    if manifest["previous_seal"] == seal.previous:
        return []
    return [f"{seals.NAME}: line {seal.number} does not follow the line that the run was sealed after"]


def _compare_files(folder: Path, entries: list[Mapping[str, Any]]) -> list[str]:
    listed = {entry["path"]: entry for entry in entries}
    there = {path.relative_to(folder).as_posix() for path in sealed_files(folder)}
    findings = [_compare_file(folder / name, entry) for name, entry in listed.items()]
    added = [f"{name}: was added after the run was sealed" for name in sorted(there - listed.keys())]
    return [finding for finding in findings if finding] + added


def _compare_file(path: Path, entry: Mapping[str, Any]) -> str | None:
    name = entry["path"]
    try:
        if not path.is_file():
            return f"{name}: is missing"
        if path.stat().st_size != entry["bytes"]:
            return f"{name}: was changed: {path.stat().st_size} bytes instead of {entry['bytes']}"
        return None if sha256_of_file(path) == entry["sha256"] else f"{name}: was changed"
    except OSError as error:
        return f"{name}: cannot be read: {error.strerror}"
