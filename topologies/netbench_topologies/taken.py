"""The routes that packets really take through an emulated network, found by sending some from loopback to loopback."""

import socket
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass

from netbench.errors import CannotMeasureError, RefusedError
from netbench.linux.namespaces import NamespaceVantage
from netbench.linux.trace import Path, PathRequest, find_paths
from netbench.plan.model import Corridor
from netbench_topologies.addressing import FAMILIES, Addressing, Family

SitePath = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Question:
    """One way of a corridor in one family."""

    source: str
    destination: str
    family: Family


def routes_taken(
    addressing: Addressing, vantage: Callable[[str], NamespaceVantage], hops: Mapping[str, int], corridors: Sequence[Corridor]
) -> dict[str, tuple[SitePath, SitePath]]:
    """Return, by corridor id, the sites passed forward and reverse, each beginning at its sender.

    ``hops`` is the planned number of links of each corridor: how many answers are expected at first.

    :raises CannotMeasureError: when a hop does not answer, or the destination is not reached
    :raises RefusedError: when IPv4 and IPv6 take different ways
    """
    questions = {question: hops[corridor.id] for corridor in corridors for question in _questions(corridor)}
    with ExitStack() as sockets:
        requests = [
            PathRequest(
                sockets.enter_context(_sender(vantage, asked)), addressing.loopbacks[asked.destination][asked.family], expected
            )
            for asked, expected in questions.items()
        ]
        paths = find_paths(requests)
    found = {asked: _sites(addressing, asked, path) for asked, path in zip(questions, paths, strict=True)}
    return {corridor.id: _both_ways(found, corridor) for corridor in corridors}


def _questions(corridor: Corridor) -> list[_Question]:
    ends = ((corridor.source, corridor.destination), (corridor.destination, corridor.source))
    return [_Question(*way, family) for way in ends for family in FAMILIES]


def _sender(vantage: Callable[[str], NamespaceVantage], asked: _Question) -> socket.socket:
    place = vantage(asked.source)
    sender = place.socket(asked.family, socket.SOCK_DGRAM)
    sender.bind((place.address(asked.family), 0))
    return sender


def _sites(addressing: Addressing, asked: _Question, path: Path) -> SitePath:
    """Translate addresses into sites.

    :raises CannotMeasureError: when one is missing
    """
    way = f"from {asked.source} to {asked.destination} over {_name(asked.family)}"
    if not path.reached:
        raise CannotMeasureError(f"packets {way} do not arrive; the last to answer was {_last(addressing, asked, path)}")
    sites = [asked.source]
    for number, address in enumerate(path.hops, start=1):
        site = address and addressing.owner(address)
        if not site:
            raise CannotMeasureError(
                f"hop {number} {way} did not answer when asked twice; look for loss on the link after {sites[-1]}"
            )
        sites.append(site)
    return tuple(sites)


def _last(addressing: Addressing, asked: _Question, path: Path) -> str:
    answered = [address for address in path.hops if address]
    return (addressing.owner(answered[-1]) or answered[-1]) if answered else f"{asked.source} itself"


def _both_ways(found: Mapping[_Question, SitePath], corridor: Corridor) -> tuple[SitePath, SitePath]:
    ways = [tuple(found[question] for question in _questions(corridor)[half : half + 2]) for half in (0, 2)]
    for way in ways:
        if way[0] != way[1]:
            raise RefusedError(
                f"corridor '{corridor.id}' goes {' > '.join(way[0])} over IPv4 and {' > '.join(way[1])} over IPv6; "
                "one figure cannot speak for both"
            )
    return ways[0][0], ways[1][0]


def _name(family: Family) -> str:
    return "IPv4" if family == socket.AF_INET else "IPv6"
