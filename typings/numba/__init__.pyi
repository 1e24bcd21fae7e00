from collections.abc import Callable
from typing import Any, TypeVar

from numba import types as types

_Function = TypeVar("_Function", bound=Callable[..., Any])

class _Config:
    CACHE_DIR: str

config: _Config

def njit(*, cache: bool = ..., nogil: bool = ..., parallel: bool = ..., _nrt: bool = ...) -> Callable[[_Function], _Function]: ...
def carray(pointer: object, shape: int) -> Any: ...
def typeof(value: object) -> types.Type: ...
