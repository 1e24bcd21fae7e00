"""What many verdicts say together: who counts, one word for a run, its exit code."""

from dataclasses import replace
from datetime import date

import pytest

from netbench.verdict.aggregate import corridor_outcome, counts_as_missed, exit_code, is_conditional, run_outcome
from netbench.verdict.model import Outcome, Verdict
from tests.verdict.builders import TODAY, target

YESTERDAY, TOMORROW = date(2026, 5, 31), date(2026, 6, 2)


def _verdict(outcome: str, *, status: str = "plan", due: date | None = None, conditional: bool = False) -> Verdict:
    asked = target({"status": status, "due": due})
    return Verdict(asked, Outcome(outcome), conditional, None, "", "", (), None, None)


MET = _verdict("pass")
MISSED = _verdict("fail")
CLAIM_MISSED = _verdict("fail", status="claim")
NOT_DUE = _verdict("fail", due=TOMORROW)
UNDECIDED = _verdict("inconclusive")
VOID = _verdict("void")
IF_SO_MET = _verdict("pass", conditional=True)
IF_SO_MISSED = _verdict("fail", conditional=True)


@pytest.mark.parametrize(
    ("verdict", "counts"),
    [
        (_verdict("fail", status="binding"), True),
        (_verdict("fail", status="contract"), True),
        (_verdict("fail", status="plan"), True),
        (_verdict("fail", status="claim"), False),
        (_verdict("fail", status="reference"), False),
        (_verdict("fail", due=YESTERDAY), True),
        (_verdict("fail", due=TODAY), True),
        (_verdict("fail", due=TOMORROW), False),
        (_verdict("fail", conditional=True), False),
        (_verdict("pass"), False),
        (_verdict("inconclusive"), False),
        (_verdict("void"), False),
    ],
)
def test_who_counts_as_missed(verdict: Verdict, *, counts: bool) -> None:
    """Only a failed target that binds, is due, and whose route is not merely assumed."""
    assert counts_as_missed(verdict, TODAY) is counts


@pytest.mark.parametrize(
    ("verdicts", "outcome", "code"),
    [
        ([MET, MET], "pass", 0),
        ([MET, CLAIM_MISSED, NOT_DUE], "pass", 0),
        ([MET, MISSED], "fail", 3),
        ([MISSED, UNDECIDED, VOID, IF_SO_MET], "fail", 3),
        ([MET, UNDECIDED], "inconclusive", 4),
        ([MET, VOID], "inconclusive", 4),
        ([VOID, VOID], "void", 4),
        ([MET, IF_SO_MET], "pass", 4),
        ([MET, IF_SO_MISSED], "fail", 4),
        ([MISSED, IF_SO_MISSED], "fail", 3),
        ([CLAIM_MISSED], "inconclusive", 4),
        ([NOT_DUE, UNDECIDED], "inconclusive", 4),
        ([], "inconclusive", 4),
    ],
)
def test_run_outcome_and_exit_code(verdicts: list[Verdict], outcome: str, code: int) -> None:
    """A miss that counts outweighs what is undecided, and that outweighs what is met."""
    assert (run_outcome(verdicts, TODAY).value, exit_code(verdicts, TODAY)) == (outcome, code)


@pytest.mark.parametrize(
    ("verdicts", "conditional"),
    [([MET], False), ([MET, IF_SO_MET], True), ([IF_SO_MISSED], True), ([MISSED, IF_SO_MET], False), ([], False)],
)
def test_conditional_unless_a_real_miss_decides(verdicts: list[Verdict], *, conditional: bool) -> None:
    """A real breach stands whatever else is assumed."""
    assert is_conditional(verdicts, TODAY) is conditional


def test_corridor_that_misses_everything_fails() -> None:
    """One word for a corridor does not hide that the only thing claimed of it is not so."""
    assert corridor_outcome([CLAIM_MISSED, NOT_DUE], TODAY) is Outcome.FAIL
    assert corridor_outcome([CLAIM_MISSED, MET], TODAY) is Outcome.PASS
    assert corridor_outcome([], TODAY) is Outcome.INCONCLUSIVE


def test_time_makes_a_miss_count() -> None:
    """The same verdict counts from its due date on."""
    verdict = replace(NOT_DUE)

    assert [counts_as_missed(verdict, day) for day in (TODAY, TOMORROW)] == [False, True]
