"""What netem and TBF are asked for, given what the plan asks of a direction."""

from dataclasses import replace
from typing import Any

import pytest

from netbench.errors import RefusedError
from netbench_topologies.netem.orders import DirectionOrder, QueueOrder, direction_order
from netbench_topologies.spec import DirectionSpec

SPEC = DirectionSpec(
    delay_ns=5_000_000, rate_bps=100_000_000, planned_rate_bps=10**11, queue_ns=5_000_000, jitter_ns=1_000_000, loss_ratio=0.01
)


def ordered(**changes: Any) -> DirectionOrder:
    """The order for ``SPEC`` with some of it changed."""
    return direction_order("link a-b forward", replace(SPEC, **changes), None)


def test_the_queue_is_in_octets_at_the_emulated_rate() -> None:
    """5 ms at 100 Mbit/s are 62,500 octets of wire, 61,524 of full frames; the bucket is a millisecond of the rate."""
    assert ordered().queue == QueueOrder(rate_octets=12_500_000, burst_octets=12_500, limit_octets=61_524)


def test_a_slow_link_still_lets_two_frames_through_at_once_and_queues_one() -> None:
    """At 1 Mbit/s a millisecond is 125 octets, and a queue of no time still holds the frame that is being sent."""
    assert ordered(rate_bps=10**6, queue_ns=0).queue == QueueOrder(125_000, 2 * 1538, 1538)


def test_the_frame_takes_its_own_time_at_the_planned_rate() -> None:
    """netem's rate is the planned one, above what 32 bits hold."""
    assert ordered().way.rate_octets == 12_500_000_000


@pytest.mark.parametrize("rate_bps", [10**6, 10**8, 10**10])
@pytest.mark.parametrize("delay_ns", [0, 5_000_000, 10**9])
def test_the_way_has_room_for_all_that_the_rate_can_put_on_it(rate_bps: int, delay_ns: int) -> None:
    """The limit is above the shortest frames in flight, twice over; netem's own 1000 is not enough for 1 Gbit/s over 12 ms."""
    in_flight = rate_bps * delay_ns / 10**9 / (84 * 8)

    assert ordered(rate_bps=rate_bps, delay_ns=delay_ns, jitter_ns=0).way.limit > 2 * in_flight


def test_no_loss_means_no_runs_of_it() -> None:
    """A burst without a loss is nothing to ask for."""
    assert ordered(loss_ratio=0.0, loss_burst=5.0).way.loss_burst is None


def test_reordering_is_refused_by_name_with_the_cure() -> None:
    """netem cannot do it as asked."""
    with pytest.raises(RefusedError, match=r"link a-b forward: netem cannot make some packets late.*--wire relay"):
        ordered(reorder_ratio=0.01, reorder_ns=1000)
