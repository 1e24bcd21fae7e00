"""The Session-Reflector without sockets (RFC 8762 §4.3, RFC 8972): replies, their numbers, and what follows their base packet.

A reply is as long as its request, but never shorter than the base packet of 44 octets, as RFC 8762 §4.6 wants for TWAMP-Light
senders. A request has at least 14 octets, so that a reply has at most 30 more than its request (44 to 14 octets of payload; 1.7
times on an IPv4 network with its headers): that is the bound of what a forged source address can gain. Authenticated requests
have 112 octets or more, and their replies gain nothing.
"""

from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from netbench.linux.clockstate import UNKNOWN
from netbench_probes.stamp.estimate import ClockWord
from netbench_probes.stamp.location_tlv import Ends
from netbench_probes.stamp.modes import OPEN, Mode
from netbench_probes.stamp.reflecting import Answer, Knowledge, answer
from netbench_probes.stamp.values import FollowUp, Method, Synchronisation, TimestampInformation
from netbench_probes.stamp.wire import ReflectorPacket, SenderPacket, timestamp_from_unix

_COUNTER: Final = 0xFFFF_FFFF
_DSCP_SHIFT: Final = 2
NOTHING: Final = Answer(b"")
"""The answer to a request of the base packet alone."""


class Arrival(NamedTuple):
    """A request as it came: ``received_ns`` wall clock, by the kernel where it told; ``tos`` is DSCP << 2 | ECN, if known."""

    octets: bytes
    received_ns: int
    hop_limit: int | None = None
    tos: int | None = None
    ends: Ends = Ends()


class Reply(NamedTuple):
    """What goes back to request ``asked_sequence``. ``tos`` is how it is to be marked, None for as the socket marks all."""

    octets: bytes
    sequence: int
    asked_sequence: int
    tos: int | None = None


@dataclass(frozen=True, slots=True)
class Style:
    """How a reflector answers.

    A ``stateless`` one gives each reply the number of its request. ``secret`` is the key of HMAC TLVs, None without one.
    ``any_dscp`` says that whoever asks for a marking of the reply gets it; else, and where nobody asks, a reply of one that
    ``copies_dscp`` is marked as its request arrived.
    """

    mode: Mode = OPEN
    secret: bytes | None = field(default=None, repr=False)
    stateless: bool = False
    any_dscp: bool = True
    copies_dscp: bool = False
    word: ClockWord = field(default_factory=lambda: ClockWord(UNKNOWN, ptp=False))


class ReflectorSession:
    """One session: replies are numbered from 0, one each, so that a sender can tell in which direction a packet was lost."""

    def __init__(self, style: Style | None = None) -> None:
        """No request yet. ``next_sequence`` is the number that the next reply will carry."""
        self.next_sequence = 0
        self._style = style or Style()
        self._received = 0
        self._departure: tuple[int, int] | None = None

    def reflect(self, request: bytes, received_ns: int, hop_limit: int | None, now_ns: int) -> bytes:
        """Return the octets of ``answer`` where no more is known of a request."""
        return self.answer(Arrival(request, received_ns, hop_limit), now_ns).octets

    def answer(self, arrival: Arrival, now_ns: int) -> Reply:
        """Return the reply to a request that is answered at ``now_ns`` (wall clock).

        :raises MalformedPacketError: when the request is no test packet; it is not answered and not counted
        """
        return self.answer_to(self._style.mode.decode_sender(arrival.octets), arrival, now_ns)

    def answer_to(self, asked: SenderPacket, arrival: Arrival, now_ns: int) -> Reply:
        """Return the reply to a request that was read already."""
        sequence = asked.sequence if self._style.stateless else self.next_sequence
        self._received += 1
        said = self._said(asked, arrival, sequence) if asked.rest else NOTHING
        octets = self._style.mode.encode_reflector(self._packet(asked, arrival, sequence, now_ns, said.rest))
        self.next_sequence = (self.next_sequence + 1) & _COUNTER
        return Reply(octets, sequence, asked.sequence, self._marking(arrival, said))

    def departed(self, sequence: int, stamp_ns: int) -> None:
        """Note when a reply really left; the next one tells it to a sender that asks (RFC 8972 §4.7)."""
        self._departure = (sequence, stamp_ns)

    def _said(self, asked: SenderPacket, arrival: Arrival, sequence: int) -> Answer:
        known = self._known(arrival, sequence)
        return answer(asked.rest, asked.sequence, self._style.secret, known, protected=self._style.mode.protected)

    def _marking(self, arrival: Arrival, said: Answer) -> int | None:
        if said.asked_dscp is not None:
            return said.asked_dscp << _DSCP_SHIFT
        # the class of service comes back; the congestion mark was this packet's own
        return arrival.tos & ~3 if self._style.copies_dscp and arrival.tos is not None else None

    def _packet(self, asked: SenderPacket, arrival: Arrival, sequence: int, now_ns: int, rest: bytes) -> ReflectorPacket:
        estimate = self._style.word.estimate
        return ReflectorPacket(
            sequence=sequence,
            timestamp=timestamp_from_unix(now_ns, estimate),
            error_estimate=estimate,
            ssid=asked.ssid,
            receive_timestamp=timestamp_from_unix(arrival.received_ns, estimate),
            sender_sequence=asked.sequence,
            sender_timestamp=asked.timestamp,
            sender_error_estimate=asked.error_estimate,
            sender_ttl=arrival.hop_limit,
            rest=rest,
        )

    def _known(self, arrival: Arrival, sequence: int) -> Knowledge:
        source = Synchronisation.of(self._style.word.state)
        return Knowledge(
            sequence=sequence,
            tos=arrival.tos or 0,
            ends=arrival.ends,
            received=self._received,
            # this reply is on its way when its count is read
            reflected=self.next_sequence + 1,
            follow_up=self._follow_up(),
            timestamps=TimestampInformation(source, Method.SOFTWARE, source, Method.SOFTWARE),
            any_dscp=self._style.any_dscp,
        )

    def _follow_up(self) -> FollowUp:
        """Tell of the reply before this one, and of no other: what is not known yet, or of a stateless session, is not told."""
        before = (self.next_sequence - 1) & _COUNTER
        if self._style.stateless or self._departure is None or self._departure[0] != before:
            return FollowUp()
        return FollowUp(before, timestamp_from_unix(self._departure[1], self._style.word.estimate), Method.SOFTWARE)


class ReflectorSessions:
    """The sessions of a reflector that answers whoever asks: known by peer, forgotten when idle, bounded in number.

    A peer that returns within ``idle_ns`` continues its count: senders go by differences. Past ``most`` sessions the longest
    unheard one is forgotten, so that forged sources cost no memory.
    """

    def __init__(self, idle_ns: int, most: int) -> None:
        """No session yet."""
        self._idle_ns = idle_ns
        self._most = most
        self._sessions: OrderedDict[Hashable, tuple[int, ReflectorSession]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._sessions)

    def of(self, peer: Hashable, now_ns: int, style: Style | None = None) -> ReflectorSession:
        """Return the session of a peer, heard at ``now_ns`` (monotonic), a new one of this style if need be."""
        heard_ns, session = self._sessions.pop(peer, (now_ns, None))
        if session is None or now_ns - heard_ns > self._idle_ns:
            session = ReflectorSession(style)
        self._sessions[peer] = (now_ns, session)
        if len(self._sessions) > self._most:
            self._sessions.popitem(last=False)
        return session
