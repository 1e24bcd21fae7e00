"""A network that exists in a test alone: who answers what, and when, on a clock that the test owns."""

import heapq
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from netbench.clock import Instant
from netbench.linux.icmp_errors import Saying
from netbench_probes.path.records import Answer, HopRow, Order
from netbench_probes.path.session import PathSession
from netbench_probes.path.wire import ProbeId

WALL = 1_795_000_000_000_000_000
MILLISECOND = 1_000_000
STEP_NS = MILLISECOND


def always(_: Order, __: int) -> bool:
    return True


@dataclass(order=True)
class _Coming:
    at_ns: int
    number: int
    flow: int = field(compare=False)
    identity: ProbeId | None = field(compare=False)
    answer: Answer = field(compare=False)


@dataclass
class Network:
    """``way(flow, now)`` is the addresses to the far end (the last); ``hears(order, now)`` whether a probe is answered.

    Hop h answers after h ms. ``mtu_octets`` is what the link after the first hop takes; ``tells`` whether its router says so.
    ``terse`` hops quote too little to name the probe.
    """

    way: Callable[[int, int], Sequence[str]]
    hears: Callable[[Order, int], bool] = always
    mtu_octets: int = 65_535
    tells: bool = True
    terse: frozenset[int] = frozenset()
    sent: list[Order] = field(default_factory=list[Order])
    _coming: list[_Coming] = field(default_factory=list[_Coming])

    def run(self, session: PathSession, until_ns: int = 60_000 * MILLISECOND) -> list[HopRow]:
        """Talk until the session is finished, in steps of a millisecond; return its rows."""
        rows: list[HopRow] = []
        now_ns = 0
        while not session.finished and now_ns < until_ns:
            self.step(session, now_ns)
            rows.extend(session.settle(now_ns))
            now_ns += STEP_NS
        return rows

    def step(self, session: PathSession, now_ns: int) -> None:
        """Deliver what has come and send what is due."""
        while self._coming and self._coming[0].at_ns <= now_ns:
            coming = heapq.heappop(self._coming)
            session.answered(coming.flow, coming.identity, coming.answer)
        due_ns = session.due_ns()
        if due_ns is not None and due_ns <= now_ns:
            order = session.next_order(Instant(now_ns, WALL + now_ns))
            if order is not None:
                session.transmitted(order.token, WALL + now_ns)
                self._take(order, now_ns)

    def _take(self, order: Order, now_ns: int) -> None:
        self.sent.append(order)
        way = self.way(order.identity.flow, now_ns)
        hop = min(order.identity.hop or len(way), len(way))
        if not self.hears(order, now_ns):
            return
        if order.packet_octets > self.mtu_octets and hop > 1:
            if self.tells:
                self._answer(order, now_ns, 1, Answer(way[0], 0, Saying.TOO_BIG, mtu_octets=self.mtu_octets))
            return
        saying = Saying.ARRIVED if hop == len(way) else Saying.EXPIRED
        self._answer(order, now_ns, hop, Answer(way[hop - 1], 0, saying))

    def _answer(self, order: Order, now_ns: int, hop: int, said: Answer) -> None:
        at_ns = now_ns + hop * MILLISECOND
        answer = replace(said, received_ns=WALL + at_ns)
        identity = None if order.identity.hop in self.terse else order.identity
        heapq.heappush(self._coming, _Coming(at_ns, order.token, order.identity.flow, identity, answer))
