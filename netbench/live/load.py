"""From an inventory file to a checked ``Inventory``, or to one sentence with file, line and key."""

import hashlib
import ipaddress
import re
from collections.abc import Collection, Mapping, Sequence
from datetime import time
from pathlib import Path
from typing import Literal, cast

from netbench.errors import PlanError
from netbench.live import defaults
from netbench.live.model import (
    PROTOCOLS,
    UNKNOWN_OPERATOR,
    Bulk,
    Hours,
    Inventory,
    LayerName,
    Limits,
    LiveSite,
    Protocol,
    ProtocolName,
)
from netbench.plan.fields import Value
from netbench.plan.model import Plan
from netbench.plan.tree import parse_tree
from netbench.units import shown

LARGEST_FILE_OCTETS = 2_000_000

KEYS = ("netbench", "inventory", "here", "keys", "limits", "sites")
SITE_KEYS = ("address", "family", "source", "operator", "layer", "protocols", "limits")
LIMIT_KEYS = ("packets_per_second", "throughput", "bulk")
PROTOCOL_KEYS: Mapping[ProtocolName, tuple[str, ...]] = {
    "stamp": ("port", "key", "ssid"),
    "twamp": ("port",),
    "icmp": (),
    "iperf3": ("port",),
}

_LABEL = re.compile(r"(?!-)[A-Za-z0-9_-]{1,63}(?<!-)")
_HOURS = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])-([01][0-9]|2[0-3]):([0-5][0-9])")


def load_inventory(path: Path) -> Inventory:
    """Return the checked inventory in a file.

    :raises PlanError: when the file cannot be read or is no inventory that can be used
    """
    try:
        with path.open("rb") as stream:
            octets = stream.read(LARGEST_FILE_OCTETS + 1)
    except OSError as error:
        raise PlanError(f"the file cannot be read: {error.strerror}", file=str(path)) from error
    if len(octets) > LARGEST_FILE_OCTETS:
        raise PlanError(f"the file is larger than {LARGEST_FILE_OCTETS // 1_000_000} MB, which no inventory is", file=str(path))
    try:
        return parse_inventory(octets.decode("utf-8"), str(path), path.parent)
    except UnicodeDecodeError as error:
        line = octets[: error.start].count(b"\n") + 1
        raise PlanError("this is not text in UTF-8; save the file as UTF-8", file=str(path), line=line) from error


def parse_inventory(text: str, file: str, folder: Path) -> Inventory:
    """Return the checked inventory in ``text``; ``file`` is what refusals call it, ``folder`` where its key file is looked for.

    :raises PlanError: when it is no inventory that can be used
    """
    value = Value(parse_tree(text, file, "inventory"), file, "", 1)
    _check_version(value)
    fields = value.fields(KEYS, ("inventory", "sites"))
    common = fields.get("limits", lambda given: _limits(given, defaults.LIMITS), defaults.LIMITS)
    sites = {name: _site(name, given, common) for name, given in _some(fields["sites"]).items()}
    return Inventory(
        name=fields["inventory"].identifier(),
        here=fields.get("here", lambda given: _here(given, sites), ()),
        keys=fields.get("keys", lambda given: folder / given.text(), None),
        sites=sites,
        text=text,
        digest=hashlib.sha256(text.encode()).hexdigest(),
    )


def check_sites(inventory: Inventory, plan: Plan, file: str) -> None:
    """Return when every site of the inventory is one of the plan's.

    :raises PlanError: naming the first that is not
    """
    value = Value(parse_tree(inventory.text, file, "inventory"), file, "", 1)
    for name, site in value.entries()["sites"].entries().items():
        site.named(name).known(plan.sites, f"site in plan '{plan.name}' called")


def _check_version(value: Value) -> None:
    entries = value.entries()
    if "netbench" not in entries or "inventory" not in entries:
        raise value.error("this is no inventory: it must begin with 'netbench: 1' and 'inventory: NAME'")
    version = entries["netbench"].whole(1, 10**6, "the version of the inventory format")
    if version > defaults.VERSION:
        raise entries["netbench"].error(
            f"this inventory is version {version} and this netbench reads version 1; upgrade netbench"
        )


def _some(value: Value) -> dict[str, Value]:
    entries = value.entries()
    if not entries:
        raise value.error("this is empty; an inventory needs at least one site")
    return entries


def _here(value: Value, sites: Collection[str]) -> tuple[str, ...]:
    return tuple(given.known(sites, "site") for given in value.one_or_more())


