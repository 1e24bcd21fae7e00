"""The path probe: who forwards packets to a far end, how soon each answers, where the way branches, and when it changes."""

import json
import os
import socket
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any, ClassVar, Literal

from netbench.analysis.branches import CONFIDENCE
from netbench.clock import Clock, SystemClock
from netbench.errors import CannotMeasureError, NetbenchError, UsageError
from netbench.linux.trace import MAX_HOPS, PORT
from netbench.measure.probe import Control, Pair, Report, Schedule, TimestampClass
from netbench.measure.samples import HOPS, Sink
from netbench.measure.schedules import due_chunks
from netbench.measure.vantage import RemoteEnd, Vantage
from netbench_probes.handover import drive
from netbench_probes.path.largest import LargestPacketSearch
from netbench_probes.path.records import PathShape
from netbench_probes.path.session import PathSession
from netbench_probes.path.sockets import EchoFlow, FlowSocket, UdpFlow, open_icmp, open_udp
from netbench_probes.path.talk import PathTalk
from netbench_probes.path.wire import HEADERS, MARK_OCTETS, NONCE_OCTETS
from netbench_probes.resolve import far_address
from netbench_probes.tables import columns_of
from netbench_probes.talk import TalkLoop

KERNEL_ERROR_NS = 10_000
"""Kernel stamps at this end, as ``icmp``'s."""
USER_ERROR_NS = 10_000_000
_LARGEST_OCTETS = 65_535
_LEAST_OCTETS = max(HEADERS.values()) + MARK_OCTETS + 3


@dataclass(frozen=True, slots=True)
class PathParameters:
    """How to ask. Refused at birth when out of range.

    ``family`` is 4, 6, or None for the first that both ends have. ``method`` is what is sent; ``icmp`` needs leave to open ICMP
    sockets, ``udp`` needs none. ``packet_octets`` is the IP packet, ``port`` the UDP port at the far end, best a closed one.
    ``timeout_ns`` after its sending an unanswered probe is lost. ``confidence`` is that of the stopping rule for branches, for
    which at most ``flows`` are used. ``mtu`` false makes no search for the largest packet.
    """

    family: Literal[4, 6] | None = None
    method: Literal["udp", "icmp"] = "udp"
    packet_octets: int = _LEAST_OCTETS
    timeout_ns: int = 1_000_000_000
    port: int = PORT
    hops: int = MAX_HOPS
    flows: int = 64
    confidence: float = CONFIDENCE
    mtu: bool = True
    dscp: int = 0

    def __post_init__(self) -> None:
        _within("packet_octets", self.packet_octets, _LEAST_OCTETS, _LARGEST_OCTETS)
        _within("timeout_ns", self.timeout_ns, 1_000_000, 60_000_000_000)
        _within("port", self.port, 1, 65_535)
        _within("hops", self.hops, 1, 254)
        _within("flows", self.flows, 1, 1024)
        _within("dscp", self.dscp, 0, 63)
        if not 0.5 <= self.confidence <= 0.9999:
            raise UsageError(f"confidence is {self.confidence}; it must be from 0.5 to 0.9999")


