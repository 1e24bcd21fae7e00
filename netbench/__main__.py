"""``python -m netbench`` is ``netbench``."""

from netbench.cli.main import entry

entry()
