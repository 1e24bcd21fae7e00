"""From a plan file to a checked ``Plan``, or to one sentence with file, line and key."""

import hashlib
from collections.abc import Callable, Iterable, Mapping
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Protocol, TypeVar

from netbench.errors import PlanError
from netbench.plan import defaults
from netbench.plan.checks import check_corridors, check_demands
from netbench.plan.fields import Fields, Value
from netbench.plan.links import LARGEST_SCALE, Surroundings, read_link
from netbench.plan.model import Link, Plan
from netbench.plan.sections import read_corridor, read_demand, read_routing, read_site, read_theory, read_timezone
from netbench.plan.targets import read_target
from netbench.plan.tree import parse_tree

LARGEST_FILE_BYTES = 2_000_000
"""Two million octets: a plan of ten thousand links."""

KEYS = (
    "netbench", "plan", "title", "timezone", "theory", "rate_scale", "routing", "sites", "links", "corridors", "targets",
    "demands",
)  # fmt: skip
REQUIRED = ("plan", "sites", "links", "corridors")


class _Named(Protocol):
    @property
    def id(self) -> str: ...


Part = TypeVar("Part", bound=_Named)


def load_plan(path: str | Path) -> Plan:
    """Return the checked plan in a file.

    :raises PlanError: when the file cannot be read or is no plan that can be used
    """
    file = str(path)
    try:
        with Path(path).open("rb") as stream:
            octets = stream.read(LARGEST_FILE_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise PlanError(f"the file cannot be read: {reason}", file=file) from error
    _check_size(len(octets), file)
    try:
        return parse_plan(octets.decode("utf-8"), file, Path(path).parent)
    except UnicodeDecodeError as error:
        line = octets[: error.start].count(b"\n") + 1
        raise PlanError("this is not text in UTF-8; save the file as UTF-8", file=file, line=line) from error


def parse_plan(text: str, file: str, folder: Traversable | None = None) -> Plan:
    """Return the checked plan in ``text``; ``file`` is what refusals call it, ``folder`` where its links' traces lie.

    :raises PlanError: when it is no plan that can be used
    """
    # a character is at least one octet: what is too long here is too large, and need not be encoded to know it
    _check_size(len(text), file)
    value = Value(parse_tree(text, file), file, "", 1)
    _check_version(value)
    return _plan(value.fields(KEYS, REQUIRED), text, folder)


def _check_size(size: int, file: str) -> None:
    if size > LARGEST_FILE_BYTES:
        raise PlanError(f"the file is larger than {LARGEST_FILE_BYTES // 1_000_000} MB, which no plan is", file=file)


def _check_version(value: Value) -> None:
    entries = value.entries()
    if "netbench" not in entries:
        raise value.error("this is no plan: it must begin with 'netbench: 1'")
    version = entries["netbench"].whole(1, 10**6, "the version of the plan format")
    if version > defaults.VERSION:
        raise entries["netbench"].error(f"this plan is version {version} and this netbench reads version 1; upgrade netbench")


def _plan(fields: Fields, text: str, folder: Traversable | None) -> Plan:
    name = fields["plan"].identifier()
    theory = fields.get("theory", read_theory, defaults.THEORY)
    rate_scale = fields.get("rate_scale", lambda given: given.whole(1, LARGEST_SCALE, "rate_scale"), defaults.RATE_SCALE)
    sites = {key: read_site(key, value) for key, value in _some(fields["sites"], fields["sites"].entries()).items()}
    around = Surroundings(sites, theory, rate_scale, folder)
    links = _by_id(_some(fields["links"], fields["links"].items()), lambda value: read_link(value, around))
    corridor_values = _some(fields["corridors"], fields["corridors"].items())
    corridors = _by_id(corridor_values, lambda value: read_corridor(value, sites))
    targets = _by_id(_list(fields, "targets"), lambda value: read_target(value, sites, corridors))
    plan = Plan(
        name=name,
        title=fields.get("title", Value.both_languages, Value.both_languages(fields["plan"])),
        timezone=fields.get("timezone", read_timezone, defaults.TIMEZONE),
        theory=theory,
        rate_scale=rate_scale,
        routing=fields.get("routing", read_routing, defaults.ROUTING),
        sites=sites,
        links=links,
        corridors=corridors,
        targets=targets,
        demands=tuple(read_demand(value, sites) for value in _list(fields, "demands")),
        text=text,
        digest=_digest(text, links),
    )
    check_corridors(plan, dict(zip(corridors, corridor_values, strict=True)))
    check_demands(plan, _list(fields, "demands"))
    return plan


def _digest(text: str, links: Mapping[str, Link]) -> str:
    """The SHA-256 of the text, followed by the digests of the traces that its links follow, in their order."""
    digest = hashlib.sha256(text.encode())
    for link in links.values():
        for trace in (link.trace.forward, link.trace.reverse):
            digest.update(trace.digest.encode() if trace else b"")
    return digest.hexdigest()


Collected = TypeVar("Collected", bound="dict[str, Value] | tuple[Value, ...]")


def _some(value: Value, collected: Collected) -> Collected:
    if not collected:
        raise value.error("this is empty; a plan needs at least one")
    return collected


def _list(fields: Fields, key: str) -> tuple[Value, ...]:
    return fields[key].items() if key in fields else ()


def _by_id(values: Iterable[Value], read: Callable[[Value], Part]) -> dict[str, Part]:
    parts: dict[str, Part] = {}
    lines: dict[str, int] = {}
    for value in values:
        part = read(value)
        if part.id in parts:
            raise value.entries()["id"].error(
                f"the id '{part.id}' is given twice, first in line {lines[part.id]}; ids are unique"
            )
        parts[part.id] = part
        lines[part.id] = value.entries()["id"].line
    return parts
