"""Measuring sessions to far ends: those that keep the same pace together, all of them at once."""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, fields
from itertools import groupby
from typing import Any

from netbench.campaign.schedule import LATENCY_PACKETS_PER_SECOND, SHORTEST_INTERVAL_NS
from netbench.campaign.sinks import Both, Renumbered
from netbench.clock import NANOSECONDS_PER_SECOND
from netbench.errors import CannotMeasureError, NetbenchError
from netbench.measure import plugins
from netbench.measure.collect import MemorySink
from netbench.measure.probe import Control, Report, Schedule
from netbench.measure.samples import Sink
from netbench.measure.sessions import Session


@dataclass(frozen=True, slots=True)
class Brought:
    """What one probe brought of some corridors: samples by pair number (the index into ``corridors``), and its reports as one."""

    corridors: tuple[str, ...]
    memory: MemorySink
    report: Report
    remarks: Mapping[str, Sequence[str]] = field(default_factory=dict[str, Sequence[str]])


@dataclass(frozen=True, slots=True)
class Pace:
    """How long is measured: for ``duration_ns``, and ``least`` packets in any case."""

    duration_ns: int
    least: int = 1

    def schedule(self, interval_ns: int) -> Schedule:
        """Return it in packets that far apart."""
        return Schedule(interval_ns, max(self.least, self.duration_ns // interval_ns))


def interval_ns(session: Session, together: int) -> int:
    """Return how far apart a session's packets are: as its far end allows, and as this host can for so many at once."""
    return max(session.interval_ns, SHORTEST_INTERVAL_NS, together * NANOSECONDS_PER_SECOND // LATENCY_PACKETS_PER_SECOND)


@dataclass(frozen=True, slots=True)
class _Group:
    """Sessions that one probe instance can serve: of one key and one pace; ``numbers`` are their indices among all."""

    sessions: tuple[Session, ...]
    numbers: list[int]
    interval_ns: int


def measure(probe: str, sessions: Sequence[Session], pace: Pace, durable: Sink, control: Control) -> Brought:
    """Measure sessions of one probe; what cannot be measured is in the report. ``durable`` numbers pairs as ``sessions`` does."""
    corridors = tuple(session.pair.id for session in sessions)
    memory = MemorySink()
    sink = Both(durable, memory)
    groups = _groups(sessions)

    def measured(group: _Group) -> Report:
        return _measure_group(probe, group, pace, sink, control)

    with ThreadPoolExecutor(max(1, len(groups)), thread_name_prefix="netbench-sessions") as threads:
        reports = list(threads.map(measured, groups))
    remarks = {pair: said for report in reports for pair, said in getattr(report, "remarks", {}).items() if said}
    return Brought(corridors, memory, _merged(reports), remarks)


def _groups(sessions: Sequence[Session]) -> list[_Group]:
    together = len(sessions)

    def alike(numbered: tuple[int, Session]) -> tuple[str, int, int]:
        session = numbered[1]
        return session.key.name if session.key else "", session.ssid, interval_ns(session, together)

    grouped = groupby(sorted(enumerate(sessions), key=alike), key=alike)
    members = [(pace, list(found)) for (_, _, pace), found in grouped]
    return [_Group(tuple(each for _, each in found), [number for number, _ in found], pace) for pace, found in members]


def _measure_group(probe: str, group: _Group, pace: Pace, sink: Sink, control: Control) -> Report:
    pairs = [session.pair for session in group.sessions]
    try:
        made = _made(probe, group.sessions[0])
        report: Report = made.measure(pairs, pace.schedule(group.interval_ns), Renumbered(sink, group.numbers), control)
    except NetbenchError as error:
        return Report(not_measured={pair.id: str(error) for pair in pairs})
    return report


def _made(probe: str, session: Session) -> Any:
    """The probe with what the session wants of it.

    :raises CannotMeasureError: when it does not know that: measuring without is not what the inventory says
    """
    probe_class: Any = plugins.probe(probe)
    wanted = {name: value for name, value in (("key", session.key), ("ssid", session.ssid)) if value}
    lacking = wanted.keys() - {each.name for each in fields(probe_class.Parameters)}
    if lacking:
        raise CannotMeasureError(f"probe '{probe}' knows no {min(lacking)}, and the inventory wants one used")
    return probe_class(probe_class.Parameters(**wanted))


def _merged(reports: Sequence[Report]) -> Report:
    names = ("timestamps", "error_ns", "far_clock_error_ns", "not_measured", "evidence")
    return Report(**{name: {key: value for report in reports for key, value in getattr(report, name).items()} for name in names})
