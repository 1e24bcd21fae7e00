"""Whether the two ends of a link are where the plan says and face each other: asked of packets that die after one hop."""

import socket
from collections.abc import Sequence
from contextlib import ExitStack
from typing import Final

from netbench.campaign.certificate import Item, Kind, Standing, nothing
from netbench.linux.trace import PathRequest, find_paths
from netbench.measure.network import Network
from netbench.measure.vantage import Vantage
from netbench.plan.model import DIRECTIONS, DirectionName, Link

ROUNDS: Final = 5
"""A link may lose the question or the answer: it is asked so many times, two questions each, before it is called silent."""
_FAMILY: Final = socket.AF_INET

Question = tuple[Link, DirectionName]


def path_faults(network: Network, links: Sequence[Link]) -> dict[str, list[Item]]:
    """Return, by link id, what is wrong with its path, each way; a link without faults is not there."""
    faults: dict[str, list[Item]] = {}
    with ExitStack() as opened:
        requests: dict[str, tuple[Question, PathRequest]] = {}
        for link in links:
            for direction in DIRECTIONS:
                asked = _request(network, link, direction, opened)
                if asked is None:
                    faults.setdefault(link.id, []).append(_elsewhere(network, link, direction))
                else:
                    requests[f"{link.id} {direction}"] = ((link, direction), asked)
        for link, direction in _silent(requests):
            faults.setdefault(link.id, []).append(_facing(link, direction))
    return faults


def _request(network: Network, link: Link, direction: DirectionName, opened: ExitStack) -> PathRequest | None:
    """A question from the site where the link should begin to the link's far end; None when the near end is not at that site."""
    near, far = _ends(network, link, direction)
    sender = network.vantage(_site(link, direction)).socket(_FAMILY, socket.SOCK_DGRAM)
    opened.callback(sender.close)
    try:
        sender.bind((near.address(_FAMILY), 0))
    except OSError:
        return None  # the kernel of that site does not have the address
    return PathRequest(sender, far.address(_FAMILY), 0)


def _silent(requests: dict[str, tuple[Question, PathRequest]]) -> list[Question]:
    """The questions that the far end did not answer after one hop, however often asked."""
    open_questions = list(requests.values())
    for _ in range(ROUNDS):
        if not open_questions:
            break
        found = find_paths([request for _, request in open_questions])
        open_questions = [
            asked for asked, path in zip(open_questions, found, strict=True) if path.hops[:1] != (asked[1].destination,)
        ]
    return [question for question, _ in open_questions]


def _elsewhere(network: Network, link: Link, direction: DirectionName) -> Item:
    a, b = network.link_ends(link.id)
    site = _site(link, direction)
    return _item(direction, f"it does not end at {site}: the plan says {link.a} to {link.b}, it joins {a.name} and {b.name}")


def _facing(link: Link, direction: DirectionName) -> Item:
    here = _site(link, direction)
    return _item(direction, f"{link.other_end(here)} does not answer {here} across it after one hop")


def _item(direction: DirectionName, reason: str) -> Item:
    return Item(Kind.PATH, direction, None, nothing("path", direction, "1"), None, Standing.OFF, reason)


def _ends(network: Network, link: Link, direction: DirectionName) -> tuple[Vantage, Vantage]:
    a, b = network.link_ends(link.id)
    return (a, b) if direction == "forward" else (b, a)


def _site(link: Link, direction: DirectionName) -> str:
    return link.a if direction == "forward" else link.b
