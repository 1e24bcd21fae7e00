"""Statistics of one pair's packets, against definitions and hand-made tables."""

from collections.abc import Mapping
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from netbench.analysis import kernels, twin
from netbench.analysis.packets import summarise_packets
from netbench.analysis.quantiles import QUANTILES
from netbench.analysis.summary import Summary
from netbench.measure.samples import Columns, Fate
from tests.analysis.packets import Packet, answered, lost, nullable, packet_columns
from tests.analysis.reference import neighbour_differences, quantile

Key = tuple[str, str, str]


def _by_key(columns: Columns) -> Mapping[Key, Summary]:
    summaries = summarise_packets(columns)
    found: dict[Key, Summary] = {(each.metric, each.direction, each.statistic): each for each in summaries}
    assert len(found) == len(summaries)
    return found


def _values(found: Mapping[Key, Summary], metric: str, direction: str) -> dict[str, object]:
    return {key[2]: each.value for key, each in found.items() if key[:2] == (metric, direction)}


@settings(max_examples=40, deadline=None)
@given(
    delays=st.lists(st.tuples(st.integers(-1000, 10**9), st.integers(-1000, 10**9)), min_size=1, max_size=50),
    holes=st.sets(st.integers(0, 49)),
    order=st.randoms(use_true_random=False),
)
def test_every_figure_is_its_definition(delays: list[tuple[int, int]], holes: set[int], order: Random) -> None:
    """Delay, IPDV and PDV of packets in any order, with losses between them, by the slow reference."""
    packets = [lost(packet[0]) if packet[0] in holes else packet for packet in answered(delays)]
    kept = [number for number in range(len(delays)) if number not in holes]
    order.shuffle(packets)
    found = _by_key(packet_columns(packets))

    for way, direction in ((0, "forward"), (1, "reverse")):
        values = [delays[number][way] for number in kept]
        assert _values(found, "one_way_delay", direction) == _expected(values)
        differences = neighbour_differences(kept, values)
        assert _values(found, "ipdv", direction) == _expected(differences, without="min")
        assert _values(found, "pdv", direction) == _expected([value - min(values) for value in values], without="min")
    assert _values(found, "round_trip_delay", "both") == _expected([sum(delays[number]) for number in kept])


def _expected(values: list[int], without: str = "") -> dict[str, object]:
    if not values:
        return {}
    mean = {"mean": pytest.approx(sum(values) / len(values), abs=0.51)}
    quantiles = {name: quantile(values, share) for name, share in QUANTILES.items()}
    all_of_them = {"min": min(values), "max": max(values)} | mean | quantiles
    return {name: value for name, value in all_of_them.items() if name != without}


def test_losses_where_their_direction_is_known() -> None:
    """Each way has its own attempts: what was lost on the way there never set out back. What was not sent was not tried."""
    packets = [*answered([(1, 1)] * 6), lost(6, Fate.LOST_FORWARD), lost(7, Fate.LOST_REVERSE), lost(8, Fate.LOST_REVERSE)]
    packets += [lost(9, Fate.NOT_SENT), (3, Fate.DUPLICATE, 5, 5, 0)]
    found = _by_key(packet_columns(packets))

    assert {key[1]: (each.value, each.count) for key, each in found.items() if key[0] == "loss_ratio"} == {
        "both": (3 / 9, 9),
        "forward": (1 / 9, 9),
        "reverse": (2 / 8, 8),
    }


def test_loss_of_unknown_direction_has_no_direction() -> None:
    """One loss that nobody can place keeps both ways from being said."""
    found = _by_key(packet_columns([*answered([(1, 1)] * 3), lost(3), lost(4, Fate.LOST_FORWARD)]))

    assert {key[1]: each.value for key, each in found.items() if key[0] == "loss_ratio"} == {"both": 2 / 5}


def test_loss_has_the_exact_interval() -> None:
    """Clopper–Pearson, as scipy has it."""
    found = _by_key(packet_columns([*answered([(1, 1)] * 95), *(lost(number) for number in range(95, 100))]))
    loss = found["loss_ratio", "both", "ratio"]
    expected = stats.binomtest(5, 100).proportion_ci(0.95, method="exact")

    assert (loss.low, loss.high) == pytest.approx((expected.low, expected.high))


def test_duplicates_are_no_attempts_and_have_no_delay() -> None:
    """Three copies of one packet and one of another are two replicated packets of four; their times count nowhere."""
    packets: list[Packet] = answered([(10, 10)] * 4)
    packets += [(1, Fate.DUPLICATE, 900, 900, 0), (1, Fate.DUPLICATE, 901, 901, 0), (2, Fate.DUPLICATE, 902, 902, 3)]
    found = _by_key(packet_columns(packets))

    assert found["duplicate_ratio", "both", "ratio"].value == 2 / 4
    assert found["reordering_ratio", "both", "ratio"].value == 0
    assert found["loss_ratio", "both", "ratio"].count == 4
    assert found["one_way_delay", "forward", "max"].value == 10


