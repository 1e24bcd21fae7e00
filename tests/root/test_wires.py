"""What every wire must do, tested alike between the ends of a link; the relay carries it here, netem where the kernel has it."""

import os
from dataclasses import dataclass, replace

import numpy as np
import pytest
from numpy.typing import NDArray

from netbench.errors import RefusedError
from netbench_topologies.spec import direction_spec
from tests.root.wire_bed import WIRES, available, pair, wire_bed

pytestmark = [
    pytest.mark.skipif(os.geteuid() != 0, reason="needs root to make network namespaces: run as root or under `unshare -Urn`"),
    pytest.mark.timeout(180),  # the relay compiles when it is used for the first time
]


@dataclass(frozen=True)
class Allowance:
    """How far a wire may be off: every frame early, the swiftest tenth late, the rate, and frames of a burst beside the queue."""

    early_ns: int
    late_ns: int
    rate_ratio: float
    frames: int


ALLOWED = {
    "relay": Allowance(early_ns=0, late_ns=1_000_000, rate_ratio=0.02, frames=6),
    "netem": Allowance(early_ns=100_000, late_ns=3_000_000, rate_ratio=0.05, frames=10),
}


@pytest.fixture(params=WIRES)
def name(request: pytest.FixtureRequest) -> str:
    """Each wire that this kernel can carry links by."""
    return available(request.param)


def test_delay(name: str) -> None:
    """No frame is early, the swiftest are hardly late, and the link loses none and keeps their order."""
    with wire_bed(name, "delay: 5ms, rate: 100M, queue: 5ms") as bed:
        crossing = bed.cross(300, gap_seconds=0.002)

    assert len(crossing.numbers) >= 300 - crossing.dropped
    assert np.diff(crossing.numbers).min() > 0
    assert crossing.delays_ns.min() >= 5_000_000 - ALLOWED[name].early_ns
    assert crossing.soon_ns <= 5_000_000 + ALLOWED[name].late_ns


def test_each_direction_has_its_own_delay(name: str) -> None:
    """A round trip takes the sum of both, and the forward way its part of it."""
    with wire_bed(name, "delay: {forward: 2ms, reverse: 20ms}, rate: 100M, queue: 5ms") as bed:
        forward = bed.cross(100, gap_seconds=0.002)
        back = replace(bed, namespaces=bed.namespaces[::-1], interfaces=bed.interfaces[::-1])
        reverse = back.cross(100, gap_seconds=0.002)

    for crossing, asked_ns in ((forward, 2_000_000), (reverse, 20_000_000)):
        assert crossing.delays_ns.min() >= asked_ns - ALLOWED[name].early_ns
        assert crossing.soon_ns <= asked_ns + ALLOWED[name].late_ns


def test_rate(name: str) -> None:
    """Three trains of 200 frames leave 2 Mbit/s at that rate, framing counted: the median, once the train has begun."""
    frame_ns = 8 * (500 + 24) * 500
    with wire_bed(name, "delay: 1ms, rate: 2M, queue: 500ms") as bed:
        slower = np.median([_drift_ns(bed.cross(200, octets=500).came_ns, frame_ns) for _ in range(3)])

    assert 1 / (1 + slower / (100 * frame_ns)) == pytest.approx(1, rel=ALLOWED[name].rate_ratio)


def _drift_ns(came_ns: NDArray[np.int64], frame_ns: int) -> int:
    """By how much 100 frames took longer than so much each, by the promptest of fifty before them and of their last fifty."""
    late_ns = came_ns - frame_ns * np.arange(len(came_ns))
    return int(late_ns[150:].min() - late_ns[50:100].min())


def test_what_the_queue_does_not_hold_is_dropped(name: str) -> None:
    """Of 200 frames at once 24 fit into 200 ms at 1 Mbit/s beside the one on the wire: the first ones, and no more.

    A sender that takes its time finds room for what has left meanwhile.
    """
    frame_ns = 8 * 1024 * 1000
    with wire_bed(name, "delay: 1ms, rate: 1M, queue: 200ms") as bed:
        crossing = bed.cross(200, octets=1000)

    fit = 200_000_000 / frame_ns
    left_meanwhile = crossing.sending_ns / frame_ns
    assert fit - 1 - crossing.dropped <= len(crossing.numbers) <= fit + ALLOWED[name].frames + left_meanwhile
    assert len(crossing.numbers) < 150
    assert crossing.dropped or crossing.numbers[:20].tolist() == list(range(20))


