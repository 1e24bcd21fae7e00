"""Finding the addresses that an inventory means, and keeping them out of what others read."""

import re
import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from netbench.live.model import LiveSite

_FAMILIES = {4: socket.AF_INET, 6: socket.AF_INET6}
_SPOKEN = {socket.AF_INET: "IPv4", socket.AF_INET6: "IPv6"}

Resolver = Callable[[str, socket.AddressFamily | None], list[tuple[socket.AddressFamily, str]]]


@dataclass(frozen=True, slots=True)
class Found:
    """The address to measure to, the one to measure from (None: the kernel chooses), and both families' sources."""

    family: socket.AddressFamily
    address: str
    source: str | None


def resolve(host: str, family: socket.AddressFamily | None) -> list[tuple[socket.AddressFamily, str]]:
    """Return the addresses of a name, best first.

    :raises OSError: when the resolver knows none
    """
    found = socket.getaddrinfo(host, None, family or 0, socket.SOCK_DGRAM)
    return [(socket.AddressFamily(each[0]), str(each[4][0])) for each in found if each[0] in _SPOKEN]


def find(here: LiveSite, far: LiveSite, resolver: Resolver = resolve) -> Found | str:
    """Return the first address of the far end that this end has a source for, or why there is none; a reason names no address."""
    assert far.address is not None
    try:
        candidates = resolver(far.address, _FAMILIES[far.family] if far.family else None)
    except (OSError, UnicodeError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        return f"the address of {far.id} in the inventory does not resolve ({reason}); correct sites.{far.id}.address"
    sources = sources_of(here)
    for family, address in candidates:
        if not sources or family in sources:
            return _from_source(Found(family, address, sources.get(family)), here)
    lacking = " or ".join(dict.fromkeys(_SPOKEN[family] for family, _ in candidates))
    return f"the inventory gives {here.id} no {lacking or 'fitting'} source; add one to sites.{here.id}.source"


def sources_of(site: LiveSite) -> dict[socket.AddressFamily, str]:
    """Return the addresses to measure from, by family."""
    return {socket.AF_INET6 if ":" in source else socket.AF_INET: source for source in site.sources}


def _from_source(found: Found, here: LiveSite) -> Found | str:
    if found.source is None:
        return found
    with socket.socket(found.family, socket.SOCK_DGRAM) as trial:
        try:
            trial.bind(socket.getaddrinfo(found.source, 0, found.family, socket.SOCK_DGRAM)[0][4])
        except OSError as error:
            reason = error.strerror or str(error)
            return f"the source of {here.id} cannot be used on this host ({reason}); correct sites.{here.id}.source"
    return found


def anonymous(sentence: str, site_by_address: Mapping[str, str]) -> str:
    """Return the sentence with sites in the place of addresses; rather too much goes than too little."""
    for address in sorted(site_by_address, key=len, reverse=True):
        sentence = re.sub(rf"(?<![\w-])(?<!\w\.){re.escape(address)}(?![\w-]|\.\w)", site_by_address[address], sentence)
    return sentence
