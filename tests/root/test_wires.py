"""What every wire must do, tested alike between the ends of a link; the relay carries it here, netem where the kernel has it."""

import os
from dataclasses import dataclass, replace

import numpy as np
import pytest

from netbench.errors import RefusedError
from netbench_topologies.spec import direction_spec
from tests.root.wire_bed import WIRES, available, pair, wire_bed

pytestmark = [
    pytest.mark.skipif(os.geteuid() != 0, reason="needs root to make network namespaces: run as root or under `unshare -Urn`"),
    pytest.mark.timeout(180),  # the relay compiles when it is used for the first time
]


@dataclass(frozen=True)
class Allowance:
    """How far a wire may be off: every frame early, the median frame late, the rate, and frames of a burst beside the queue."""

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
    """No frame is early, and the median one is hardly late."""
    with wire_bed(name, "delay: 5ms, rate: 100M, queue: 5ms") as bed:
        delays_ns = bed.cross(300, gap_seconds=0.002).delays_ns

    assert len(delays_ns) == 300
    assert delays_ns.min() >= 5_000_000 - ALLOWED[name].early_ns
    assert np.median(delays_ns) <= 5_000_000 + ALLOWED[name].late_ns


def test_each_direction_has_its_own_delay(name: str) -> None:
    """A round trip takes the sum of both, and the forward way its part of it."""
    with wire_bed(name, "delay: {forward: 2ms, reverse: 20ms}, rate: 100M, queue: 5ms") as bed:
        forward_ns = np.median(bed.cross(100, gap_seconds=0.002).delays_ns)
        back = replace(bed, namespaces=bed.namespaces[::-1], interfaces=bed.interfaces[::-1])
        reverse_ns = np.median(back.cross(100, gap_seconds=0.002).delays_ns)

    assert 2_000_000 - ALLOWED[name].early_ns <= forward_ns <= 2_000_000 + ALLOWED[name].late_ns
    assert 20_000_000 - ALLOWED[name].early_ns <= reverse_ns <= 20_000_000 + ALLOWED[name].late_ns


def test_rate(name: str) -> None:
    """Five trains of 200 frames leave 10 Mbit/s at that rate, framing counted: the median, once the train has begun."""
    rates_bps = list[float]()
    with wire_bed(name, "delay: 1ms, rate: 10M, queue: 500ms") as bed:
        for _ in range(5):
            came_ns = bed.cross(200, octets=1000).came_ns
            rates_bps.append((len(came_ns) - 51) * 8 * 1024 * 1e9 / float(came_ns[-1] - came_ns[50]))

    assert np.median(rates_bps) == pytest.approx(1e7, rel=ALLOWED[name].rate_ratio)


def test_what_the_queue_does_not_hold_is_dropped(name: str) -> None:
    """Of 200 frames at once 25 fit into 20 ms at 10 Mbit/s beside the one on the wire: the first ones, and no more."""
    with wire_bed(name, "delay: 1ms, rate: 10M, queue: 20ms") as bed:
        crossing = bed.cross(200, octets=1000)

    fit = 20_000_000 / (8 * 1024 * 100)
    assert fit - 1 <= len(crossing.numbers) <= fit + ALLOWED[name].frames + 200 * 0.05
    assert crossing.numbers[:20].tolist() == list(range(20))


def test_loss_has_its_ratio(name: str) -> None:
    """Of 3000 frames a tenth is lost, within four and a half standard errors, and exactly the foretold ones where any are."""
    with wire_bed(name, "delay: 1ms, rate: 1G, queue: 100ms, loss: 10%", seed=7) as bed:
        foretold = bed.wire.forecast("link", "forward", 3000)
        numbers = bed.cross(3000).numbers

    assert 3000 - len(numbers) == pytest.approx(300, abs=4.5 * (3000 * 0.1 * 0.9) ** 0.5)
    if foretold is not None:
        assert numbers.tolist() == np.flatnonzero(~foretold).tolist()


def test_loss_comes_in_bursts_where_asked(name: str) -> None:
    """Of 6000 frames a tenth is lost, in runs of eight on average, within four and a half standard errors."""
    with wire_bed(name, "delay: 1ms, rate: 1G, queue: 100ms, loss: {ratio: 10%, burst: 8}", seed=7) as bed:
        foretold = bed.wire.forecast("link", "forward", 6000)
        numbers = bed.cross(6000).numbers

    lost = np.ones(6000, bool)
    lost[numbers] = False
    runs = int(lost[0]) + np.count_nonzero(np.diff(lost.astype(int)) == 1)
    assert lost.sum() / runs == pytest.approx(8, abs=4.5 * (8 * 7 / runs) ** 0.5)
    if foretold is not None:
        assert lost.tolist() == foretold.tolist()


def test_jitter_varies_the_delay_and_keeps_the_order(name: str) -> None:
    """Delays spread over 10 ± 4 ms and not beyond, and no frame comes before one sent earlier."""
    with wire_bed(name, "delay: 10ms, jitter: 4ms, rate: 100M, queue: 5ms") as bed:
        crossing = bed.cross(1000, gap_seconds=0.001)

    low, median, high = np.quantile(crossing.delays_ns, [0.05, 0.5, 0.95])
    numbers = crossing.numbers.tolist()
    assert numbers == sorted(set(numbers))
    assert len(numbers) >= 950  # a software-emulated machine may drop a few of its own accord
    assert crossing.delays_ns.min() >= 6_000_000 - ALLOWED[name].early_ns
    assert np.quantile(crossing.delays_ns, 0.9) <= 14_000_000 + ALLOWED[name].late_ns
    assert high - low > 3_000_000
    assert 8_000_000 <= median <= 12_000_000 + ALLOWED[name].late_ns


def test_reordering_is_done_or_refused(name: str) -> None:
    """The relay makes a tenth of the frames 30 ms late, and they are overtaken; netem, which cannot, refuses the plan."""
    asked = "delay: 1ms, rate: 100M, queue: 5ms, reorder: {ratio: 10%, late: 30ms}"
    if name == "netem":
        with pytest.raises(RefusedError, match="use --wire relay"), wire_bed(name, asked):
            pass
        return
    with wire_bed(name, asked) as bed:
        crossing = bed.cross(1000, gap_seconds=0.001)

    late = crossing.delays_ns > 20_000_000
    overtaken = np.maximum.accumulate(crossing.numbers) > crossing.numbers
    assert late.sum() == pytest.approx(100, abs=4.5 * 90**0.5)
    assert np.median(crossing.delays_ns[late]) == pytest.approx(31_000_000, abs=ALLOWED[name].late_ns)
    assert overtaken.sum() >= late.sum() - 30
    assert np.diff(crossing.numbers[~late]).min() > 0


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
    assert np.median(mended.delays_ns) <= 2_000_000 + ALLOWED[name].late_ns
