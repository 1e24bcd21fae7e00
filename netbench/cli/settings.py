"""A probe's parameters as people give them: ``key=value``, checked against the fields of its ``Parameters``."""

import types
from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from netbench.errors import UsageError
from netbench.units import parse_duration_ns

_TRUTH = ("true", "yes", "false", "no")


def parameters_of(kind: type[Any], settings: Sequence[str], family: int | None = None) -> Any:
    """Return an instance of a probe's ``Parameters``: ``settings`` are ``key=value``, the rest keeps its defaults.

    ``family`` 4 or 6 goes to the parameter of that name. Durations (``…_ns``) take units or a bare number of nanoseconds.

    :raises UsageError: for an unknown key, a value of the wrong kind, and whatever the parameters themselves refuse
    """
    hints = get_type_hints(kind)
    known = {field.name: hints[field.name] for field in fields(kind)}
    given = dict(_split(setting) for setting in settings)
    values = {key: _value(key, text, _hint(known, key, kind)) for key, text in given.items()}
    if family is not None and "family" not in values:
        values["family"] = _family(known, family)
    return kind(**values)


def _split(setting: str) -> tuple[str, str]:
    key, equals, text = setting.partition("=")
    if not equals:
        raise UsageError(f"--set {setting}: write key=value")
    return key.strip().replace("-", "_"), text.strip()


def _hint(known: Mapping[str, Any], key: str, kind: type[Any]) -> Any:
    if key not in known:
        raise UsageError(f"--set {key}: {kind.__name__} has no such parameter; it has {', '.join(known) or 'none'}")
    return known[key]


def _family(known: Mapping[str, Any], family: int) -> Any:
    choices = _choices(known.get("family"))
    for spelling in (family, str(family), f"ipv{family}"):
        if spelling in choices:
            return spelling
    raise UsageError(f"-{family}: this probe's family cannot be chosen; leave it out")


def _choices(hint: Any) -> tuple[Any, ...]:
    if get_origin(hint) is Literal:
        return get_args(hint)
    return tuple(choice for part in get_args(hint) for choice in _choices(part))


def _value(key: str, text: str, hint: Any) -> Any:
    origin, parts = get_origin(hint), get_args(hint)
    if origin in (Union, types.UnionType):
        return _of_union(key, text, parts)
    if origin is Literal:
        return _of_literal(key, text, parts)
    if origin is tuple:
        return tuple(_value(key, part.strip(), parts[0]) for part in text.split(",") if part.strip())
    return _plain(key, text, hint)


def _of_union(key: str, text: str, parts: tuple[Any, ...]) -> Any:
    if type(None) in parts and text.lower() in ("", "none"):
        return None
    return _value(key, text, next(part for part in parts if part is not type(None)))


def _of_literal(key: str, text: str, choices: tuple[Any, ...]) -> Any:
    for choice in choices:
        if text == str(choice):
            return choice
    raise UsageError(f"--set {key}={text}: choose one of {', '.join(map(str, choices))}")


def _plain(key: str, text: str, hint: Any) -> Any:
    if hint is str:
        return text
    if hint is bool:
        return _of_literal(key, text.lower(), _TRUTH) in ("true", "yes")
    if hint is int and key.endswith("_ns") and not text.isdecimal():
        return parse_duration_ns(text)
    try:
        return hint(text)
    except (TypeError, ValueError) as error:
        raise UsageError(f"--set {key}={text}: must be of type {hint.__name__}") from error
