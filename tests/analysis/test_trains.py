"""Rates and queues from synthetic trains, against exact arithmetic."""

from collections.abc import Callable, Sequence
from itertools import count

import numpy as np
import pytest

from netbench.analysis.trains import (
    Train,
    counted_rate_bps,
    held_rate,
    longest_pause_ns,
    longest_wait_ns,
    offered_rate_bps,
    paced_rate_bps,
    quantile_over,
    trains_of,
    usual_wait_ns,
)
from netbench.measure.samples import Columns, Fate

BITS = 12_304
FRAME_NS = 123_040
"""A full frame at 100 Mbit/s, exactly."""
DELAY_NS = 500_000
QUEUE_NS = 5_000_000


def link(frames: int, gap_ns: int, lost: Callable[[int], bool] = lambda _: False, frame_ns: int = FRAME_NS) -> Columns:
    """One train over a link of 100 Mbit/s, computed by the definition of a drop-tail queue, packet by packet."""
    free_ns = 0
    rows: list[tuple[int, Fate, int, int | None]] = []
    for number in range(frames):
        now = number * gap_ns
        start = max(now, free_ns)
        if start - now > QUEUE_NS:
            rows.append((number, Fate.LOST_FORWARD, now, None))
            continue
        free_ns = start + frame_ns
        late = start - now + DELAY_NS
        rows.append((number, Fate.LOST_FORWARD, now, None) if lost(number) else (number, Fate.ANSWERED, now, late))
    return columns(rows)


def columns(rows: Sequence[tuple[int, Fate, int, int | None]]) -> Columns:
    """Rows of number, fate, sending time and delay."""
    delays = [row[3] for row in rows]
    return {
        "sequence": np.array([row[0] for row in rows], np.uint32),
        "fate": np.array([row[1] for row in rows], np.uint8),
        "sent_ns": np.array([row[2] for row in rows], np.int64),
        "forward_ns": np.ma.MaskedArray([delay or 0 for delay in delays], mask=[delay is None for delay in delays]),
    }


def only(found: tuple[Train, ...]) -> Train:
    """The one train."""
    (train,) = found
    return train


HELD = range(10, 33)
"""Of the forty packets that fit into 5 ms at 100 Mbit/s: these leave one frame apart."""


def trains(*late_ns: Callable[[int], int], gap_ns: int = 5_000, rate_ratio: float = 1.0) -> tuple[Train, ...]:
    """Trains of seventy, whose packet n arrives ``late_ns(n)`` after the link let it go, at a share of 100 Mbit/s."""
    found = list[Train]()
    for late in late_ns:
        train = only(trains_of(link(70, gap_ns, frame_ns=round(FRAME_NS / rate_ratio)), 70))
        arrived_ns = train.arrived_ns + np.array([late(int(number)) for number in train.index])
        found.append(Train(train.index, train.departed_ns, arrived_ns, train.sent_ns, train.unbroken))
    return tuple(found)


def test_the_held_part_gives_the_rate_exactly() -> None:
    """One train is enough where nothing is late, and its interval has no width."""
    found = held_rate("link_rate", "forward", trains(lambda _: 0), BITS, HELD)

    assert (found.value, found.low, found.high, found.count) == (100_000_000, 100_000_000, 100_000_000, 1)


def test_a_lost_packet_had_its_time_on_the_link() -> None:
    """Every third packet is lost after the queue: the numbers of the others still tell what left."""
    lossy = trains_of(link(70, 5_000, lambda number: number % 3 == 0), 70)

    assert held_rate("link_rate", "forward", lossy, BITS, HELD).value == 100_000_000


def standing_still(at: int) -> Callable[[int], int]:
    """Late by 1 ms from packet ``at`` on, and by 90 µs less with every one that follows."""
    return lambda number: max(0, 1_000_000 - 90_000 * (number - at)) if number >= at else 0


@pytest.mark.parametrize("rate_ratio", [1.0, 0.95, 1.05])
def test_what_a_busy_machine_delays_does_not_change_the_rate(rate_ratio: float) -> None:
    """Every train stands still for 1 ms at another packet and catches up by the link's own times, which gap has room for."""
    late = [standing_still(at) for at in range(5, 35, 3)]

    found = held_rate("link_rate", "forward", trains(*late, rate_ratio=rate_ratio), BITS, HELD)

    assert found.value == pytest.approx(rate_ratio * 1e8, rel=1e-3)


def test_trains_that_are_all_late_alike_give_a_wide_interval() -> None:
    """Lateness that grows within every one of them looks like a slower link; where it differs the interval says so."""
    noise = np.random.default_rng(3).exponential(200_000, (2, 70)).astype(int)

    found = held_rate("link_rate", "forward", trains(*(row.__getitem__ for row in noise)), BITS, HELD)

    assert found.low is not None
    assert found.high is not None
    assert found.low < 99_000_000
    assert found.high > 101_000_000


def test_what_comes_after_a_packet_that_was_not_sent_is_not_of_the_train() -> None:
    """Its number does not tell how many left before it."""
    whole = link(70, 5_000)
    fate = whole["fate"].copy()
    fate[20] = Fate.NOT_SENT

    (train,) = trains_of({**whole, "fate": fate}, 70)

    assert train.unbroken == 20
    assert held_rate("link_rate", "forward", [train], BITS, range(20, 33)).value is None


