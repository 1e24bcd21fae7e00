"""Where the archive is."""

from collections.abc import Mapping
from pathlib import Path

VARIABLE = "NETBENCH_RESULTS"
DEFAULT = Path("results")


def archive_root(option: Path | None, environ: Mapping[str, str]) -> Path:
    """Return the archive's folder: the option, else NETBENCH_RESULTS, else ``./results``. It need not exist."""
    return option or Path(environ.get(VARIABLE) or DEFAULT)
