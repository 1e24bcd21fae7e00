"""One pair's way through the kernel: its sockets tied to its sessions."""

from netbench.clock import Clock
from netbench.linux.timestamping import Ancillary, Received, StampedSocket, marking
from netbench_probes.stamp.location_tlv import Ends
from netbench_probes.stamp.reflector import Arrival, ReflectorSession, Reply, Style
from netbench_probes.stamp.remarks import Markings, remarks_of
from netbench_probes.stamp.session import Marks, Row, SenderSession
from netbench_probes.stamp.sockets import ends_of
from netbench_probes.stamp.talk import ForeignPacketError, Talk
from netbench_probes.stamp.wire import MalformedPacketError, timestamp_from_unix, unix_from_timestamp

FOLLOW_UPS_AT_THE_END = 3
"""How often the far end is asked when its last reply left: that goes with a reply too, which may be lost."""


class Flow:
    """The sender of one pair and, when the far end is a vantage of ours, its reflector."""

    def __init__(
        self,
        sender: StampedSocket,
        reflector: StampedSocket | None,
        timeout_ns: int,
        talk: Talk | bytes,
        clock: Clock,
        *,
        style: Style | None = None,
        tos: int | None = None,
    ) -> None:
        """``talk`` is how the sender speaks, or the octets behind each packet's 44; ``style`` how our reflector answers.

        ``tos`` is how the sockets mark what they send (DSCP << 2 | ECN), None where nobody says. It owns the sockets.
        """
        self.sender = sender
        self.reflector = reflector
        self.talk = Talk(rest=talk) if isinstance(talk, bytes) else talk
        self.stamped = sender.kernel and (reflector is None or reflector.kernel)
        followed = reflector is None and self.talk.asking.follows_up
        self.session = SenderSession(timeout_ns, watched=reflector is not None, stamped=self.stamped, followed=followed)
        self.send_errors: dict[str, int] = {}
        self.icmp_errors: dict[str, int] = {}
        asked = self.talk.asking.asked_tos
        self.there = Markings(tos)
        self.back = Markings(tos if asked is None and reflector is not None else asked)
        self._reflecting = ReflectorSession(style)
        self._ends = None if reflector is None else ends_of(sender.local, reflector.local)
        self._extra = 0
        self._clock = clock

    def send(self, late_ns: int | None = None) -> None:
        """Send the next attempt now, ``late_ns`` after it was due.

        When the kernel refuses it the attempt is not sent, and the reason is counted; so too when the session is over.
        """
        if self.talk.refused is not None:
            self.skip(self.talk.refused)
            return
        now = self._clock.now()
        sequence = self.session.next_sequence
        timestamp = self.session.sent(now.wall_ns, now.monotonic_ns, late_ns, self.talk.word.estimate)
        octets = self.talk.request(sequence, timestamp, now.monotonic_ns)
        reason = _refused(self.sender, octets, sequence, now.wall_ns, self.icmp_errors)
        if reason is not None:
            self.talk.asking.not_sent()
            self._not_sent(sequence, reason)

    def skip(self, reason: str) -> None:
        """Count the next attempt as not sent."""
        now = self._clock.now()
        sequence = self.session.next_sequence
        self.session.sent(now.wall_ns, now.monotonic_ns)
        self._not_sent(sequence, reason)

    def ask_for_the_last(self) -> None:
        """Ask once more, where an answer waits to be told when it left: a request beyond the schedule, which is no attempt."""
        if not self.session.unfollowed or self._extra >= FOLLOW_UPS_AT_THE_END or self.talk.refused is not None:
            return
        now = self._clock.now()
        sequence = self.session.next_sequence + self._extra
        timestamp = timestamp_from_unix(now.wall_ns, self.talk.word.estimate)
        # whether it leaves is of no matter: the claim of the last reply stands where nothing better comes
        _refused(self.sender, self.talk.request(sequence, timestamp, now.monotonic_ns), sequence, now.wall_ns, self.icmp_errors)
        self._extra += 1

    def reflect(self) -> None:
        """Answer one request that waits at the reflector."""
        assert self.reflector is not None
        request = _arrival(self.reflector, self.icmp_errors)
        if request is None:
            return
        now_ns = self._clock.now().wall_ns
        received_ns = request.stamp_ns or now_ns
        try:
            reply = self._reflecting.answer(_seen(request, received_ns, self._ends), now_ns)
        except MalformedPacketError:
            self.session.tally.malformed += 1
            return
        self.there.note(request.tos)
        marks = Marks(forward_ttl=request.hop_limit, forward_tos=request.tos)
        self.session.reached(reply.asked_sequence, reply.sequence, received_ns, marks)
        reason = _refused(self.reflector, reply.octets, reply.sequence, now_ns, self.icmp_errors, marked=self._marked(reply))
        if reason is not None:
            self.send_errors[reason] = self.send_errors.get(reason, 0) + 1
        self.collect_departures()

    def collect_departures(self) -> None:
        """Take the reflector's transmit stamps that are there."""
        assert self.reflector is not None
        while (stamp := self.reflector.transmitted()) is not None:
            self.session.reflected(*stamp)
            self._reflecting.departed(*stamp)

    def collect(self) -> None:
        """Take the sender's transmit stamps and answers that are there."""
        while (stamp := self.sender.transmitted()) is not None:
            self.session.transmitted(*stamp)
        while (answer := _arrival(self.sender, self.icmp_errors)) is not None:
            self._answered(answer)

    def settle(self, now_ns: int) -> list[Row]:
        """Return the rows that are final; all that arrived until ``now_ns`` (monotonic) has been collected."""
        return self.session.settle(now_ns)

    def remarks(self) -> tuple[str, ...]:
        """Return what must be said beside the figures."""
        local = self.sender.local
        return remarks_of(self.there, self.back, self.talk.asking.notes, (local[0].partition("%")[0], local[1]))

    def drops(self) -> int:
        """Return how many packets the kernel dropped at the two sockets."""
        return self.sender.drops() + (self.reflector.drops() if self.reflector else 0)

    def close(self) -> None:
        """Close the sockets."""
        self.sender.close()
        if self.reflector is not None:
            self.reflector.close()

    def _answered(self, answer: Received) -> None:
        received_ns = answer.stamp_ns or self._clock.now().wall_ns
        try:
            packet, heard = self.talk.reply(answer.octets)
        except ForeignPacketError:
            self.session.tally.foreign += 1
            return
        except MalformedPacketError:
            self.session.tally.malformed += 1
            return
        if heard.follow_up is not None:
            left_ns = unix_from_timestamp(heard.follow_up.timestamp, packet.error_estimate, received_ns)
            self.session.reflected(heard.follow_up.sequence, left_ns)
        if packet.sender_sequence >= self.session.next_sequence and self._extra:
            return  # the answer to a request beyond the schedule
        # a reflector that cannot tell the TTL writes 0, with which no packet arrives
        self.there.note(heard.forward_tos if self.reflector is None else None)
        self.back.note(answer.tos)
        marks = Marks(packet.sender_ttl or None, answer.hop_limit, heard.forward_tos, answer.tos)
        self.session.answered(packet, received_ns, marks)

    def _marked(self, reply: Reply) -> Ancillary | None:
        assert self.reflector is not None
        return None if reply.tos is None else marking(self.reflector.family, reply.tos)

    def _not_sent(self, sequence: int, reason: str) -> None:
        self.session.not_sent(sequence)
        self.send_errors[reason] = self.send_errors.get(reason, 0) + 1


def _seen(request: Received, received_ns: int, ends: Ends | None) -> Arrival:
    return Arrival(request.octets, received_ns, request.hop_limit, request.tos, ends or Ends())


def _refused(
    to: StampedSocket, octets: bytes, token: int, now_ns: int, icmp_errors: dict[str, int], *, marked: Ancillary | None = None
) -> str | None:
    """Return why the kernel did not send, None when it did. An ICMP error left from an earlier packet is not a reason."""
    try:
        to.send(octets, token, now_ns, marked)
    except ConnectionRefusedError as error:
        _count(icmp_errors, error)
    except OSError as error:
        return error.strerror or str(error)
    else:
        return None
    try:
        to.send(octets, token, now_ns, marked)
    except OSError as error:
        return error.strerror or str(error)
    return None


def _arrival(at: StampedSocket, icmp_errors: dict[str, int]) -> Received | None:
    try:
        return at.receive()
    except OSError as error:
        # told once by the kernel and cleared: what it says of the network is that an answer will be missing
        _count(icmp_errors, error)
        return None


def _count(counts: dict[str, int], error: OSError) -> None:
    reason = error.strerror or str(error)
    counts[reason] = counts.get(reason, 0) + 1
