"""One pair's echoes: its socket tied to its session."""

import os
import socket
import struct
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from netbench.clock import Instant
from netbench.linux.error_queue import ComplainingSocket, Departure
from netbench.linux.icmp_errors import IcmpError
from netbench.linux.icmp_sockets import EchoSocket, open_echo_socket
from netbench.linux.timestamping import Received
from netbench.measure.vantage import Vantage
from netbench_probes.icmp.session import Arrival, EchoRow, EchoSession
from netbench_probes.icmp.wire import (
    NONCE_OCTETS,
    REPLY,
    REQUEST,
    decode_echo,
    encode_request,
    quoted_sequence,
    sequence_of,
    without_ip_header,
)

_IP_TOS, _IP_RECVTOS, _IPV6_RECVTCLASS, _IPV6_TCLASS = 1, 13, 66, 67
CATCH_UP_NS: Final = 10_000_000
"""An attempt that is later than this and than its interval is not made: catching up would be a burst that nobody asked for."""


@dataclass(frozen=True, slots=True)
class EchoShape:
    """How often echoes go, how long each is waited for, and how much it carries behind the ICMP header."""

    interval_ns: int
    timeout_ns: int
    body_octets: int


class EchoTalk:
    """See ``netbench_probes.talk.Talk``. ``dues`` are monotonic times, one an attempt."""

    def __init__(self, place: EchoSocket, peer: Any, dues: Iterator[int], shape: EchoShape) -> None:
        """It owns the socket."""
        self._socket = ComplainingSocket(place.opened)
        self._family = place.opened.family
        self._raw_ipv4 = place.raw and self._family == socket.AF_INET
        self.session = EchoSession(shape.timeout_ns, stamped=self._socket.kernel)
        self.raw = place.raw
        self.stamped = self._socket.kernel
        self.send_errors: dict[str, int] = {}
        self._peer = peer
        self._identifier = int.from_bytes(os.urandom(2), "big")
        self._nonce = os.urandom(NONCE_OCTETS)
        self._shape = shape
        self._dues = dues
        self._due_ns = next(dues, None)

    def descriptors(self) -> Sequence[int]:
        """Return what to poll."""
        return [self._socket.fileno()]

    def due_ns(self) -> int | None:
        """Return when the next attempt is due."""
        return self._due_ns

    @property
    def finished(self) -> bool:
        """Whether all is sent and settled."""
        return self._due_ns is None and not self.session.outstanding

    def send(self, now: Instant) -> None:
        """Make the attempts that are due."""
        while self._due_ns is not None and self._due_ns <= now.monotonic_ns:
            late_ns = now.monotonic_ns - self._due_ns
            sequence = self.session.sent(now.wall_ns, now.monotonic_ns, late_ns)
            if late_ns > max(CATCH_UP_NS, self._shape.interval_ns):
                self._not_sent(sequence, "the instrument was too late to send it")
            else:
                self._send(sequence, now)
            self._due_ns = next(self._dues, None)

    def collect(self, now: Instant, ready: Collection[int]) -> None:
        """Take the transmit stamps, complaints and replies that are there; there is but one socket to be ``ready``."""
        del ready
        for event in self._socket.events():
            if isinstance(event, Departure):
                self.session.transmitted(*event)
            else:
                self._complained(event)
        while (received := self._receive()) is not None:
            self._answered(received, now)

    def settle(self, now: Instant) -> Sequence[EchoRow]:
        """Return the rows that are final."""
        return self.session.settle(now.monotonic_ns)

    def abandon(self, now: Instant) -> Sequence[EchoRow]:
        """Return what is left of answers."""
        return self.session.abandon(now.monotonic_ns)

    def close(self) -> None:
        """Close the socket."""
        self._socket.close()

    def _send(self, sequence: int, now: Instant) -> None:
        octets = encode_request(self._family, self._identifier, sequence, self._nonce, self._shape.body_octets)
        try:
            self._socket.send_past_errors(octets, self._peer, sequence, now.wall_ns, [])
        except OSError as error:
            self._not_sent(sequence, error.strerror or str(error))

    def _not_sent(self, sequence: int, reason: str) -> None:
        self.session.not_sent(sequence)
        self.send_errors[reason] = self.send_errors.get(reason, 0) + 1

    def _receive(self) -> Received | None:
        while True:
            try:
                return self._socket.receive()
            except OSError:
                continue  # an ICMP error, which the error queue tells in full; the kernel says it once and clears it

    def _answered(self, received: Received, now: Instant) -> None:
        echo = decode_echo(without_ip_header(received.octets) if self._raw_ipv4 else received.octets)
        if echo is None or echo.icmp_type != REPLY[self._family]:
            return
        sequence = sequence_of(echo, self._nonce)
        if sequence is None:
            self.session.tally.foreign += 1
        else:
            arrival = Arrival(received.stamp_ns or now.wall_ns, received.hop_limit, _tos(received))
            self.session.answered(sequence, arrival)

    def _complained(self, error: IcmpError) -> None:
        echo = decode_echo(error.quoted)
        if echo is not None and echo.icmp_type == REQUEST[self._family]:
            self.session.complained(quoted_sequence(echo, self._nonce, self.session.next_sequence), error)


def open_at(place: Vantage, family: socket.AddressFamily, peer: Any, dscp: int, ttl: int) -> EchoSocket:
    """Return a socket for echoes made at a vantage, bound to its address and connected to the peer.

    :raises UnsupportedError: when this user may open none
    :raises OSError: when the address cannot be had, or there is no route
    """
    echo = open_echo_socket(place.socket, family)
    try:
        _mark(echo.opened, dscp, ttl)
        echo.opened.bind((place.address(family), 0))
        echo.opened.connect(peer)
    except BaseException:
        echo.opened.close()
        raise
    return echo


def _mark(opened: socket.socket, dscp: int, ttl: int) -> None:
    if opened.family == socket.AF_INET6:
        opened.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_UNICAST_HOPS, ttl)
        opened.setsockopt(socket.IPPROTO_IPV6, _IPV6_TCLASS, dscp << 2)
        opened.setsockopt(socket.IPPROTO_IPV6, _IPV6_RECVTCLASS, 1)
    else:
        opened.setsockopt(socket.IPPROTO_IP, socket.IP_TTL, ttl)
        opened.setsockopt(socket.IPPROTO_IP, _IP_TOS, dscp << 2)
        opened.setsockopt(socket.IPPROTO_IP, _IP_RECVTOS, 1)


def _tos(received: Received) -> int | None:
    for level, kind, content in received.ancillary:
        if (level, kind) == (socket.IPPROTO_IP, _IP_TOS):
            return content[0]
        if (level, kind) == (socket.IPPROTO_IPV6, _IPV6_TCLASS):
            return int(struct.unpack_from("=i", content)[0])
    return None
