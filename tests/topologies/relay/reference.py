"""One direction of a link, slowly and with exact fractions: what the relay's arithmetic is held to."""

from collections.abc import Sequence
from fractions import Fraction

from netbench_topologies.spec import DirectionSpec

NANOSECONDS = 10**9


def departures(spec: DirectionSpec, arrivals: Sequence[tuple[int, int]]) -> list[Fraction | None]:
    """Return when each (arrival in ns, bits on the wire) leaves a link without jitter or loss; None where the queue is full."""
    busy, result = Fraction(0), list[Fraction | None]()
    for arrival, bits in arrivals:
        backlog = max(Fraction(0), busy - arrival)
        if backlog // 1 > spec.queue_ns:
            result.append(None)
            continue
        start = arrival + backlog
        busy = start + Fraction(bits * NANOSECONDS, spec.rate_bps)
        result.append(start + Fraction(bits * NANOSECONDS, spec.planned_rate_bps) + spec.delay_ns)
    return result
