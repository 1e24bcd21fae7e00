"""What may be said of each direction: the rules, and the columns that follow from them."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from netbench.analysis import clocks, footing
from netbench.analysis.clocks import Beforehand
from netbench.analysis.footing import ClockFinding, Footing, stand
from netbench.analysis.packets import summarise_packets
from netbench.analysis.summary import Summary
from netbench.measure.samples import Columns, Fate
from tests.analysis.two_clocks import quiet, session, symmetric, with_waits


def _stand(columns: Columns, known: Beforehand) -> tuple[Columns, ClockFinding]:
    corrected, finding = stand(columns, known)
    assert finding is not None
    return corrected, finding


def _figure(summaries: Sequence[Summary], metric: str, direction: str, statistic: str) -> float:
    found = next(each for each in summaries if (each.metric, each.direction, each.statistic) == (metric, direction, statistic))
    assert found.value is not None
    return found.value


def test_bounded_delay_holds_the_truth() -> None:
    """3 ms there and 2.6 ms back, of which light needs 2 ms: ± 0.8 ms about the middle, 3.6 ms + 2 ms over 2."""
    columns, finding = _stand(with_waits(quiet()), Beforehand(2_000_000))
    summaries = summarise_packets(columns)

    assert (finding.footing, finding.reason) == (Footing.BOUNDED, None)
    assert finding.error_ns == pytest.approx(800_000, rel=0.02)
    for direction, truth in (("forward", 3_000_000), ("reverse", 2_600_000)):
        least = _figure(summaries, "one_way_delay", direction, "min")
        assert abs(least - truth) <= (finding.error_ns or 0) + 1_000


def test_bounds_of_offset_and_skew_are_stated() -> None:
    """5 ms ahead at first, 8 s later 80 µs more at 10 ppm."""
    _, finding = _stand(with_waits(quiet()), Beforehand(2_000_000))

    assert finding.offset is not None
    assert finding.skew is not None
    assert finding.offset.low <= 5_000_000 + 79_800 <= finding.offset.high
    assert finding.skew.low <= 10e-6 <= finding.skew.high
    assert finding.skew.half_width < 5e-6


def test_without_bounds_only_variation_is_given() -> None:
    """No plan, no claim: the skew is taken out of the variation, and the offset is nobody's business."""
    truth = quiet(offset_ns=-7e9, skew=50e-6)
    columns, finding = _stand(with_waits(truth), Beforehand())
    summaries = summarise_packets(columns)

    assert (finding.footing, finding.reason, finding.error_ns) == (Footing.VARIATION, footing.NOT_BOUNDED, None)
    assert finding.offset is None
    raw = _figure(summarise_packets(with_waits(truth)), "pdv", "forward", "max")
    corrected = _figure(summaries, "pdv", "forward", "max")
    assert raw > 390_000  # 50 ppm of 8 s
    assert finding.pdv_error_ns is not None
    assert abs(corrected - 150_000) <= 100_000 + finding.pdv_error_ns


def test_bounds_hardly_better_than_the_round_trip_are_not_given() -> None:
    """Light needs 0.1 ms of 5.6 ms: that leaves more than three quarters of what the round trip leaves. It still bounds."""
    _, finding = _stand(with_waits(quiet()), Beforehand(100_000))

    assert (finding.footing, finding.reason) == (Footing.VARIATION, footing.TOO_WIDE)
    assert finding.error_ns == pytest.approx(2_700_000, rel=0.02)


@pytest.mark.parametrize(
    ("known", "reason"),
    [
        (Beforehand(2_000_000, clocks_ns=100_000), clocks.CLAIM_BROKEN),
        (Beforehand(3_000_000), clocks.TOO_SHORT),
    ],
)
def test_contradicted_claims_leave_variation(known: Beforehand, reason: str) -> None:
    """A one-way delay below theory is a clock's or a coordinate's error, and no delay."""
    _, finding = _stand(with_waits(quiet()), known)

    assert (finding.footing, finding.reason, finding.contradiction) == (Footing.VARIATION, reason, True)


