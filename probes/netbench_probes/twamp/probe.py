"""The TWAMP probe: what STAMP measures, from servers that want the session agreed first (RFC 5357)."""

import socket
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Literal

from netbench.clock import Clock, SystemClock
from netbench.errors import CannotMeasureError, NetbenchError, UsageError
from netbench.linux.clockstate import read_clock_state
from netbench.linux.timestamping import Address, StampedSocket
from netbench.measure.probe import Control, Pair, Report, Schedule
from netbench.measure.reflector import ReflectorOptions
from netbench.measure.samples import PACKETS, Sink
from netbench.measure.vantage import RemoteEnd, Vantage
from netbench_probes.handover import drive
from netbench_probes.stamp.columns import columns_of
from netbench_probes.stamp.engine import Engine
from netbench_probes.stamp.estimate import ClockWord, kept_true
from netbench_probes.stamp.patterns import LARGEST_OCTETS, Pattern, Sizes
from netbench_probes.stamp.probe import StampProbe
from netbench_probes.stamp.reporting import report
from netbench_probes.stamp.sockets import common_family, open_at
from netbench_probes.stamp.talk import Talk
from netbench_probes.stamp.wire import BASE_OCTETS
from netbench_probes.twamp.client_session import ClientSession
from netbench_probes.twamp.connection import ControlConnection
from netbench_probes.twamp.flow import TwampFlow
from netbench_probes.twamp.here import serving_at
from netbench_probes.twamp.mode import TWAMP
from netbench_probes.twamp.server import TwampServer
from netbench_probes.twamp.sockets import PORT, connected, found, ip_of, text_of
from netbench_probes.twamp.wire import SessionRequest, address_field, fixed_from_ns, type_p_from_dscp

_SENDER_OCTETS = 14
_AT_ONCE = 32
_FAMILIES = {4: socket.AF_INET, 6: socket.AF_INET6}


@dataclass(frozen=True, slots=True)
class TwampParameters:
    """How to probe. Refused at birth when out of range.

    ``family`` is 4, 6, or None for the first that both ends have. ``packet_octets`` is the UDP payload, both ways; ``pattern``
    fills it. ``timeout_ns`` after its sending an unanswered packet is lost. ``port`` is the server's for TCP: None is 862 at a
    remote end and any free one at a vantage of ours. ``dscp`` marks both directions, as the server is asked to; ``ecn`` and
    ``ttl`` go with our packets. ``source_port`` is ours for the test packets, any free one when None; ``receiver_port`` is the
    one that the server is asked to have, the same as ours when None, and the server decides. ``control_timeout_ns`` is how long
    each answer of the server may take.
    """

    family: Literal[4, 6] | None = None
    packet_octets: int = BASE_OCTETS
    timeout_ns: int = 1_000_000_000
    port: int | None = None
    dscp: int = 0
    ecn: int = 0
    ttl: int = 255
    pattern: Pattern = "random"
    source_port: int | None = None
    receiver_port: int | None = None
    control_timeout_ns: int = 10_000_000_000

    def __post_init__(self) -> None:
        if self.family not in (None, 4, 6):
            raise UsageError(f"family is 4 or 6, not {self.family}")
        _within("packet_octets", self.packet_octets, BASE_OCTETS, LARGEST_OCTETS)
        _within("timeout_ns", self.timeout_ns, 1_000_000, 60_000_000_000)
        _within("control_timeout_ns", self.control_timeout_ns, 1_000_000, 900_000_000_000)
        _within("dscp", self.dscp, 0, 63)
        _within("ecn", self.ecn, 0, 3)
        _within("ttl", self.ttl, 1, 255)
        for name in ("port", "source_port", "receiver_port"):
            if (port := getattr(self, name)) is not None:
                _within(name, port, 1, 65_535)


