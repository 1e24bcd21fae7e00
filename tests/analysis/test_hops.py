"""What hops say, from tables made by hand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from netbench.analysis.hops import Standing, chance_of_so_few, hops_of, summarise_hops, trails_of
from netbench.linux.icmp_errors import Saying
from netbench_probes.path.records import HopRow
from tests.analysis.hop_columns import SECOND, START, answered, hop_columns, lost


def standings(rows: list[HopRow]) -> list[Standing]:
    return [hop.standing for hop in hops_of(hop_columns(rows))]


def full(rounds: range) -> list[HopRow]:
    """Rounds in which three hops and the far end at 3 answer."""
    rows: list[HopRow] = []
    for sequence in rounds:
        rows += [answered(sequence, 1, "a"), answered(sequence, 2, "b"), answered(sequence, 3, "z", Saying.ARRIVED)]
    return rows


def test_hops_and_their_answerers() -> None:
    """Who answered how often and how soon; the far end ends the path, and what was asked beyond it is no hop."""
    rows = [*full(range(3)), answered(0, 4, "z", Saying.ARRIVED), answered(3, 1, "A", flow=1), lost(3, 2, flow=1)]
    first, second, third = hops_of(hop_columns(rows))

    assert [(each.address, each.answered, each.flows) for each in first.answerers] == [("a", 3, (0,)), ("A", 1, (1,))]
    assert (second.asked, second.answered, second.ends) == (4, 3, False)
    assert (third.hop, third.ends, third.answerers[0].reply_ttl) == (3, True, 62)
    assert {each.statistic: each.value for each in third.answerers[0].round_trip}["p50"] == 3_000_000


def test_a_silent_hop_forwards() -> None:
    """It never answers, and those beyond it do."""
    rows = [row if row.hop != 2 else lost(row.sequence, 2) for row in full(range(20))]

    assert standings(rows) == [Standing.STEADY, Standing.SILENT, Standing.STEADY]
    assert hops_of(hop_columns(rows))[1].answerers == ()


def test_a_limit_is_told_from_loss() -> None:
    """A hop that answers a quarter while all comes through beyond it limits; one whose loss goes on beyond it loses."""
    limited = [row if row.hop != 2 or row.sequence % 4 == 0 else lost(row.sequence, 2) for row in full(range(40))]
    losing = [row if row.hop < 2 or row.sequence % 4 else lost(row.sequence, row.hop) for row in full(range(40))]

    assert standings(limited) == [Standing.STEADY, Standing.LIMITED, Standing.STEADY]
    assert standings(losing) == [Standing.STEADY, Standing.LOSING, Standing.UNKNOWN]


def test_a_few_missing_answers_prove_no_limit() -> None:
    """One of twenty may be chance."""
    rows = [row if (row.sequence, row.hop) != (7, 2) else lost(7, 2) for row in full(range(20))]

    assert standings(rows)[1] is Standing.LOSING


@given(st.integers(1, 60), st.integers(1, 60), st.data())
def test_the_chance_is_fishers(asked: int, others_asked: int, data: st.DataObject) -> None:
    """As scipy has it."""
    got, others = data.draw(st.integers(0, asked)), data.draw(st.integers(0, others_asked))
    table = np.array([[got, asked - got], [others, others_asked - others]])

    assert chance_of_so_few(got, asked, others, others_asked) == pytest.approx(stats.fisher_exact(table, "less")[1], abs=1e-9)


def test_trails_are_the_last_ones() -> None:
    """Of a flow whose path became shorter nothing beyond its new end is left; older rounds may be left out."""
    rows = [*full(range(2)), answered(2, 1, "x"), answered(2, 2, "z", Saying.ARRIVED), answered(1, 1, "f", flow=1)]

    assert trails_of(hop_columns(rows)) == {0: {1: "x", 2: "z"}, 1: {1: "f"}}
    assert trails_of(hop_columns(rows), START + 2 * SECOND) == {0: {1: "x", 2: "z"}}


def test_a_missed_answer_of_the_far_end_adds_no_hop() -> None:
    """The round that heard it again one hop limit further ended where the others did, with an answer missing there."""
    rows = [*full(range(3)), answered(3, 1, "a"), answered(3, 2, "b"), lost(3, 3), answered(3, 4, "z", Saying.ARRIVED)]
    hops = hops_of(hop_columns(rows))

    assert [hop.hop for hop in hops] == [1, 2, 3]
    assert (hops[2].asked, hops[2].answered, hops[2].standing) == (4, 3, Standing.UNKNOWN)


def test_the_far_end_has_a_round_trip() -> None:
    """Its own answers only, and none where it did not answer."""
    rows = full(range(2))

    found = {each.statistic: each.value for each in summarise_hops(hop_columns(rows))}
    assert (found["min"], found["max"]) == (3_000_000, 3_000_000)
    assert summarise_hops(hop_columns(rows[:2])) == ()
    assert hops_of(hop_columns([])) == ()
