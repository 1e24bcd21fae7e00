"""Sessions between two clocks whose offset, skew and steps are known, over two ways whose delays are."""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from netbench.analysis.clocks import Beforehand
from netbench.measure.samples import Columns, Fate

Floats = npt.NDArray[np.float64]

EPOCH_NS = 1_795_000_000_000_000_000
QUEUES = ("exponential", "two hops", "idle or busy", "correlated")


@dataclass(frozen=True)
class Truth:
    """What a session really was: the far clock's offset at each packet, and its least delays there and back."""

    times: Floats
    offsets: Floats
    skew: float
    steps: tuple[tuple[int, float], ...]
    forward_ns: float
    reverse_ns: float
    light_ns: int
    queue: str

    @property
    def beforehand(self) -> Beforehand:
        """What a plan that knows where the two ends are says of it."""
        return Beforehand(self.light_ns)


def drawn(seed: int, count: int = 400, *, symmetric: bool = False, steps: int | None = None) -> tuple[Columns, Truth]:
    """A session drawn at random: up to 30 % asymmetric, ±1 s of offset, ±50 ppm of skew, none to two steps of 0.1 to 100 ms."""
    generator = np.random.default_rng(seed)
    times = np.arange(count) * generator.choice([10e6, 20e6, 100e6])
    forward_ns = generator.uniform(0.5e6, 20e6)
    reverse_ns = forward_ns * (1.0 if symmetric else 1 + generator.uniform(-0.3, 0.3))
    skew = generator.uniform(-50e-6, 50e-6)
    places = generator.uniform(0.15, 0.85, generator.integers(0, 3) if steps is None else steps)
    jumps = generator.choice([-1, 1], len(places)) * 10 ** generator.uniform(5, 8, len(places))
    made = tuple((int(place * count), float(jump)) for place, jump in zip(np.sort(places), jumps, strict=True))
    offsets = generator.uniform(-1e9, 1e9) + skew * times
    offsets += sum(np.where(np.arange(count) >= place, jump, 0.0) for place, jump in made)
    queue, scale_ns = str(generator.choice(QUEUES)), 10 ** generator.uniform(3.5, 6)
    light_ns = int(min(forward_ns, reverse_ns) / generator.uniform(1.02, 1.8))
    truth = Truth(times, offsets, skew, made, forward_ns, reverse_ns, light_ns, queue)
    waits = (waiting(generator, queue, scale_ns, count) for _ in range(2))
    return session(truth, *waits), truth


def waiting(generator: np.random.Generator, queue: str, scale_ns: float, count: int) -> Floats:
    """How long each packet waited in queues of a kind."""
    if queue == "exponential":
        return generator.exponential(scale_ns, count)
    if queue == "two hops":
        return generator.gamma(2, scale_ns, count)
    if queue == "idle or busy":
        idle, busy = (generator.exponential(each, count) for each in (scale_ns / 20, scale_ns * 20))
        return np.where(generator.random(count) < 0.3, busy, idle)
    work = generator.exponential(scale_ns, count) * (generator.random(count) < 0.5) - 0.7 * scale_ns
    level = np.cumsum(work)
    return level - np.minimum.accumulate(np.minimum(level, 0)) + generator.exponential(2000, count)  # Lindley's recursion


def session(truth: Truth, there_ns: Floats, back_ns: Floats) -> Columns:
    """The columns that two such clocks would have written."""
    count = len(truth.times)
    return columns(
        (EPOCH_NS + truth.times).astype(np.int64),
        np.rint(truth.forward_ns + there_ns + truth.offsets).astype(np.int64),
        np.rint(truth.reverse_ns + back_ns - truth.offsets).astype(np.int64),
        count,
    )


def columns(sent: npt.NDArray[np.int64], forward: npt.NDArray[np.int64], reverse: npt.NDArray[np.int64], count: int) -> Columns:
    """Packets that all came back."""
    known = np.zeros(count, np.bool_)
    return {
        "pair": np.zeros(count, np.uint16),
        "sequence": np.arange(count, dtype=np.uint32),
        "fate": np.full(count, Fate.ANSWERED, np.uint8),
        "sent_ns": sent,
        "forward_ns": np.ma.MaskedArray(forward, mask=known),
        "residence_ns": np.ma.MaskedArray(np.zeros(count, np.int64), mask=known),
        "reverse_ns": np.ma.MaskedArray(reverse, mask=known),
        "reordered": np.zeros(count, np.uint8),
    }


def quiet(count: int = 400, *, steps: tuple[tuple[int, float], ...] = (), offset_ns: float = 5e6, skew: float = 10e-6) -> Truth:
    """A path of 3 ms there and 2.6 ms back, of which light needs 2 ms, probed every 20 ms."""
    times = np.arange(count, dtype=np.float64) * 20e6
    offsets: Floats = offset_ns + skew * times
    for place, jump in steps:
        offsets = offsets + np.where(np.arange(count) >= place, jump, 0.0)
    return Truth(times, offsets, skew, steps, 3e6, 2.6e6, 2_000_000, "exponential")


def with_waits(truth: Truth, scale_ns: float = 20_000, seed: int = 1) -> Columns:
    """Its columns, with exponential waits."""
    generator = np.random.default_rng(seed)
    there, back = (generator.exponential(scale_ns, len(truth.times)) for _ in range(2))
    return session(truth, there, back)


def symmetric(truth: Truth) -> Truth:
    """The same with both ways as long as the way there."""
    return replace(truth, reverse_ns=truth.forward_ns)
