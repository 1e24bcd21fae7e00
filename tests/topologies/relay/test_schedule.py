"""Frames leave when a slow model with exact fractions says so."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from netbench_topologies.relay.direction import Direction
from netbench_topologies.relay.fate import draws, predicted_losses, predicted_reordering, stream_key
from netbench_topologies.relay.layout import JITTER_KEY, LOSS_DROPS, QUEUE_DROPS, REORDERED, write_spec
from netbench_topologies.relay.schedule import NEVER, draw, due_time, jitter_at
from netbench_topologies.spec import DirectionSpec
from tests.topologies.relay.directions import lone_direction, plain_spec
from tests.topologies.relay.reference import departures

RATES = st.integers(min_value=1_000_000, max_value=40_000_000_000)
GAPS_AND_BITS = st.lists(
    st.tuples(st.integers(min_value=0, max_value=200_000), st.integers(min_value=84 * 8, max_value=66_000 * 8)),
    min_size=1,
    max_size=60,
)


@st.composite
def scaled_specs(draw_value: st.DrawFn) -> DirectionSpec:
    rate_bps = draw_value(RATES)
    return plain_spec(
        delay_ns=draw_value(st.integers(min_value=0, max_value=50_000_000)),
        rate_bps=rate_bps,
        planned_rate_bps=rate_bps * draw_value(st.integers(min_value=1, max_value=1000)),
        queue_ns=draw_value(st.integers(min_value=0, max_value=5_000_000)),
    )


def arrivals_of(gaps_and_bits: list[tuple[int, int]]) -> list[tuple[int, int]]:
    now, arrivals = 0, list[tuple[int, int]]()
    for gap, bits in gaps_and_bits:
        now += gap
        arrivals.append((now, bits))
    return arrivals


def run(direction: Direction, arrivals: list[tuple[int, int]]) -> list[int]:
    return [due_time(direction, arrival, bits)[0] for arrival, bits in arrivals]


@settings(deadline=None)
@given(scaled_specs(), GAPS_AND_BITS)
def test_departures_follow_the_model(spec: DirectionSpec, gaps_and_bits: list[tuple[int, int]]) -> None:
    """The same frames are dropped, the others leave within 2 ns of the exact time, and in order."""
    arrivals = arrivals_of(gaps_and_bits)
    direction = lone_direction(spec)

    dues = run(direction, arrivals)

    expected = departures(spec, arrivals)
    assert [due == NEVER for due in dues] == [exact is None for exact in expected]
    for due, exact in zip(dues, expected, strict=True):
        assert exact is None or abs(due - exact) <= 2
    assert all(earlier <= later for earlier, later in pairwise(due for due in dues if due != NEVER))
    assert direction.counters[QUEUE_DROPS] == expected.count(None)


def test_rate_has_no_rounding_error() -> None:
    """A million minimum frames at 3 Gbit/s take exactly their bits' time, though one takes a broken number of nanoseconds."""
    spec = plain_spec(rate_bps=3 * 10**9, planned_rate_bps=3 * 10**9, delay_ns=0, queue_ns=10**12)
    direction = lone_direction(spec)

    for _ in range(999_999):
        due_time(direction, 0, 672)
    last, _ = due_time(direction, 0, 672)

    assert last == 224_000_000


def test_idle_scaled_link_is_not_slower_than_the_planned_one() -> None:
    """A 10 Gbit/s link emulated at 10 Mbit/s sends a lone frame in the planned time; the next waits the emulated time."""
    direction = lone_direction(plain_spec(rate_bps=10**7, planned_rate_bps=10**10, delay_ns=0))

    first, second = run(direction, [(0, 12_000), (0, 12_000)])

    assert (first, second) == (1_200, 1_201_200)


@pytest.mark.parametrize("seed", [1, 2, 1 << 40])
def test_losses_are_the_predicted_ones(seed: int) -> None:
    """Frame n is lost exactly where ``predicted_losses`` says so, by seed; queue drops do not count."""
    direction = lone_direction(plain_spec(loss_ratio=0.3, queue_ns=10**12), seed)

    lost = [due == NEVER for due in run(direction, [(number * 100, 672) for number in range(1000)])]

    assert lost == predicted_losses(seed, "link", "forward", 0.3, 1000).tolist()
    assert direction.counters[LOSS_DROPS] == sum(lost)


RATIOS = st.floats(min_value=0, max_value=1)
BURSTS = st.floats(min_value=1, max_value=50)


@settings(deadline=None)
@given(RATIOS, BURSTS, st.integers(min_value=0, max_value=300))
def test_bursty_losses_are_the_predicted_ones(share: float, burst: float, before: int) -> None:
    """Frame by frame, over the whole range of ratio and burst, from the first frame on and from any later one."""
    ratio = share * burst / (burst + 1)
    direction = lone_direction(plain_spec(loss_ratio=ratio, loss_burst=burst, queue_ns=10**12), 5)
    lost = [due == NEVER for due in run(direction, [(number * 100, 672) for number in range(400)])]

    whole = predicted_losses(5, "link", "forward", ratio, 400, burst=burst)
    later = predicted_losses(
        5, "link", "forward", ratio, 400 - before, burst=burst, first=before, last_lost=before > 0 and lost[before - 1]
    )

    assert lost == whole.tolist()
    assert lost[before:] == later.tolist()
    assert direction.counters[LOSS_DROPS] == sum(lost)


