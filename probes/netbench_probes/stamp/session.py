"""The Session-Sender without sockets (RFC 8762 §4.2): attempts, answers, and what became of each. ``now`` is an argument.

Times on the wire are wall clock; deadlines are monotonic. A row is given out once nothing can change it any more: an answer
when its stamps are there and every attempt sent before it arrived is resolved (only those can prove it overtaken), a loss at
its deadline. An answer after the deadline leaves its attempt lost (RFC 7680 §2.5) and is counted as late.
"""

from collections import deque
from dataclasses import dataclass, field
from typing import NamedTuple

from netbench.measure.samples import Fate
from netbench_probes.stamp.claims import ClockClaim
from netbench_probes.stamp.location import Neighbour, locate
from netbench_probes.stamp.wire import ReflectorPacket, ntp_from_unix, unix_from_timestamp

OVERTAKEN_FORWARD = 1
OVERTAKEN_REVERSE = 2


class Row(NamedTuple):
    """One sample of the table of packets, without its pair."""

    sequence: int
    fate: Fate
    sent_ns: int
    forward_ns: int | None
    residence_ns: int | None
    reverse_ns: int | None
    reordered: int
    send_late_ns: int | None = None
    forward_ttl: int | None = None
    reverse_ttl: int | None = None
    forward_tos: int | None = None
    reverse_tos: int | None = None


@dataclass(slots=True)
class Tally:
    """What happened besides samples. ``user_stamps`` counts times that the kernel owed and the user's clock gave."""

    not_sent: int = 0
    late_answers: int = 0
    foreign: int = 0
    malformed: int = 0
    user_stamps: int = 0


@dataclass(slots=True)
class _Attempt:
    sequence: int
    sent_ns: int
    timestamp: int
    deadline_ns: int
    transmitted_ns: int | None = None
    reached_ns: int | None = None
    reflected: int | None = None
    overtaken: bool = False
    resolved: bool = False
    unsent: bool = False
    copies: list[int] = field(default_factory=list[int])


@dataclass(slots=True)
class _Answer:
    attempt: _Attempt
    fate: Fate
    receive_ns: int
    transmit_ns: int | None
    claimed_ns: int
    received_ns: int
    overtaken: bool
    barrier: int


