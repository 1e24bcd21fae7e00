"""What a campaign knows of the two clocks of a pair, and what it says of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from netbench.analysis.clocks import Beforehand
from netbench.analysis.footing import ClockFinding, Footing, stand
from netbench.analysis.packets import summarise_packets
from netbench.analysis.strips import Range
from netbench.analysis.summary import Summary
from netbench.campaign.document import Bounds, ClockEntry, ClocksEntry, ClockStepEntry
from netbench.campaign.figuring import Figure
from netbench.clock import Instant
from netbench.linux.clockstate import ClockState
from netbench.measure.samples import Columns
from netbench.plan import physics, routing
from netbench.plan.model import Corridor, Medium, Plan, Route
from netbench.verdict.model import ONE_CLOCK, ClockErrors


@dataclass(frozen=True, slots=True)
class Claims:
    """How far the clock here and the one at the far end may be from UTC by their own word; None where one claims nothing."""

    here_ns: int | None
    far_ns: int | None

    @property
    def together_ns(self) -> int | None:
        """How far they may be apart."""
        return None if self.here_ns is None or self.far_ns is None else self.here_ns + self.far_ns


def claimed_here(states: Sequence[ClockState]) -> int | None:
    """Return the largest error of this host's clock over some readings; None where one of them bounds nothing."""
    errors = [state.error_ns for state in states]
    return None if None in errors or not errors else max(error for error in errors if error is not None)


def beforehand(plan: Plan, corridor: Corridor, route: Route, claims: Claims, stamps_ns: int) -> Beforehand:
    """Return what the plan and the clocks themselves say before a packet is sent.

    ``stamps_ns`` bounds what timestamping adds to a one-way delay. Light goes along the great circle, less what the coordinates
    may be wrong by: in glass, or in air where the plan's route has a mobile link.
    """
    ends = plan.sites[corridor.source], plan.sites[corridor.destination]
    mobile = any(plan.links[name].medium is Medium.MOBILE for name in route.links)
    index = physics.AIR_INDEX if mobile else plan.theory.group_index
    least_ns = physics.propagation_ns(physics.shortest_possible_km(*ends), index)
    return Beforehand(least_ns, routing.symmetric(plan, corridor, route), claims.together_ns, stamps_ns)


@dataclass(frozen=True, slots=True)
class TwoClocks:
    """The figures of packets that went between two clocks, what the clocks' errors are, and what a run says of it all.

    ``judged`` are those that a verdict may rest on, widened by ``errors``: a one-way delay that is hardly bounded too.
    """

    figures: tuple[Figure, ...]
    judged: tuple[Summary, ...]
    errors: ClockErrors
    entry: ClocksEntry | None


def between_two_clocks(packets: Columns, known: Beforehand, claims: Claims) -> TwoClocks:
    """Return what may be said of one pair's packets; where nothing came back both ways in two parts, the figures as they are."""
    corrected, finding = stand(packets, known)
    summaries = summarise_packets(corrected)
    if finding is None:
        return TwoClocks(tuple(map(Figure, summaries)), summaries, ONE_CLOCK, None)
    judged = tuple(each for each in summaries if each.metric != "one_way_delay" or finding.error_ns is not None)
    figures = tuple(_figure(summary, finding) for summary in summaries)
    return TwoClocks(figures, judged, clock_errors(finding), clocks_entry(finding, known, claims))


def _figure(summary: Summary, finding: ClockFinding) -> Figure:
    """A one-way delay that is not given has a reason in place of a value."""
    if finding.footing is Footing.BOUNDED or summary.metric != "one_way_delay":
        return Figure(summary)
    return Figure(replace(summary, value=None, low=None, high=None), reason=finding.reason)


def clock_errors(finding: ClockFinding) -> ClockErrors:
    """Return what widens a verdict, or voids it."""
    return ClockErrors(
        one_way_ns=finding.error_ns or 0,
        pdv_ns=finding.pdv_error_ns or 0,
        ipdv_ns=finding.ipdv_error_ns or 0,
        void=finding.reason if finding.contradiction else None,
    )


def clocks_entry(finding: ClockFinding, known: Beforehand, claims: Claims) -> ClocksEntry:
    """Return the finding as a document has it."""
    offset = finding.offset
    return {
        "footing": finding.footing.value,
        "reason": finding.reason,
        "contradiction": finding.contradiction,
        "error_ns": finding.error_ns,
        "pdv_error_ns": finding.pdv_error_ns,
        "ipdv_error_ns": finding.ipdv_error_ns,
        "offset_ns": None if offset is None else {"value": offset.value, "low": offset.low, "high": offset.high},
        "skew_ppb": _ppb(finding.skew),
        "least_ns": known.least_ns,
        "symmetric": known.symmetric,
        "here_error_ns": claims.here_ns,
        "far_error_ns": claims.far_ns,
        "steps": [_step(step.at_ns, step.step_ns) for step in finding.steps],
        "left_out": finding.left_out,
    }


def clock_entries(states: Mapping[str, ClockState]) -> dict[str, ClockEntry]:
    """Return this host's clock as a document has it, by when it was read."""
    return {when: _clock_entry(state) for when, state in states.items()}


def _clock_entry(state: ClockState) -> ClockEntry:
    return {
        "synchronised": state.synchronised,
        "error_ns": state.error_ns,
        "source": state.source,
        "reference": state.reference,
        "frequency_ppb": state.frequency_ppb,
    }


def _ppb(skew: Range | None) -> Bounds | None:
    if skew is None:
        return None
    return {"value": round(skew.middle * 1e9, 3), "low": round(skew.low * 1e9, 3), "high": round(skew.high * 1e9, 3)}


def _step(at_ns: int, step_ns: int) -> ClockStepEntry:
    return {"at": Instant(0, at_ns).iso(), "step_ns": step_ns}
