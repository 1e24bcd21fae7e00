"""Attempts and their answers, until each is a sample."""

from dataclasses import dataclass, field
from typing import NamedTuple

from netbench.measure.samples import Fate

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


class Marks(NamedTuple):
    """What was seen of headers: TTL or hop limit, and DSCP << 2 | ECN, on arrival there and back; None where unknown."""

    forward_ttl: int | None = None
    reverse_ttl: int | None = None
    forward_tos: int | None = None
    reverse_tos: int | None = None


UNSEEN = Marks()


@dataclass(slots=True)
class Tally:
    """What happened besides samples. ``user_stamps`` counts times that the kernel owed and the user's clock gave.

    ``claimed_departures`` counts replies of a far end whose T3 no follow-up told better.
    """

    not_sent: int = 0
    late_answers: int = 0
    foreign: int = 0
    malformed: int = 0
    user_stamps: int = 0
    claimed_departures: int = 0


@dataclass(slots=True)
class Attempt:
    """One request: when it left, by the user's clock and by the kernel's, and what is known of it."""

    sequence: int
    sent_ns: int
    timestamp: int
    deadline_ns: int
    late_ns: int | None = None
    transmitted_ns: int | None = None
    reached_ns: int | None = None
    marks: Marks = UNSEEN
    reflected: int | None = None
    overtaken: bool = False
    resolved: bool = False
    unsent: bool = False
    copies: list[int] = field(default_factory=list[int])

    def row(self, fate: Fate) -> Row:
        """Return its sample where no answer counts; only what was lost on the way back has a way there."""
        sent_ns = self.transmitted_ns or self.sent_ns
        if fate is not Fate.LOST_REVERSE or self.reached_ns is None:
            return Row(self.sequence, fate, sent_ns, None, None, None, 0, self.late_ns)
        forward_ns, marks, overtaken = self.reached_ns - sent_ns, self.marks, OVERTAKEN_FORWARD * self.overtaken
        seen = (marks.forward_ttl, None, marks.forward_tos, None)
        return Row(self.sequence, fate, sent_ns, forward_ns, None, None, overtaken, self.late_ns, *seen)


@dataclass(slots=True)
class Answer:
    """One reply that counts.

    ``claimed_ns`` is T3 as the reply has it, ``transmit_ns`` as it is known better; ``barrier`` is the first attempt that left
    after it came.
    """

    attempt: Attempt
    fate: Fate
    receive_ns: int
    transmit_ns: int | None
    claimed_ns: int
    received_ns: int
    overtaken: bool
    barrier: int
    marks: Marks

    def row(self) -> Row:
        """Return its sample: from the kernel's stamps where they are there, else from the user's and the far end's claim."""
        attempt = self.attempt
        sent_ns = attempt.transmitted_ns or attempt.sent_ns
        transmit_ns = self.transmit_ns or self.claimed_ns
        times = (self.receive_ns - sent_ns, transmit_ns - self.receive_ns, self.received_ns - transmit_ns)
        reordered = OVERTAKEN_FORWARD * attempt.overtaken | OVERTAKEN_REVERSE * self.overtaken
        return Row(attempt.sequence, self.fate, sent_ns, *times, reordered, attempt.late_ns, *self._seen())

    def _seen(self) -> Marks:
        """What a watched reflector saw itself counts before what it can have told."""
        there, back = self.attempt.marks, self.marks
        ttl = back.forward_ttl if there.forward_ttl is None else there.forward_ttl
        tos = back.forward_tos if there.forward_tos is None else there.forward_tos
        return Marks(ttl, back.reverse_ttl, tos, back.reverse_tos)
