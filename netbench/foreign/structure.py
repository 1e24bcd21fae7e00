"""Members of JSON that others wrote, each of the kind that is needed or refused by its place."""

from typing import TYPE_CHECKING, Any, cast

from netbench.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterable

LARGEST = 1 << 62


def mapping(value: Any, file: str, place: str) -> dict[str, Any]:
    """Return the object.

    :raises InputError: when it is none
    """
    if not isinstance(value, dict):
        raise InputError("this must be an object of names and values", file=file, place=place)
    return cast("dict[str, Any]", value)


def sequence(value: Any, file: str, place: str) -> list[Any]:
    """Return the list.

    :raises InputError: when it is none
    """
    if not isinstance(value, list):
        raise InputError("this must be a list", file=file, place=place)
    return [*cast("Iterable[Any]", value)]


def is_list(value: Any) -> bool:
    """Whether it is a list."""
    return isinstance(value, list)


def whole(value: Any, file: str, place: str, column: str) -> int:
    """Return the whole number from 0 on.

    :raises InputError: when it is none
    """
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < LARGEST:
        raise InputError("this must be a whole number from 0 on", file=file, place=place, column=column)
    return value


def maybe_whole(value: Any, file: str, place: str, column: str) -> int | None:
    """Return the whole number, None where there is nothing.

    :raises InputError: when it is something else
    """
    return None if value is None else whole(value, file, place, column)
