"""Cutting links while the corridors over them are measured, and comparing what happens with what was foretold."""

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from netbench.analysis.outages import Outage, measure_outage
from netbench.campaign.cuts import Event
from netbench.campaign.measuring import Bench, keep_evidence
from netbench.campaign.routes_taken import SitePath, first_astray, trace_all
from netbench.campaign.sinks import Both, of_pair
from netbench.clock import NANOSECONDS_PER_SECOND, Clock, Instant
from netbench.errors import CannotMeasureError
from netbench.measure import plugins
from netbench.measure.collect import MemorySink
from netbench.measure.probe import Pair, Report, Schedule
from netbench.measure.samples import PACKETS
from netbench.plan.failures import Change, Foresight
from netbench.plan.model import Corridor, PerDirection, Plan

PACE_NS = 1_000_000
PACKETS_PER_SECOND = 2000
"""For all corridors of an event, both ways: with more than one corridor the pace is slower, and the resolution says so."""
TAIL_NS = 2 * NANOSECONDS_PER_SECOND
"""Measured after the restoration."""
STATIC_SETTLE_NS = 300_000_000
PROTOCOL_SETTLE_NS = 1_500_000_000
"""After a cut was noticed: until the routes that follow from it are traced."""


@dataclass(frozen=True, slots=True)
class CorridorOutcome:
    """One corridor that crossed a cut: foretold, and seen. ``taken`` is its route each way, None with the reason."""

    change: Change
    outages: PerDirection[Outage | None]
    taken: PerDirection[SitePath] | None
    not_traced: str | None

    @property
    def survived(self) -> bool:
        """Whether packets arrived both ways just before the restoration."""
        return all(outage is not None and outage.survived for outage in (self.outages.forward, self.outages.reverse))

    @property
    def as_foretold(self) -> bool:
        """Whether each direction survived as foretold, and took the route that was foretold where both did."""
        for outage, after in (
            (self.outages.forward, self.change.after.forward),
            (self.outages.reverse, self.change.after.reverse),
        ):
            if outage is None or outage.survived != (after is not None):
                return False
        return not self.change.survives or self.taken == self._foretold()

    def _foretold(self) -> PerDirection[SitePath | None]:
        there, back = self.change.after.forward, self.change.after.reverse
        return PerDirection(there.sites if there else None, back.sites if back else None)


@dataclass(frozen=True, slots=True)
class EventOutcome:
    """One event. Times are from the beginning of its measurement; None where no corridor crosses it and nothing was measured."""

    event: Event
    at_ns: int | None
    restored_ns: int | None
    pace_ns: int | None
    corridors: tuple[CorridorOutcome, ...]

    @property
    def as_foretold(self) -> bool:
        """Whether every corridor fared as foretold."""
        return all(corridor.as_foretold for corridor in self.corridors)


@dataclass(frozen=True, slots=True)
class _Happened:
    """When things really happened, and the routes found meanwhile."""

    begun: Instant
    cut: Instant
    restored: Instant
    traced: Sequence[PerDirection[SitePath] | str]


@dataclass(frozen=True, slots=True)
class _Packets:
    """What the probe brought, two pairs a corridor."""

    memory: MemorySink
    report: Report
    pairs: Sequence[Pair]
    pace_ns: int

    def outage(self, number: int, happened: _Happened, reach_ns: int) -> Outage | None:
        """Return the outage of one pair, None where it could not be measured."""
        if self.pairs[number].id in self.report.not_measured:
            return None
        packets = of_pair(self.memory.columns(PACKETS), number)
        return measure_outage(packets, happened.cut.wall_ns, happened.restored.wall_ns, self.pace_ns, reach_ns)


def event_seconds(event: Event) -> float:
    """Return how long an event takes, about."""
    return (event.restore_ns + TAIL_NS) / NANOSECONDS_PER_SECOND + 1


