"""The Session-Sender without sockets (RFC 8762 §4.2): attempts, answers, and what became of each. ``now`` is an argument.

Times on the wire are wall clock; deadlines are monotonic. A row is given out once nothing can change it any more: an answer
when its stamps are there and every attempt sent before it arrived is resolved (only those can prove it overtaken), a loss at
its deadline. An answer after the deadline leaves its attempt lost (RFC 7680 §2.5) and is counted as late.
"""

from collections import deque

from netbench.measure.samples import Fate
from netbench_probes.stamp.attempts import UNSEEN, Answer, Attempt, Marks, Row, Tally
from netbench_probes.stamp.claims import ClockClaim
from netbench_probes.stamp.location import Neighbour, locate
from netbench_probes.stamp.wire import UNKNOWN_ERROR, ReflectorPacket, timestamp_from_unix, unix_from_timestamp

__all__ = ["Marks", "Row", "SenderSession", "Tally"]


class SenderSession:
    """One pair's session.

    ``watched`` says that the reflector is in this process: what reached it and when its replies left is told by ``reached`` and
    ``reflected``. Otherwise both are taken from the replies, which is the far end's claim. ``stamped`` says that the kernel
    stamps what is sent, here and at a watched reflector. ``followed`` says that a far end's replies tell of the one before when
    it really left: ``reflected`` then takes that.
    """

    def __init__(self, timeout_ns: int, *, watched: bool, stamped: bool, followed: bool = False) -> None:
        """Nothing sent yet."""
        self.next_sequence = 0
        self.tally = Tally()
        self.claim = ClockClaim()
        self._timeout_ns = timeout_ns
        self._watched = watched
        self._followed = followed and not watched
        self._stamped = stamped
        self._attempts: dict[int, Attempt] = {}
        self._oldest = 0
        self._forgotten = 0
        self._waiting: deque[Answer] = deque()
        self._departures: dict[int, Answer | int | None] = {}
        self._furthest = (-1, 0)
        self._last_to_leave = (0, 0)
        self._before: Neighbour | None = None
        self._stateful = False
        self._rows: list[Row] = []

    @property
    def outstanding(self) -> bool:
        """Whether there is an attempt without its fate or a row not given out yet."""
        return self._oldest < self.next_sequence or bool(self._waiting) or bool(self._rows)

    @property
    def unfollowed(self) -> bool:
        """Whether an answer waits to be told when it left the far end."""
        return self._followed and any(answer.transmit_ns is None for answer in self._waiting)

    def sent(self, wall_ns: int, now_ns: int, late_ns: int | None = None, estimate: int = UNKNOWN_ERROR) -> int:
        """Note that attempt ``next_sequence`` leaves now, ``late_ns`` after it was due; return the timestamp to write in it."""
        timestamp = timestamp_from_unix(wall_ns, estimate)
        sequence = self.next_sequence
        self._attempts[sequence] = Attempt(sequence, wall_ns, timestamp, now_ns + self._timeout_ns, late_ns)
        self.next_sequence += 1
        return timestamp

    def not_sent(self, sequence: int) -> None:
        """Note that an attempt did not leave this host."""
        attempt = self._attempts[sequence]
        attempt.resolved = attempt.unsent = True
        self.tally.not_sent += 1
        self._rows.append(attempt.row(Fate.NOT_SENT))

    def transmitted(self, sequence: int, stamp_ns: int) -> None:
        """Note T1 as the kernel stamped it."""
        attempt = self._attempts.get(sequence)
        if attempt is not None:
            attempt.transmitted_ns = stamp_ns

    def reached(self, sequence: int, reflected: int, stamp_ns: int, marks: Marks = UNSEEN) -> None:
        """Note that a watched reflector received the attempt at ``stamp_ns`` and answers it with its own number ``reflected``."""
        attempt = self._attempts.get(sequence)
        if attempt is None:
            return
        self._departures[reflected] = None
        attempt.copies.append(reflected)
        if attempt.reached_ns is None:
            attempt.reached_ns, attempt.marks = stamp_ns, marks
            self._note_order(attempt, stamp_ns)

    def reflected(self, reflected: int, stamp_ns: int) -> None:
        """Note T3 of a reply as the kernel stamped it, at a watched reflector or at a far end that tells it in the next reply.

        A far end that says a reply left before it was made, or a timeout later, is not believed.
        """
        answer = self._departures.get(reflected)
        if isinstance(answer, Answer):
            if self._followed and not 0 <= stamp_ns - answer.claimed_ns <= self._timeout_ns:
                return
            answer.transmit_ns = stamp_ns
        if reflected in self._departures:
            self._departures[reflected] = stamp_ns

    def answered(self, packet: ReflectorPacket, received_ns: int, marks: Marks = UNSEEN) -> None:
        """Note a reply that arrived at ``received_ns``; one that answers nothing we sent is foreign and only counted."""
        attempt = self._attempts.get(packet.sender_sequence)
        if attempt is None or packet.sender_timestamp != attempt.timestamp:
            self.tally.foreign += 1
        elif received_ns - attempt.sent_ns > self._timeout_ns or (attempt.resolved and attempt.reflected is None):
            self.tally.late_answers += 1
        else:
            self._accept(attempt, packet, received_ns, marks)

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

    def _accept(self, attempt: Attempt, packet: ReflectorPacket, received_ns: int, marks: Marks) -> None:
        self.claim.note(packet.error_estimate)
        receive_ns = unix_from_timestamp(packet.receive_timestamp, packet.error_estimate, received_ns)
        claimed_ns = unix_from_timestamp(packet.timestamp, packet.error_estimate, received_ns)
        fate = Fate.ANSWERED if attempt.reflected is None else Fate.DUPLICATE
        # a reflector's clock may be too coarse to tell two replies apart: its numbering does
        departure = (claimed_ns, packet.sequence)
        overtaken = departure < self._last_to_leave
        self._last_to_leave = max(departure, self._last_to_leave)
        transmit_ns = None if self._watched or self._followed else claimed_ns
        answer = Answer(attempt, fate, receive_ns, transmit_ns, claimed_ns, received_ns, overtaken, self.next_sequence, marks)
        if fate is Fate.ANSWERED:
            self._first_answer(attempt, packet, receive_ns)
        self._join_departure(answer, packet.sequence)
        self._waiting.append(answer)

    def _first_answer(self, attempt: Attempt, packet: ReflectorPacket, receive_ns: int) -> None:
        attempt.resolved = True
        attempt.reflected = packet.sequence
        self._stateful |= packet.sequence != packet.sender_sequence
        if attempt.reached_ns is None:
            attempt.reached_ns = receive_ns
            self._note_order(attempt, receive_ns)

    def _join_departure(self, answer: Answer, reflected: int) -> None:
        if not self._watched and not self._followed:
            return
        if self._followed:
            answer.attempt.copies.append(reflected)
        stamp = self._departures.get(reflected)
        if isinstance(stamp, int):
            answer.transmit_ns = stamp
        else:
            self._departures[reflected] = answer

    def _note_order(self, attempt: Attempt, stamp_ns: int) -> None:
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

    def _loss_row(self, attempt: Attempt) -> Row:
        if not self._watched:
            return attempt.row(self._located(attempt))
        return attempt.row(Fate.LOST_FORWARD if attempt.reached_ns is None else Fate.LOST_REVERSE)

    def _located(self, attempt: Attempt) -> Fate:
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

    def _is_final(self, answer: Answer, now_ns: int) -> bool:
        if answer.barrier > self._oldest:
            return False
        whole = answer.attempt.transmitted_ns is not None and answer.transmit_ns is not None
        return whole or not self._stamped or answer.attempt.deadline_ns <= now_ns

    def _answer_row(self, answer: Answer) -> Row:
        self.tally.user_stamps += answer.attempt.transmitted_ns is None
        if self._followed:
            self.tally.claimed_departures += answer.transmit_ns is None
        else:
            self.tally.user_stamps += answer.transmit_ns is None
        return answer.row()

    def _forget(self, now_ns: int) -> None:
        while self._forgotten < self._oldest:
            attempt = self._attempts[self._forgotten]
            if attempt.deadline_ns + self._timeout_ns > now_ns:
                return
            del self._attempts[self._forgotten]
            for reflected in attempt.copies:
                self._departures.pop(reflected, None)
            self._forgotten += 1
