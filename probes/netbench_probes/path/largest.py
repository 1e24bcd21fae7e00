"""The search for the largest packet that arrives (RFC 1191, RFC 8201), without sockets; also where routers drop without a word.

It asks the far end for an answer to a packet of the interface's own size and goes where it is told. Where large packets vanish it
halves what is left, at a pace at which hosts still answer (Linux sends one ICMP error a second).
"""

from typing import Final

TRIES: Final = 2
"""A size that is not answered is asked again before it counts as too large."""
SLOW_PACE_NS: Final = 1_100_000_000


class LargestPacketSearch:
    """Finds the largest IP packet between ``least`` (which must pass for anything to be said) and ``most`` octets."""

    def __init__(self, least: int, most: int, *, made: bool = True) -> None:
        """The first size to ask is ``most``; a search that is not ``made`` is over at once."""
        self._passes = least
        self._fails = most + 1
        self._least = least
        self._next: int | None = most if made else None
        self._tries = 0
        self._reachable = False
        self._told: int | None = None
        self.pace_ns = 0

    @property
    def wanted(self) -> int | None:
        """The size to send next, None when the search is over."""
        return self._next

    def arrived(self, octets: int) -> None:
        """Note that a packet of this size reached the far end."""
        self._reachable = True
        self._passes = max(self._passes, octets)
        self._choose()

    def too_big(self, octets: int, told_octets: int | None) -> None:
        """Note that somebody on the way (or this host) says it does not fit, and what would, if it says so."""
        self._fails = min(self._fails, octets)
        if told_octets is not None and self._passes < told_octets < self._fails:
            self._told, self._next, self._tries = told_octets, told_octets, 0
        else:
            self._choose()

    def vanished(self, octets: int) -> None:
        """Note that nothing came of it in time."""
        self._tries += 1
        self.pace_ns = SLOW_PACE_NS
        if self._tries < TRIES:
            return
        if octets == self._least:
            self._next = None  # the far end answers nothing: nothing can be said of any size
            return
        self._fails = min(self._fails, octets)
        self._choose()

    def _choose(self) -> None:
        self._tries = 0
        if self._passes + 1 >= self._fails or self._passes == self._told:
            self._next = None
        elif not self._reachable:
            self._next = self._least
        else:
            self._next = (self._passes + self._fails) // 2
