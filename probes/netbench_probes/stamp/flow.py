"""One pair's way through the kernel: its sockets tied to its sessions."""

from netbench.clock import Clock
from netbench.linux.timestamping import Received, StampedSocket
from netbench_probes.stamp.reflector import ReflectorSession
from netbench_probes.stamp.session import Row, SenderSession
from netbench_probes.stamp.wire import (
    MalformedPacketError,
    SenderPacket,
    decode_reflector,
    decode_sender,
    encode_sender,
)


class Flow:
    """The sender of one pair and, when the far end is a vantage of ours, its reflector."""

    def __init__(
        self, sender: StampedSocket, reflector: StampedSocket | None, timeout_ns: int, rest: bytes, clock: Clock
    ) -> None:
        """``rest`` is what every packet carries behind its 44 octets. It owns the sockets."""
        self.sender = sender
        self.reflector = reflector
        self.stamped = sender.kernel and (reflector is None or reflector.kernel)
        self.session = SenderSession(timeout_ns, watched=reflector is not None, stamped=self.stamped)
        self.send_errors: dict[str, int] = {}
        self.icmp_errors: dict[str, int] = {}
        self._reflecting = ReflectorSession()
        self._rest = rest
        self._clock = clock

    def send(self) -> None:
        """Send the next attempt now; when the kernel refuses it the attempt is not sent, and the reason is counted."""
        now = self._clock.now()
        sequence = self.session.next_sequence
        timestamp = self.session.sent(now.wall_ns, now.monotonic_ns)
        octets = encode_sender(SenderPacket(sequence, timestamp, rest=self._rest))
        reason = _refused(self.sender, octets, sequence, now.wall_ns, self.icmp_errors)
        if reason is not None:
            self._not_sent(sequence, reason)

    def skip(self, reason: str) -> None:
        """Count the next attempt as not sent."""
        now = self._clock.now()
        sequence = self.session.next_sequence
        self.session.sent(now.wall_ns, now.monotonic_ns)
        self._not_sent(sequence, reason)

    def reflect(self) -> None:
        """Answer one request that waits at the reflector."""
        assert self.reflector is not None
        request = _arrival(self.reflector, self.icmp_errors)
        if request is None:
            return
        now_ns = self._clock.now().wall_ns
        received_ns = request.stamp_ns or now_ns
        reflected = self._reflecting.next_sequence
        try:
            reply = self._reflecting.reflect(request.octets, received_ns, request.hop_limit, now_ns)
        except MalformedPacketError:
            self.session.tally.malformed += 1
            return
        self.session.reached(decode_sender(request.octets).sequence, reflected, received_ns)
        reason = _refused(self.reflector, reply, reflected, now_ns, self.icmp_errors)
        if reason is not None:
            self.send_errors[reason] = self.send_errors.get(reason, 0) + 1
        self.collect_departures()

    def collect_departures(self) -> None:
        """Take the reflector's transmit stamps that are there."""
        assert self.reflector is not None
        while (stamp := self.reflector.transmitted()) is not None:
            self.session.reflected(*stamp)

    def collect(self) -> None:
        """Take the sender's transmit stamps and answers that are there."""
        while (stamp := self.sender.transmitted()) is not None:
            self.session.transmitted(*stamp)
        while (answer := _arrival(self.sender, self.icmp_errors)) is not None:
            self._answered(answer)

    def settle(self, now_ns: int) -> list[Row]:
        """Return the rows that are final; all that arrived until ``now_ns`` (monotonic) has been collected."""
        return self.session.settle(now_ns)

    def drops(self) -> int:
        """Return how many packets the kernel dropped at the two sockets."""
        return self.sender.drops() + (self.reflector.drops() if self.reflector else 0)

    def close(self) -> None:
        """Close the sockets."""
        self.sender.close()
        if self.reflector is not None:
            self.reflector.close()

    def _answered(self, answer: Received) -> None:
        try:
            packet = decode_reflector(answer.octets)
        except MalformedPacketError:
            self.session.tally.malformed += 1
            return
        self.session.answered(packet, answer.stamp_ns or self._clock.now().wall_ns)

    def _not_sent(self, sequence: int, reason: str) -> None:
        self.session.not_sent(sequence)
        self.send_errors[reason] = self.send_errors.get(reason, 0) + 1


def _refused(to: StampedSocket, octets: bytes, token: int, now_ns: int, icmp_errors: dict[str, int]) -> str | None:
    """Return why the kernel did not send, None when it did. An ICMP error left from an earlier packet is not a reason."""
    try:
        to.send(octets, token, now_ns)
    except ConnectionRefusedError as error:
        _count(icmp_errors, error)
    except OSError as error:
        return error.strerror or str(error)
    else:
        return None
    try:
        to.send(octets, token, now_ns)
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
