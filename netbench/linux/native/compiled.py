"""How the hot functions are compiled: by numba, kept on disk where a folder was named, in memory everywhere else.

numba keys a cached function by its own source file alone, not by those it calls. A loop is therefore kept in a folder named after
the text of all of them (``netbench.linux.native.cache``): by ``kept``, or by NUMBA_CACHE_DIR where a process is all the loop's.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Protocol, TypeVar, cast

import numba

from netbench.errors import UnsupportedError
from netbench.linux.native.cache import cache_folder

Function = TypeVar("Function", bound=Callable[..., object])


def compiled(function: Function) -> Function:
    """Return ``function`` compiled at its first call, which holds no lock of Python's; the original is its ``py_func``.

    Arrays are borrowed from the caller: counting references to them, atomically, took half of the relay's time.
    """
    return numba.njit(cache=bool(numba.config.CACHE_DIR), nogil=True, _nrt=False)(function)


def compile_for(function: Callable[..., object], arguments: tuple[object, ...]) -> None:
    """A ``compiled`` function is machine code for arguments of these types, from the cache where it is there."""
    dispatcher = cast("_Dispatcher", function)
    dispatcher.compile(tuple(numba.typeof(argument) for argument in arguments))


def kept(name: str, source: Path) -> Callable[[Function], Function]:
    """Return a ``compiled`` for the modules in the folder ``source``, which keeps what it compiles on disk where it can."""
    try:
        folder = str(cache_folder(name, source))
    except UnsupportedError:
        folder = ""

    def compiled_and_kept(function: Function) -> Function:
        before, numba.config.CACHE_DIR = numba.config.CACHE_DIR, folder
        try:
            return compiled(function)
        finally:
            numba.config.CACHE_DIR = before

    return compiled_and_kept


class _Dispatcher(Protocol):
    def compile(self, signature: tuple[numba.types.Type, ...]) -> object: ...