@pytest.mark.parametrize(("ratio", "burst"), [(0.01, 5.0), (0.2, 1.0), (0.5, 3.0), (0.1, 50.0)])
def test_bursty_losses_have_their_mean_ratio_and_burst(ratio: float, burst: float) -> None:
    """Over four million frames the share lost and the mean run are those asked for, within four standard errors."""
    count = 4_000_000
    lost = predicted_losses(3, "link", "forward", ratio, count, burst=burst)

    runs = np.count_nonzero(np.diff(lost.astype(int)) == 1) + int(lost[0])
    memory = 1 - 1 / burst - ratio / (burst * (1 - ratio))  # correlation of neighbours
    ratio_error = np.sqrt(ratio * (1 - ratio) / count * (1 + memory) / (1 - memory))
    assert lost.mean() == pytest.approx(ratio, abs=4 * ratio_error)
    assert lost.sum() / runs == pytest.approx(burst, abs=4 * np.sqrt(burst * (burst - 1) / runs) + 1e-9)


def test_a_steady_state_from_the_first_frame_on() -> None:
    """Over many seeds the first frame is lost as often as any other."""
    first = [predicted_losses(seed, "link", "forward", 0.3, 1, burst=10.0)[0] for seed in range(4000)]

    assert np.mean(first) == pytest.approx(0.3, abs=0.03)


def test_reordered_frames_are_late_by_what_was_asked() -> None:
    """The predicted share leaves late by exactly ``reorder_ns``, the others on time; each kind keeps its own order."""
    spec = plain_spec(reorder_ratio=0.1, reorder_ns=3_000_000, queue_ns=10**12)
    direction, straight = lone_direction(spec, 7), lone_direction(plain_spec(queue_ns=10**12), 7)
    arrivals = [(number * 50_000, 672) for number in range(2000)]

    fates = [due_time(direction, arrival, bits) for arrival, bits in arrivals]

    expected = predicted_reordering(7, "link", "forward", 0.1, 2000)
    assert [late for _, late in fates] == expected.tolist()
    assert [due - usual for (due, _), usual in zip(fates, run(straight, arrivals), strict=True)] == [
        3_000_000 if late else 0 for late in expected
    ]
    assert direction.counters[REORDERED] == expected.sum()


def test_a_shorter_delay_lets_no_frame_overtake() -> None:
    """Altered from 5 ms to 1 ms: frames on their way keep their time, and those behind wait for them."""
    direction = lone_direction(plain_spec(delay_ns=5_000_000))
    before = run(direction, [(0, 672)])
    write_spec(direction.spec, plain_spec(delay_ns=1_000_000))
    after = run(direction, [(100_000, 672), (6_000_000, 672)])

    assert (*before, *after) == (5_000_672, 5_000_672, 7_000_672)


def test_certain_and_impossible_loss() -> None:
    """A ratio of 1 loses every frame, 0 none."""
    assert predicted_losses(1, "link", "forward", 1.0, 1000).all()
    assert not predicted_losses(1, "link", "forward", 0.0, 1000).any()


def test_generator_is_splitmix64() -> None:
    """The first outputs for the seed 1234567 are the published ones, cut to 53 bits."""
    published = [6457827717110365317, 3203168211198807973, 9817491932198370423, 4593380528125082431, 16408922859458223821]

    assert draws(1234567, 0, 5).tolist() == [value >> 11 for value in published]
    assert [draw(1234567, number) for number in range(5)] == [value >> 11 for value in published]


@given(st.integers(min_value=0, max_value=2**64 - 1), st.integers(min_value=0, max_value=2**50))
def test_compiled_draws_equal_the_array_ones(key: int, number: int) -> None:
    """Any draw of any stream is the same on both sides, keys above 2**63 included."""
    signed = key - (1 << 64) if key >= 1 << 63 else key

    assert draw(signed, number) == draws(key, number, 1)[0]


def test_streams_are_unrelated() -> None:
    """Seed, link, direction and purpose each make another stream."""
    keys = {
        stream_key(1, "link", "forward", "loss"),
        stream_key(2, "link", "forward", "loss"),
        stream_key(1, "other", "forward", "loss"),
        stream_key(1, "link", "reverse", "loss"),
        stream_key(1, "link", "forward", "jitter"),
    }

    assert len(keys) == 5


@given(st.integers(min_value=1, max_value=10_000_000), st.integers(min_value=0, max_value=10**12))
def test_jitter_stays_within_and_never_overtakes(jitter_ns: int, time_ns: int) -> None:
    """Delay varies within ± jitter, and falls no faster than time goes on: a later frame is never due before an earlier one."""
    now, soon = jitter_at(77, jitter_ns, time_ns), jitter_at(77, jitter_ns, time_ns + 1000)

    assert -jitter_ns <= now <= jitter_ns
    assert now <= soon + 1000


@pytest.mark.parametrize("gap_ns", [10_000, 1_000_000, 20_000_000])
def test_jitter_keeps_the_median_at_any_rate(gap_ns: int) -> None:
    """The median of a jittery link is its delay within a tenth of the jitter, however close the frames come."""
    spec = plain_spec(delay_ns=8_000_000, jitter_ns=4_000_000)
    direction = lone_direction(spec)
    arrivals = [number * gap_ns for number in range(40_000_000_000 // gap_ns)][:100_000]

    delays = sorted(due_time(direction, arrival, 672)[0] - arrival for arrival in arrivals)

    span_ns = arrivals[-1]
    tolerance_ns = 400_000 * max(1.0, (40_000_000_000 / span_ns) ** 0.5)
    assert abs(delays[len(delays) // 2] - 8_000_000) < tolerance_ns
    assert direction.spec[JITTER_KEY] != 0
