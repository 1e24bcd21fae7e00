"""How the functions of this package are compiled, and where they are kept."""

from pathlib import Path

from netbench.linux.native.compiled import kept

compiled = kept("stamp", Path(__file__).parent)
