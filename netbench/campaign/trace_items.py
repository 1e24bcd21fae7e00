"""Whether a link follows its trace: every probe and every train beside what the trace asks at the moment when it was sent.

A probe that met a link about when it changed may have met either step, so it says nothing; the network tells how late it was with
each. A busy machine makes probes late and none early: so most probes must be as late as asked, few earlier, and in few steps may
even the first be late.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

import numpy as np
import numpy.typing as npt

from netbench.analysis.distribution import QUANTILE_METHOD
from netbench.analysis.proportion import proportion, proportion_interval
from netbench.analysis.quantiles import QUANTILES, ranks
from netbench.analysis.summary import Summary, Unit
from netbench.campaign.certificate import IMPLAUSIBLE, Item, Kind, Standing
from netbench.campaign.condition import Condition
from netbench.campaign.delay_items import PROBE_BITS, delay_tolerance_ns
from netbench.campaign.trace_steps import Integers, Steps, steps_at
from netbench.clock import NANOSECONDS_PER_SECOND
from netbench.measure.samples import Columns, Fate
from netbench.plan.model import DirectionName, Link, Trace
from netbench.units import format_duration

AROUND_A_STEP_NS: Final = 500_000
"""On either side of a change: what sending a probe and telling the wire takes."""
FEWEST_PROBES: Final = 40
FEWEST_OF_A_STEP: Final = 3
EARLY_SHARE: Final = Fraction(1, 10)
LATE_STEPS: Final = 0.25
"""So many steps a busy machine may spoil altogether."""


@dataclass(frozen=True, slots=True)
class Followed:
    """One direction of a link that followed its trace from ``began_ns`` on, by the wall clock, and how the machine fared.

    ``late_ns`` is by how much each step was late; later ones were not taken.
    """

    link: Link
    direction: DirectionName
    trace: Trace
    began_ns: int
    late_ns: Integers
    fared: Condition

    def steps(self, elapsed_ns: Integers) -> Steps:
        """Return what is asked so long after the trace began."""
        return steps_at(self.link, self.direction, self.trace, elapsed_ns)

    def sure(self, steps: Steps) -> npt.NDArray[np.bool_]:
        """Return of which of these moments one knows which step held: not just before a change, and not until it was made."""
        taken = steps.number < len(self.late_ns)
        late_ns = np.append(self.late_ns, 0)[np.where(taken, steps.number, -1)]
        return np.asarray(taken & (steps.held_ns > late_ns + AROUND_A_STEP_NS) & (steps.left_ns > AROUND_A_STEP_NS))


@dataclass(frozen=True, slots=True, eq=False)
class Crossings:
    """The probes that met one direction of a link: how long after its trace began, with what delay, and which were lost.

    Where ``lost``, ``delay_ns`` says nothing.
    """

    elapsed_ns: Integers
    delay_ns: Integers
    lost: npt.NDArray[np.bool_]

    def only(self, kept: npt.NDArray[np.bool_]) -> "Crossings":
        """Return some of them."""
        return Crossings(self.elapsed_ns[kept], self.delay_ns[kept], self.lost[kept])


def crossings(packets: Columns, direction: DirectionName, began_ns: int) -> Crossings:
    """Return the probes of one link (``PACKETS`` columns) that met a direction after its trace began, by the wall clock."""
    fate, sent_ns = np.asarray(packets["fate"]), np.asarray(packets["sent_ns"], np.int64)
    forward_ns, residence_ns, reverse_ns = (_filled(packets[name]) for name in ("forward_ns", "residence_ns", "reverse_ns"))
    if direction == "forward":
        found = Crossings(sent_ns - began_ns, forward_ns, fate == Fate.LOST_FORWARD)
        met = (fate != Fate.NOT_SENT) & (fate != Fate.DUPLICATE)
    else:
        found = Crossings(sent_ns + forward_ns + residence_ns - began_ns, reverse_ns, fate == Fate.LOST_REVERSE)
        met = (fate == Fate.ANSWERED) | (fate == Fate.LOST_REVERSE)
    return found.only(met & (found.elapsed_ns >= 0))


def delay_by_trace(followed: Followed, seen: Crossings) -> Item:
    """Return what is said of delay: the median of how much later every probe was than the trace asks."""
    link, direction = followed.link, followed.direction
    kept, steps = _within_steps(followed, seen.only(~seen.lost))
    later_ns = kept.delay_ns - steps.delay_ns - PROBE_BITS * NANOSECONDS_PER_SECOND // steps.planned_bps
    tolerance_ns = delay_tolerance_ns(link, direction)
    got = median_of("one_way_delay", direction, "ns", [float(each) for each in later_ns])
    if got.count < FEWEST_PROBES or got.value is None:
        return Item(Kind.TRACED_DELAY, direction, 0, got, tolerance_ns, Standing.UNMEASURABLE, _too_few(got.count, followed))
    reason = _off_trace(later_ns, steps.number, tolerance_ns + link.jitter_ns.towards(direction))
    off = reason or abs(got.value) > tolerance_ns
    told = reason or f"the median of {got.count} probes beside what the trace asked when each was sent"
    return Item(Kind.TRACED_DELAY, direction, 0, got, tolerance_ns, Standing.OFF if off else Standing.FAITHFUL, told)


def loss_by_trace(followed: Followed, seen: Crossings) -> Item:
    """Return what is said of loss: whether so many of these probes can be lost by what the trace asks of each."""
    kept, steps = _within_steps(followed, seen)
    losses, count = int(np.count_nonzero(kept.lost)), len(kept.lost)
    got = proportion("loss_ratio", followed.direction, losses, count)
    if count < FEWEST_PROBES or followed.fared.overrun_frames:
        own = f"the machine lost {followed.fared.overrun_frames} frames itself"
        reason = own if followed.fared.overrun_frames else _too_few(count, followed)
        return Item(Kind.TRACED_LOSS, followed.direction, None, got, None, Standing.UNMEASURABLE, reason)
    asked = float(steps.loss_ratio.mean())
    plausible = _plausible(asked, followed.link.loss_burst.towards(followed.direction), losses, count)
    reason = "" if plausible else f"{losses} of {count} frames lost cannot come from that"
    return Item(Kind.TRACED_LOSS, followed.direction, asked, got, None, Standing.FAITHFUL if plausible else Standing.OFF, reason)


def median_of(metric: str, direction: DirectionName, unit: Unit, values: Sequence[float]) -> Summary:
    """Return the median with its distribution-free interval; without a value when there are none."""
    if not values:
        return Summary(metric, direction, "p50", None, None, None, unit, 0, QUANTILE_METHOD)
    ordered, places = sorted(values), ranks(len(values), QUANTILES["p50"])
    low, high = (None if rank is None else ordered[rank - 1] for rank in (places.low, places.high))
    return Summary(metric, direction, "p50", ordered[places.value - 1], low, high, unit, len(values), QUANTILE_METHOD)


def _within_steps(followed: Followed, seen: Crossings) -> tuple[Crossings, Steps]:
    """The probes that met one step and no other, and what it asks."""
    steps = followed.steps(seen.elapsed_ns)
    kept = seen.only(followed.sure(steps))
    return kept, followed.steps(kept.elapsed_ns)


def _plausible(asked: float, burst: float | None, losses: int, count: int) -> bool:
    """Whether chance may bring that; probes that differ in their own ratios vary less than this, runs of losses more."""
    worth = 2 * burst if burst and burst > 1 else 1.0
    trials = max(1, int(count / worth))
    low, high = proportion_interval(min(trials, int(losses / worth)), trials, IMPLAUSIBLE)
    return low <= asked <= high


def _off_trace(later_ns: Integers, steps: Integers, tolerance_ns: int) -> str:
    """Why these probes cannot have met the trace's own steps, though their median may be right."""
    early = int(np.count_nonzero(later_ns < -tolerance_ns))
    if early > EARLY_SHARE * len(later_ns):
        return f"{early} of {len(later_ns)} probes were sooner there than its trace allows"
    firsts = [later_ns[steps == step].min() for step in np.unique(steps) if np.count_nonzero(steps == step) >= FEWEST_OF_A_STEP]
    late = sum(first > tolerance_ns for first in firsts)
    if late > LATE_STEPS * len(firsts):
        return f"in {late} of {len(firsts)} steps of its trace every probe was later than it asks"
    return ""


def _filled(column: npt.ArrayLike) -> Integers:
    return np.ma.MaskedArray(column).filled(0).astype(np.int64)


def _too_few(count: int, followed: Followed) -> str:
    late = format_duration(int(followed.late_ns.max(initial=0)))
    return f"this machine changed the link up to {late} late, and {count} probes are too few of which one knows what they met"
