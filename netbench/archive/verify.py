"""Whether a run is what it was when it was sealed: every byte against the manifest, the manifest against the chain."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from netbench.archive import seals
from netbench.archive.durable import sha256_of_bytes, sha256_of_file, told
from netbench.archive.reader import Run, list_runs
from netbench.archive.writer import MANIFEST, sealed_files
from netbench.errors import UsageError

NOT_SEALED = "the run was not sealed: there is nothing to compare it with"


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


@dataclass(frozen=True, slots=True)
class Verification:
    """What a look at an archive found: of the chain itself, and of each run that was looked at.

    ``unsealed`` names the runs that nothing vouches for because they were never sealed; that is no damage. ``head`` is the
    SHA-256 of the chain's last line, None when there is none.
    """

    chain: tuple[str, ...]
    runs: Mapping[str, list[str]]
    unsealed: frozenset[str]
    head: str | None

    @property
    def damaged(self) -> bool:
        """Whether anything is not as it was sealed."""
        return bool(self.chain) or any(findings for run, findings in self.runs.items() if run not in self.unsealed)


def verify_archive(root: Path, runs: Sequence[Run]) -> Verification:
    """Verify these runs, or all of the archive (runs that vanished included) when none is given; the chain is checked once.

    :raises UsageError: when there is no such archive, or its chain cannot be read at all
    """
    entries = list_runs(root)
    with told(f"cannot read {root / seals.NAME}", UsageError):
        chain = seals.read_chain(root)
    chosen = list(runs) or [Run(entry.folder, entry.state) for entry in entries if entry.folder.is_dir()]
    findings = {run.run_id: verify_run(run, chain) for run in chosen}
    unsealed = frozenset(run for run, found in findings.items() if found == [NOT_SEALED])
    vanished = [] if runs else missing_runs(root, chain)
    head = chain.seals[-1].sha256 if chain.seals else None
    return Verification((*chain.findings, *vanished), findings, unsealed, head)


def missing_runs(root: Path, chain: seals.Chain) -> list[str]:
    """Return one sentence for each sealed run whose folder is gone."""
    gone = dict.fromkeys(seal.run for seal in chain.seals if not (root / seal.run).is_dir())
    return [f"{run}: the run was sealed and its folder is missing" for run in gone]


def _without_seal(content: bytes, chain: seals.Chain) -> str:
    if b'"state": "sealed"' not in content:
        return NOT_SEALED
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
