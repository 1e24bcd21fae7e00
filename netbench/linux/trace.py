"""The way that packets take, found by letting some expire (RFC 792, RFC 4443) at every hop. No privilege is needed.

UDP probes with hop limits 1, 2, … leave one socket per path; what the routers send back is read from the socket's error queue
(``IP_RECVERR``), which quotes the probe it is about. Ports stay the same for all probes of a path, because routers that spread
traffic over several ways choose by them. One loop walks all paths at once, and all hops of a path at once.
"""

import errno
import select
import socket
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from netbench.clock import Clock, SystemClock
from netbench.errors import CannotMeasureError
from netbench.linux.icmp_errors import Ancillary, Saying, ask_for_errors, icmp_error

MAX_HOPS = 30
PORT = 33434  # traceroute's: nothing listens there

_MARK = b"netbench path "
_PACE_NS = 2_000_000  # between two probes of a path: a slow link's queue need not hold them all
_ANCILLARY_SPACE = 512
_ENOUGH_TRIES = 64


@dataclass(frozen=True, slots=True)
class PathRequest:
    """A path to find. ``sender`` is a UDP socket bound to the source address; ``expected_hops`` counts the destination."""

    sender: socket.socket
    destination: str
    expected_hops: int


@dataclass(frozen=True, slots=True)
class Path:
    """A path found: the address that answered at each hop limit from 1, None where nothing did.

    It ends with the destination when ``reached``. ``asked_twice`` names the hop limits whose first probe went unanswered.
    """

    hops: tuple[str | None, ...]
    reached: bool
    asked_twice: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Answer:
    """What an ICMP error says: who sent it, and whether the probe had arrived there (its port was closed) or had expired."""

    sender: str
    arrived: bool


def find_paths(requests: Sequence[PathRequest], timeout_ns: int = 1_000_000_000, clock: Clock | None = None) -> tuple[Path, ...]:
    """Return the paths in the order of ``requests``, after at most two rounds of ``timeout_ns`` each.

    A hop that does not answer is asked once more; a path that is longer than expected is followed up to ``MAX_HOPS``.

    :raises CannotMeasureError: when a source has no route to its destination
    """
    walks = [_Walk(request) for request in requests]
    loop = _Loop(walks, clock or SystemClock())
    loop.ask({walk: range(1, walk.request.expected_hops + 2) for walk in walks}, timeout_ns)
    loop.ask({walk: walk.open_questions() for walk in walks}, timeout_ns)
    return tuple(walk.path() for walk in walks)


def hop_limit_of(payload: bytes) -> int | None:
    """Return the hop limit that a probe, as an ICMP error quotes it, was sent with; None for what is no probe of ours."""
    if len(payload) != len(_MARK) + 1 or not payload.startswith(_MARK):
        return None
    return payload[-1]


def answer_of(ancillary: Ancillary) -> Answer | None:
    """Return what an error queue's control messages say; None when no router or host sent it, or it says something else."""
    told = icmp_error(b"", ancillary)
    if told is None or told.sender is None or told.saying not in (Saying.EXPIRED, Saying.ARRIVED):
        return None
    return Answer(told.sender, told.saying is Saying.ARRIVED)


@dataclass(eq=False, slots=True)
class _Walk:
    """One path while it is being found."""

    request: PathRequest
    answers: dict[int, Answer] = field(default_factory=dict[int, Answer])
    asked: dict[int, int] = field(default_factory=dict[int, int])

    def __post_init__(self) -> None:
        ask_for_errors(self.request.sender)

    def end(self) -> int | None:
        """The lowest hop limit that suffices, when known."""
        return min((limit for limit, answer in self.answers.items() if answer.arrived), default=None)

    def unanswered(self) -> list[int]:
        """The hop limits asked about, before the end, that nobody answered."""
        end = self.end() or MAX_HOPS + 1
        return [limit for limit in self.asked if limit < end and limit not in self.answers]

    def open_questions(self) -> list[int]:
        """What is left to ask: what went unanswered, and what lies beyond while the end is unknown."""
        beyond = range(max(self.asked, default=0) + 1, MAX_HOPS + 1) if self.end() is None else range(0)
        return [*self.unanswered(), *beyond]

    def send(self, limit: int) -> None:
        self.asked[limit] = self.asked.get(limit, 0) + 1
        family = self.request.sender.family
        option = (
            (socket.IPPROTO_IPV6, socket.IPV6_HOPLIMIT, struct.pack("=i", limit))
            if family == socket.AF_INET6
            else (socket.IPPROTO_IP, socket.IP_TTL, struct.pack("=i", limit))
        )
        self._send_past_errors(_MARK + bytes([limit]), option)

    def _send_past_errors(self, payload: bytes, option: tuple[int, int, bytes]) -> None:
        """Send; an error that the kernel reports here belongs to an earlier probe, and reporting it clears it."""
        for _ in range(_ENOUGH_TRIES):
            try:
                self.request.sender.sendmsg([payload], [option], 0, (self.request.destination, PORT))
            except OSError as error:
                if error.errno in (errno.ENETUNREACH, errno.EADDRNOTAVAIL, errno.EPERM):
                    break
            else:
                return
        source = self.request.sender.getsockname()[0]
        raise CannotMeasureError(f"{source} has no route to {self.request.destination}, so its path cannot be found")

    def receive(self) -> None:
        """Read all answers that have come."""
        while True:
            try:
                payload, ancillary, _, _ = self.request.sender.recvmsg(256, _ANCILLARY_SPACE, socket.MSG_ERRQUEUE)
            except BlockingIOError:
                return
            limit, answer = hop_limit_of(payload), answer_of(ancillary)
            if limit is not None and answer is not None:
                self.answers.setdefault(limit, answer)

    def path(self) -> Path:
        end = self.end()
        last = end if end is not None else max(self.answers, default=0)
        hops = [self.answers.get(limit) for limit in range(1, last + 1)]
        twice = tuple(sorted(limit for limit, times in self.asked.items() if times > 1))
        return Path(tuple(answer.sender if answer else None for answer in hops), end is not None, twice)


class _Loop:
    """Sends for all walks in turn and reads what comes back."""

    def __init__(self, walks: Sequence[_Walk], clock: Clock) -> None:
        self._clock = clock
        self._poll = select.poll()
        self._walks = {walk.request.sender.fileno(): walk for walk in walks}
        for descriptor in self._walks:
            self._poll.register(descriptor, 0)  # errors are always reported

    def ask(self, questions: Mapping[_Walk, Sequence[int]], timeout_ns: int) -> None:
        """Ask all of it, paced, and read until everything is answered or ``timeout_ns`` have passed since the last question."""
        for step in range(max(map(len, questions.values()), default=0)):
            for walk, limits in questions.items():
                if step < len(limits):
                    walk.send(limits[step])
            self._read_until(self._now() + _PACE_NS, every_answer_is_enough=False)
        if any(questions.values()):
            self._read_until(self._now() + timeout_ns, every_answer_is_enough=True)

    def _read_until(self, deadline_ns: int, *, every_answer_is_enough: bool) -> None:
        while (left_ns := deadline_ns - self._now()) > 0:
            if every_answer_is_enough and not any(walk.unanswered() for walk in self._walks.values()):
                return
            for descriptor, _ in self._poll.poll(left_ns / 1e6):
                self._walks[descriptor].receive()

    def _now(self) -> int:
        return self._clock.now().monotonic_ns
