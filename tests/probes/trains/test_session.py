"""Trains without sockets: when they are sent, and what became of their packets."""

import pytest

from netbench.errors import UsageError
from netbench.measure.samples import Fate
from netbench_probes.trains.probe import TrainParameters
from netbench_probes.trains.session import Shape, TrainSession, TrainTimes
from netbench_probes.trains.wire import LEAST_OCTETS, decode, encode

WALL_NS = 1_800_000_000_000_000_000


def test_a_packet_tells_its_number_and_nothing_else_does() -> None:
    """Whatever its length; a stranger's packet has none."""
    assert [decode(encode(number, 1472)) for number in (0, 7, 0xFFFF_FFFF)] == [0, 7, 0xFFFF_FFFF]
    assert len(encode(1, 1472)) == 1472
    assert decode(encode(1, LEAST_OCTETS)) == 1
    assert decode(b"something else altogether") is None
    assert decode(b"short") is None


def test_a_burst_is_due_at_once_and_the_rest_at_its_pace() -> None:
    """Ten of thirty back to back, one more every 100 ns."""
    shape = Shape(frames=30, burst=10, pace_ns=100)

    assert [shape.due(elapsed) for elapsed in (-1, 0, 99, 100, 1_950, 5_000)] == [0, 10, 10, 11, 29, 30]
    assert shape.duration_ns == 2_000


def test_trains_keep_their_interval() -> None:
    """Sent on time, each begins an interval after the one before, until all are sent."""
    times = TrainTimes(Shape(frames=5, burst=5, pace_ns=0), 2, 1_000, 10_000)

    assert times.due(9_999) == 0
    assert times.due(10_000) == 5
    times.sent(5, 10_000, 10_050)
    assert times.due(11_049) == 0
    assert times.due(11_050) == 5
    times.sent(5, 11_050, 11_100)
    assert times.finished
    assert times.due(99_999) == 0


def test_a_late_train_delays_the_next_by_a_whole_rest() -> None:
    """The queue has to drain: a train sent 5 µs late in two halves is followed a whole interval later."""
    times = TrainTimes(Shape(frames=6, burst=6, pace_ns=0), 2, 1_000, 0)

    times.sent(3, 5_000, 5_100)
    assert times.due(5_200) == 3
    times.sent(3, 5_200, 5_300)

    assert times.due(6_299) == 0
    assert times.due(6_300) == 6


def test_every_packet_has_one_fate() -> None:
    """Arrived with its delay; lost when the time is over; not sent when the kernel refused it. Too late is lost."""
    session = TrainSession(timeout_ns=1_000)
    for number in range(3):
        session.sent(WALL_NS + number, number, refused=number == 1)
    session.arrived(0, WALL_NS + 500)
    session.arrived(0, WALL_NS + 700)

    assert session.settle(999) == []
    rows = session.settle(1_002)

    assert [(row.sequence, row.fate, row.forward_ns) for row in rows] == [
        (0, Fate.ANSWERED, 500),
        (1, Fate.NOT_SENT, None),
        (2, Fate.LOST_FORWARD, None),
    ]
    assert not session.outstanding
    session.arrived(2, WALL_NS + 9_000)
    assert session.late_arrivals == 1


def test_shapes_are_one_for_all_or_one_a_pair() -> None:
    """And a burst of 0 is the whole train."""
    parameters = TrainParameters(frames=(10, 20), burst=(0, 5), pace_ns=(7,))

    assert parameters.shape(0) == Shape(10, 10, 7)
    assert parameters.shape(1) == Shape(20, 5, 7)


@pytest.mark.parametrize(
    "refused", [{"packet_octets": 3}, {"frames": (0,)}, {"frames": ()}, {"burst": (-1,)}, {"pace_ns": (-1,)}]
)
def test_a_train_that_cannot_be_meant_is_refused(refused: dict[str, object]) -> None:
    """At birth."""
    with pytest.raises(UsageError):
        TrainParameters(**refused)  # type: ignore[arg-type]
