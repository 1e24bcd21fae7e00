"""The STAMP probe: one-way and round-trip delay, loss by direction, duplicates and reordering of many pairs at once."""

import socket
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from netbench.clock import Clock, SystemClock
from netbench.errors import CannotMeasureError, NetbenchError, UsageError
from netbench.measure.probe import Control, Pair, Report, Schedule
from netbench.measure.reflector import ReflectorOptions
from netbench.measure.samples import PACKETS, Sink
from netbench.measure.vantage import RemoteEnd, Vantage
from netbench_probes.handover import drive
from netbench_probes.stamp.columns import columns_of
from netbench_probes.stamp.engine import Engine
from netbench_probes.stamp.flow import Flow
from netbench_probes.stamp.reporting import report
from netbench_probes.stamp.server import StampReflector
from netbench_probes.stamp.sockets import PORT, common_family, joined_pair, towards
from netbench_probes.stamp.wire import BASE_OCTETS

_LARGEST_OCTETS = 65_507
_FAMILIES = {4: socket.AF_INET, 6: socket.AF_INET6}


@dataclass(frozen=True, slots=True)
class StampParameters:
    """How to probe. Refused at birth when out of range.

    ``family`` is 4, 6, or None for the first that both ends have. ``packet_octets`` is the UDP payload, both ways.
    ``timeout_ns`` after its sending an unanswered packet is lost. ``port`` is the reflector's: None is 862 at a remote end and
    any free one at a vantage of ours. ``dscp`` marks both directions (a remote end decides about its own).
    """

    family: Literal[4, 6] | None = None
    packet_octets: int = BASE_OCTETS
    timeout_ns: int = 1_000_000_000
    port: int | None = None
    dscp: int = 0

    def __post_init__(self) -> None:
        if self.family not in (None, 4, 6):
            raise UsageError(f"family is 4 or 6, not {self.family}")
        _within("packet_octets", self.packet_octets, BASE_OCTETS, _LARGEST_OCTETS)
        _within("timeout_ns", self.timeout_ns, 1_000_000, 60_000_000_000)
        _within("dscp", self.dscp, 0, 63)
        if self.port is not None:
            _within("port", self.port, 1, 65_535)


class StampProbe:
    """RFC 8762, unauthenticated (see ``netbench.measure.probe.Probe``).

    Where the destination is a vantage the reflector runs here too: T3 is then the kernel's own stamp, and a loss has its
    direction because the reflector saw the packet or did not. A remote end tells T2 and T3 in its replies.
    """

    API: ClassVar[int] = 1
    name: ClassVar[str] = "stamp"
    metrics: ClassVar[tuple[str, ...]] = (
        "one_way_delay",
        "round_trip_delay",
        "ipdv",
        "pdv",
        "loss_ratio",
        "duplicate_ratio",
        "reordering_ratio",
    )
    Parameters: ClassVar[type[Any]] = StampParameters

    def __init__(self, parameters: StampParameters | None = None, clock: Clock | None = None) -> None:
        """Defaults where None."""
        self._parameters = parameters or StampParameters()
        self._clock = clock or SystemClock()

    @classmethod
    def reflector(cls, vantage: Vantage, options: ReflectorOptions) -> StampReflector:
        """Return a Session-Reflector listening at ``vantage``.

        :raises CannotMeasureError: when the address or the port cannot be had
        """
        return StampReflector(vantage, options, SystemClock())

    def measure(self, pairs: Sequence[Pair], schedule: Schedule, sink: Sink, control: Control) -> Report:
        """Measure all pairs at once (see the contract); the sink is written from the calling thread twice a second or more.

        :raises CannotMeasureError: when no pair could be measured
        """
        flows, not_measured = self._open(pairs)
        try:
            if not flows:
                raise CannotMeasureError("; ".join(sorted(set(not_measured.values()))) or "there is no pair to measure")
            engine = Engine(flows, schedule, control, self._clock)
            drive(engine, "netbench-stamp", lambda rows: sink.write(PACKETS, columns_of(rows)))
            return report(self.name, pairs, flows, not_measured, engine)
        finally:
            for _, flow in flows:
                flow.close()

    def _open(self, pairs: Sequence[Pair]) -> tuple[list[tuple[int, Flow]], dict[str, str]]:
        flows: list[tuple[int, Flow]] = []
        not_measured: dict[str, str] = {}
        for index, pair in enumerate(pairs):
            try:
                flows.append((index, self._flow(pair)))
            except NetbenchError as error:
                not_measured[pair.id] = str(error)
            except OSError as error:
                ends = f"{pair.source.name} to {pair.destination.name}"
                not_measured[pair.id] = f"cannot open a test session from {ends}: {error.strerror or error}"
        return flows, not_measured

    def _flow(self, pair: Pair) -> Flow:
        wanted = _FAMILIES[self._parameters.family] if self._parameters.family else None
        if isinstance(pair.destination, RemoteEnd):
            port = self._parameters.port or PORT
            sender, reflector = towards(pair.source, pair.destination, wanted, port, self._parameters.dscp), None
        else:
            family = common_family(pair.source, pair.destination, wanted)
            port = self._parameters.port or 0
            sender, reflector = joined_pair(pair.source, pair.destination, family, port, self._parameters.dscp)
        rest = bytes(self._parameters.packet_octets - BASE_OCTETS)
        return Flow(sender, reflector, self._parameters.timeout_ns, rest, self._clock)


def _within(name: str, value: int, least: int, most: int) -> None:
    if not least <= value <= most:
        raise UsageError(f"{name} is {value}; it must be from {least} to {most}")
