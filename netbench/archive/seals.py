"""The chain of seals: ``seals.ndjson``, one line an event, each naming the SHA-256 of the line before.

A line also carries a check over itself, so that a change in the very last one is seen too. The head (the SHA-256 of the last
line) stands for the whole archive: whoever has written it down elsewhere can tell any later change.
"""

import fcntl
import json
import os
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from netbench.archive.durable import append_durably, sha256_of_bytes, sync_folder
from netbench.errors import RefusedError

NAME = "seals.ndjson"
TORN = "seals.ndjson.torn"
"""Where half a line goes that a power cut left behind: it was never a seal, but it is not thrown away."""

SCHEMA = 1


@dataclass(frozen=True, slots=True)
class Seal:
    """One whole line. ``sha256`` is that of the line as it stands, without its newline."""

    number: int
    run: str
    manifest_sha256: str
    time: str
    previous: str | None
    sha256: str


@dataclass(frozen=True, slots=True)
class Chain:
    """The seals that can be relied on, and one finding for each line that cannot."""

    seals: tuple[Seal, ...]
    findings: tuple[str, ...]

    def of_run(self, run: str) -> Seal | None:
        """Return the newest seal of a run, or None."""
        return next((seal for seal in reversed(self.seals) if seal.run == run), None)


class LockedChain:
    """The chain while nobody else can write it."""

    def __init__(self, file: IO[bytes], folder: Path) -> None:
        """``file`` is locked and ends in a whole line."""
        self._file = file
        self._folder = folder

    def head(self) -> str | None:
        """Return the SHA-256 of the last line, None when there is none."""
        self._file.seek(0)
        lines = self._file.read().splitlines()
        return sha256_of_bytes(lines[-1]) if lines else None

    def append(self, run: str, manifest_sha256: str, time: str) -> str:
        """Add one line, on the disk before this returns, and return the new head.

        :raises OSError: when the disk says no; the chain is as it was before
        """
        line = _line({"event": "sealed", "manifest_sha256": manifest_sha256, "previous": self.head(), "run": run, "time": time})
        append_durably(self._file, line + b"\n")
        sync_folder(self._folder)
        return sha256_of_bytes(line)


@contextmanager
def locked(root: Path) -> Generator[LockedChain, None, None]:
    """Hold the archive's chain: one writer at a time, over all processes of this host.

    :raises OSError: when the file cannot be written
    """
    with (root / NAME).open("a+b", buffering=0) as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        _set_torn_line_aside(file, root)
        yield LockedChain(file, root)


def read_chain(root: Path) -> Chain:
    """Return the chain as it stands; an archive without one has no seals.

    :raises OSError: when the file is there and cannot be read
    """
    try:
        with (root / NAME).open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH)
            content = file.read()
    except FileNotFoundError:
        return Chain((), ())
    return _parse(content)


def _set_torn_line_aside(file: IO[bytes], root: Path) -> None:
    file.seek(0)
    content = file.read()
    whole = content.rfind(b"\n") + 1
    if whole == len(content):
        return
    with (root / TORN).open("ab") as torn:
        torn.write(content[whole:] + b"\n")
    os.ftruncate(file.fileno(), whole)


def _line(fields: Mapping[str, Any]) -> bytes:
    body = {"schema": SCHEMA, **fields}
    return _canonical({**body, "check": sha256_of_bytes(_canonical(body))})


def _canonical(value: Mapping[str, Any]) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def _parse(content: bytes) -> Chain:
    *lines, tail = content.split(b"\n")
    seals: list[Seal] = []
    findings = [f"{NAME}: ends in half a line"] if tail else []
    previous: str | None = None
    for number, line in enumerate(lines, start=1):
        fields = _checked_fields(line)
        if fields is None:
            findings.append(f"{NAME}: line {number} was changed: it does not match its own check")
        elif fields["previous"] != previous:
            findings.append(f"{NAME}: line {number} does not follow line {number - 1}: a line was changed, added or removed")
        if fields is not None and fields["event"] == "sealed":
            seals.append(_seal(number, fields, line))
        previous = sha256_of_bytes(line)
    return Chain(tuple(seals), tuple(findings))


def _checked_fields(line: bytes) -> Mapping[str, Any] | None:
    try:
        fields: Any = json.loads(line)
        body = {name: value for name, value in fields.items() if name != "check"}
    except (ValueError, AttributeError):
        return None  # not JSON, or no object: told as a changed line
    if _canonical({**body, "check": sha256_of_bytes(_canonical(body))}) != line:
        return None
    if body["schema"] > SCHEMA:
        raise RefusedError(f"{NAME}: schema {body['schema']} is newer than this netbench reads ({SCHEMA}): upgrade netbench")
    return body


def _seal(number: int, fields: Mapping[str, Any], line: bytes) -> Seal:
    return Seal(
        number=number,
        run=fields["run"],
        manifest_sha256=fields["manifest_sha256"],
        time=fields["time"],
        previous=fields["previous"],
        sha256=sha256_of_bytes(line),
    )
