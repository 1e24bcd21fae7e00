"""Where a way branches, and how many flows it takes to be sure of all branches.

The stopping rule of the Multipath Detection Algorithm (Augustin, Friedman, Teixeira: Multipath Tracing with Paris Traceroute,
E2EMON 2007; Veitch and the same: Failure Control in Multipath Route Tracing, INFOCOM 2009): a node of which k next hops were seen
has no more of them, with the stated confidence, once so many flows went through it that one of k + 1 equally likely next hops
would have been missed with no more than the remaining chance. It is asked of every node alone; the chance that some node of the
whole way hides a branch is larger.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final

CONFIDENCE: Final = 0.95
_MOST_FLOWS: Final = 1 << 16

Trail = Mapping[int, str]
"""The address that answered at each hop of one flow."""


@dataclass(frozen=True, slots=True)
class Node:
    """An address at a hop (None at 0: where the way begins), what followed it, and through how many flows that is known.

    ``needed`` flows rule out a further branch.
    """

    hop: int
    address: str | None
    following: tuple[str, ...]
    flows: int
    needed: int

    @property
    def decided(self) -> bool:
        """Whether another branch is ruled out; nothing is asked of a node behind which nobody answers."""
        return not self.following or self.flows >= self.needed


@cache
def flows_needed(seen: int, confidence: float = CONFIDENCE) -> int:
    """Return how many flows through a node rule out a branch beyond the ``seen`` ones.

    :raises ValueError: unless ``seen`` is 1 or more and ``confidence`` above 0 and below 1
    """
    if seen < 1 or not 0 < confidence < 1:
        raise ValueError(f"{seen} branches at a confidence of {confidence} is no question")
    fewest = seen + 1
    while fewest < _MOST_FLOWS and chance_of_missing(seen + 1, fewest) > 1 - confidence:
        fewest += 1
    return fewest


def chance_of_missing(branches: int, flows: int) -> float:
    """Return the chance that ``flows``, each on one of ``branches`` with equal chance, leave at least one branch unseen."""
    terms = (
        math.comb(branches, missed) * math.pow(1 - missed / branches, flows) * (1 if missed % 2 else -1)
        for missed in range(1, branches + 1)
    )
    return math.fsum(terms)


def nodes(trails: Sequence[Trail], confidence: float = CONFIDENCE) -> tuple[Node, ...]:
    """Return every node of the ways, by hop and address; a flow counts where the node and what follows it both answered."""
    following: dict[tuple[int, str | None], list[str]] = {}
    for trail in trails:
        for hop in range(max(trail, default=0)):
            before = trail.get(hop) if hop else None
            if hop and before is None:
                continue
            seen = following.setdefault((hop, before), [])
            if hop + 1 in trail:
                seen.append(trail[hop + 1])
    return tuple(_node(*place, seen, confidence) for place, seen in sorted(following.items(), key=_in_order))


def _in_order(item: tuple[tuple[int, str | None], list[str]]) -> tuple[int, str]:
    (hop, address), _ = item
    return hop, address or ""


def _node(hop: int, address: str | None, seen: Sequence[str], confidence: float) -> Node:
    following = tuple(sorted(set(seen)))
    needed = flows_needed(len(following), confidence) if following else 0
    return Node(hop, address, following, len(seen), needed)