def test_of_a_queue_kept_full_the_arrivals_are_counted() -> None:
    """Sent a quarter faster than the link for 0.2 s, without and with loss."""
    gap_ns = FRAME_NS * 4 // 5
    whole = only(trains_of(link(2_000, gap_ns), 2_000))
    through = count()
    lossy = only(trains_of(link(2_000, gap_ns, lambda _: next(through) % 10 == 9), 2_000))

    assert counted_rate_bps(whole, BITS, 0.0) == pytest.approx(100_000_000, rel=1e-6)
    assert counted_rate_bps(lossy, BITS, 0.1) == pytest.approx(100_000_000, rel=2e-3)


def test_a_pause_within_a_train_does_not_change_what_is_counted() -> None:
    """For 2 ms in the midst, and at its very end, arrivals are held back; line ends would be 1 % off."""
    train = only(trains_of(link(2_000, FRAME_NS * 4 // 5), 2_000))
    arrived_ns = train.arrived_ns.copy()
    for at in (500, len(arrived_ns) - 1):
        held = (arrived_ns >= arrived_ns[at]) & (arrived_ns < arrived_ns[at] + 2_000_000)
        arrived_ns[held] = arrived_ns[at] + 2_000_000

    late = Train(train.index, train.departed_ns, arrived_ns, train.sent_ns, train.unbroken)

    assert counted_rate_bps(late, BITS, 0.0) == pytest.approx(100_000_000, rel=1e-4)


def test_the_longest_wait_is_the_queue_to_a_frame() -> None:
    """A packet waits for at most what the queue holds, and in a train long enough one waits for all but a frame of it."""
    train = only(trains_of(link(70, 5_000), 70))

    wait_ns = longest_wait_ns(train, DELAY_NS)

    assert wait_ns is not None
    assert QUEUE_NS - FRAME_NS < wait_ns <= QUEUE_NS


def test_the_usual_wait_in_a_full_queue_is_within_a_frame_of_it() -> None:
    """While the queue is kept full its packets wait as long as it is deep."""
    train = only(trains_of(link(2_000, FRAME_NS * 4 // 5), 2_000))

    wait_ns = usual_wait_ns(train, DELAY_NS, 400)

    assert wait_ns is not None
    assert QUEUE_NS - FRAME_NS < wait_ns <= QUEUE_NS


def test_what_was_offered_is_what_was_sent_whatever_became_of_it() -> None:
    """Seventy packets 5 µs apart are 2.46 Gbit/s."""
    train = only(trains_of(link(70, 5_000), 70))

    assert offered_rate_bps(train, BITS, 70) == pytest.approx(BITS / 5e-6)


def test_what_was_offered_after_the_burst_is_told_alone() -> None:
    """Ten at once, then one a millisecond: a packet a millisecond, and nothing of a train that was the burst alone."""
    rows = [(number, Fate.LOST, max(0, number - 9) * 1_000_000, None) for number in range(20)]

    train = only(trains_of(columns(rows), 20))

    assert paced_rate_bps(train, BITS, 10) == pytest.approx(BITS / 1e-3)
    assert paced_rate_bps(train, BITS, 20) is None


def test_the_longest_pause_is_between_two_that_were_sent() -> None:
    """Whether they arrived or not; one packet alone has none."""
    rows = [(0, Fate.ANSWERED, 0, 7), (1, Fate.LOST_FORWARD, 40, None), (2, Fate.ANSWERED, 50, 7)]

    assert longest_pause_ns(only(trains_of(columns(rows), 3))) == 40
    assert longest_pause_ns(only(trains_of(columns(rows[:1]), 3))) == 0


def test_trains_are_told_apart_by_number() -> None:
    """Packets are numbered through all trains; one that was not sent is in none, one that did not arrive is offered only."""
    rows = [(0, Fate.ANSWERED, 0, 7), (1, Fate.NOT_SENT, 1, None), (2, Fate.LOST_FORWARD, 2, None), (3, Fate.ANSWERED, 3, 9)]

    first, second = trains_of(columns(rows), 2)

    assert (list(first.index), list(first.arrived_ns), list(first.sent_ns)) == ([0], [7], [0])
    assert (list(second.index), list(second.arrived_ns), list(second.sent_ns)) == ([1], [12], [2, 3])


def test_without_arrivals_there_is_no_value() -> None:
    """No zero and no NaN stands for what was not measured."""
    silent = only(trains_of(columns([(0, Fate.LOST_FORWARD, 0, None), (1, Fate.LOST_FORWARD, 5, None)]), 2))

    assert held_rate("link_rate", "forward", [silent], BITS, range(2)).value is None
    assert counted_rate_bps(silent, BITS, 0.0) is None
    assert longest_wait_ns(silent, 0) is None
    assert usual_wait_ns(silent, 0, 1) is None
    assert quantile_over("link_rate", "forward", "p50", "bit/s", [None, None]).value is None


def test_the_median_of_eleven_lies_between_the_second_and_the_tenth() -> None:
    """The binomial interval of a median of eleven: P(fewer than two of eleven below) is 0.6 %, and the third already 3.3 %."""
    found = quantile_over("link_rate", "reverse", "p50", "bit/s", [float(value) for value in range(1, 12)] + [None])

    assert (found.low, found.value, found.high, found.count) == (2, 6, 10, 11)
