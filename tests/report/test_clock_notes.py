"""What is said of clocks, in both languages."""

from typing import Any, cast

import pytest

from netbench.analysis import clocks, footing
from netbench.campaign.document import ClockEntry, ClocksEntry
from netbench.report import clock_notes


def _clock(**changes: Any) -> ClockEntry:
    given: dict[str, Any] = {
        "synchronised": True,
        "error_ns": 6_818,
        "source": "chrony",
        "reference": None,
        "frequency_ppb": 0,
        **changes,
    }
    return cast("ClockEntry", given)


def _clocks(**changes: Any) -> ClocksEntry:
    given: dict[str, Any] = {
        "footing": "bounded",
        "reason": None,
        "contradiction": False,
        "error_ns": 255_000,
        "pdv_error_ns": 4_000,
        "ipdv_error_ns": 10,
        "offset_ns": {"value": 5, "low": 0, "high": 10},
        "skew_ppb": {"value": -12_345.0, "low": -12_400.0, "high": -12_290.0},
        "least_ns": 545_000,
        "symmetric": False,
        "here_error_ns": None,
        "far_error_ns": None,
        "steps": [],
        "left_out": 0,
        **changes,
    }
    return cast("ClocksEntry", given)


@pytest.mark.parametrize(
    ("end", "said"),
    [
        (_clock(), "This host's clock: within 0.007 ms of UTC, says chrony"),
        (_clock(error_ns=2_000_000), "This host's clock: within 2.000 ms of UTC, says chrony"),
        (_clock(error_ns=None, source="kernel"), "This host's clock: synchronised to UTC, says the kernel, to an error unknown"),
        (_clock(synchronised=False, error_ns=None), "This host's clock: not synchronised to UTC, says chrony"),
    ],
)
def test_the_worse_reading_of_a_clock_is_told(end: ClockEntry, said: str) -> None:
    """A clock that lost its reference, or its precision, while a run lasted was no better before."""
    assert clock_notes.here_line({"start": _clock(), "end": end}, "en") == said
    assert clock_notes.here_line({"start": end, "end": _clock()}, "zh").startswith("本机时钟：")


def test_one_way_delays_are_told_with_their_bounds() -> None:
    """Corridor by corridor; those without one-way delays are not among them."""
    named = [("A → B", _clocks()), ("A → C", _clocks(footing="variation")), ("A → D", _clocks(error_ns=40_000))]

    line = clock_notes.bounded_line(named, "en")
    assert line is not None
    assert line.endswith("known to: A → B ± 0.255 ms, A → D ± 0.040 ms")
    assert clock_notes.bounded_line(named[1:2], "en") is None


def test_steps_and_refusals_are_told() -> None:
    """With their size, their time and their reason."""
    step = {"at": "2026-01-01T04:00:07Z", "step_ns": -3_000_000}
    told = list(clock_notes.remarks(_clocks(footing="refused", reason=clocks.UNSTEADY, steps=[step]), "en"))

    assert "-3.000 ms" in told[0]
    assert "2026-01-01T04:00:07Z" in told[0]
    assert told[1] == f"nothing is said of either direction alone: {clocks.UNSTEADY}"


def test_skew_is_told_where_it_is_known() -> None:
    """In parts per million, with what it leaves open."""
    said = "The far end's clock runs -12.345 ppm fast; without that, how delays vary is known to 0.004 ms."

    assert clock_notes.skew_line(_clocks(), "en") == said
    assert clock_notes.skew_line(_clocks(skew_ppb=None), "en") is None


def test_every_reason_of_the_analysis_is_in_the_catalogue() -> None:
    """The sentences that say why a one-way delay is not given, word by word."""
    given = {footing.NOT_BOUNDED, footing.TOO_WIDE, clocks.TOO_SHORT, clocks.UNSTEADY, clocks.CLAIM_BROKEN, clocks.NOT_SYMMETRIC}

    assert set(clock_notes.REASONS) == given
