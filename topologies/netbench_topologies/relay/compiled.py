"""How the hot functions are compiled: by numba, kept on disk for the relay, in memory everywhere else.

numba keys a cached function by its own source file alone, not by those it calls. The relay therefore names a cache folder
after the text of all of them (``process.cache_folder``); without that folder nothing is cached, so nothing is ever stale.
"""

from collections.abc import Callable
from typing import Protocol, TypeVar, cast

import numba

Function = TypeVar("Function", bound=Callable[..., object])


def compiled(function: Function) -> Function:
    """Return ``function`` compiled at its first call; the original is its ``py_func``.

    Arrays are borrowed from the caller: counting references to them, atomically, took half of the relay's time.
    """
    return numba.njit(cache=bool(numba.config.CACHE_DIR), _nrt=False)(function)


def compile_for(function: Callable[..., object], arguments: tuple[object, ...]) -> None:
    """A ``compiled`` function is machine code for arguments of these types, from the cache where it is there."""
    dispatcher = cast("_Dispatcher", function)
    dispatcher.compile(tuple(numba.typeof(argument) for argument in arguments))


class _Dispatcher(Protocol):
    def compile(self, signature: tuple[numba.types.Type, ...]) -> object: ...
