"""Becoming an ordinary user, uid 65534, who may run this interpreter wherever it lies."""

import os
import shutil
import stat
import sys
from collections.abc import Sequence
from pathlib import Path

NOBODY = 65534
_SETPRIV = ("setpriv", "--reuid", str(NOBODY), "--regid", str(NOBODY), "--clear-groups")


def compiled_before(folder: Path) -> dict[str, str]:
    """The environment in which that user finds what was compiled here before, copied into ``folder``; compiling takes 20 s."""
    kept = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "netbench"
    kept.mkdir(parents=True, exist_ok=True)
    shutil.copytree(kept, folder / "netbench")
    for place in (folder, *folder.rglob("*")):
        os.chown(place, NOBODY, NOBODY)
    return {"XDG_CACHE_HOME": str(folder)}


def as_nobody(scratch: Path) -> Sequence[str]:
    """The words before a command that run it as that user, in the same process.

    Where the interpreter lies in a folder of root's own the command sees mounts of its own, in which the way to it is open;
    ``scratch`` is an empty folder for them to be prepared in.
    """
    kept = Path(sys.base_prefix).resolve()
    closed = next((folder for folder in reversed(kept.parents) if not folder.stat().st_mode & stat.S_IXOTH), None)
    if closed is None:
        return _SETPRIV
    staging = scratch / "interpreter"
    staging.mkdir()
    steps = (
        f"mount --bind {kept} {staging}",
        f"mount -t tmpfs -o mode=755 none {closed}",
        f"mkdir -p {kept}",
        f"mount --bind {staging} {kept}",
        'exec "$@"',
    )
    return ("unshare", "--mount", "sh", "-ec", "\n".join(steps), "sh", *_SETPRIV)
