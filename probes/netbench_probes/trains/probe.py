"""The train probe: what a link does to a burst that is longer than its queue."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from netbench.clock import Clock, SystemClock
from netbench.errors import CannotMeasureError, NetbenchError, UnsupportedError, UsageError
from netbench.measure.probe import Control, Pair, Report, Schedule
from netbench.measure.samples import PACKETS, Sink
from netbench.measure.vantage import RemoteEnd
from netbench_probes.handover import drive
from netbench_probes.stamp.columns import columns_of
from netbench_probes.trains.engine import TrainEngine
from netbench_probes.trains.flow import TrainFlow, opened
from netbench_probes.trains.session import Shape
from netbench_probes.trains.wire import LEAST_OCTETS

DEPARTURE_ERROR_NS = 1_000_000
"""Arrivals are the kernel's stamps; departures are spread over the call that sent a burst."""
USER_ERROR_NS = 10_000_000
FULL_SIZE_OCTETS = 1472
"""The payload of a full Ethernet frame over IPv4."""
_LARGEST_OCTETS = 65_507


@dataclass(frozen=True, slots=True)
class TrainParameters:
    """How trains are sent. Refused at birth when out of range.

    ``frames`` a train, the first ``burst`` of them back to back (0: all), the rest ``pace_ns`` apart: one value for all pairs or
    one a pair. ``packet_octets`` is the UDP payload. A packet that has not arrived after ``timeout_ns`` was dropped.
    """

    frames: tuple[int, ...] = (100,)
    burst: tuple[int, ...] = (0,)
    pace_ns: tuple[int, ...] = (0,)
    packet_octets: int = FULL_SIZE_OCTETS
    timeout_ns: int = 500_000_000

    def __post_init__(self) -> None:
        if not LEAST_OCTETS <= self.packet_octets <= _LARGEST_OCTETS:
            raise UsageError(f"packet_octets is {self.packet_octets}; it must be from {LEAST_OCTETS} to {_LARGEST_OCTETS}")
        if min(self.frames, default=0) < 1 or min(self.burst, default=-1) < 0 or min(self.pace_ns, default=-1) < 0:
            raise UsageError("a train has at least one frame, and neither its burst nor its pace is negative")

    def shape(self, index: int) -> Shape:
        """Return the shape of the trains of pair ``index``."""
        frames, burst, pace_ns = (_nth(values, index) for values in (self.frames, self.burst, self.pace_ns))
        return Shape(frames, min(burst or frames, frames), pace_ns)


class TrainProbe:
    """Sends trains one way, from source to destination, which both are vantages of ours (see ``netbench.measure.probe.Probe``).

    The schedule's ``count`` is of trains, its ``interval_ns`` from the start of one to that of the next. Packet s of a pair is
    number ``s % frames`` of train ``s // frames``. What arrives is ANSWERED with its time forward alone; what does not is
    LOST_FORWARD, which in a train that is longer than a queue mostly means dropped by it.
    """

    API: ClassVar[int] = 1
    name: ClassVar[str] = "trains"
    metrics: ClassVar[tuple[str, ...]] = ("one_way_delay", "loss_ratio")
    Parameters: ClassVar[type[Any]] = TrainParameters

    def __init__(self, parameters: TrainParameters | None = None, clock: Clock | None = None) -> None:
        """Defaults where None."""
        self._parameters = parameters or TrainParameters()
        self._clock = clock or SystemClock()

    def measure(self, pairs: Sequence[Pair], schedule: Schedule, sink: Sink, control: Control) -> Report:
        """Measure all pairs at once (see the contract).

        :raises CannotMeasureError: when no pair could be measured
        """
        flows, not_measured = self._open(pairs)
        try:
            if not flows:
                raise CannotMeasureError("; ".join(sorted(set(not_measured.values()))) or "there is no pair to measure")
            engine = TrainEngine(flows, schedule, control, self._clock)
            drive(engine, "netbench-trains", lambda rows: sink.write(PACKETS, columns_of(rows)))
            return _report(pairs, flows, not_measured)
        finally:
            for _, flow, _ in flows:
                flow.close()

    def _open(self, pairs: Sequence[Pair]) -> tuple[list[tuple[int, TrainFlow, Shape]], dict[str, str]]:
        flows: list[tuple[int, TrainFlow, Shape]] = []
        not_measured: dict[str, str] = {}
        for index, pair in enumerate(pairs):
            try:
                flows.append((index, self._flow(pair), self._parameters.shape(index)))
            except NetbenchError as error:
                not_measured[pair.id] = str(error)
            except OSError as error:
                ends = f"{pair.source.name} to {pair.destination.name}"
                not_measured[pair.id] = f"cannot open sockets for trains from {ends}: {error.strerror or error}"
        return flows, not_measured

    def _flow(self, pair: Pair) -> TrainFlow:
        if isinstance(pair.destination, RemoteEnd):
            raise UnsupportedError(
                f"trains are received at the far end, and {pair.destination.name} is none of netbench's own; use stamp or iperf3"
            )
        ends = opened(pair.source, pair.destination)
        return TrainFlow(ends, self._parameters.packet_octets, self._parameters.timeout_ns, self._clock)


def _nth(values: tuple[int, ...], index: int) -> int:
    return values[index % len(values)]


def _report(pairs: Sequence[Pair], flows: Sequence[tuple[int, TrainFlow, Shape]], not_measured: dict[str, str]) -> Report:
    by_id = {pairs[index].id: flow for index, flow, _ in flows}
    told = {
        pair: {"socket_drops": flow.drops(), "errors": flow.errors, "late_arrivals": flow.session.late_arrivals}
        for pair, flow in by_id.items()
    }
    return Report(
        timestamps=dict.fromkeys(by_id, "user"),
        error_ns={pair: DEPARTURE_ERROR_NS if flow.kernel else USER_ERROR_NS for pair, flow in by_id.items()},
        not_measured=not_measured,
        evidence={"trains.json": json.dumps(told, indent=1, sort_keys=True).encode()},
    )
