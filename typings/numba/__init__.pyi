from collections.abc import Callable
from typing import Any, TypeVar

_Function = TypeVar("_Function", bound=Callable[..., Any])

def njit(*, cache: bool = ..., nogil: bool = ..., parallel: bool = ...) -> Callable[[_Function], _Function]: ...
