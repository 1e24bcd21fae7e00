"""What the hops of one pair say: who answers at each, how soon, and whether silence there is loss or a limit on answers."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from math import exp, lgamma
from typing import Final

import numpy as np
import numpy.typing as npt

from netbench.analysis.distribution import summarise_delays
from netbench.analysis.summary import Summary
from netbench.linux.icmp_errors import Saying
from netbench.measure.samples import Columns, Fate

Rows = npt.NDArray[np.intp]
_Turn = tuple[int, int]
"""Round and flow."""
_NO_END: Final = 256

ENDS: Final = frozenset({Saying.ARRIVED, Saying.NO_ROUTE, Saying.PROHIBITED})
"""An answer that says so ends the way: nothing beyond it is a hop."""
PLACES: Final = ENDS | {Saying.EXPIRED}
"""Answers that say who is at a hop."""
CHANCE: Final = 0.01
"""The most that chance may explain of a hop's missing answers before its router is called limiting."""


class Standing(StrEnum):
    """What missing answers of a hop mean."""

    STEADY = "steady"
    """None is missing."""
    SILENT = "silent"
    """It never answers, and hops beyond it do: it forwards."""
    LIMITED = "limited"
    """It answers less often than packets come through to hops beyond it: it limits its answers, and loses nothing."""
    LOSING = "losing"
    """Answers are missing, and about as many from every hop beyond."""
    UNKNOWN = "unknown"
    """Answers are missing, and nothing beyond it tells whether packets or answers are."""


@dataclass(frozen=True, slots=True)
class Answerer:
    """Who answered at a hop: in which flows, how often, the last TTL of the answers, MPLS labels and interface, and how soon."""

    address: str
    flows: tuple[int, ...]
    answered: int
    reply_ttl: int | None
    labels: str | None
    interface: str | None
    round_trip: tuple[Summary, ...]


@dataclass(frozen=True, slots=True)
class Hop:
    """One hop limit of a pair. ``asked`` counts what was sent and had its time; ``ends`` that the destination answered here."""

    hop: int
    asked: int
    answered: int
    standing: Standing
    ends: bool
    answerers: tuple[Answerer, ...]


def hops_of(columns: Columns) -> tuple[Hop, ...]:
    """Return the hops of one pair (``HOPS`` columns, in any order), from 1 to the last that answered."""
    rows = within_the_way(columns)
    numbers = np.asarray(columns["hop"])[rows]
    answered = np.asarray(columns["fate"])[rows] == Fate.ANSWERED
    last = int(numbers[answered].max(initial=0))
    counts = {hop: (int((numbers == hop).sum()), int(answered[numbers == hop].sum())) for hop in range(1, last + 1)}
    return tuple(
        Hop(hop, *counts[hop], _standing(hop, counts), _ends(columns, rows[numbers == hop]), answerers)
        for hop in range(1, last + 1)
        if (answerers := tuple(_answerers(columns, rows[(numbers == hop) & answered]))) or counts[hop][0]
    )


def within_the_way(columns: Columns) -> Rows:
    """Return the rows that are attempts to meet a hop: sent, with their fate, and not beyond where their own round ended."""
    fates, numbers = np.asarray(columns["fate"]), np.asarray(columns["hop"])
    rows = np.flatnonzero((numbers > 0) & ((fates == Fate.ANSWERED) | (fates == Fate.LOST)))
    sequences, flows, hops = (np.asarray(columns[name])[rows].tolist() for name in ("sequence", "flow", "hop"))
    turns: list[_Turn] = list(zip(sequences, flows, strict=True))
    sayings = [saying_at(columns, row) for row in rows.tolist()]
    ends = _ends_of_rounds(turns, hops, sayings)
    return rows[np.array([hop <= ends.get(turn, _NO_END) for turn, hop in zip(turns, hops, strict=True)], np.bool_)]


def _ends_of_rounds(turns: Sequence[_Turn], hops: Sequence[int], sayings: Sequence[Saying | None]) -> dict[_Turn, int]:
    """Return where each round ended.

    A round that missed the far end's first answer hears it again from the next hop limit: where another round ended sooner, and
    nobody answered just before, it ended as that one did.
    """
    answered = {(turn, hop) for turn, hop, saying in zip(turns, hops, sayings, strict=True) if saying is not None}
    ends: dict[_Turn, int] = {}
    for turn, hop, saying in zip(turns, hops, sayings, strict=True):
        if saying in ENDS:
            ends[turn] = min(ends.get(turn, _NO_END), hop)
    soonest = min(ends.values(), default=_NO_END)
    return {turn: end if (turn, end - 1) in answered else min(end, soonest) for turn, end in ends.items()}


