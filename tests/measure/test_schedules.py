import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from netbench.measure.probe import Schedule
from netbench.measure.schedules import CHUNK, due_chunks, due_ns, sends

LONGER_THAN_A_CHUNK = CHUNK + 3


def test_periodic_attempts_are_an_interval_apart_and_pairs_share_it_evenly() -> None:
    """The third of four pairs is half an interval behind the first."""
    assert due_ns(Schedule(1000, 3)).tolist() == [0, 1000, 2000]
    assert due_ns(Schedule(1000, 3), 2, 4).tolist() == [500, 1500, 2500]


@pytest.mark.parametrize("spacing", ["periodic", "poisson"])
def test_pieces_make_the_whole_and_as_many_as_were_asked(spacing: str) -> None:
    """A schedule longer than a piece loses nothing between two, and stays in order."""
    schedule = Schedule(1_000_000, LONGER_THAN_A_CHUNK, "poisson" if spacing == "poisson" else "periodic")
    times = due_ns(schedule, 1, 3)
    assert times.tolist() == list(itertools.chain.from_iterable(chunk.tolist() for chunk in due_chunks(schedule, 1, 3)))
    assert len(times) == LONGER_THAN_A_CHUNK
    assert (np.diff(times) >= 0).all()


def test_poisson_gaps_are_exponential_with_the_interval_as_their_mean() -> None:
    """Kolmogorov-Smirnov against the distribution itself; the seed makes the outcome certain."""
    gaps = np.diff(due_ns(Schedule(1_000_000, 20_000, "poisson")))
    assert gaps.mean() == pytest.approx(1_000_000, rel=0.02)
    assert stats.kstest(gaps / 1e6, "expon").pvalue > 0.01


def test_seeds_and_pairs_have_times_of_their_own_and_always_the_same() -> None:
    """The same seed gives the same times; another seed and another pair of the same seed give others."""
    first = due_ns(Schedule(1000, 50, "poisson", 7))
    assert first.tolist() == due_ns(Schedule(1000, 50, "poisson", 7)).tolist()
    assert first.tolist() != due_ns(Schedule(1000, 50, "poisson", 8)).tolist()
    assert first.tolist() != due_ns(Schedule(1000, 50, "poisson", 7), 1, 2).tolist()


@given(st.integers(1, 5), st.integers(0, 40), st.integers(1, 10**10), st.sampled_from(["periodic", "poisson"]))
def test_all_pairs_together_are_each_pair_alone_put_in_order(streams: int, count: int, interval: int, spacing: str) -> None:
    """Every attempt comes once, in order of time; ties go to the lower pair."""
    schedule = Schedule(interval, count, "poisson" if spacing == "poisson" else "periodic")
    alone = [(int(time), stream) for stream in range(streams) for time in due_ns(schedule, stream, streams)]
    assert list(sends(schedule, streams)) == sorted(alone)
