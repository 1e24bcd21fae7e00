"""Mininet, imported without its habits: no global sysctls, no cleanup by pattern, nothing printed."""

import logging
import os
import shutil
import sys
import warnings
from collections.abc import Generator
from contextlib import contextmanager

from netbench.errors import CannotMeasureError, UnsupportedError


@contextmanager
def _own_distutils() -> Generator[None]:
    """Where Python still has a distutils, give Mininet 2.3.0 that one: setuptools would load itself, which takes 0.3 s."""
    finders = sys.meta_path[:]
    if sys.version_info < (3, 12) and "setuptools" not in sys.modules:
        sys.meta_path[:] = [finder for finder in finders if type(finder).__name__ != "DistutilsMetaFinder"]
    try:
        yield
    finally:
        sys.meta_path[:] = finders
        if "setuptools" not in sys.modules:  # it does not like to find another's
            for name in [name for name in sys.modules if name.partition(".")[0] == "distutils"]:
                del sys.modules[name]


with warnings.catch_warnings(), _own_distutils():
    warnings.simplefilter("ignore")  # Mininet 2.3.0 imports distutils and has invalid escapes: its own affair
    try:
        from mininet.link import Intf, Link
        from mininet.log import lg
        from mininet.net import Mininet
        from mininet.node import Node
        from mininet.topo import Topo
    except ImportError as missing:
        raise UnsupportedError(f"Mininet is not there ({missing}); apt-get install mininet, then make setup") from missing

__all__ = ["Intf", "Link", "Mininet", "Node", "Topo", "check_machine", "overheard"]

_NEEDED = {"mnexec": "mininet", "ifconfig": "net-tools", "bash": "bash", "ip": "iproute2"}

Mininet.inited = True  # or its first instance would set sysctls of the whole machine, and never restore them


def check_machine() -> None:
    """Return when Mininet can work here.

    :raises UnsupportedError: when a program is missing or this user may not make namespaces
    """
    for program, package in _NEEDED.items():
        if shutil.which(program) is None:
            raise UnsupportedError(f"Mininet needs {program}, which is not there; apt-get install {package}")
    if os.geteuid() != 0:
        raise UnsupportedError("an emulated network is built by root, its own or the machine's; run it through netbench run")


@contextmanager
def overheard() -> Generator[None]:
    """Keep what Mininet says off the user's screen; inside, it is silent or wrong.

    :raises CannotMeasureError: on leaving, when it warned of anything
    """
    said = _Said()
    lg.removeHandler(lg.ch)
    lg.addHandler(said)
    try:
        yield
    finally:
        lg.removeHandler(said)
    if said.lines:
        raise CannotMeasureError(f"Mininet could not build the network: {'; '.join(said.lines)}")


class _Said(logging.Handler):
    """What was said at the level of a warning or above."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        line = record.getMessage().strip(" *\n")
        if line:
            self.lines.append(line)
