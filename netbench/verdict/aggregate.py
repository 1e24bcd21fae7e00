"""What many verdicts say together.

A target *counts* when a miss would be a breach today: its status is binding, contract or plan, and it is due (a due date is
due on its day; none means now). A claim, a reference and what is not due yet are told and weigh nothing when missed. What could
not be decided weighs whatever its status: nobody may read silence as a target met. A conditional verdict is true of the plan
as typed, so it is neither a target met nor a target missed.
"""

from collections.abc import Sequence
from datetime import date
from typing import Final

from netbench.plan.model import Status
from netbench.verdict.model import Outcome, Verdict

ALL_MET: Final = 0
MISSED: Final = 3
NOT_DECIDED: Final = 4

_COUNTING: Final = frozenset({Status.BINDING, Status.CONTRACT, Status.PLAN})


def counts_as_missed(verdict: Verdict, today: date) -> bool:
    """Whether this is a breach: a failed target that counts, on a route that is not merely assumed."""
    return not verdict.conditional and _fails(verdict, today)


def run_outcome(verdicts: Sequence[Verdict], today: date) -> Outcome:
    """Return one word for all verdicts of a run.

    Fail: a target that counts is missed, be it conditionally. Else void when nothing was fit to be judged; inconclusive when
    something was not decided, or when there was nothing that could be met (no target at all, or only missed ones that do not
    count); else pass. Whether it rests on assumed links is said by ``is_conditional``.
    """
    if any(_fails(verdict, today) for verdict in verdicts):
        return Outcome.FAIL
    outcomes = {verdict.outcome for verdict in verdicts}
    if outcomes == {Outcome.VOID}:
        return Outcome.VOID
    if outcomes & {Outcome.VOID, Outcome.INCONCLUSIVE} or Outcome.PASS not in outcomes:
        return Outcome.INCONCLUSIVE
    return Outcome.PASS


def corridor_outcome(verdicts: Sequence[Verdict], today: date) -> Outcome:
    """Return one word for one corridor: as for a run, but fail when every target is missed, counting or not."""
    if verdicts and all(verdict.outcome is Outcome.FAIL for verdict in verdicts):
        return Outcome.FAIL
    return run_outcome(verdicts, today)


def is_conditional(verdicts: Sequence[Verdict], today: date) -> bool:
    """Whether the outcome rests on assumed links: no real breach decides it, and some verdict is conditional."""
    return not any(counts_as_missed(verdict, today) for verdict in verdicts) and any(verdict.conditional for verdict in verdicts)


def exit_code(verdicts: Sequence[Verdict], today: date) -> int:
    """Return 3 when a target that counts is missed, 4 when something is inconclusive, conditional or void, else 0."""
    if any(counts_as_missed(verdict, today) for verdict in verdicts):
        return MISSED
    if is_conditional(verdicts, today) or run_outcome(verdicts, today) is not Outcome.PASS:
        return NOT_DECIDED
    return ALL_MET


def _fails(verdict: Verdict, today: date) -> bool:
    due = verdict.target.due
    return verdict.outcome is Outcome.FAIL and verdict.target.status in _COUNTING and (due is None or due <= today)