def test_loss_has_its_ratio(name: str) -> None:
    """Of 3000 frames a tenth is lost, within four and a half standard errors, and exactly the foretold ones where any are."""
    with wire_bed(name, "delay: 1ms, rate: 1G, queue: 100ms, loss: 10%", seed=7) as bed:
        foretold = bed.wire.forecast("link", "forward", 3000)
        crossing = bed.cross(3000, gap_seconds=0.001, at_once=50)

    lost = 3000 - len(crossing.numbers)
    assert abs(lost - crossing.dropped / 2 - 300) <= 4.5 * (3000 * 0.1 * 0.9) ** 0.5 + crossing.dropped / 2
    if foretold is not None and not crossing.dropped:
        assert crossing.numbers.tolist() == np.flatnonzero(~foretold).tolist()


def test_loss_comes_in_bursts_where_asked(name: str) -> None:
    """Of 6000 frames a tenth is lost, in runs of eight on average, within four and a half standard errors."""
    with wire_bed(name, "delay: 1ms, rate: 1G, queue: 100ms, loss: {ratio: 10%, burst: 8}", seed=7) as bed:
        foretold = bed.wire.forecast("link", "forward", 6000)
        crossing = bed.cross(6000, gap_seconds=0.001, at_once=50)

    lost = np.ones(6000, bool)
    lost[crossing.numbers] = False
    runs = int(lost[0]) + np.count_nonzero(np.diff(lost.astype(int)) == 1)
    assert lost.sum() / runs == pytest.approx(8, abs=4.5 * (8 * 7 / runs) ** 0.5)
    if foretold is not None and not crossing.dropped:
        assert lost.tolist() == foretold.tolist()


def test_jitter_varies_the_delay_and_keeps_the_order(name: str) -> None:
    """Delays spread over 10 ± 4 ms and not beyond, and no frame comes before one sent earlier.

    Four milliseconds apart, a quarter takes at most 8.5 ms and half at most 10 ms, for half of those that would be sooner wait
    for the one before them; a machine that is late makes them later, never sooner.
    """
    with wire_bed(name, "delay: 10ms, jitter: 4ms, rate: 100M, queue: 5ms") as bed:
        crossing = bed.cross(400, gap_seconds=0.004)

    low, quarter, median = np.quantile(crossing.delays_ns, [0.05, 0.25, 0.5])
    assert len(crossing.numbers) >= 400 - crossing.dropped
    assert np.diff(crossing.numbers).min() > 0
    assert crossing.delays_ns.min() >= 6_000_000 - ALLOWED[name].early_ns
    assert low <= 8_000_000
    assert quarter <= 9_000_000 + ALLOWED[name].late_ns
    assert median >= 9_000_000


def test_reordering_is_done_or_refused(name: str) -> None:
    """The relay makes a tenth of the frames 30 ms late, and they are overtaken; netem, which cannot, refuses the plan."""
    asked = "delay: 1ms, rate: 100M, queue: 5ms, reorder: {ratio: 10%, late: 30ms}"
    if name == "netem":
        with pytest.raises(RefusedError, match="use --wire relay"), wire_bed(name, asked):
            pass
        return
    with wire_bed(name, asked) as bed:
        crossing = bed.cross(1000, gap_seconds=0.001)

    late = np.maximum.accumulate(crossing.numbers) > crossing.numbers
    wait_ns = crossing.delays_ns
    assert len(crossing.numbers) >= 1000 - crossing.dropped
    assert late.sum() == pytest.approx(100, abs=4.5 * 90**0.5 + 3)  # of the last, some have nobody to overtake them
    assert wait_ns[late].min() >= 31_000_000
    assert np.quantile(wait_ns[late], 0.1) <= 31_000_000 + ALLOWED[name].late_ns
    assert np.quantile(wait_ns[~late], 0.1) <= 1_000_000 + ALLOWED[name].late_ns


def test_a_running_link_can_be_altered(name: str) -> None:
    """From 2 ms to 20 ms, then cut, then mended: each holds for the frames that come after it."""
    asked = direction_spec(pair("delay: 2ms, rate: 100M, queue: 5ms").links["link"], "forward")
    with wire_bed(name, "delay: 2ms, rate: 100M, queue: 5ms") as bed:
        bed.wire.alter("link", "forward", replace(asked, delay_ns=20_000_000))
        longer = bed.cross(50, gap_seconds=0.002)
        bed.wire.alter("link", "forward", replace(asked, loss_ratio=1.0))
        cut = bed.cross(50, gap_seconds=0.002)
        bed.wire.alter("link", "forward", asked)
        mended = bed.cross(50, gap_seconds=0.002)

    assert longer.delays_ns.min() >= 20_000_000 - ALLOWED[name].early_ns
    assert len(cut.numbers) == 0
    assert longer.soon_ns <= 20_000_000 + ALLOWED[name].late_ns
    assert mended.soon_ns <= 2_000_000 + ALLOWED[name].late_ns
