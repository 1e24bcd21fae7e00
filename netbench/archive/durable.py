"""Bytes that stay: written beside their name, forced to the disk, then renamed into place."""

import errno
import hashlib
import json
import os
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from netbench.errors import CannotMeasureError, NetbenchError

TEMPORARY = ".tmp"
"""What ends the name of a file that is not complete yet; such a file is nothing anyone may rely on."""

_CURES = {
    errno.ENOSPC: "the disk is full: free some space or choose another folder with --results",
    errno.EDQUOT: "the disk quota is used up: free some space or choose another folder with --results",
    errno.EROFS: "the disk is read-only: choose another folder with --results",
    errno.EACCES: "permission denied: choose another folder with --results",
    errno.EPERM: "permission denied: choose another folder with --results",
    errno.ENOTDIR: "a file stands where a folder is needed: choose another folder with --results",
    errno.EEXIST: "a file stands where a folder is needed: choose another folder with --results",
}


@contextmanager
def told(what: str, kind: type[NetbenchError] = CannotMeasureError) -> Generator[None, None, None]:
    """Turn an operating system error inside the block into one sentence: ``what``, why, and the cure.

    :raises CannotMeasureError: (or ``kind``) in place of any OSError
    """
    try:
        yield
    except OSError as error:
        why = _CURES.get(error.errno or 0) or error.strerror or str(error)
        raise kind(f"{what}: {why}") from error


def write_atomically(path: Path, content: bytes) -> None:
    """The file holds ``content`` in full and on the disk, or it is as it was before.

    :raises OSError: when the disk says no; what was there before is untouched
    """
    with replacing(path) as file:
        file.write(content)


@contextmanager
def replacing(path: Path) -> Generator[IO[bytes], None, None]:
    """Give a file to write; after the block all of it is on the disk under ``path``, or ``path`` is as it was before.

    :raises OSError: when the disk says no
    """
    temporary = path.with_name(path.name + TEMPORARY)
    try:
        with temporary.open("wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError:
        temporary.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def append_durably(file: IO[bytes], content: bytes) -> None:
    """The content stands at the end of an unbuffered file and on the disk, or the file is as long as it was before.

    :raises OSError: when the disk says no
    """
    before = file.seek(0, os.SEEK_END)
    try:
        while content:
            # an unbuffered file may take part of what it is given
            content = content[file.write(content) :]
        os.fsync(file.fileno())
    except OSError:
        os.ftruncate(file.fileno(), before)
        file.seek(before)
        raise


def sync_folder(folder: Path) -> None:
    """The folder's list of names is on the disk."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def json_bytes(value: Mapping[str, Any]) -> bytes:
    """Return indented JSON in UTF-8 with a final newline.

    :raises ValueError: for a NaN or an infinity: what was not measured is null
    """
    return (json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n").encode()


def sha256_of_file(path: Path) -> str:
    """Return the SHA-256 of a file's bytes, in lower-case hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def sha256_of_bytes(content: bytes) -> str:
    """Return the SHA-256 of the bytes, in lower-case hex."""
    return hashlib.sha256(content).hexdigest()