class TwampProbe:
    """RFC 5357 in open mode (see ``netbench.measure.probe.Probe``).

    Each pair has a control connection of its own, which stays open while its test packets fly; where the server ends it before
    the schedule does, samples end there too. Where the destination is a vantage, a server runs here for as long.
    """

    API: ClassVar[int] = 1
    name: ClassVar[str] = "twamp"
    metrics: ClassVar[tuple[str, ...]] = StampProbe.metrics
    Parameters: ClassVar[type[Any]] = TwampParameters

    def __init__(self, parameters: TwampParameters | None = None, clock: Clock | None = None) -> None:
        """Defaults where None."""
        self._parameters = parameters or TwampParameters()
        self._clock = clock or SystemClock()

    @classmethod
    def reflector(cls, vantage: Vantage, options: ReflectorOptions) -> TwampServer:
        """Return a server listening at ``vantage``.

        :raises CannotMeasureError: when the address or the port cannot be had
        """
        return TwampServer(vantage, options, SystemClock())

    def measure(self, pairs: Sequence[Pair], schedule: Schedule, sink: Sink, control: Control) -> Report:
        """Measure all pairs at once (see the contract); the sink is written from the calling thread twice a second or more.

        :raises CannotMeasureError: when no pair could be measured
        """
        word = ClockWord(read_clock_state(), ptp=False)
        with ExitStack() as servers, kept_true(word, read_clock_state):
            flows, not_measured = self._open(pairs, word, control, servers)
            try:
                if not flows:
                    raise CannotMeasureError("; ".join(sorted(set(not_measured.values()))) or "there is no pair to measure")
                engine = self._run(flows, schedule, sink, control)
                cut_short = {pairs[index].id: flow.ended for index, flow in flows if flow.ended is not None}
                return replace(report(self.name, pairs, flows, not_measured, engine), cut_short=cut_short)
            finally:
                for _, flow in flows:
                    flow.close()

    def _run(self, flows: Sequence[tuple[int, TwampFlow]], schedule: Schedule, sink: Sink, control: Control) -> Engine:
        engine = Engine(flows, schedule, control, self._clock)

        def end() -> None:
            if all(flow.ended is not None for _, flow in flows):
                engine.stop()

        for _, flow in flows:
            flow.when_ended = end
        drive(engine, "netbench-twamp", lambda rows: sink.write(PACKETS, columns_of(rows)))
        return engine

    def _open(
        self, pairs: Sequence[Pair], word: ClockWord, control: Control, servers: ExitStack
    ) -> tuple[list[tuple[int, TwampFlow]], dict[str, str]]:
        """Agree with all servers at once: one that is slow to refuse delays the others once."""

        def attempt(pair: Pair) -> TwampFlow | str:
            try:
                return self._flow(pair, word, control, servers)
            except NetbenchError as error:
                return str(error)
            except OSError as error:
                return f"cannot open a test session from {pair.source.name} to {pair.destination.name}: {error.strerror or error}"

        with ThreadPoolExecutor(min(_AT_ONCE, max(1, len(pairs)))) as threads:
            outcomes = list(threads.map(attempt, pairs))
        flows = [(index, outcome) for index, outcome in enumerate(outcomes) if isinstance(outcome, TwampFlow)]
        not_measured = {pair.id: outcome for pair, outcome in zip(pairs, outcomes, strict=True) if isinstance(outcome, str)}
        return flows, not_measured

    def _flow(self, pair: Pair, word: ClockWord, control: Control, servers: ExitStack) -> TwampFlow:
        wanted = _FAMILIES[self._parameters.family] if self._parameters.family else None
        remote = pair.destination
        if not isinstance(remote, RemoteEnd):
            wanted = common_family(pair.source, remote, wanted)
            remote = servers.enter_context(serving_at(remote, wanted, self._parameters.port or 0, self._clock))
        family, peer = found(remote, wanted, self._parameters.port or PORT)
        server = f"TWAMP server {remote.host} port {peer[1]}"
        opened = connected(pair.source, family, peer, server, self._parameters.control_timeout_ns).made(control, self._clock)
        try:
            return self._session(pair.source, opened, server, word, control)
        except BaseException:
            opened.close()
            raise

    def _session(self, source: Vantage, opened: socket.socket, server: str, word: ClockWord, control: Control) -> TwampFlow:
        """Return the flow of a session that the server at the other end of ``opened`` has agreed to and started."""
        asked, peer = self._parameters, opened.getpeername()
        host, port = text_of(opened.getsockname()), asked.source_port or 0
        sender = open_at(source, opened.family, host, port, asked.dscp, ecn=asked.ecn, hop_limit=asked.ttl)
        try:
            request = self._request(sender.getsockname(), peer)
            session = ClientSession(server, request, asked.control_timeout_ns, self._clock.now().monotonic_ns)
            connection = ControlConnection(opened, session, self._clock)
            agreement = connection.agree(control)
            sender.connect((peer[0], agreement.port, *peer[2:]))
            stamped = StampedSocket(sender)
            connection.start(control)
        except BaseException:
            sender.close()
            raise
        talk = Talk(Sizes(str(asked.packet_octets)), asked.pattern, TWAMP, word=word)
        return TwampFlow(stamped, connection, asked.timeout_ns, talk, self._clock)

    def _request(self, sender: Address, peer: Address) -> SessionRequest:
        """Return what to ask for: equal sizes both ways, and to start when told to, whatever the server's clock says."""
        return SessionRequest(
            ip_version=ip_of(peer).version,
            sender_port=sender[1],
            receiver_port=self._parameters.receiver_port or sender[1],
            sender_address=address_field(ip_of(sender)),
            receiver_address=address_field(ip_of(peer)),
            padding_octets=self._parameters.packet_octets - _SENDER_OCTETS,
            timeout=fixed_from_ns(self._parameters.timeout_ns),
            type_p=type_p_from_dscp(self._parameters.dscp),
        )


def _within(name: str, value: int, least: int, most: int) -> None:
    if not least <= value <= most:
        raise UsageError(f"{name} is {value}; it must be from {least} to {most}")
