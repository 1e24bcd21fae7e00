"""What a link that follows a trace is asked at a moment: the step that holds then, and what is left of it."""

import itertools
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from netbench.plan.model import DirectionName, Link, Trace

Integers = npt.NDArray[np.int64]
Ratios = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Steps:
    """What is asked at some moments, every array of their shape.

    ``number`` counts steps since the trace began, the repeated ones too. The step has held for ``held_ns`` and holds for
    ``left_ns`` more. ``planned_bps`` is the plan's rate, ``rate_bps`` the emulated one.
    """

    number: Integers
    held_ns: Integers
    left_ns: Integers
    delay_ns: Integers
    planned_bps: Integers
    rate_bps: Integers
    loss_ratio: Ratios


def steps_at(link: Link, direction: DirectionName, trace: Trace, elapsed_ns: Integers) -> Steps:
    """Return what a direction is asked so long after its trace began, shape (n,); what a step does not name is the link's own."""
    begins = np.array([point.time_ns for point in trace.points], np.int64)
    rounds, inside_ns = np.divmod(elapsed_ns, trace.period_ns)
    place = np.searchsorted(begins, inside_ns, side="right") - 1
    planned_bps = rates_bps(link, direction, trace)[place]
    own_delay_ns, own_loss_ratio = link.delay_ns.towards(direction), link.loss_ratio.towards(direction)
    delays = np.array([own_delay_ns if point.delay_ns is None else point.delay_ns for point in trace.points], np.int64)
    losses = np.array([own_loss_ratio if point.loss_ratio is None else point.loss_ratio for point in trace.points], np.float64)
    return Steps(
        number=rounds * len(begins) + place,
        held_ns=inside_ns - begins[place],
        left_ns=np.append(begins[1:], trace.period_ns)[place] - inside_ns,
        delay_ns=delays[place],
        planned_bps=planned_bps,
        rate_bps=np.maximum(1, planned_bps // link.rate_scale),
        loss_ratio=losses[place],
    )


def rates_bps(link: Link, direction: DirectionName, trace: Trace) -> Integers:
    """Return the planned rate in every step of a trace."""
    own_bps = link.rate_bps.towards(direction)
    return np.array([own_bps if point.rate_bps is None else point.rate_bps for point in trace.points], np.int64)


def shortest_step_ns(trace: Trace) -> int:
    """Return how long the shortest step of a trace holds."""
    begins = [*(point.time_ns for point in trace.points), trace.period_ns]
    return min(later - earlier for earlier, later in itertools.pairwise(begins))
