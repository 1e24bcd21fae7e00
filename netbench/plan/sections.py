"""Reading the plan's smaller parts: theory, sites, corridors, demands."""

import re
from collections.abc import Collection
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from netbench.plan import defaults
from netbench.plan.fields import Fields, Value
from netbench.plan.model import Corridor, CorridorKind, Demand, LinkClass, Site, Text, Theory, TheoryReading
from netbench.plan.targets import read_source
from netbench.units import shown

SITE_KEYS = ("name", "at", "role", "position_error_km")
CORRIDOR_KEYS = ("id", "kind", "class", "from", "to", "via")
DEMAND_KEYS = ("from", "to", "busy_hour", "source", "assumed")

_TIMEZONE = re.compile(r"[A-Za-z][A-Za-z0-9_+-]*(?:/[A-Za-z0-9_+-]+)*")


def read_timezone(value: Value) -> str:
    """Return the name of a time zone that this machine's database knows (any well-formed name where it has none)."""
    name = value.text()
    if not _TIMEZONE.fullmatch(name) or not _exists(name):
        raise value.error(f"there is no time zone {shown(name)}; write one like Asia/Shanghai")
    return name


def _exists(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return not available_timezones()
    return True


def read_theory(value: Value) -> Theory:
    """Return what theoretical latency means in this plan."""
    fields = value.fields(("group_index", "reading"))
    return Theory(
        group_index=fields.get("group_index", lambda given: given.number(1, 2, "a group index"), defaults.THEORY.group_index),
        reading=fields.get("reading", lambda given: given.choice(TheoryReading), defaults.THEORY.reading),
    )


def read_site(name: str, value: Value) -> Site:
    """Return one site; ``name`` is its key."""
    value.named(name).identifier()
    fields = value.fields(SITE_KEYS, ("at",))
    latitude, longitude = _position(fields["at"])
    return Site(
        id=name,
        name=fields.get("name", Value.both_languages, Text(name, name)),
        latitude=latitude,
        longitude=longitude,
        role=fields.get("role", Value.identifier, defaults.ROLE),
        position_error_km=fields.get(
            "position_error_km", lambda given: given.number(0, 1000, "a position error in km"), defaults.POSITION_ERROR_KM
        ),
    )


def _position(value: Value) -> tuple[float, float]:
    pair = value.items()
    if len(pair) != 2:
        raise value.error(f"a position is [latitude, longitude] in degrees, and {len(pair)} numbers are given")
    return pair[0].number(-90, 90, "a latitude"), pair[1].number(-180, 180, "a longitude")


def read_corridor(value: Value, sites: Collection[str]) -> Corridor:
    """Return one corridor between two sites of the plan."""
    fields = value.fields(CORRIDOR_KEYS, ("id", "kind", "from", "to"))
    kind = fields["kind"].choice(CorridorKind)
    source, destination = _two_sites(fields, sites)
    return Corridor(
        id=fields["id"].identifier(),
        kind=kind,
        link_class=_class(fields, kind),
        source=source,
        destination=destination,
        via=fields.get("via", lambda given: _via(given, sites, (source, destination)), ()),
    )


def _two_sites(fields: Fields, sites: Collection[str]) -> tuple[str, str]:
    source, destination = fields["from"].known(sites, "site"), fields["to"].known(sites, "site")
    if source == destination:
        raise fields["to"].error(f"this leads from '{source}' to itself; name two different sites")
    return source, destination


def _class(fields: Fields, kind: CorridorKind) -> LinkClass | None:
    if kind is not CorridorKind.CLASS:
        if "class" in fields:
            raise fields["class"].error(f"only corridors of kind 'class' have a class; this one is {kind.value}")
        return None
    if "class" not in fields:
        raise fields.owner.error("a corridor of kind 'class' needs 'class': backbone, metro or access")
    return LinkClass(fields["class"].one_of([LinkClass.BACKBONE, LinkClass.METRO, LinkClass.ACCESS]))


def _via(value: Value, sites: Collection[str], ends: tuple[str, str]) -> tuple[str, ...]:
    passed: list[str] = []
    for item in value.one_or_more():
        site = item.known(sites, "site")
        if site in passed or site in ends:
            raise item.error(f"the route would pass '{site}' twice")
        passed.append(site)
    return tuple(passed)


def read_demand(value: Value, sites: Collection[str]) -> Demand:
    """Return planned traffic between two sites."""
    fields = value.fields(DEMAND_KEYS, ("from", "to", "busy_hour"))
    source, destination = _two_sites(fields, sites)
    origin = fields.get("source", lambda given: read_source(given, dated=False), None)
    assumed = fields.get("assumed", Value.flag, origin is None)
    return Demand(source, destination, fields["busy_hour"].rate_bps(), origin, assumed)