def saying_at(columns: Columns, row: int) -> Saying | None:
    """Return what the answer of a row means, None without one."""
    value = columns["saying"][row]
    return None if value is np.ma.masked else Saying(int(value))


def text_at(columns: Columns, name: str, row: int) -> str | None:
    """Return a row's text, None where it has none."""
    value = columns[name][row]
    return None if value is np.ma.masked else str(value)


def trails_of(columns: Columns, since_ns: int = 0) -> Mapping[int, Mapping[int, str]]:
    """Return, by flow, who answered last at each hop, of what was sent from ``since_ns`` on."""
    trails: dict[int, dict[int, str]] = {}
    for row in in_time(columns, within_the_way(columns)):
        address, saying = text_at(columns, "address", row), saying_at(columns, row)
        if address is None or saying not in PLACES or int(columns["sent_ns"][row]) < since_ns:
            continue
        hop, trail = int(columns["hop"][row]), trails.setdefault(int(columns["flow"][row]), {})
        trail[hop] = address
        if saying in ENDS:
            trails[int(columns["flow"][row])] = {each: who for each, who in trail.items() if each <= hop}
    return trails


def summarise_hops(columns: Columns) -> tuple[Summary, ...]:
    """Return ``round_trip_delay`` of what the far end itself answered; nothing where the way did not reach it."""
    rows = [row for row in in_time(columns, within_the_way(columns)) if saying_at(columns, row) is Saying.ARRIVED]
    delays = np.asarray(np.ma.getdata(columns["round_trip_ns"]), np.int64)[np.array(rows, np.intp)]
    return summarise_delays("round_trip_delay", "both", delays)


def in_time(columns: Columns, rows: Rows) -> list[int]:
    """Return rows in the order of sending."""
    order: list[int] = rows[np.argsort(np.asarray(columns["sent_ns"])[rows], kind="stable")].tolist()
    return order


def chance_of_so_few(answered: int, asked: int, others: int, others_asked: int) -> float:
    """Return the chance of no more than ``answered`` of ``asked`` if both lots are alike (Fisher's exact test, one-sided)."""
    total, successes = asked + others_asked, answered + others
    least = max(0, successes - others_asked)
    return min(1.0, sum(_hypergeometric(hit, total, successes, asked) for hit in range(least, answered + 1)))


def _hypergeometric(hit: int, total: int, successes: int, drawn: int) -> float:
    return exp(_log_choose(successes, hit) + _log_choose(total - successes, drawn - hit) - _log_choose(total, drawn))


def _log_choose(of: int, taken: int) -> float:
    return lgamma(of + 1) - lgamma(taken + 1) - lgamma(of - taken + 1)


def _standing(hop: int, counts: Mapping[int, tuple[int, int]]) -> Standing:
    asked, answered = counts[hop]
    beyond = [count for number, count in counts.items() if number > hop and count[0]]
    if answered == asked:
        return Standing.STEADY
    if not beyond:
        return Standing.UNKNOWN
    if not answered:
        return Standing.SILENT
    others_asked, others = max(beyond, key=lambda count: (count[1] / count[0], count[0]))
    limited = chance_of_so_few(answered, asked, others, others_asked) < CHANCE
    return Standing.LIMITED if limited else Standing.LOSING


def _ends(columns: Columns, rows: Rows) -> bool:
    return any(saying_at(columns, row) is Saying.ARRIVED for row in rows.tolist())


def _answerers(columns: Columns, rows: Rows) -> Iterator[Answerer]:
    order = in_time(columns, rows)
    by_address: dict[str, list[int]] = {}
    for row in order:
        address = text_at(columns, "address", row)
        if address is not None and saying_at(columns, row) in PLACES:
            by_address.setdefault(address, []).append(row)
    for address, mine in sorted(by_address.items(), key=lambda item: (-len(item[1]), item[0])):
        yield _answerer(columns, address, mine)


def _answerer(columns: Columns, address: str, rows: Sequence[int]) -> Answerer:
    delays = np.asarray(np.ma.getdata(columns["round_trip_ns"]), np.int64)[np.array(rows, np.intp)]
    ttl = columns["reply_ttl"][rows[-1]]
    return Answerer(
        address=address,
        flows=tuple(sorted({int(columns["flow"][row]) for row in rows})),
        answered=len(rows),
        reply_ttl=None if ttl is np.ma.masked else int(ttl),
        labels=text_at(columns, "labels", rows[-1]),
        interface=text_at(columns, "interface", rows[-1]),
        round_trip=summarise_delays("round_trip_delay", "both", delays),
    )