class PathProbe:
    """Paris-style traceroute of many pairs at once, timed by the kernel (see ``netbench.measure.probe.Probe``)."""

    API: ClassVar[int] = 1
    name: ClassVar[str] = "path"
    metrics: ClassVar[tuple[str, ...]] = ("round_trip_delay",)
    Parameters: ClassVar[type[Any]] = PathParameters

    def __init__(self, parameters: PathParameters | None = None, clock: Clock | None = None) -> None:
        """Defaults where None."""
        self._parameters = parameters or PathParameters()
        self._clock = clock or SystemClock()

    def measure(self, pairs: Sequence[Pair], schedule: Schedule, sink: Sink, control: Control) -> Report:
        """Follow all pairs at once (see the contract); each attempt of the schedule asks all hops of one flow.

        :raises CannotMeasureError: when no pair could be measured
        """
        talks, not_measured = self._open(pairs, schedule)
        try:
            if not talks:
                raise CannotMeasureError("; ".join(sorted(set(not_measured.values()))) or "there is no pair to measure")
            loop = TalkLoop(talks, control, self._clock)
            drive(loop, "netbench-path", lambda rows: sink.write(HOPS, columns_of(HOPS, rows)))
            return self._report({pairs[index].id: talk for index, talk in talks}, not_measured)
        finally:
            for _, talk in talks:
                talk.close()

    def _open(self, pairs: Sequence[Pair], schedule: Schedule) -> tuple[list[tuple[int, PathTalk]], dict[str, str]]:
        talks: list[tuple[int, PathTalk]] = []
        not_measured: dict[str, str] = {}
        for index, pair in enumerate(pairs):
            try:
                talks.append((index, self._talk(pair, _offsets(schedule, index, len(pairs)))))
            except NetbenchError as error:
                not_measured[pair.id] = str(error)
            except OSError as error:
                ends = f"{pair.source.name} to {pair.destination.name}"
                not_measured[pair.id] = f"cannot follow the path from {ends}: {error.strerror or error}"
        return talks, not_measured

    def _talk(self, pair: Pair, offsets: Iterator[int]) -> PathTalk:
        wanted = self._parameters
        family, address = far_address(pair.source, pair.destination, wanted.family)
        port = pair.destination.port if isinstance(pair.destination, RemoteEnd) and pair.destination.port else wanted.port
        peer = (address[0], port if wanted.method == "udp" else 0, *address[2:])
        source = _source(pair.source, family, peer)
        nonce = os.urandom(NONCE_OCTETS)
        first = self._flow(pair.source, family, nonce, 0)
        most = _LARGEST_OCTETS if wanted.mtu else wanted.packet_octets
        shape = PathShape(wanted.timeout_ns, wanted.hops, wanted.flows, wanted.confidence, wanted.packet_octets)
        search = LargestPacketSearch(wanted.packet_octets, most, made=wanted.mtu)
        session = PathSession(shape, offsets, search, stamped=first.channel.kernel)
        return PathTalk(session, lambda flow: self._flow(pair.source, family, nonce, flow), first, (source, peer))

    def _flow(self, place: Vantage, family: socket.AddressFamily, nonce: bytes, flow: int) -> FlowSocket:
        if self._parameters.method == "icmp":
            opened, raw = open_icmp(place, family, self._parameters.dscp)
            return EchoFlow(opened, nonce, flow, raw=raw)
        return UdpFlow(open_udp(place, family, self._parameters.dscp), nonce)

    def _report(self, talks: dict[str, PathTalk], not_measured: dict[str, str]) -> Report:
        return Report(
            timestamps={pair: _timestamps(talk) for pair, talk in talks.items()},
            error_ns={pair: KERNEL_ERROR_NS if _timestamps(talk) == "kernel" else USER_ERROR_NS for pair, talk in talks.items()},
            not_measured=not_measured,
            evidence={"path.json": json.dumps({pair: self._evidence(talk) for pair, talk in talks.items()}, indent=1).encode()},
        )

    def _evidence(self, talk: PathTalk) -> dict[str, Any]:
        return {
            "method": self._parameters.method,
            "source": talk.source,
            "destination": talk.peer[0],
            "port": talk.peer[1],
            "flows": talk.ports,
            "confidence": self._parameters.confidence,
            "packet_octets": self._parameters.packet_octets,
            "branches_ruled_out": talk.session.flows.decided,
            "send_errors": talk.send_errors,
            **asdict(talk.session.tally),
        }


def _offsets(schedule: Schedule, stream: int, streams: int) -> Iterator[int]:
    for chunk in due_chunks(schedule, stream, streams):
        yield from chunk.tolist()


def _source(place: Vantage, family: socket.AddressFamily, peer: Any) -> str:
    """Return the address that packets to the peer leave from.

    :raises CannotMeasureError: when there is no route
    """
    with place.socket(family, socket.SOCK_DGRAM) as asking:
        asking.bind((place.address(family), 0))
        try:
            asking.connect((peer[0], peer[1] or PORT, *peer[2:]))
        except OSError as error:
            raise CannotMeasureError(f"{place.name} has no route to {peer[0]}: {error.strerror}") from error
        return str(asking.getsockname()[0])


def _timestamps(talk: PathTalk) -> TimestampClass:
    return "kernel" if talk.stamped and talk.session.tally.user_stamps == 0 else "user"


def _within(name: str, value: int, least: int, most: int) -> None:
    if not least <= value <= most:
        raise UsageError(f"{name} is {value}; it must be from {least} to {most}")
