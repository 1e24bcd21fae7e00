"""One round: all hops of one flow asked once, without asking more of the far end than its way is long."""

from dataclasses import dataclass, field
from typing import Final

from netbench.linux.icmp_errors import Saying

WINDOW: Final = 3
"""So many hops beyond the last that answered are asked at once while the way's length is unknown."""
GAP: Final = 5
"""After so many hops in a row without an answer the way is given up."""
ENDS: Final = frozenset({Saying.ARRIVED, Saying.NO_ROUTE, Saying.PROHIBITED})


@dataclass(slots=True)
class Round:
    """``free`` hops are asked without waiting for answers; an ``exploring`` round goes on over silent hops too."""

    sequence: int
    flow: int
    free: int
    exploring: bool
    next_hop: int = 1
    furthest: int = 0
    """The highest hop that answered."""
    end: int | None = None
    """The lowest hop whose answer ends the way."""
    waiting: set[int] = field(default_factory=set[int])

    def askable(self, most_hops: int) -> int | None:
        """Return the hop to ask now, None when there is none, or none yet."""
        hop = self.next_hop
        if hop > most_hops or (self.end is not None and hop >= self.end):
            return None
        if hop <= self.free:
            return hop
        if not self.exploring:
            return hop if self.furthest == hop - 1 else None
        beyond = hop - self.furthest
        return hop if beyond <= WINDOW or (beyond <= GAP and not self.waiting) else None

    def finished(self, most_hops: int) -> bool:
        """Whether nothing is waited for and nothing is to be asked any more."""
        return not self.waiting and self.askable(most_hops) is None

    def asked(self, hop: int) -> None:
        """Note that ``hop`` was asked."""
        self.waiting.add(hop)
        self.next_hop = hop + 1

    def answered(self, hop: int, saying: Saying) -> None:
        """Note how far the round has come."""
        self.waiting.discard(hop)
        self.furthest = max(self.furthest, hop)
        if saying in ENDS:
            self.end = hop if self.end is None else min(self.end, hop)

    def lost(self, hop: int) -> None:
        """Note that ``hop`` did not answer in time."""
        self.waiting.discard(hop)
