"""The iperf3 probe: TCP throughput between pairs, all of them at once, each test in processes of its own.

What is reported as received is what the receiving end's kernel took, interval by interval; iperf3's own account of both ends
is the evidence. The caller decides which pairs may run together: two that share a link measure each other.
"""

import socket
import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

from netbench.errors import CannotMeasureError, NetbenchError, UsageError
from netbench.measure import probe as contract
from netbench.measure.probe import Control, Pair, Report, Schedule
from netbench.measure.samples import INTERVALS, Columns, Sink, Table, Turn
from netbench.measure.vantage import RemoteEnd, Vantage
from netbench_probes.iperf3 import parameters as settings
from netbench_probes.iperf3.rows import Row, columns
from netbench_probes.iperf3.trial import Ends, Trial

LEAST_INTERVAL_NS = 100_000_000

_FAMILIES = {
    "any": (socket.AF_INET, socket.AF_INET6),
    "ipv4": (socket.AF_INET,),
    "ipv6": (socket.AF_INET6,),
}
_UNSPECIFIED = ("0.0.0.0", "::")
_LOOPBACK = {"0.0.0.0": "127.0.0.1", "::": "::1"}

TurnName = Literal["forward", "reverse"]


@dataclass(frozen=True, slots=True)
class _Task:
    """One pair's work, in a thread of its own."""

    index: int
    pair: Pair
    schedule: Schedule
    sink: Sink
    control: Control


@dataclass(slots=True)
class _PairOutcome:
    rows: int = 0
    reasons: list[str] = field(default_factory=list[str])
    evidence: dict[str, bytes] = field(default_factory=dict[str, bytes])


class Iperf3Probe:
    """TCP throughput, retransmits, smoothed round trip and congestion window (see ``netbench.measure.probe.Probe``)."""

    API: ClassVar[int] = contract.API
    name: ClassVar[str] = "iperf3"
    metrics: ClassVar[tuple[str, ...]] = ("throughput",)
    Parameters: ClassVar[type[Any]] = settings.Parameters

    def __init__(self, parameters: settings.Parameters | None = None) -> None:
        """``parameters`` is an instance of ``Parameters``, or None for its defaults."""
        self._parameters = parameters or settings.Parameters()

    def measure(self, pairs: Sequence[Pair], schedule: Schedule, sink: Sink, control: Control) -> Report:
        """Measure all pairs at once, each in its turns one after the other; blocks until done or stopped.

        iperf3 counts whole seconds: it sends for ``schedule.duration_ns`` rounded up; samples cover exactly the schedule. A pair
        that failed after some samples keeps them and its reason stands in ``not_measured`` too.

        :raises UsageError: when the schedule is empty or finer than 0.1 s
        :raises CannotMeasureError: when no pair at all could be measured, unless the caller stopped
        """
        _check(schedule)
        if not pairs:
            return Report()
        locked = _Locked(sink)
        tasks = [_Task(index, pair, schedule, locked, control) for index, pair in enumerate(pairs)]
        with ThreadPoolExecutor(len(pairs), thread_name_prefix="netbench-iperf3") as threads:
            outcomes = list(threads.map(self._measure_pair, tasks))
        return _report({pair.id: outcome for pair, outcome in zip(pairs, outcomes, strict=True)}, stopped=control.stopped)

    def _measure_pair(self, task: _Task) -> _PairOutcome:
        outcome = _PairOutcome()
        for turn in self._parameters.turns:
            try:
                failure = self._measure_turn(task, turn, outcome)
            except (NetbenchError, OSError) as error:
                failure = str(error)
            if failure is not None:
                outcome.reasons.append(f"{task.pair.id} {turn}: {failure}")
        return outcome

    def _measure_turn(self, task: _Task, turn: TurnName, outcome: _PairOutcome) -> str | None:
        if task.control.stopped:
            return "stopped before it began"

        def take(rows: Sequence[Row]) -> None:
            outcome.rows += len(rows)
            task.sink.write(INTERVALS, columns(task.index, Turn[turn.upper()], rows))

        tested = Trial(self._ends(task.pair, turn), task.schedule, self._parameters, take, task.control).run()
        outcome.evidence.update({f"iperf3-{task.pair.id}-{turn}-{end}.json": text for end, text in tested.evidence.items()})
        return tested.failure

    def _ends(self, pair: Pair, turn: TurnName) -> Ends:
        """Between two vantages the sender is always the client, so that the sender's own TCP state is at hand in both turns."""
        if isinstance(pair.destination, RemoteEnd):
            return self._remote_ends(pair.source, pair.destination, turn)
        sender, receiver = (pair.source, pair.destination) if turn == "forward" else (pair.destination, pair.source)
        family, host = _common_address(receiver, sender, _FAMILIES[self._parameters.family])
        return Ends(sender, _pinned(sender, family), receiver, _LOOPBACK.get(host, host), 0)

    def _remote_ends(self, source: Vantage, remote: RemoteEnd, turn: TurnName) -> Ends:
        family, host = _resolved(remote.host, _FAMILIES[self._parameters.family])
        port = remote.port if remote.port is not None else self._parameters.port
        return Ends(source, _pinned(source, family), None, host, port, reverse=turn == "reverse")


class _Locked:
    """A sink that several threads may write to."""

    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self._lock = threading.Lock()

    def write(self, table: Table, columns: Columns) -> None:
        """Hand it on, one batch at a time."""
        with self._lock:
            self._sink.write(table, columns)


def _check(schedule: Schedule) -> None:
    if schedule.count < 1:
        raise UsageError("iperf3 needs at least one interval to measure in")
    if schedule.interval_ns < LEAST_INTERVAL_NS:
        raise UsageError(f"iperf3 cannot report every {schedule.interval_ns} ns; ask for 100 ms or more")


def _report(outcomes: Mapping[str, _PairOutcome], *, stopped: bool) -> Report:
    reasons = {pair: "; ".join(outcome.reasons) for pair, outcome in outcomes.items() if outcome.reasons}
    if not stopped and not any(outcome.rows for outcome in outcomes.values()):
        raise CannotMeasureError("; ".join(reasons.values()))
    return Report(
        timestamps={pair: "user" for pair, outcome in outcomes.items() if outcome.rows},
        not_measured=reasons,
        evidence={name: text for outcome in outcomes.values() for name, text in outcome.evidence.items()},
    )


def _common_address(
    receiver: Vantage, sender: Vantage, families: Sequence[socket.AddressFamily]
) -> tuple[socket.AddressFamily, str]:
    """Return the first family that both places have, and the receiver's address of it."""
    failure: NetbenchError | None = None
    for family in families:
        try:
            sender.address(family)
            return family, receiver.address(family)
        except NetbenchError as error:
            failure = error
    raise failure or UsageError("no address family was asked for")


def _pinned(vantage: Vantage, family: socket.AddressFamily) -> str | None:
    address = vantage.address(family)
    return None if address in _UNSPECIFIED else address


def _resolved(host: str, families: Sequence[socket.AddressFamily]) -> tuple[socket.AddressFamily, str]:
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except socket.gaierror as error:
        raise CannotMeasureError(f"{host} has no address ({error.strerror}); check the name or give the address") from error
    for family, _, _, _, address in found:
        if family in families:
            return family, str(address[0])
    raise CannotMeasureError(f"{host} has no {' or '.join(map(_spoken, families))} address; measure with the other family")


def _spoken(family: socket.AddressFamily) -> str:
    return "IPv6" if family == socket.AF_INET6 else "IPv4"