class SenderSession:
    """One pair's session.

    ``watched`` says that the reflector is in this process: what reached it and when its replies left is told by ``reached`` and
    ``reflected``. Otherwise both are taken from the replies, which is the far end's claim. ``stamped`` says that the kernel
    stamps what is sent, here and at a watched reflector.
    """

    def __init__(self, timeout_ns: int, *, watched: bool, stamped: bool) -> None:
        """Nothing sent yet."""
        self.next_sequence = 0
        self.tally = Tally()
        self.claim = ClockClaim()
        self._timeout_ns = timeout_ns
        self._watched = watched
        self._stamped = stamped
        self._attempts: dict[int, _Attempt] = {}
        self._oldest = 0
        self._forgotten = 0
        self._waiting: deque[_Answer] = deque()
        self._departures: dict[int, _Answer | int | None] = {}
        self._furthest = (-1, 0)
        self._last_to_leave = (0, 0)
        self._before: Neighbour | None = None
        self._stateful = False
        self._rows: list[Row] = []

    @property
    def outstanding(self) -> bool:
        """Whether there is an attempt without its fate or a row not given out yet."""
        return self._oldest < self.next_sequence or bool(self._waiting) or bool(self._rows)

    def sent(self, wall_ns: int, now_ns: int) -> int:
        """Note that attempt ``next_sequence`` leaves now and return the NTP timestamp to write in it."""
        timestamp = ntp_from_unix(wall_ns)
        sequence = self.next_sequence
        self._attempts[sequence] = _Attempt(sequence, wall_ns, timestamp, now_ns + self._timeout_ns)
        self.next_sequence += 1
        return timestamp

    def not_sent(self, sequence: int) -> None:
        """Note that an attempt did not leave this host."""
        attempt = self._attempts[sequence]
        attempt.resolved = attempt.unsent = True
        self.tally.not_sent += 1
        self._rows.append(Row(sequence, Fate.NOT_SENT, attempt.sent_ns, None, None, None, 0))

    def transmitted(self, sequence: int, stamp_ns: int) -> None:
        """Note T1 as the kernel stamped it."""
        attempt = self._attempts.get(sequence)
        if attempt is not None:
            attempt.transmitted_ns = stamp_ns

    def reached(self, sequence: int, reflected: int, stamp_ns: int) -> None:
        """Note that a watched reflector received the attempt at ``stamp_ns`` and answers it with its own number ``reflected``."""
        attempt = self._attempts.get(sequence)
        if attempt is None:
            return
        self._departures[reflected] = None
        attempt.copies.append(reflected)
        if attempt.reached_ns is None:
            attempt.reached_ns = stamp_ns
            self._note_order(attempt, stamp_ns)

    def reflected(self, reflected: int, stamp_ns: int) -> None:
        """Note T3 of a watched reflector's reply as the kernel stamped it."""
        answer = self._departures.get(reflected)
        if isinstance(answer, _Answer):
            answer.transmit_ns = stamp_ns
        if reflected in self._departures:
            self._departures[reflected] = stamp_ns

    def answered(self, packet: ReflectorPacket, received_ns: int) -> None:
        """Note a reply that arrived at ``received_ns``; one that answers nothing we sent is foreign and only counted."""
        attempt = self._attempts.get(packet.sender_sequence)
        if attempt is None or packet.sender_timestamp != attempt.timestamp:
            self.tally.foreign += 1
        elif received_ns - attempt.sent_ns > self._timeout_ns or (attempt.resolved and attempt.reflected is None):
            self.tally.late_answers += 1
        else:
            self._accept(attempt, packet, received_ns)

    def settle(self, now_ns: int) -> list[Row]:
        """Return the rows that nothing can change any more, given all that arrived until ``now_ns`` (monotonic)."""
        self._resolve(now_ns)
        while self._waiting and self._is_final(self._waiting[0], now_ns):
            self._rows.append(self._answer_row(self._waiting.popleft()))
        self._forget(now_ns)
        rows, self._rows = self._rows, []
        return rows

    def abandon(self, now_ns: int) -> list[Row]:
        """Return what is left of answers; attempts that had no time to be answered are dropped and count as nothing."""
        rows = self.settle(now_ns)
        rows.extend(self._answer_row(answer) for answer in self._waiting)
        self._waiting.clear()
        self._oldest = self.next_sequence
        return rows

    def _accept(self, attempt: _Attempt, packet: ReflectorPacket, received_ns: int) -> None:
        self.claim.note(packet.error_estimate)
        receive_ns = unix_from_timestamp(packet.receive_timestamp, packet.error_estimate, received_ns)
        claimed_ns = unix_from_timestamp(packet.timestamp, packet.error_estimate, received_ns)
        fate = Fate.ANSWERED if attempt.reflected is None else Fate.DUPLICATE
        # a reflector's clock may be too coarse to tell two replies apart: its numbering does
        departure = (claimed_ns, packet.sequence)
        overtaken = departure < self._last_to_leave
        self._last_to_leave = max(departure, self._last_to_leave)
        transmit_ns = None if self._watched else claimed_ns
        answer = _Answer(attempt, fate, receive_ns, transmit_ns, claimed_ns, received_ns, overtaken, self.next_sequence)
        if fate is Fate.ANSWERED:
            self._first_answer(attempt, packet, receive_ns)
        self._join_departure(answer, packet.sequence)
        self._waiting.append(answer)

    def _first_answer(self, attempt: _Attempt, packet: ReflectorPacket, receive_ns: int) -> None:
        attempt.resolved = True
        attempt.reflected = packet.sequence
        self._stateful |= packet.sequence != packet.sender_sequence
        if attempt.reached_ns is None:
            attempt.reached_ns = receive_ns
            self._note_order(attempt, receive_ns)

    def _join_departure(self, answer: _Answer, reflected: int) -> None:
        if not self._watched:
            return
        stamp = self._departures.get(reflected)
        if isinstance(stamp, int):
            answer.transmit_ns = stamp
        else:
            self._departures[reflected] = answer

    def _note_order(self, attempt: _Attempt, stamp_ns: int) -> None:
        """Keep who overtook whom on the way there (RFC 4737 §3.3): a later sequence arrived earlier."""
        furthest, latest_ns = self._furthest
        self._furthest = (max(furthest, attempt.sequence), max(latest_ns, stamp_ns))
        if attempt.sequence > furthest and stamp_ns >= latest_ns:
            return
        for other in self._attempts.values():
            if other.reached_ns is None:
                continue
            if other.sequence > attempt.sequence and other.reached_ns < stamp_ns:
                attempt.overtaken = True
            elif other.sequence < attempt.sequence and other.reached_ns > stamp_ns:
                other.overtaken = True

    def _resolve(self, now_ns: int) -> None:
        while self._oldest < self.next_sequence:
            attempt = self._attempts[self._oldest]
            if not attempt.resolved:
                if attempt.deadline_ns > now_ns:
                    return
                self._rows.append(self._loss_row(attempt))
                attempt.resolved = True
            if attempt.reflected is not None:
                self._before = Neighbour(attempt.sequence, attempt.reflected)
            self._oldest += 1

    def _loss_row(self, attempt: _Attempt) -> Row:
        sent_ns = attempt.transmitted_ns or attempt.sent_ns
        if not self._watched:
            return Row(attempt.sequence, self._located(attempt), sent_ns, None, None, None, 0)
        if attempt.reached_ns is None:
            return Row(attempt.sequence, Fate.LOST_FORWARD, sent_ns, None, None, None, 0)
        forward_ns = attempt.reached_ns - sent_ns
        return Row(attempt.sequence, Fate.LOST_REVERSE, sent_ns, forward_ns, None, None, OVERTAKEN_FORWARD * attempt.overtaken)

    def _located(self, attempt: _Attempt) -> Fate:
        unsent = 0
        if self._before is None or self._furthest[0] < attempt.sequence:
            return Fate.LOST
        for sequence in range(self._before.sequence + 1, self._furthest[0] + 1):
            other = self._attempts.get(sequence)
            if other is None:
                return Fate.LOST
            if other.reflected is not None:
                return locate(self._before, Neighbour(sequence, other.reflected), unsent, stateful=self._stateful)
            unsent += other.unsent
        return Fate.LOST

    def _is_final(self, answer: _Answer, now_ns: int) -> bool:
        if answer.barrier > self._oldest:
            return False
        whole = answer.attempt.transmitted_ns is not None and answer.transmit_ns is not None
        return whole or not self._stamped or answer.attempt.deadline_ns <= now_ns

    def _answer_row(self, answer: _Answer) -> Row:
        attempt = answer.attempt
        self.tally.user_stamps += (attempt.transmitted_ns is None) + (answer.transmit_ns is None)
        sent_ns = attempt.transmitted_ns or attempt.sent_ns
        transmit_ns = answer.transmit_ns or answer.claimed_ns
        reordered = OVERTAKEN_FORWARD * attempt.overtaken | OVERTAKEN_REVERSE * answer.overtaken
        forward_ns, residence_ns = answer.receive_ns - sent_ns, transmit_ns - answer.receive_ns
        return Row(attempt.sequence, answer.fate, sent_ns, forward_ns, residence_ns, answer.received_ns - transmit_ns, reordered)

    def _forget(self, now_ns: int) -> None:
        while self._forgotten < self._oldest:
            attempt = self._attempts[self._forgotten]
            if attempt.deadline_ns + self._timeout_ns > now_ns:
                return
            del self._attempts[self._forgotten]
            for reflected in attempt.copies:
                self._departures.pop(reflected, None)
            self._forgotten += 1
