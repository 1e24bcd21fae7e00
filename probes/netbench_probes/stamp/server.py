"""The Session-Reflector that stands alone: it answers whoever asks, in both families, until it is told to stop."""

import select
import socket
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from netbench.clock import Clock
from netbench.errors import CannotMeasureError, UnsupportedError, UsageError
from netbench.linux.clockstate import read_clock_state
from netbench.linux.punctual import punctual
from netbench.linux.timestamping import Ancillary, Received, StampedSocket, marking
from netbench.measure.probe import Control
from netbench.measure.reflector import ReflectorOptions, Served
from netbench.measure.vantage import Vantage
from netbench_probes.listening import places, why_not
from netbench_probes.stamp.estimate import ClockWord, kept_true
from netbench_probes.stamp.location_tlv import Ends
from netbench_probes.stamp.reflector import Arrival
from netbench_probes.stamp.responder import Responder
from netbench_probes.stamp.sockets import PORT, open_at, packed
from netbench_probes.stamp.wire import MalformedPacketError

if TYPE_CHECKING:
    from netbench_probes.stamp.fast.standing import CompiledReflector

_LOOK_SECONDS = 0.05
_IPV6_RECVPKTINFO: Final = 49
_IPV6_PKTINFO: Final = 50
_IP_PKTINFO: Final = 8


class StampReflector:
    """Listens from birth (see ``netbench.measure.reflector.Reflector``).

    T2 is the kernel's receive stamp, T3 the clock just before the send. A reply leaves from the address that was asked.
    """

    def __init__(self, vantage: Vantage, options: ReflectorOptions, clock: Clock) -> None:
        """It listens.

        :raises CannotMeasureError: when the address or the port cannot be had
        """
        self._options = options
        self._clock = clock
        self._word = ClockWord(read_clock_state(), ptp=options.ptp)
        self._responder = Responder(options, self._word)
        self._sockets: list[StampedSocket] = []
        self._replies = self._ignored = self._failed = 0
        self._compiled: CompiledReflector | None = None
        try:
            for family, host in places(options, socket.SOCK_DGRAM):
                self._sockets.append(_listening(vantage, family, host, options.port or PORT))
            if options.compiled:
                self._compiled = _compiled(options, self._sockets)
        except BaseException:
            self.close()
            raise

    @property
    def endpoints(self) -> Sequence[str]:
        """What it serves."""
        return [f"udp {local[0]} port {local[1]}" for local in (opened.local for opened in self._sockets)]

    def serve(self, control: Control) -> Served:
        """Answer until ``control`` says stop, or the count or the duration of the options is reached."""
        begun_ns = self._clock.now().monotonic_ns
        with kept_true(self._word, read_clock_state):
            if self._compiled is None:
                self._serve_plain(control, begun_ns)
            else:
                with punctual():
                    self._serve_compiled(self._compiled, control, begun_ns)
        replies, ignored, failed, sessions = self._compiled.counts if self._compiled is not None else (0, 0, 0, 0)
        return Served(
            self._replies + replies, self._ignored + ignored, self._failed + failed, self._responder.sessions + sessions
        )

    def close(self) -> None:
        """Stop listening."""
        if self._compiled is not None:
            self._compiled.close()
        for opened in self._sockets:
            opened.close()

    def _serve_plain(self, control: Control, begun_ns: int) -> None:
        by_descriptor = {opened.fileno(): opened for opened in self._sockets}
        with select.epoll() as ready:
            for descriptor in by_descriptor:
                ready.register(descriptor, select.EPOLLIN)
            while not control.stopped and not self._done(begun_ns):
                for descriptor, _ in ready.poll(_LOOK_SECONDS):
                    self._answer_one(by_descriptor[descriptor])

    def _serve_compiled(self, compiled: "CompiledReflector", control: Control, begun_ns: int) -> None:
        while not control.stopped and not self._done(begun_ns):
            until_ns = self._clock.now().monotonic_ns + int(_LOOK_SECONDS * 1e9)
            count = self._options.count
            limit = None if count is None else count - self._replies
            for opened, request in compiled.serve_until(until_ns, self._word.estimate, limit):
                self._reply(opened, request)
            for opened in self._sockets:
                self._take_departures(opened)

    def _done(self, begun_ns: int) -> bool:
        now_ns = self._clock.now().monotonic_ns
        count, duration_ns = self._options.count, self._options.duration_ns
        replies = self._replies + (self._compiled.counts[0] if self._compiled is not None else 0)
        return (count is not None and replies >= count) or (duration_ns is not None and now_ns - begun_ns >= duration_ns)

    def _answer_one(self, opened: StampedSocket) -> None:
        self._take_departures(opened)
        try:
            request = opened.receive()
        except OSError:
            self._failed += 1
            return
        if request is not None:
            self._reply(opened, request)

    def _take_departures(self, opened: StampedSocket) -> None:
        # an undrained error queue would wake the loop for ever; the next reply tells when the one before it left
        while (stamp := opened.transmitted()) is not None:
            self._responder.departed(*stamp)

    def _reply(self, opened: StampedSocket, request: Received) -> None:
        now = self._clock.now()
        asked_at, source = _from_the_asked(request)
        received_ns = request.stamp_ns or now.wall_ns
        ends = Ends(packed(request.peer[0]), request.peer[1], asked_at, opened.local[1])
        arrival = Arrival(request.octets, received_ns, request.hop_limit, request.tos, ends)
        try:
            reply, token = self._responder.answer(request.peer, asked_at, arrival, now)
        except MalformedPacketError:
            self._ignored += 1
            return
        marked = [] if reply.tos is None else marking(opened.family, reply.tos)
        try:
            opened.send_to(reply.octets, request.peer, token, now.wall_ns, source + marked)
        except OSError:
            self._failed += 1
            return
        self._replies += 1


def _compiled(options: ReflectorOptions, sockets: Sequence[StampedSocket]) -> "CompiledReflector":
    if options.keys is not None or options.key is not None or options.authenticated or options.stateless:
        raise UsageError("the compiled reflector knows no keys and numbers its replies; leave out compiled, or the rest")
    try:
        from netbench_probes.stamp.fast.standing import CompiledReflector

        return CompiledReflector(sockets)
    except Exception as error:
        raise UnsupportedError(f"the reflector cannot be compiled here: {error}; numba needs executable memory") from error


def _listening(vantage: Vantage, family: socket.AddressFamily, host: str, port: int) -> StampedSocket:
    try:
        opened = open_at(vantage, family, host, port, dscp=0)
    except OSError as error:
        raise CannotMeasureError(why_not(host, port, error)) from error
    if family == socket.AF_INET6:
        opened.setsockopt(socket.IPPROTO_IPV6, _IPV6_RECVPKTINFO, 1)
    else:
        opened.setsockopt(socket.IPPROTO_IP, _IP_PKTINFO, 1)
    return StampedSocket(opened)


def _from_the_asked(request: Received) -> tuple[bytes, Ancillary]:
    """Return the address that the request was sent to, and the control message that makes a reply leave from it."""
    for level, kind, data in request.ancillary:
        if level == socket.IPPROTO_IPV6 and kind == _IPV6_PKTINFO:
            return data[:16], [(level, kind, data)]
        if level == socket.IPPROTO_IP and kind == _IP_PKTINFO:
            # struct in_pktinfo: interface, local address (what the kernel sends from), destination; 0 lets routing choose the way
            return data[8:12], [(level, kind, bytes(4) + data[4:8] + bytes(4))]
    return b"", []
