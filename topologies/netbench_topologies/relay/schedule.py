"""When a frame leaves, or that it never does: queue → serialise → propagate → lose, computed when it arrives.

Times are nanoseconds of the monotonic clock since the relay's epoch. A rate or a delay that changes
while frames are on their way holds for those that arrive from then on.
"""

import numpy as np

from netbench.linux.native.compiled import compiled
from netbench_topologies.relay.direction import BUSY_UNTIL, LAST_DUE, LAST_LATE_DUE, REMAINDER, Direction
from netbench_topologies.relay.fate import FIRST_MIX, FRACTION_BITS, GOLDEN_GAMMA, SECOND_MIX
from netbench_topologies.relay.layout import (
    ACCEPTED,
    DELAY_NS,
    JITTER_KEY,
    JITTER_NS,
    LAST_LOST,
    LOSS_AFTER_LOST,
    LOSS_AFTER_SENT,
    LOSS_AT_FIRST,
    LOSS_DROPS,
    LOSS_KEY,
    PLANNED_RATE_BPS,
    QUEUE_DROPS,
    QUEUE_NS,
    RATE_BPS,
    REORDER_KEY,
    REORDER_NS,
    REORDER_THRESHOLD,
    REORDERED,
)

NEVER = -1

_GAMMA = np.uint64(GOLDEN_GAMMA)
_FIRST = np.uint64(FIRST_MIX)
_SECOND = np.uint64(SECOND_MIX)
_ONE = np.uint64(1)
_SHIFT_30, _SHIFT_27, _SHIFT_31, _SHIFT_TO_FRACTION = np.uint64(30), np.uint64(27), np.uint64(31), np.uint64(64 - FRACTION_BITS)
_HALF = float(1 << (FRACTION_BITS - 1))
_NANOSECONDS = 1_000_000_000


@compiled
def draw(key: int, number: int) -> int:
    """Return the 53-bit draw ``number`` of a stream; the twin of ``fate.draws``."""
    mixed = np.uint64(key) + (np.uint64(number) + _ONE) * _GAMMA
    mixed = (mixed ^ (mixed >> _SHIFT_30)) * _FIRST
    mixed = (mixed ^ (mixed >> _SHIFT_27)) * _SECOND
    return int((mixed ^ (mixed >> _SHIFT_31)) >> _SHIFT_TO_FRACTION)


@compiled
def jitter_at(key: int, jitter_ns: int, time_ns: int) -> int:
    """Return how far from its delay a link is at a time: within ± ``jitter_ns``, as likely above as below.

    Jitter is a process in time: it passes from one uniform draw to the next in 2 × ``jitter_ns``, so it never falls faster
    than time goes on. Frames keep their order without being held back, and the median delay stays the plan's at any rate.
    """
    if jitter_ns == 0:
        return 0
    step = 2 * jitter_ns
    knot = time_ns // step
    share = (time_ns - knot * step) / step
    before = draw(key, knot) / _HALF - 1.0
    after = draw(key, knot + 1) / _HALF - 1.0
    return int(np.floor(jitter_ns * (before + (after - before) * share)))


@compiled
def occupy(direction: Direction, start_ns: int, wire_bits: int) -> None:
    """The link is busy from ``start_ns`` for the frame's bits at the emulated rate; fractions of a nanosecond are kept."""
    spec, state = direction.spec, direction.state
    if start_ns > state[BUSY_UNTIL]:
        state[REMAINDER] = 0
    scaled = wire_bits * _NANOSECONDS + state[REMAINDER]
    state[BUSY_UNTIL] = start_ns + scaled // spec[RATE_BPS]
    state[REMAINDER] = scaled % spec[RATE_BPS]


@compiled
def is_lost(direction: Direction, number: int) -> bool:
    """Return whether frame ``number`` is lost, given what became of the one before it."""
    spec, counters = direction.spec, direction.counters
    limit = spec[LOSS_AFTER_LOST] if counters[LAST_LOST] else spec[LOSS_AFTER_SENT]
    lost = draw(spec[LOSS_KEY], number) < (spec[LOSS_AT_FIRST] if number == 0 else limit)
    counters[LAST_LOST] = lost
    counters[LOSS_DROPS] += lost
    return bool(lost)


@compiled
def is_reordered(direction: Direction, number: int) -> bool:
    """Return whether frame ``number`` is sent late and may be overtaken."""
    spec = direction.spec
    return bool(spec[REORDER_THRESHOLD] > 0 and draw(spec[REORDER_KEY], number) < spec[REORDER_THRESHOLD])


@compiled
def due_time(direction: Direction, arrival_ns: int, wire_bits: int) -> tuple[int, bool]:
    """Return when the frame leaves, or NEVER when it is dropped or lost; and whether others may overtake it.

    It leaves never before one of its kind ahead of it: those that keep their order, or those that do not.
    """
    spec, state, counters = direction.spec, direction.state, direction.counters
    start = max(arrival_ns, int(state[BUSY_UNTIL]))
    if start - arrival_ns > spec[QUEUE_NS]:
        counters[QUEUE_DROPS] += 1
        return NEVER, False
    occupy(direction, start, wire_bits)
    number = counters[ACCEPTED]
    counters[ACCEPTED] += 1
    if is_lost(direction, number):
        return NEVER, False
    serialised = start + wire_bits * _NANOSECONDS // spec[PLANNED_RATE_BPS]
    due = serialised + spec[DELAY_NS] + jitter_at(spec[JITTER_KEY], spec[JITTER_NS], serialised)
    if is_reordered(direction, number):
        counters[REORDERED] += 1
        state[LAST_LATE_DUE] = max(due + spec[REORDER_NS], state[LAST_LATE_DUE])
        return int(state[LAST_LATE_DUE]), True
    state[LAST_DUE] = max(due, state[LAST_DUE])
    return int(state[LAST_DUE]), False
