"""Where a compiled loop is kept: in the user's cache, in a folder named after the text it was compiled from."""

import os
import tempfile
from collections.abc import Iterator
from hashlib import blake2b
from pathlib import Path

from netbench.errors import UnsupportedError

_PRIVATE = 0o700


def cache_folder(name: str, source: Path) -> Path:
    """Return a folder for the loop ``name`` that exists, can be written, and belongs to this user alone.

    ``source`` is the folder of the loop's own modules; those of this package belong to every loop.

    :raises UnsupportedError: when there is no such place
    """
    for base in _bases():
        folder = base / f"{name}-{_text_digest(source)}"
        if _usable(folder):
            return folder
    raise UnsupportedError(f"no folder to keep the compiled {name} in; set NUMBA_CACHE_DIR to one that can be written")


def _bases() -> Iterator[Path]:
    if chosen := os.environ.get("NUMBA_CACHE_DIR"):
        yield Path(chosen)
    if chosen := os.environ.get("XDG_CACHE_HOME"):
        yield Path(chosen) / "netbench"
    if home := os.environ.get("HOME"):
        yield Path(home) / ".cache" / "netbench"
    yield Path(tempfile.gettempdir()) / f"netbench-{os.geteuid()}"


def _usable(folder: Path) -> bool:
    """Whether the folder is there (made where it was not) and only its owner, this user, may write: code is loaded from it."""
    try:
        folder.mkdir(mode=_PRIVATE, parents=True, exist_ok=True)
        status = folder.stat()
        with tempfile.TemporaryFile(dir=folder):
            return status.st_uid == os.geteuid() and not status.st_mode & 0o022
    except OSError:
        return False


def _text_digest(source: Path) -> str:
    digest = blake2b(digest_size=8)
    for folder in (source, Path(__file__).parent):
        for path in sorted(folder.glob("*.py")):
            digest.update(path.read_bytes())
    return digest.hexdigest()