def _site(name: str, value: Value, common: Limits) -> LiveSite:
    value.named(name).identifier()
    fields = value.fields(SITE_KEYS)
    address = fields.get("address", _address, None)
    nothing: dict[ProtocolName, Protocol] = {}
    protocols = fields.get("protocols", _protocols, nothing)
    if protocols and address is None:
        raise fields["protocols"].error("something answers at this site and nobody knows where; give its 'address' too")
    if address is not None and not protocols:
        raise fields["address"].error(f"nothing is said to answer at this address; give 'protocols': {', '.join(PROTOCOLS)}")
    return LiveSite(
        id=name,
        address=address,
        family=fields.get("family", lambda given: _family(given, address), None),
        sources=fields.get("source", _sources, ()),
        operator=fields.get("operator", Value.text, UNKNOWN_OPERATOR),
        layer=fields.get("layer", lambda given: cast("LayerName", given.one_of(("ip", "internet"))), None),
        protocols=protocols,
        limits=fields.get("limits", lambda given: _limits(given, common), common),
    )


def _address(value: Value) -> str:
    """An address, or a name that a resolver may know."""
    text = value.text()
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return _host_name(value, text)
    if address.is_unspecified or address.is_multicast:
        raise value.error(f"{shown(text)} is nobody's address; give that of the far end")
    return text


def _host_name(value: Value, text: str) -> str:
    if re.fullmatch(r"\[.*\](:[0-9]+)?|[^:]+:[0-9]+|[0-9.]+/[0-9]+", text):
        raise value.error(f"{shown(text)} is more than an address; a port stands under its protocol: stamp: {{port: 862}}")
    labels = text.rstrip(".").split(".")
    if len(text) > 253 or not all(_LABEL.fullmatch(label) for label in labels) or labels[-1].isdecimal():
        raise value.error(f"{shown(text)} is neither an address nor the name of a host")
    return text


def _family(value: Value, address: str | None) -> Literal[4, 6]:
    family: Literal[4, 6] = 4 if value.one_of(("4", "6")) == "4" else 6
    if address is not None and (own := _version(address)) not in (None, family):
        raise value.error(f"{shown(address)} is an address of family {own}; leave 'family' out")
    return family


def _version(address: str) -> int | None:
    """The family of an address; None of a name."""
    try:
        return ipaddress.ip_address(address).version
    except ValueError:
        return None


def _sources(value: Value) -> tuple[str, ...]:
    found: dict[int, str] = {}
    for given in value.one_or_more():
        text = given.text()
        version = _version(text)
        if version is None:
            raise given.error(f"{shown(text)} is no address; name one of this host's own")
        if version in found:
            raise given.error(f"a second source of family {version}; the first is {shown(found[version])}")
        found[version] = text
    return tuple(found.values())


def _protocols(value: Value) -> dict[ProtocolName, Protocol]:
    fields = value.fields(PROTOCOLS)
    if not tuple(fields):
        raise value.error(f"nothing is said to answer here; name one of: {', '.join(PROTOCOLS)}")
    return {name: _protocol(name, fields[name]) for name in PROTOCOLS if name in fields}


def _protocol(name: ProtocolName, value: Value) -> Protocol:
    fields = value.fields(PROTOCOL_KEYS[name])
    return Protocol(
        name,
        port=fields.get("port", lambda given: given.whole(1, 65_535, "a port"), None),
        key=fields.get("key", _key_name, None),
        ssid=fields.get("ssid", lambda given: given.whole(1, 65_535, "a session identifier"), 0),
    )


def _key_name(value: Value) -> str:
    """The name of a key; what looks like the key itself is refused without being repeated."""
    text = value.text()
    if text.startswith(("hex:", "text:")) or re.fullmatch(r"[0-9A-Fa-f]{32,}", text):
        raise value.error("this is a key and not its name; keep keys in a file or the environment and name them here")
    return value.identifier()


def _limits(value: Value, common: Limits) -> Limits:
    fields = value.fields(LIMIT_KEYS)
    bulk, hours = fields.get("bulk", _bulk, (common.bulk, common.hours))
    return Limits(
        packets_per_second=fields.get("packets_per_second", _pace, common.packets_per_second),
        throughput_bps=fields.get("throughput", Value.rate_bps, common.throughput_bps),
        bulk=bulk,
        hours=hours,
    )


def _pace(value: Value) -> int:
    return value.whole(1, defaults.MOST_PACKETS_PER_SECOND, "packets a second")


def _bulk(value: Value) -> tuple[Bulk, tuple[Hours, ...]]:
    """One of the words, or hours of the day."""
    if value.is_scalar and value.text() in ("asked", "always", "never"):
        return cast("Bulk", value.text()), ()
    return "hours", _all_hours(value.one_or_more())


def _all_hours(values: Sequence[Value]) -> tuple[Hours, ...]:
    return tuple(_hours(value) for value in values)


def _hours(value: Value) -> Hours:
    found = _HOURS.fullmatch(text := value.text())
    if found is None:
        raise value.error(f"{shown(text)} is not understood; write asked, always, never, or hours of the day like 01:00-05:00")
    begin_hour, begin_minute, end_hour, end_minute = map(int, found.groups())
    return Hours(time(begin_hour, begin_minute), time(end_hour, end_minute))
