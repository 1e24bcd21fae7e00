"""Reading the plan's smaller parts: theory, routing, sites, corridors, demands."""

import re
from collections.abc import Collection
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from netbench.plan import defaults
from netbench.plan.fields import Fields, Value
from netbench.plan.model import (
    Bfd,
    Corridor,
    CorridorKind,
    Demand,
    LinkClass,
    RoutingTimers,
    Site,
    Text,
    Theory,
    TheoryReading,
)
from netbench.plan.targets import read_source
from netbench.plan.tree import Scalar
from netbench.units import shown

SITE_KEYS = ("name", "at", "role", "position_error_km")
CORRIDOR_KEYS = ("id", "kind", "class", "from", "to", "via", "symmetric")
DEMAND_KEYS = ("from", "to", "busy_hour", "source", "assumed")

_SECOND_NS, _MILLISECOND_NS = 1_000_000_000, 1_000_000
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


def read_routing(value: Value) -> RoutingTimers:
    """Return the timers of the routing protocol."""
    fields = value.fields(("hello", "dead", "bfd"))
    hello_ns = fields.get("hello", lambda given: _seconds_ns(given, "a hello interval"), defaults.ROUTING.hello_ns)
    dead_ns = fields.get("dead", lambda given: _seconds_ns(given, "a dead interval"), defaults.ROUTING.dead_ns)
    if dead_ns <= hello_ns:
        raise fields.at("dead").error("a dead interval that is not longer than the hello interval ends every adjacency")
    return RoutingTimers(hello_ns, dead_ns, fields.get("bfd", _bfd, defaults.ROUTING.bfd))


def _seconds_ns(value: Value, what: str) -> int:
    """OSPF counts whole seconds, 16 bits of them (RFC 2328 A.3.2)."""
    duration_ns = value.duration_ns()
    if duration_ns % _SECOND_NS or not 1 <= duration_ns // _SECOND_NS <= 65_535:
        raise value.error(f"{shown(value.text())} is impossible: {what} is a whole number of seconds, 1 to 65535")
    return duration_ns


def _bfd(value: Value) -> Bfd | None:
    """The word ``none`` leaves the links to OSPF's hellos."""
    if isinstance(value.node, Scalar):
        value.one_of(["none"])
        return None
    fields, usual = value.fields(("interval", "multiplier")), defaults.ROUTING.bfd
    assert usual is not None
    return Bfd(
        fields.get("interval", _bfd_interval_ns, usual.interval_ns),
        fields.get("multiplier", lambda given: given.whole(2, 255, "BFD's multiplier"), usual.multiplier),
    )


def _bfd_interval_ns(value: Value) -> int:
    interval_ns = value.duration_ns()
    if interval_ns % _MILLISECOND_NS or not 10 <= interval_ns // _MILLISECOND_NS <= 60_000:
        raise value.error(f"{shown(value.text())} is impossible: BFD's interval is a whole number of milliseconds, 10ms to 60s")
    return interval_ns


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
        symmetric=fields.get("symmetric", Value.flag, False),
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
