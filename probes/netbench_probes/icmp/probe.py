"""The ICMP probe: whether a far end answers echoes, how soon, and who says why it does not."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any, ClassVar, Literal

from netbench.clock import Clock, SystemClock
from netbench.errors import CannotMeasureError, NetbenchError, UsageError
from netbench.linux.timestamping import SETTLING_NS
from netbench.measure.probe import Control, Pair, Report, Schedule, TimestampClass
from netbench.measure.samples import PACKETS, Sink
from netbench.measure.schedules import due_chunks
from netbench_probes.handover import drive
from netbench_probes.icmp.remarks import remarks_of
from netbench_probes.icmp.talk import EchoShape, EchoTalk, open_at
from netbench_probes.icmp.wire import HEADER_OCTETS, MARK_OCTETS
from netbench_probes.resolve import far_address
from netbench_probes.tables import columns_of
from netbench_probes.talk import TalkLoop

KERNEL_ERROR_NS = 10_000
"""Kernel stamps at this end: within 4 µs of a capture at p99 and 9 µs at p99.9, whatever the load."""
USER_ERROR_NS = 10_000_000
"""The user's clock: a woken process may be milliseconds late."""
_LARGEST_OCTETS = 65_507


@dataclass(frozen=True, slots=True)
class IcmpParameters:
    """How to probe. Refused at birth when out of range.

    ``family`` is 4, 6, or None for the first that both ends have. ``packet_octets`` is the ICMP message. ``timeout_ns`` after its
    sending an unanswered echo is lost. ``dscp`` marks the requests, ``ttl`` is their TTL or hop limit.
    """

    family: Literal[4, 6] | None = None
    packet_octets: int = 64
    timeout_ns: int = 1_000_000_000
    dscp: int = 0
    ttl: int = 64

    def __post_init__(self) -> None:
        _within("packet_octets", self.packet_octets, HEADER_OCTETS + MARK_OCTETS, _LARGEST_OCTETS)
        _within("timeout_ns", self.timeout_ns, 1_000_000, 60_000_000_000)
        _within("dscp", self.dscp, 0, 63)
        _within("ttl", self.ttl, 1, 255)


class IcmpProbe:
    """RFC 792 and RFC 4443 echoes (see ``netbench.measure.probe.Probe``).

    What the far end spends on an echo is part of its round trip, and routers answer when they have time: where a reflector is
    to be had, ``stamp`` is better.
    """

    API: ClassVar[int] = 1
    name: ClassVar[str] = "icmp"
    metrics: ClassVar[tuple[str, ...]] = ("round_trip_delay", "loss_ratio", "duplicate_ratio", "reordering_ratio")
    Parameters: ClassVar[type[Any]] = IcmpParameters

    def __init__(self, parameters: IcmpParameters | None = None, clock: Clock | None = None) -> None:
        """Defaults where None."""
        self._parameters = parameters or IcmpParameters()
        self._clock = clock or SystemClock()

    def measure(self, pairs: Sequence[Pair], schedule: Schedule, sink: Sink, control: Control) -> Report:
        """Measure all pairs at once (see the contract).

        :raises CannotMeasureError: when no pair could be measured
        """
        talks, not_measured = self._open(pairs, schedule)
        try:
            if not talks:
                raise CannotMeasureError("; ".join(sorted(set(not_measured.values()))) or "there is no pair to measure")
            loop = TalkLoop(talks, control, self._clock)
            drive(loop, "netbench-icmp", lambda rows: sink.write(PACKETS, columns_of(PACKETS, rows)))
            return _report({pairs[index].id: talk for index, talk in talks}, not_measured)
        finally:
            for _, talk in talks:
                talk.close()

    def _open(self, pairs: Sequence[Pair], schedule: Schedule) -> tuple[list[tuple[int, EchoTalk]], dict[str, str]]:
        talks: list[tuple[int, EchoTalk]] = []
        not_measured: dict[str, str] = {}
        start_ns = self._clock.now().monotonic_ns + SETTLING_NS
        for index, pair in enumerate(pairs):
            try:
                talks.append((index, self._talk(pair, schedule, _dues(schedule, index, len(pairs), start_ns))))
            except NetbenchError as error:
                not_measured[pair.id] = str(error)
            except OSError as error:
                ends = f"{pair.source.name} to {pair.destination.name}"
                not_measured[pair.id] = f"cannot send echoes from {ends}: {error.strerror or error}"
        return talks, not_measured

    def _talk(self, pair: Pair, schedule: Schedule, dues: Iterator[int]) -> EchoTalk:
        wanted = self._parameters
        family, peer = far_address(pair.source, pair.destination, wanted.family)
        place = open_at(pair.source, family, peer, wanted.dscp, wanted.ttl)
        shape = EchoShape(schedule.interval_ns, wanted.timeout_ns, wanted.packet_octets - HEADER_OCTETS)
        return EchoTalk(place, peer, dues, shape)


def _dues(schedule: Schedule, stream: int, streams: int, start_ns: int) -> Iterator[int]:
    for chunk in due_chunks(schedule, stream, streams):
        for time_ns in chunk.tolist():
            yield start_ns + time_ns


def _report(talks: dict[str, EchoTalk], not_measured: dict[str, str]) -> Report:
    return Report(
        timestamps={pair: _timestamps(talk) for pair, talk in talks.items()},
        error_ns={pair: KERNEL_ERROR_NS if _timestamps(talk) == "kernel" else USER_ERROR_NS for pair, talk in talks.items()},
        not_measured=not_measured,
        remarks={pair: remarks_of(talk.session.tally) for pair, talk in talks.items()},
        evidence={"icmp.json": json.dumps({pair: _evidence(talk) for pair, talk in talks.items()}, indent=1).encode()},
    )


def _timestamps(talk: EchoTalk) -> TimestampClass:
    return "kernel" if talk.stamped and talk.session.tally.user_stamps == 0 else "user"


def _evidence(talk: EchoTalk) -> dict[str, Any]:
    tally = asdict(talk.session.tally)
    tally["complaints"] = [
        {"sender": sender, "icmp_type": icmp_type, "icmp_code": code, "mtu_octets": mtu_octets, "count": count}
        for (sender, icmp_type, code, mtu_octets), count in talk.session.tally.complaints.items()
    ]
    return {"socket": "raw" if talk.raw else "datagram", "send_errors": talk.send_errors, **tally}


def _within(name: str, value: int, least: int, most: int) -> None:
    if not least <= value <= most:
        raise UsageError(f"{name} is {value}; it must be from {least} to {most}")
