"""One pair's trains on their way through the kernel."""

import socket

from netbench.clock import Clock
from netbench.linux.batches import send_burst
from netbench.linux.timestamping import StampedSocket
from netbench.measure.vantage import Vantage
from netbench_probes.stamp.session import Row
from netbench_probes.stamp.sockets import common_family, open_at
from netbench_probes.trains.session import TrainSession, TrainTimes
from netbench_probes.trains.wire import decode, encode

AT_ONCE = 512
"""Packets sent before what has arrived is read: the kernel keeps few of them for a slow reader."""

Ends = tuple[socket.socket, StampedSocket]


def opened(source: Vantage, destination: Vantage) -> Ends:
    """Return a sender and a stamping receiver, each connected to the other.

    :raises OSError: when an address cannot be had
    """
    family = common_family(source, destination, None)
    sender = open_at(source, family, source.address(family), 0, 0)
    try:
        receiver = open_at(destination, family, destination.address(family), 0, 0)
    except BaseException:
        sender.close()
        raise
    try:
        sender.connect(receiver.getsockname())
        receiver.connect(sender.getsockname())
        return sender, StampedSocket(receiver)
    except BaseException:
        sender.close()
        receiver.close()
        raise


class TrainFlow:
    """A sender and a receiver of trains; it owns both sockets.

    Departures are the user's clock before and after a batch, spread evenly; arrivals are the kernel's.
    """

    def __init__(self, ends: Ends, octets: int, timeout_ns: int, clock: Clock) -> None:
        """``octets`` is the payload of every packet."""
        self._sender, self._receiver = ends
        self.kernel = self._receiver.kernel
        self.session = TrainSession(timeout_ns)
        self.errors: dict[str, int] = {}
        self._octets = octets
        self._clock = clock

    def send_due(self, times: TrainTimes) -> None:
        """What is due is sent, at most ``AT_ONCE`` packets now."""
        count = min(AT_ONCE, times.due(self._clock.now().monotonic_ns))
        if count:
            self._send(count, times)

    def collect(self) -> None:
        """Arrivals that wait in the kernel are taken."""
        while (arrival := self._receive()) is not None:
            sequence, stamp_ns = arrival
            if sequence is not None:
                self.session.arrived(sequence, stamp_ns)

    def settle(self, now_ns: int) -> list[Row]:
        """Return the rows that are final."""
        return self.session.settle(now_ns)

    def drops(self) -> int:
        """Return how many arrivals the kernel dropped at the receiver."""
        return self._receiver.drops()

    def close(self) -> None:
        """Close the sockets."""
        self._sender.close()
        self._receiver.close()

    def _send(self, count: int, times: TrainTimes) -> None:
        first = self.session.next_sequence
        packets = [encode(first + number, self._octets) for number in range(count)]
        before = self._clock.now()
        try:
            taken = send_burst(self._sender, packets)
        except OSError as error:
            taken = 0
            self._count(error)
        after = self._clock.now()
        lasted_ns = after.since_ns(before)
        for number in range(count):
            passed_ns = lasted_ns * number // count
            self.session.sent(before.wall_ns + passed_ns, before.monotonic_ns + passed_ns, refused=number >= taken)
        times.sent(count, before.monotonic_ns, after.monotonic_ns)

    def _receive(self) -> tuple[int | None, int] | None:
        try:
            received = self._receiver.receive()
        except OSError as error:
            self._count(error)
            return None
        if received is None:
            return None
        return decode(received.octets), received.stamp_ns or self._clock.now().wall_ns

    def _count(self, error: OSError) -> None:
        reason = error.strerror or str(error)
        self.errors[reason] = self.errors.get(reason, 0) + 1
