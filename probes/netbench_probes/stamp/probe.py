"""The STAMP probe: one-way and round-trip delay, loss by direction, duplicates and reordering of many pairs at once."""

from collections.abc import Sequence
from typing import Any, ClassVar

from netbench.clock import Clock, SystemClock
from netbench.errors import CannotMeasureError, NetbenchError
from netbench.linux.clockstate import read_clock_state
from netbench.measure.probe import Control, Pair, Report, Schedule
from netbench.measure.reflector import ReflectorOptions
from netbench.measure.samples import PACKETS, Sink
from netbench.measure.selftest import SelfTest
from netbench.measure.vantage import RemoteEnd, Vantage
from netbench_probes.stamp.choosing import engine_for, run
from netbench_probes.stamp.estimate import ClockWord, kept_true
from netbench_probes.stamp.flow import Flow
from netbench_probes.stamp.parameters import StampParameters, style_of, talk_of
from netbench_probes.stamp.reporting import report
from netbench_probes.stamp.server import StampReflector
from netbench_probes.stamp.sockets import PORT, Outgoing, common_family, joined_pair, towards

__all__ = ["StampParameters", "StampProbe"]


class StampProbe:
    """RFC 8762 and RFC 8972 (see ``netbench.measure.probe.Probe``).

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

    @classmethod
    def self_test(cls, control: Control) -> SelfTest:
        """Return what this host can hold, measured over loopback in half a minute or less.

        :raises CannotMeasureError: when nothing comes back over loopback
        """
        from netbench_probes.stamp.selftest import self_test

        return self_test(control)

    def measure(self, pairs: Sequence[Pair], schedule: Schedule, sink: Sink, control: Control) -> Report:
        """Measure all pairs at once (see the contract); the sink is written from the calling thread twice a second or more.

        :raises CannotMeasureError: when no pair could be measured
        """
        word = ClockWord(read_clock_state(), ptp=self._parameters.timestamps == "ptp")
        flows, not_measured = self._open(pairs, word)
        try:
            if not flows:
                raise CannotMeasureError("; ".join(sorted(set(not_measured.values()))) or "there is no pair to measure")
            engine = engine_for(flows, schedule, control, self._clock, self._parameters)
            with kept_true(word, read_clock_state):
                run(engine, lambda columns: sink.write(PACKETS, columns))
            return report(self.name, pairs, flows, not_measured, engine)
        finally:
            for _, flow in flows:
                flow.close()

    def _open(self, pairs: Sequence[Pair], word: ClockWord) -> tuple[list[tuple[int, Flow]], dict[str, str]]:
        flows: list[tuple[int, Flow]] = []
        not_measured: dict[str, str] = {}
        for index, pair in enumerate(pairs):
            try:
                flows.append((index, self._flow(pair, word)))
            except NetbenchError as error:
                not_measured[pair.id] = str(error)
            except OSError as error:
                ends = f"{pair.source.name} to {pair.destination.name}"
                not_measured[pair.id] = f"cannot open a test session from {ends}: {error.strerror or error}"
        return flows, not_measured

    def _flow(self, pair: Pair, word: ClockWord) -> Flow:
        asked = self._parameters
        outgoing = Outgoing(asked.dscp, asked.ecn, asked.ttl, asked.source_port or 0)
        talk, style = talk_of(asked, word), style_of(asked, word)
        if isinstance(pair.destination, RemoteEnd):
            sender = towards(pair.source, pair.destination, asked.address_family, asked.port or PORT, outgoing)
            return Flow(sender, None, asked.timeout_ns, talk, self._clock, tos=outgoing.tos)
        family = common_family(pair.source, pair.destination, asked.address_family)
        sender, reflector = joined_pair(pair.source, pair.destination, family, asked.port or 0, outgoing)
        return Flow(sender, reflector, asked.timeout_ns, talk, self._clock, style=style, tos=outgoing.tos)