def test_reordering_each_way_and_on_either() -> None:
    """Bit 0 is the way there, bit 1 the way back; a packet overtaken twice is one packet."""
    packets: list[Packet] = [(number, Fate.ANSWERED, 1, 1, bits) for number, bits in enumerate([0, 1, 2, 3, 1, 0, 0, 0])]
    found = _by_key(packet_columns(packets))

    ratios = {key[1]: each.value for key, each in found.items() if key[0] == "reordering_ratio"}
    assert ratios == {"forward": 3 / 8, "reverse": 2 / 8, "both": 4 / 8}


def test_a_direction_without_times_has_no_entry() -> None:
    """Where only one direction could be measured there is neither the other nor a round trip."""
    columns = dict(packet_columns(answered([(10, 20), (11, 21)])))
    columns["reverse_ns"] = nullable([None, None])
    metrics = {key[:2] for key in _by_key(columns)}

    assert ("one_way_delay", "forward") in metrics
    assert not {("one_way_delay", "reverse"), ("round_trip_delay", "both"), ("ipdv", "reverse"), ("pdv", "reverse")} & metrics


def test_everything_lost_has_a_loss_and_no_delay() -> None:
    """Nothing came back: the loss is whole and nothing else is said."""
    found = _by_key(packet_columns([lost(number) for number in range(10)]))

    assert set(found) == {("loss_ratio", "both", "ratio")}
    assert found["loss_ratio", "both", "ratio"].value == 1


@pytest.mark.parametrize("packets", [[], [lost(0, Fate.NOT_SENT)]])
def test_nothing_attempted_says_nothing(packets: list[Packet]) -> None:
    """No attempt, no figure."""
    assert summarise_packets(packet_columns(packets)) == ()


def test_ends_of_intervals() -> None:
    """368 packets are the fewest whose p99 has an upper end; extremes are bounded from one side."""
    delays = [(1000 + number, 1) for number in range(368)]
    enough, too_few = _by_key(packet_columns(answered(delays))), _by_key(packet_columns(answered(delays[:367])))
    key = ("one_way_delay", "forward", "p99")

    assert (enough[key].value, enough[key].high) == (1364, 1367)
    assert (too_few[key].value, too_few[key].high) == (1363, None)
    least, greatest = enough["one_way_delay", "forward", "min"], enough["one_way_delay", "forward", "max"]
    assert (least.low, least.high, greatest.low, greatest.high) == (None, 1000, 1367, None)


def test_a_round_trip_in_one_piece_needs_no_ways() -> None:
    """Where the far end tells no time there is a round trip and no one-way delay, and an overtaken packet has no direction."""
    columns = {
        **packet_columns([(0, Fate.ANSWERED, None, None, 0), (1, Fate.ANSWERED, None, None, 4), lost(2)]),
        "round_trip_ns": nullable([700, 900, None]),
    }
    found = {(each.metric, each.direction, each.statistic): each.value for each in summarise_packets(columns)}

    assert found["round_trip_delay", "both", "min"] == 700
    assert found["round_trip_delay", "both", "max"] == 900
    assert found["reordering_ratio", "both", "ratio"] == 0.5
    assert found["loss_ratio", "both", "ratio"] == pytest.approx(1 / 3)
    assert {direction for _, direction, _ in found} == {"both"}


def test_both_engines_say_the_same() -> None:
    """The numpy twin gives the very summaries of the compiled kernels."""
    generator = np.random.default_rng(5)
    delays = [(int(there), int(back)) for there, back in generator.lognormal(15, 1, (20_000, 2))]
    columns = packet_columns(answered(delays))

    assert summarise_packets(columns, engine=kernels) == summarise_packets(columns, engine=twin)


@pytest.mark.parametrize("correlation", [0.0, 0.9])
def test_mean_covers_correlated_delays(correlation: float) -> None:
    """Over 1000 seeded AR(1) series of 2000 delays the mean's interval holds the truth in at least 93 %."""
    generator = np.random.default_rng(7)
    noise = generator.normal(0, 1, (1000, 2000))
    series = np.empty_like(noise)
    series[:, 0] = noise[:, 0] / np.sqrt(1 - correlation**2)
    for step in range(1, 2000):
        series[:, step] = correlation * series[:, step - 1] + noise[:, step]
    held = 0
    for row in (5e6 + 1e5 * series).astype(np.int64):
        found = summarise_packets(_columns_of(row), quantiles={})
        mean = next(
            each for each in found if (each.metric, each.direction, each.statistic) == ("one_way_delay", "forward", "mean")
        )
        assert mean.low is not None
        assert mean.high is not None
        held += mean.low <= 5e6 <= mean.high

    assert held >= 930


def _columns_of(delays: "np.ndarray[tuple[int], np.dtype[np.int64]]") -> Columns:
    count = len(delays)
    return {
        "sequence": np.arange(count, dtype=np.uint32),
        "fate": np.zeros(count, np.uint8),
        "forward_ns": delays,
        "reverse_ns": delays,
        "reordered": np.zeros(count, np.uint8),
    }
