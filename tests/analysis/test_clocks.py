"""What is said of two clocks, against sessions of which the truth is known."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from netbench.analysis import clocks, kernels, twin
from netbench.analysis.clocks import Beforehand, Relation, relate
from netbench.analysis.engine import Kernels
from netbench.analysis.exchanges import exchanges
from tests.analysis.two_clocks import QUEUES, Truth, drawn, quiet, session, symmetric, waiting, with_waits

ENGINES: tuple[Kernels, Kernels] = (kernels, twin)
CASES = 1000


def _holds(relation: Relation | None, truth: Truth) -> bool:
    """Whether every stated bound holds the truth: offsets at both ends of every segment, and the skew; a refusal states none."""
    if relation is None or relation.refused is not None:
        return False
    return all(
        segment.skew.low <= truth.skew <= segment.skew.high
        and all(_offset_holds(relation, truth, place) for place in (segment.first, segment.last - 1))
        for segment in relation.segments
    )


def _offset_holds(relation: Relation, truth: Truth, place: int) -> bool:
    segment = next(each for each in relation.segments if each.first <= place < each.last)
    middle = relation.exchanges.offset_ns + float(segment.corrections(relation.exchanges.times[place : place + 1])[0])
    return bool(abs(truth.offsets[place] - middle) <= segment.error_ns + 2)  # the delays themselves are whole nanoseconds


def test_stated_bounds_hold_the_truth() -> None:
    """In 95 % of 1,000 sessions on paths up to 30 % asymmetric, as far as their plan knows where their ends are."""
    held = 0
    for seed in range(CASES):
        columns, truth = drawn(seed)
        held += _holds(relate(columns, truth.beforehand), truth)

    assert held >= 0.95 * CASES


def test_bounds_of_symmetric_paths_hold_the_truth() -> None:
    """The same where the plan declares the path symmetric, and it is: there the bounds rest on the queues' floors alone."""
    held, widths = 0, list[float]()
    for seed in range(CASES // 4):
        columns, truth = drawn(seed, symmetric=True)
        relation = relate(columns, replace(truth.beforehand, symmetric=True))
        held += _holds(relation, truth)
        if relation is not None and relation.segments:
            widths.append(relation.error_ns / (truth.forward_ns - truth.light_ns))

    assert held >= 0.95 * CASES / 4
    assert np.median(widths) < 0.05  # of what causality alone would leave


@pytest.mark.parametrize("queue", QUEUES)
def test_quiet_clocks_are_not_called_stepped(queue: str) -> None:
    """Queues of no kind make a clock's step out of nothing, in 60 sessions without one."""
    called = 0
    for seed in range(60):
        generator = np.random.default_rng(seed)
        truth = quiet()
        columns = session(truth, *(waiting(generator, queue, 100_000, 400) for _ in range(2)))
        relation = relate(columns, truth.beforehand)
        called += relation is not None and bool(relation.steps)

    assert called <= 3


@pytest.mark.parametrize("step_ns", [-80e6, -300_000.0, 200_000.0, 5e6])
def test_step_is_found_where_it_was(step_ns: float) -> None:
    """Its size within a tenth of the queues' scale, and no stretch reaches over it."""
    truth = quiet(steps=((230, step_ns),))
    relation = relate(with_waits(truth), truth.beforehand)

    assert relation is not None
    assert [round(step.clock_ns, -3) for step in relation.steps] == [pytest.approx(step_ns, abs=4_000)]
    assert all(not left.first <= 230 < left.last or left.first == 230 for left, _ in pairwise(relation.segments))
    assert _holds(relation, truth)


def test_two_steps_make_three_stretches() -> None:
    """Each with bounds of its own."""
    truth = quiet(600, steps=((150, 2e6), (400, -7e6)))
    relation = relate(with_waits(truth), truth.beforehand)

    assert relation is not None
    assert [round(step.clock_ns / 1e6, 1) for step in relation.steps] == [2.0, -7.0]
    assert len(relation.segments) == 3
    assert _holds(relation, truth)


def test_longer_path_is_no_step() -> None:
    """Only the way there became longer: the round trip with it, which no clock's step does; the skew is still known."""
    truth = quiet()
    there = np.where(np.arange(400) >= 200, 800_000.0, 0.0) + np.random.default_rng(1).exponential(20_000, 400)
    relation = relate(session(truth, there, np.random.default_rng(2).exponential(20_000, 400)), truth.beforehand)

    assert relation is not None
    assert relation.steps == ()
    assert len(relation.changes) == 1
    assert all(segment.skew_known for segment in relation.segments)
    assert _holds(relation, truth)


@pytest.mark.parametrize("step_ns", [-300e6, 300e6])
def test_step_of_this_clock_spoils_packets_under_way(step_ns: float) -> None:
    """A packet that left before it and came back after it has a way back that is off by as much: it bounds nothing."""
    truth = quiet(600)
    columns = dict(with_waits(truth))
    stepped, back_after = np.arange(600) >= 300, np.arange(600) >= 299  # the one before was under way
    columns["sent_ns"] = columns["sent_ns"] + np.where(stepped, int(step_ns), 0)
    columns["forward_ns"] = columns["forward_ns"] - np.where(stepped, int(step_ns), 0)
    columns["reverse_ns"] = columns["reverse_ns"] + np.where(back_after, int(step_ns), 0)
    relation = relate(columns, truth.beforehand)

    assert relation is not None
    assert relation.refused is None
    assert [round(step.clock_ns / 1e6) for step in relation.steps] == [round(-step_ns / 1e6)]
    moved = replace(truth, offsets=truth.offsets - np.where(stepped, step_ns, 0.0))
    assert _holds(relation, moved)


def test_causality_alone_cannot_tell_asymmetry_from_offset() -> None:
    """The same apparent delays of two different paths have the same bounds, as wide as the ways are longer than light needs."""
    one = quiet()
    other = replace(one, forward_ns=one.forward_ns + 300_000, reverse_ns=one.reverse_ns - 300_000, offsets=one.offsets - 300_000)
    relations = [relate(with_waits(truth), truth.beforehand) for truth in (one, other)]

    assert all(_holds(relation, truth) for relation, truth in zip(relations, (one, other), strict=True))
    widths = [relation.error_ns for relation in relations if relation is not None]
    assert widths == [pytest.approx((3e6 + 2.6e6) / 2 - 2e6, rel=0.02)] * 2


def test_claims_of_synchronised_clocks_narrow_the_bounds() -> None:
    """200 µs apart at most by their own word, and so in truth."""
    truth = quiet(offset_ns=50_000, skew=0.0)
    relation = relate(with_waits(truth), replace(truth.beforehand, clocks_ns=200_000))

    assert relation is not None
    assert relation.error_ns <= 200_001
    assert _holds(relation, truth)


def test_claim_that_light_contradicts_is_told() -> None:
    """5 ms apart, and claiming 100 µs: packets one way would have arrived before they left."""
    truth = quiet(offset_ns=5e6)
    relation = relate(with_waits(truth), replace(truth.beforehand, clocks_ns=100_000))

    assert relation is not None
    assert relation.refused == clocks.CLAIM_BROKEN


def test_symmetry_that_light_contradicts_is_told() -> None:
    """4.4 ms there and 2 ms back cannot both be 3.2 ms where light needs 3.3 ms; nor can clocks that are right say so."""
    truth = replace(quiet(offset_ns=0.0, skew=0.0), forward_ns=4.4e6)
    relation = relate(with_waits(truth), replace(truth.beforehand, symmetric=True, clocks_ns=100_000))

    assert relation is not None
    assert relation.refused == clocks.NOT_SYMMETRIC


def test_coordinates_that_the_round_trip_contradicts_are_told() -> None:
    """Light alone would need 6 ms for a round trip of 5.6 ms."""
    relation = relate(with_waits(quiet()), Beforehand(3_000_000))

    assert relation is not None
    assert relation.refused == clocks.TOO_SHORT


def test_symmetry_leaves_what_queues_leave() -> None:
    """Waits of 20 µs on average over 400 packets: the offset to within 10 µs, a hundredth of what causality leaves."""
    truth = symmetric(quiet())
    relation = relate(with_waits(truth), replace(truth.beforehand, symmetric=True))

    assert relation is not None
    assert relation.error_ns < 10_000
    assert _holds(relation, truth)


def test_coarse_far_clock_is_noticed() -> None:
    """A router that reads its clock once a millisecond: bounds give way by as much, and hold."""
    truth = quiet()
    columns = dict(with_waits(truth, 500_000))
    arrived = columns["sent_ns"] + columns["forward_ns"]
    cut = arrived % 1_000_000
    columns["forward_ns"], columns["reverse_ns"] = columns["forward_ns"] - cut, columns["reverse_ns"] + cut
    relation = relate(columns, truth.beforehand)

    assert relation is not None
    assert relation.exchanges.resolution_ns == 1_000_000
    assert _holds(relation, truth)


def test_clocks_decades_apart_keep_their_nanoseconds() -> None:
    """A far clock that begins at 1970: its offset is a large number, of which floats would keep 256 ns."""
    truth = quiet(offset_ns=0.0, skew=0.0)
    columns = dict(with_waits(symmetric(truth), 100))
    columns["forward_ns"] = columns["forward_ns"] - 1_700_000_000_000_000_123
    columns["reverse_ns"] = columns["reverse_ns"] + 1_700_000_000_000_000_123
    relation = relate(columns, Beforehand(2_000_000, symmetric=True))

    assert relation is not None
    found = relation.exchanges.offset_ns + round(relation.segments[0].line[0])
    assert found == pytest.approx(-1_700_000_000_000_000_123, abs=1_500, rel=0)


@pytest.mark.parametrize("count", [1, 2, 5, 30])
def test_few_packets_have_wide_bounds_that_hold(count: int) -> None:
    """Nothing but causality and what a clock's rate can be at all."""
    truth = quiet(count)
    relation = relate(with_waits(truth), truth.beforehand)

    assert relation is not None
    assert not relation.segments[0].skew_known
    assert _holds(relation, truth)


def test_nothing_that_came_back_says_nothing() -> None:
    """No packet, no relation."""
    columns = {name: column[:0] for name, column in with_waits(quiet(4)).items()}

    assert exchanges(columns) is None
    assert relate(columns, Beforehand()) is None


def test_both_engines_say_the_same() -> None:
    """Compiled or not, to the nanosecond."""
    for seed in range(8):
        columns, truth = drawn(seed)
        one, other = (relate(columns, truth.beforehand, engine) for engine in ENGINES)
        assert one is not None
        assert other is not None
        assert [(change.first, change.last) for change in one.changes] == [
            (change.first, change.last) for change in other.changes
        ]
        for left, right in zip(one.segments, other.segments, strict=True):
            assert (left.start.low, left.end.high) == pytest.approx((right.start.low, right.end.high), abs=1)