def measure_event(bench: Bench, foresight: Foresight, event: Event, number: int, clock: Clock) -> EventOutcome:
    """Cut, measure, restore; the network carries every corridor over its planned route again afterwards.

    Raw samples are kept as ``failures-<number>``: two pairs a corridor, one from each end.

    :raises CannotMeasureError: when nothing can be measured, or a corridor does not return to its planned route
    """
    changes = foresight.changes(event.whole, event.how)
    if not changes:
        return EventOutcome(event, None, None, None, ())
    pairs = [pair for change in changes for pair in _pairs(bench, change.corridor)]
    pace_ns = max(PACE_NS, len(pairs) * NANOSECONDS_PER_SECOND // PACKETS_PER_SECOND)
    schedule = Schedule(pace_ns, (event.restore_ns + TAIL_NS) // pace_ns)
    memory = MemorySink()
    sink = Both(bench.writer.sink(f"failures-{number}", [pair.id for pair in pairs]), memory)
    probe: Any = plugins.probe("stamp")()
    with ThreadPoolExecutor(1) as pool:
        measured = pool.submit(probe.measure, pairs, schedule, sink, bench.control)
        happened = _happen(bench, foresight, event, [change.corridor for change in changes], clock)
        packets = _Packets(memory, measured.result(), pairs, pace_ns)
    keep_evidence(bench.writer, packets.report, f"failures-{number}-")
    _await_return(bench, foresight, changes)
    return EventOutcome(
        event,
        happened.cut.since_ns(happened.begun),
        happened.restored.since_ns(happened.begun),
        pace_ns,
        tuple(_outcome(change, index, happened, packets) for index, change in enumerate(changes)),
    )


def _pairs(bench: Bench, corridor: Corridor) -> tuple[Pair, Pair]:
    a, b = bench.network.vantage(corridor.source), bench.network.vantage(corridor.destination)
    return Pair(f"{corridor.id} forward", a, b), Pair(f"{corridor.id} reverse", b, a)


def _happen(bench: Bench, foresight: Foresight, event: Event, corridors: Sequence[Corridor], clock: Clock) -> _Happened:
    """Cut at the event's times, trace the routes once they are settled, and restore."""
    begun = clock.now()
    instants: list[Instant] = []
    try:
        for timed in sorted(event.cuts, key=lambda each: each.at_ns):
            _wait_until(clock, begun, timed.at_ns)
            instants.append(clock.now())
            for link in timed.cut.links:
                bench.network.cut(link, event.how)
        last_ns = instants[-1].since_ns(begun)
        _wait_until(clock, begun, min(last_ns + _settle_ns(bench.plan, foresight), event.restore_ns))
        traced = trace_all(bench.network, corridors)
        _wait_until(clock, begun, event.restore_ns)
    finally:
        restored = clock.now()
        for link in event.whole.links:
            bench.network.restore(link)
    return _Happened(begun, instants[0], restored, traced)


def _settle_ns(plan: Plan, foresight: Foresight) -> int:
    return STATIC_SETTLE_NS if foresight.routing == "static" else plan.routing.detection_ns + PROTOCOL_SETTLE_NS


def _wait_until(clock: Clock, begun: Instant, after_ns: int) -> None:
    remaining_ns = after_ns - clock.now().since_ns(begun)
    if remaining_ns > 0:
        threading.Event().wait(remaining_ns / NANOSECONDS_PER_SECOND)


def _await_return(bench: Bench, foresight: Foresight, changes: Sequence[Change]) -> None:
    """The corridors are on their planned routes again: a protocol may need some hellos for that."""
    planned = [(change.corridor, PerDirection(change.before.forward.sites, change.before.reverse.sites)) for change in changes]
    away = first_astray(bench.network, planned)
    if away is not None:
        raise CannotMeasureError(
            f"after the restoration corridor {away.id} did not return to its planned route with routing {foresight.routing}; "
            "what would be cut next could not be told from it"
        )


def _outcome(change: Change, index: int, happened: _Happened, packets: _Packets) -> CorridorOutcome:
    traced = happened.traced[index]
    reached = PerDirection(change.delay_before_ns.forward + packets.pace_ns, change.delay_before_ns.reverse + packets.pace_ns)
    outages = PerDirection(
        packets.outage(2 * index, happened, reached.forward), packets.outage(2 * index + 1, happened, reached.reverse)
    )
    if isinstance(traced, str):
        return CorridorOutcome(change, outages, None, traced)
    return CorridorOutcome(change, outages, traced, None)
