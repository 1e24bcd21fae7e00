"""The two clocks of one measurement without a plan: what the user and the clocks themselves say of them."""

from dataclasses import dataclass

from netbench.analysis.clocks import Beforehand
from netbench.analysis.hops import summarise_hops
from netbench.analysis.intervals import summarise_intervals
from netbench.campaign.clocks import Claims, between_two_clocks, claimed_here, clock_entries
from netbench.campaign.document import ClockEntry, ClocksEntry
from netbench.campaign.figuring import Figure
from netbench.errors import UsageError
from netbench.linux.clockstate import ClockState, read_clock_state
from netbench.measure.collect import MemorySink
from netbench.measure.samples import HOPS, INTERVALS, PACKETS
from netbench.plan.defaults import THEORY
from netbench.plan.physics import propagation_ns

LONGEST_GREAT_CIRCLE_KM = 20_038
"""Half way round."""


@dataclass(frozen=True, slots=True)
class Found:
    """Every figure of the measurement, this host's clock before and after, and what is known of both; None without packets."""

    figures: tuple[Figure, ...]
    clock: dict[str, ClockEntry]
    clocks: ClocksEntry | None


class Watch:
    """Reads this host's clock before a measurement and after it."""

    def __init__(self, great_circle_km: float, *, symmetric: bool) -> None:
        """Before. The far end is ``great_circle_km`` away at least; ``symmetric``: both directions take the same way.

        :raises UsageError: when no two places are that far apart
        """
        if not 0 <= great_circle_km <= LONGEST_GREAT_CIRCLE_KM:
            raise UsageError(f"--great-circle {great_circle_km:g}: must be from 0 to {LONGEST_GREAT_CIRCLE_KM} km")
        self._least_ns = propagation_ns(great_circle_km, THEORY.group_index)
        self._symmetric = symmetric
        self._before: ClockState = read_clock_state()

    def found(self, sink: MemorySink, far_error_ns: int | None, stamps_ns: int) -> Found:
        """After: return what was measured; ``far_error_ns`` is what the far end claims of its clock."""
        states = {"start": self._before, "end": read_clock_state()}
        claims = Claims(claimed_here(list(states.values())), far_error_ns)
        known = Beforehand(self._least_ns, self._symmetric, claims.together_ns, stamps_ns)
        found = between_two_clocks(sink.columns(PACKETS), known, claims)
        others = (*summarise_intervals(sink.columns(INTERVALS)), *summarise_hops(sink.columns(HOPS)))
        return Found((*found.figures, *map(Figure, others)), clock_entries(states), found.entry)