def test_clock_that_is_never_steady_is_refused() -> None:
    """A far clock that jumps by 100 ms with every packet: the round trip alone stands."""
    generator = np.random.default_rng(3)
    columns = dict(with_waits(quiet()))
    jumps = generator.integers(-100_000_000, 100_000_000, 400)
    columns["forward_ns"], columns["reverse_ns"] = columns["forward_ns"] + jumps, columns["reverse_ns"] - jumps
    corrected, finding = _stand(columns, Beforehand(2_000_000))
    metrics = {summary.metric for summary in summarise_packets(corrected)}

    assert (finding.footing, finding.reason) == (Footing.REFUSED, clocks.UNSTEADY)
    assert not metrics & {"one_way_delay", "ipdv", "pdv"}
    assert _figure(summarise_packets(corrected), "round_trip_delay", "both", "min") >= 5_600_000


def test_step_is_told_with_its_instant_and_its_packets_left_out() -> None:
    """A far clock put forward by 3 ms after 4.6 s: some packets beside it have no delay, the others vary as before."""
    truth = quiet(steps=((230, 3e6),))
    columns, finding = _stand(with_waits(truth), Beforehand(2_000_000))

    assert [round(step.step_ns, -4) for step in finding.steps] == [3_000_000]
    assert finding.steps[0].at_ns - 1_795_000_000_000_000_000 == pytest.approx(4.6e9, abs=0.2e9)
    assert 0 < finding.left_out <= 20
    assert int(np.ma.getmaskarray(columns["forward_ns"]).sum()) == finding.left_out
    assert _figure(summarise_packets(columns), "pdv", "forward", "max") < 300_000


def test_path_that_changes_one_way_varies_that_way_alone() -> None:
    """The way back became 0.8 ms longer half way through: the delays there vary as before, by what their waits were."""
    generator = np.random.default_rng(4)
    there, back = (generator.exponential(20_000, 400) for _ in range(2))
    columns, finding = _stand(
        session(quiet(), there, back + np.where(np.arange(400) < 200, 0.0, 800_000.0)), Beforehand(2_000_000)
    )
    summaries = summarise_packets(columns)

    assert finding.steps == ()
    assert finding.pdv_error_ns is not None
    assert abs(_figure(summaries, "pdv", "forward", "max") - (there.max() - there.min())) <= finding.pdv_error_ns
    assert finding.pdv_error_ns < 50_000
    assert _figure(summaries, "pdv", "reverse", "max") > 750_000


def test_stamps_that_may_add_more_one_way_widen_what_symmetry_says() -> None:
    """A far end that reads its clock up to 300 µs before it answers: the way back seems longer, and the path is symmetric."""
    known = Beforehand(symmetric=True, stamps_ns=300_000)
    truth = symmetric(quiet())
    columns = dict(with_waits(truth))
    columns["reverse_ns"] = columns["reverse_ns"] + 250_000
    _, finding = _stand(columns, known)

    assert finding.offset is not None
    assert finding.offset.low <= truth.offsets[-1] <= finding.offset.high


def test_round_trips_stay_as_they_were() -> None:
    """Correcting takes from one way what it gives to the other."""
    columns = with_waits(quiet())
    corrected, _ = _stand(columns, Beforehand(2_000_000))

    before, after = (
        [each for each in summarise_packets(given) if each.metric == "round_trip_delay"] for given in (columns, corrected)
    )
    assert before == after


def test_packets_without_an_answer_stay_as_they_were() -> None:
    """Lost ones are lost, and have no delay."""
    columns = dict(with_waits(quiet()))
    columns["fate"] = np.where(np.arange(400) % 10 == 0, Fate.LOST, Fate.ANSWERED).astype(np.uint8)
    corrected, _ = _stand(columns, Beforehand(2_000_000))

    assert int(np.ma.getmaskarray(corrected["forward_ns"]).sum()) == 40
    assert _figure(summarise_packets(corrected), "loss_ratio", "both", "ratio") == 0.1


def test_nothing_measured_is_nothing_found() -> None:
    """Columns of a pair that never answered."""
    columns = dict(with_waits(quiet(4)))
    columns["fate"] = np.full(4, Fate.LOST, np.uint8)

    assert stand(columns, Beforehand())[1] is None


def test_claims_alone_are_enough() -> None:
    """Two clocks that are right to 50 µs each, no plan: delays to 100 µs."""
    truth = replace(quiet(offset_ns=30_000, skew=0.0))
    columns, finding = _stand(with_waits(truth), Beforehand(clocks_ns=100_000))

    assert finding.footing is Footing.BOUNDED
    assert finding.error_ns is not None
    assert finding.error_ns <= 100_001
    assert abs(_figure(summarise_packets(columns), "one_way_delay", "forward", "min") - 3_000_000) <= finding.error_ns + 1_000
