import hashlib
import json
from pathlib import Path

import pytest

from netbench.archive.reader import open_run
from netbench.archive.seals import read_chain
from netbench.archive.verify import missing_runs, verify
from netbench.errors import RefusedError
from tests.archive.runs import measured_writer, sealed_run

FILES = [
    "manifest.json",
    "result.json",
    "summaries.parquet",
    "samples/stamp-packets.parquet",
    "evidence/routes.txt",
    "private/addresses.txt",
    "../seals.ndjson",
]


def _findings(folder: Path) -> list[str]:
    return verify(folder.parent, open_run(folder.parent, str(folder)))


def test_a_sealed_run_is_whole(tmp_path: Path) -> None:
    """Nothing was changed, so there is nothing to find."""
    first, second = sealed_run(tmp_path), sealed_run(tmp_path)
    assert _findings(first) == []
    assert _findings(second) == []


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("place", [0.0, 0.5, 1.0])
def test_one_changed_byte_anywhere_names_its_file(tmp_path: Path, name: str, place: float) -> None:
    """The first, the middle or the last byte of any file: the finding begins with that file's name."""
    folder = sealed_run(tmp_path)
    sealed_run(tmp_path)
    _flip(folder / name, place)
    findings = _findings(folder)
    assert findings
    assert any(finding.startswith(f"{Path(name).name if name.startswith('..') else name}: ") for finding in findings), findings


def test_every_single_byte_of_the_chain_counts(tmp_path: Path) -> None:
    """No byte of seals.ndjson can change unseen, the last line's included."""
    folder = sealed_run(tmp_path)
    content = (tmp_path / "seals.ndjson").read_bytes()
    run = open_run(tmp_path, folder.name)
    for index in range(len(content)):
        (tmp_path / "seals.ndjson").write_bytes(content[:index] + bytes([content[index] ^ 1]) + content[index + 1 :])
        assert any(finding.startswith("seals.ndjson: ") for finding in _findings_or_refusal(tmp_path, run.folder)), index


def _findings_or_refusal(root: Path, folder: Path) -> list[str]:
    try:
        return verify(root, open_run(root, str(folder)))
    except RefusedError as error:
        return [str(error)]


def _flip(path: Path, place: float) -> None:
    content = bytearray(path.read_bytes())
    content[round(place * (len(content) - 1))] ^= 0x01
    path.write_bytes(content)


def test_a_missing_and_an_added_file_are_named(tmp_path: Path) -> None:
    """Removing is seen, and so is adding."""
    folder = sealed_run(tmp_path)
    (folder / "evidence" / "routes.txt").unlink()
    (folder / "evidence" / "forged.txt").write_text("x")
    assert _findings(folder) == ["evidence/routes.txt: is missing", "evidence/forged.txt: was added after the run was sealed"]


def test_a_file_that_grew_is_named_with_both_sizes(tmp_path: Path) -> None:
    """A change of size says by how much."""
    folder = sealed_run(tmp_path)
    (folder / "private" / "addresses.txt").write_bytes(b"guian 10.0.0.1\nmore\n")
    assert _findings(folder) == ["private/addresses.txt: was changed: 20 bytes instead of 15"]


def test_a_manifest_rewritten_to_fit_is_found_by_the_chain(tmp_path: Path) -> None:
    """Whoever changes a file and the manifest with it is still found out."""
    folder = sealed_run(tmp_path)
    manifest = json.loads((folder / "manifest.json").read_text())
    (folder / "manifest.json").write_text(json.dumps({**manifest, "verdict": "fail"}))
    assert _findings(folder)[0].startswith("manifest.json: was changed")


@pytest.mark.parametrize("gone", [0, 1, 2])
def test_a_line_taken_out_of_the_chain_is_found(tmp_path: Path, gone: int) -> None:
    """The first and a middle line break the chain; the last is missed by its run."""
    folders = [sealed_run(tmp_path) for _ in range(3)]
    lines = (tmp_path / "seals.ndjson").read_text().splitlines(keepends=True)
    (tmp_path / "seals.ndjson").write_text("".join(lines[:gone] + lines[gone + 1 :]))
    assert all(finding.startswith("seals.ndjson: ") for finding in _findings(folders[gone]))
    assert _findings(folders[gone])


def test_an_unsealed_run_cannot_be_vouched_for(tmp_path: Path) -> None:
    """There is nothing to compare an unsealed run with, and that is said."""
    writer = measured_writer(tmp_path)
    writer.abandon()
    assert _findings(writer.folder) == ["the run was not sealed: there is nothing to compare it with"]


def test_a_run_that_vanished_is_named(tmp_path: Path) -> None:
    """The chain remembers what was sealed."""
    folder = sealed_run(tmp_path)
    folder.rename(tmp_path / "hidden")
    assert missing_runs(tmp_path, read_chain(tmp_path)) == [f"{folder.name}: the run was sealed and its folder is missing"]


def test_a_newer_chain_is_refused(tmp_path: Path) -> None:
    """Lines of a later netbench are not guessed at."""
    body = {"event": "sealed", "previous": None, "schema": 2}
    check = hashlib.sha256(json.dumps(body, sort_keys=True, separators=(",", ":")).encode()).hexdigest()
    line = json.dumps({**body, "check": check}, sort_keys=True, separators=(",", ":"))
    (tmp_path / "seals.ndjson").write_text(line + "\n")
    with pytest.raises(RefusedError, match="schema 2 is newer"):
        read_chain(tmp_path)
