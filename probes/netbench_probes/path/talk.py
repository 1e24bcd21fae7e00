"""One pair's path: the sockets of its flows tied to its session."""

import errno
import socket
from collections.abc import Callable, Collection, Sequence
from typing import Any

from netbench.clock import Instant
from netbench.linux.error_queue import Departure
from netbench.linux.icmp_errors import IcmpError, Saying
from netbench.linux.icmp_extensions import interface_text, labels_text, read_extensions
from netbench.linux.timestamping import Received
from netbench_probes.path.records import Answer, HopRow, Order
from netbench_probes.path.session import PathSession
from netbench_probes.path.sockets import FlowSocket, hop_limit

GREATEST_HOP_LIMIT = 255
_LONGEST_LABELS, _LONGEST_INTERFACE = 120, 64
_ENOUGH_READS = 4096

MakeFlow = Callable[[int], FlowSocket]


class PathTalk:
    """See ``netbench_probes.talk.Talk``. ``make`` makes the socket of a flow when it is first asked."""

    def __init__(self, session: PathSession, make: MakeFlow, first: FlowSocket, ends: tuple[str, Any]) -> None:
        """It owns the sockets; ``first`` is that of flow 0, ``ends`` the source address and the peer's socket address."""
        self.session = session
        self.stamped = first.channel.kernel
        self.send_errors: dict[str, int] = {}
        self._make = make
        self._flows = [first]
        self.source, self.peer = ends
        self._family = socket.AF_INET6 if ":" in self.source else socket.AF_INET

    def descriptors(self) -> Sequence[int]:
        """Return what to poll: of all flows that are there by now."""
        return [flow.channel.fileno() for flow in self._flows]

    def due_ns(self) -> int | None:
        """Return when to ask again."""
        return self.session.due_ns()

    @property
    def finished(self) -> bool:
        """Whether all is asked and settled."""
        return self.session.finished

    @property
    def ports(self) -> list[int]:
        """The source port (of an echo: the identifier) of each flow."""
        return [int(flow.channel.local[1]) for flow in self._flows]

    def send(self, now: Instant) -> None:
        """Send the probe that is due."""
        order = self.session.next_order(now)
        if order is None:
            return
        try:
            self._send(self._flow(order.identity.flow), order, now)
        except OSError as error:
            if error.errno == errno.EMSGSIZE:
                self.session.too_large_here(order, self._mtu_told(order.identity.flow, now))
                return
            reason = error.strerror or str(error)
            self.send_errors[reason] = self.send_errors.get(reason, 0) + 1
            self.session.not_sent(order)

    def collect(self, now: Instant, ready: Collection[int]) -> None:
        """Take the transmit stamps and answers that are there."""
        for number, flow in enumerate(self._flows):
            if flow.channel.fileno() in ready:
                self._errors(number, now)
                self._replies(number, now)

    def settle(self, now: Instant) -> Sequence[HopRow]:
        """Return the rows that are final."""
        return self.session.settle(now.monotonic_ns)

    def abandon(self, now: Instant) -> Sequence[HopRow]:
        """Return what is left of answers."""
        return self.session.abandon(now.monotonic_ns)

    def close(self) -> None:
        """Close the sockets."""
        for flow in self._flows:
            flow.channel.close()

    def _flow(self, number: int) -> FlowSocket:
        while len(self._flows) <= number:
            self._flows.append(self._make(len(self._flows)))
        return self._flows[number]

    def _send(self, flow: FlowSocket, order: Order, now: Instant) -> None:
        octets = flow.encode(order.identity, order.packet_octets)
        limit = hop_limit(self._family, order.identity.hop or GREATEST_HOP_LIMIT)
        flow.channel.send_past_errors(octets, self.peer, order.token, now.wall_ns, [limit])

    def _errors(self, number: int, now: Instant) -> None:
        for event in self._flows[number].channel.events():
            if isinstance(event, Departure):
                self.session.transmitted(*event)
            else:
                self._complained(number, event, now)

    def _mtu_told(self, number: int, now: Instant) -> int | None:
        """Return what this host said in its own error queue of a packet that it did not take."""
        told: int | None = None
        for event in self._flows[number].channel.events():
            if isinstance(event, Departure):
                self.session.transmitted(*event)
            elif event.sender is None:
                told = event.mtu_octets
            else:
                self._complained(number, event, now)
        return told

    def _complained(self, number: int, error: IcmpError, now: Instant) -> None:
        if error.sender is None or error.saying is Saying.OTHER:
            return
        flow = self._flows[number]
        try:
            identity = flow.quoted(error)
        except ValueError:
            return
        if identity is None or identity.flow == number:
            self.session.answered(number, identity, _answer(error, error.sender, flow.quoted_octets(error), now))

    def _replies(self, number: int, now: Instant) -> None:
        flow = self._flows[number]
        for _ in range(_ENOUGH_READS):
            try:
                received = flow.channel.receive()
            except OSError:
                continue  # an ICMP error, which the error queue tells in full; the kernel says it once and clears it
            if received is None:
                return
            arrived = flow.arrived(received)
            if arrived is not None:
                answer = self._arrival(received, arrived.icmp_type, now)
                self.session.answered(number, arrived.identity, answer)

    def _arrival(self, received: Received, icmp_type: int, now: Instant) -> Answer:
        received_ns = received.stamp_ns or now.wall_ns
        return Answer(received.peer[0], received_ns, Saying.ARRIVED, icmp_type, 0, reply_ttl=received.hop_limit)


def _answer(error: IcmpError, sender: str, quoted_octets: int, now: Instant) -> Answer:
    extensions = read_extensions(error.extensions or b"")
    labels, interface = labels_text(extensions), interface_text(extensions)
    return Answer(
        address=sender,
        received_ns=error.stamp_ns or now.wall_ns,
        saying=error.saying,
        icmp_type=error.icmp_type,
        icmp_code=error.code,
        reply_ttl=error.hop_limit,
        mtu_octets=error.mtu_octets if error.mtu_octets is None else min(error.mtu_octets, 0xFFFF),
        quoted_octets=min(quoted_octets, 0xFFFF),
        labels=labels and labels[:_LONGEST_LABELS],
        interface=interface and interface[:_LONGEST_INTERFACE],
    )
