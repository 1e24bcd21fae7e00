"""Where a packet was lost, told from a stateful reflector's own numbering (RFC 8762 §4.3.1)."""

from dataclasses import dataclass

from netbench.measure.samples import Fate


@dataclass(frozen=True, slots=True)
class Neighbour:
    """An answered attempt beside a gap: its sequence and the number that the reflector gave its reply."""

    sequence: int
    reflected: int


def locate(before: Neighbour | None, after: Neighbour | None, unsent: int, *, stateful: bool) -> Fate:
    """Return the fate of the unanswered attempts between two answered ones.

    ``unsent`` of the attempts between were never sent. The reflector numbered as many replies between as requests reached it:
    none, and all were lost on the way there; all, and all were lost on the way back; some, and nobody can say which. A stateless
    reflector copies the sender's number, which looks like "all": ``stateful`` says that it is known not to be one. Without an
    answer on both sides nobody can say either.
    """
    if before is None or after is None:
        return Fate.LOST
    missing = after.sequence - before.sequence - 1 - unsent
    reflected = after.reflected - before.reflected - 1
    if reflected == 0:
        return Fate.LOST_FORWARD
    if reflected == missing and stateful:
        return Fate.LOST_REVERSE
    return Fate.LOST
