"""What becomes of a way over time: where and when it changed, and the largest packet that arrives."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from netbench.analysis.hops import PLACES, in_time, saying_at, text_at, within_the_way
from netbench.linux.icmp_errors import Saying
from netbench.measure.samples import Columns, Fate

_FEWEST_TURNS: Final = 4
_SHARE_OF_TURNS: Final = 1 / 3
"""A hop that differs in so many of its answers is balanced packet by packet: that is no change of the way."""


@dataclass(frozen=True, slots=True)
class Turn:
    """One hop of one flow answered by another than before.

    The old one last answered a packet of ``after_ns``, the new one first one of ``before_ns`` (wall clock).
    """

    flow: int
    hop: int
    old: str
    new: str
    after_ns: int
    before_ns: int


@dataclass(frozen=True, slots=True)
class Change:
    """The way changed between two instants: what turned, hop by hop."""

    after_ns: int
    before_ns: int
    turns: tuple[Turn, ...]

    @property
    def flows(self) -> tuple[int, ...]:
        """The flows that it touched."""
        return tuple(sorted({turn.flow for turn in self.turns}))

    @property
    def hops(self) -> tuple[tuple[int, str, str], ...]:
        """Hop, old and new address, each once."""
        return tuple(sorted({(turn.hop, turn.old, turn.new) for turn in self.turns}))


@dataclass(frozen=True, slots=True)
class LargestPacket:
    """The largest packet (IP octets) that arrived, None where none did; ``narrow`` is who said that more does not fit.

    ``told_octets`` is what that router said. ``searched`` says that larger packets vanished without a word.
    """

    octets: int | None
    told_octets: int | None
    narrow: str | None
    searched: bool


def changes_of(columns: Columns) -> tuple[Change, ...]:
    """Return the changes of one pair's way (``HOPS`` columns), in order; what may have turned at one instant is one change."""
    balanced = set(balanced_hops(columns))
    turns = sorted((turn for turn in _turns(columns) if turn.hop not in balanced), key=lambda turn: turn.before_ns)
    groups: list[list[Turn]] = []
    for turn in turns:
        if groups and turn.after_ns < min(each.before_ns for each in groups[-1]):
            groups[-1].append(turn)
        else:
            groups.append([turn])
    return tuple(_change(group) for group in groups)


def balanced_hops(columns: Columns) -> tuple[int, ...]:
    """Return the hops at which packets of one and the same flow are answered now by one, now by another."""
    turned: dict[int, int] = {}
    for turn in _turns(columns):
        turned[turn.hop] = turned.get(turn.hop, 0) + 1
    numbers = np.asarray(columns["hop"])
    answered = np.asarray(columns["fate"]) == Fate.ANSWERED
    return tuple(
        hop
        for hop, count in sorted(turned.items())
        if count >= _FEWEST_TURNS and count >= _SHARE_OF_TURNS * int((answered & (numbers == hop)).sum())
    )


def largest_packet(columns: Columns) -> LargestPacket | None:
    """Return what the search for the largest packet found (rows of hop 0), None when none was made."""
    rows = np.flatnonzero(np.asarray(columns["hop"]) == 0)
    if not len(rows):
        return None
    sizes = np.asarray(columns["packet_octets"])
    arrived = [int(sizes[row]) for row in rows.tolist() if saying_at(columns, row) is Saying.ARRIVED]
    told = [row for row in in_time(columns, rows) if saying_at(columns, row) is Saying.TOO_BIG]
    vanished = [int(sizes[row]) for row in rows.tolist() if columns["fate"][row] == Fate.LOST]
    octets = max(arrived, default=None)
    narrow = min(told, key=lambda row: _told_octets(columns, row) or 1 << 16) if told else None
    return LargestPacket(
        octets,
        None if narrow is None else _told_octets(columns, narrow),
        None if narrow is None else text_at(columns, "address", narrow),
        searched=octets is not None and any(size > octets for size in vanished),
    )


def _told_octets(columns: Columns, row: int) -> int | None:
    value = columns["mtu_octets"][row]
    return None if value is np.ma.masked else int(value)


def _turns(columns: Columns) -> Iterator[Turn]:
    last: dict[tuple[int, int], tuple[str, int]] = {}
    for row in in_time(columns, within_the_way(columns)):
        address = text_at(columns, "address", row)
        if address is None or saying_at(columns, row) not in PLACES:
            continue
        place, sent_ns = (int(columns["flow"][row]), int(columns["hop"][row])), int(columns["sent_ns"][row])
        before = last.get(place)
        if before is not None and before[0] != address:
            yield Turn(*place, before[0], address, before[1], sent_ns)
        last[place] = address, sent_ns


def _change(turns: Sequence[Turn]) -> Change:
    """Return what these turns, which have an instant in common, say of it."""
    return Change(max(turn.after_ns for turn in turns), min(turn.before_ns for turn in turns), tuple(turns))
