"""The words of a path session: what is to be sent, what was answered, and the rows that come of both."""

from dataclasses import dataclass
from typing import NamedTuple

from netbench.linux.icmp_errors import Saying
from netbench.measure.samples import Fate
from netbench_probes.path.wire import ProbeId


class HopRow(NamedTuple):
    """One sample of the table of hops, without its pair."""

    sequence: int
    flow: int
    hop: int
    fate: Fate
    sent_ns: int
    packet_octets: int
    round_trip_ns: int | None = None
    address: str | None = None
    saying: Saying | None = None
    icmp_type: int | None = None
    icmp_code: int | None = None
    reply_ttl: int | None = None
    mtu_octets: int | None = None
    quoted_octets: int | None = None
    labels: str | None = None
    interface: str | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """Who answered, when (wall clock), and what it said; the fields are those of ``HopRow``."""

    address: str
    received_ns: int
    saying: Saying
    icmp_type: int | None = None
    icmp_code: int | None = None
    reply_ttl: int | None = None
    mtu_octets: int | None = None
    quoted_octets: int | None = None
    labels: str | None = None
    interface: str | None = None


@dataclass(frozen=True, slots=True)
class PathShape:
    """How a path is asked: what ``PathParameters`` say."""

    timeout_ns: int
    most_hops: int
    most_flows: int
    confidence: float
    packet_octets: int


class Order(NamedTuple):
    """A probe to send: ``token`` names it among all of its pair."""

    token: int
    identity: ProbeId
    packet_octets: int


@dataclass(slots=True)
class Tally:
    """What happened besides samples. ``unnamed`` answers quoted too little to say which probe they are about."""

    not_sent: int = 0
    late_answers: int = 0
    unnamed: int = 0
    late_rounds: int = 0
    user_stamps: int = 0


def row_of(order: Order, fate: Fate, sent_ns: int, answer: Answer | None) -> HopRow:
    """Return the row of one probe and its answer."""
    row = HopRow(*order.identity, fate, sent_ns, order.packet_octets)
    if answer is None:
        return row
    return row._replace(
        round_trip_ns=answer.received_ns - sent_ns,
        address=answer.address,
        saying=answer.saying,
        icmp_type=answer.icmp_type,
        icmp_code=answer.icmp_code,
        reply_ttl=answer.reply_ttl,
        mtu_octets=answer.mtu_octets,
        quoted_octets=answer.quoted_octets,
        labels=answer.labels,
        interface=answer.interface,
    )
