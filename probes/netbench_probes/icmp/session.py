"""Echoes without sockets: attempts, replies, complaints, and what became of each. ``now`` is an argument.

Times of packets are wall clock, deadlines are monotonic. An echo tells no time of the far end: there is a round trip, with what
the far end spends on it, and no loss or reordering has a direction.
"""

from collections import deque
from dataclasses import dataclass, field
from typing import NamedTuple

from netbench.linux.icmp_errors import IcmpError
from netbench.measure.samples import Fate

OVERTAKEN = 4


class EchoRow(NamedTuple):
    """One sample of the table of packets, without its pair and without what ICMP does not know."""

    sequence: int
    fate: Fate
    sent_ns: int
    forward_ns: None
    residence_ns: None
    reverse_ns: None
    reordered: int
    send_late_ns: int | None
    reverse_ttl: int | None
    reverse_tos: int | None
    round_trip_ns: int | None


class Arrival(NamedTuple):
    """How a reply came: when, and with which TTL and DSCP << 2 | ECN, where they are known."""

    received_ns: int
    ttl: int | None
    tos: int | None


@dataclass(slots=True)
class Tally:
    """What happened besides samples. ``complaints`` counts ICMP errors by (sender, type, code, MTU)."""

    not_sent: int = 0
    late_answers: int = 0
    foreign: int = 0
    user_stamps: int = 0
    complaints: dict[tuple[str | None, int, int, int | None], int] = field(
        default_factory=dict[tuple[str | None, int, int, int | None], int]
    )


@dataclass(slots=True)
class _Attempt:
    sent_ns: int
    late_ns: int
    deadline_ns: int
    transmitted_ns: int | None = None
    answered: bool = False
    resolved: bool = False


class EchoSession:
    """One pair's session. ``stamped`` says that the kernel stamps what is sent."""

    def __init__(self, timeout_ns: int, *, stamped: bool) -> None:
        """Nothing sent yet."""
        self.next_sequence = 0
        self.tally = Tally()
        self._timeout_ns = timeout_ns
        self._stamped = stamped
        self._attempts: dict[int, _Attempt] = {}
        self._waiting: deque[tuple[int, Fate, Arrival, int]] = deque()
        self._rows: list[EchoRow] = []
        self._oldest = 0
        self._furthest = -1

    @property
    def outstanding(self) -> bool:
        """Whether there is an attempt without its fate or a row not given out yet."""
        return self._oldest < self.next_sequence or bool(self._waiting) or bool(self._rows)

    def sent(self, wall_ns: int, now_ns: int, late_ns: int) -> int:
        """Note that an attempt leaves now, ``late_ns`` after its due time, and return its sequence number."""
        sequence = self.next_sequence
        self._attempts[sequence] = _Attempt(wall_ns, late_ns, now_ns + self._timeout_ns)
        self.next_sequence += 1
        return sequence

    def not_sent(self, sequence: int) -> None:
        """Note that an attempt did not leave this host."""
        self._attempts[sequence].resolved = True
        self.tally.not_sent += 1
        self._rows.append(self._row(sequence, Fate.NOT_SENT, None, 0))

    def transmitted(self, sequence: int, stamp_ns: int) -> None:
        """Note T1 as the kernel stamped it."""
        attempt = self._attempts.get(sequence)
        if attempt is not None:
            attempt.transmitted_ns = stamp_ns

    def answered(self, sequence: int, arrival: Arrival) -> None:
        """Note a reply; one after its deadline, or after a complaint, is late and only counted."""
        attempt = self._attempts.get(sequence)
        if attempt is None:
            self.tally.foreign += 1
        elif arrival.received_ns - attempt.sent_ns > self._timeout_ns or (attempt.resolved and not attempt.answered):
            self.tally.late_answers += 1
        else:
            overtaken = OVERTAKEN if sequence < self._furthest else 0
            self._furthest = max(self._furthest, sequence)
            fate = Fate.DUPLICATE if attempt.answered else Fate.ANSWERED
            attempt.answered = attempt.resolved = True
            self._waiting.append((sequence, fate, arrival, overtaken))

    def complained(self, sequence: int | None, error: IcmpError) -> None:
        """Note that somebody says why an attempt will not be answered: it is lost."""
        key = (error.sender, error.icmp_type, error.code, error.mtu_octets)
        self.tally.complaints[key] = self.tally.complaints.get(key, 0) + 1
        attempt = None if sequence is None else self._attempts.get(sequence)
        if sequence is not None and attempt is not None and not attempt.resolved:
            attempt.resolved = True
            self._rows.append(self._row(sequence, Fate.LOST, None, 0))

    def settle(self, now_ns: int) -> list[EchoRow]:
        """Return the rows that nothing can change any more, given all that arrived until ``now_ns`` (monotonic)."""
        while self._waiting and self._is_final(self._waiting[0][0], now_ns):
            self._rows.append(self._answer_row(*self._waiting.popleft()))
        self._lose(now_ns)
        rows, self._rows = self._rows, []
        return rows

    def abandon(self, now_ns: int) -> list[EchoRow]:
        """Return what is left of answers; attempts that had no time to be answered are dropped and count as nothing."""
        rows = self.settle(now_ns)
        rows.extend(self._answer_row(*answer) for answer in self._waiting)
        self._waiting.clear()
        self._oldest = self.next_sequence
        return rows

    def _lose(self, now_ns: int) -> None:
        """Attempts past their deadline are lost; those past it twice are forgotten, for no copy of theirs is waited for."""
        for sequence in list(self._attempts):
            attempt = self._attempts[sequence]
            if attempt.deadline_ns > now_ns:
                break
            if not attempt.resolved:
                attempt.resolved = True
                self._rows.append(self._row(sequence, Fate.LOST, None, 0))
            if attempt.deadline_ns + self._timeout_ns <= now_ns:
                del self._attempts[sequence]
        while self._oldest < self.next_sequence:
            oldest = self._attempts.get(self._oldest)
            if oldest is not None and not oldest.resolved:
                break
            self._oldest += 1

    def _is_final(self, sequence: int, now_ns: int) -> bool:
        attempt = self._attempts[sequence]
        return attempt.transmitted_ns is not None or not self._stamped or attempt.deadline_ns <= now_ns

    def _answer_row(self, sequence: int, fate: Fate, arrival: Arrival, overtaken: int) -> EchoRow:
        self.tally.user_stamps += self._attempts[sequence].transmitted_ns is None
        return self._row(sequence, fate, arrival, overtaken)

    def _row(self, sequence: int, fate: Fate, arrival: Arrival | None, overtaken: int) -> EchoRow:
        attempt = self._attempts[sequence]
        sent_ns = attempt.transmitted_ns or attempt.sent_ns
        ttl, tos, trip_ns = (arrival.ttl, arrival.tos, arrival.received_ns - sent_ns) if arrival else (None, None, None)
        late_ns = None if fate is Fate.NOT_SENT else attempt.late_ns
        return EchoRow(sequence, fate, sent_ns, None, None, None, overtaken, late_ns, ttl, tos, trip_ns)
