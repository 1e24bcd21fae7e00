"""Finding plans: those that installed packages bring, and any file."""

from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import NamedTuple

from netbench.errors import UnsupportedError, UsageError
from netbench.plan.load import load_plan, parse_plan
from netbench.plan.model import Plan

GROUP = "netbench.plans"
"""The entry-point group; each value is a package whose ``*.yaml`` files are plans."""


def names() -> list[str]:
    """Return the names of the built-in plans, sorted.

    :raises UnsupportedError: when a package that claims to bring plans does not load
    """
    return sorted(_built_in())


def find(name_or_path: str) -> Plan:
    """Return the plan of that name, or in that file. A word with a slash or a suffix is a file.

    :raises UsageError: when there is neither; ``PlanError`` when there is and it cannot be used
    """
    if _is_path(name_or_path):
        return load_plan(name_or_path)
    built_in = _built_in()
    if name_or_path in built_in:
        found = built_in[name_or_path]
        return parse_plan(found.file.read_bytes().decode("utf-8"), str(found.file), found.folder)
    if Path(name_or_path).is_file():
        return load_plan(name_or_path)
    known = ", ".join(sorted(built_in)) or "none"
    raise UsageError(f"there is no plan {name_or_path!r}; built in are: {known}; a plan of yours is named by its path")


def _is_path(name_or_path: str) -> bool:
    return "/" in name_or_path or name_or_path.endswith((".yaml", ".yml"))


class _BuiltIn(NamedTuple):
    """A plan in an installed package, and the folder in which its traces lie."""

    file: Traversable
    folder: Traversable


def _built_in() -> dict[str, _BuiltIn]:
    plans: dict[str, _BuiltIn] = {}
    for entry in sorted(entry_points(group=GROUP), key=lambda entry: entry.name):
        plans.update((found.file.name.removesuffix(".yaml"), found) for found in _plans_of(entry))
    return plans


def _plans_of(entry: EntryPoint) -> list[_BuiltIn]:
    try:
        package = files(import_module(entry.value))
    except Exception as error:
        raise UnsupportedError(f"the plans of {entry.value} do not load: {error}; reinstall that package") from error
    return [_BuiltIn(path, package) for path in package.iterdir() if path.name.endswith(".yaml")]
