"""One pair's path without sockets: what to ask next, what was answered, and the rows that come of it. ``now`` is an argument.

First the largest packet is searched for, then rounds follow their schedule: each asks all hops of one flow. What a round asks is
paced, and rounds overlap: none waits for another's answers.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from netbench.clock import Instant
from netbench.linux.icmp_errors import Saying
from netbench.measure.samples import Fate
from netbench_probes.path.flows import Flows
from netbench_probes.path.largest import LargestPacketSearch
from netbench_probes.path.records import Answer, HopRow, Order, PathShape, Tally, row_of
from netbench_probes.path.rounds import Round
from netbench_probes.path.wire import ProbeId

PACE_NS: Final = 2_000_000
"""Between two probes: a slow link's queue need not hold them all."""
LATE_NS: Final = 5_000_000
_MOST_ROUNDS_AT_ONCE: Final = 256
_REMEMBERED: Final = 1 << 14


@dataclass(slots=True)
class _Asked:
    order: Order
    sent_ns: int
    deadline_ns: int
    round: Round | None
    transmitted_ns: int | None = None
    answer: Answer | None = None


class PathSession:
    """One pair's session. ``offsets``: when rounds begin after its start. ``stamped``: the kernel stamps what is sent."""

    def __init__(self, shape: PathShape, offsets: Iterator[int], search: LargestPacketSearch, *, stamped: bool) -> None:
        """Nothing asked yet; rounds begin when the search is over."""
        self.tally = Tally()
        self.flows = Flows(shape.most_flows, shape.confidence)
        self._shape = shape
        self._offsets = offsets
        self._offset_ns = next(offsets, None)
        self._start_ns: int | None = None
        self._search = search
        self._searches = 0
        self._stamped = stamped
        self._serial = False
        self._slot_ns = 0
        self._rounds: list[Round] = []
        self._next_round = 0
        self._tokens = 0
        self._asked: dict[int, _Asked] = {}
        self._by_identity: dict[ProbeId, _Asked] = {}
        self._rows: list[HopRow] = []

    @property
    def finished(self) -> bool:
        """Whether all is asked and settled."""
        return self._offset_ns is None and not (self._search.wanted or self._rounds or self._asked or self._rows)

    def due_ns(self) -> int | None:
        """Return when to ask again (monotonic), None while only answers are waited for and no round is to come."""
        if self._search.wanted is not None:
            return None if self._waits_for_search() else self._slot_ns
        if self._start_ns is None:
            return self._slot_ns
        if not self._blocked() and any(round_.askable(self._shape.most_hops) for round_ in self._rounds):
            return self._slot_ns
        if self._offset_ns is None or len(self._rounds) >= _MOST_ROUNDS_AT_ONCE:
            return None
        return self._start_ns + self._offset_ns

    def next_order(self, now: Instant) -> Order | None:
        """Return the probe to send now, None when there is none yet."""
        if now.monotonic_ns < self._slot_ns:
            return None
        if self._search.wanted is not None:
            return None if self._waits_for_search() else self._search_order(self._search.wanted, now)
        self._begin_round(now.monotonic_ns)
        if self._blocked():
            return None
        for round_ in self._rounds:
            hop = round_.askable(self._shape.most_hops)
            if hop is not None:
                round_.asked(hop)
                identity = ProbeId(round_.sequence, round_.flow, hop)
                return self._order(identity, self._shape.packet_octets, now, round_)
        return None

    def transmitted(self, token: int, stamp_ns: int) -> None:
        """Note when a probe left, as the kernel stamped it."""
        if token in self._asked:
            self._asked[token].transmitted_ns = stamp_ns

    def not_sent(self, order: Order) -> None:
        """Note that a probe did not leave this host."""
        self.tally.not_sent += 1
        self._conclude(self._asked[order.token], Fate.NOT_SENT)

    def too_large_here(self, order: Order, mtu_octets: int | None) -> None:
        """Note that a probe is larger than the interface takes."""
        asked = self._asked.pop(order.token)
        self._rows.append(row_of(order, Fate.NOT_SENT, asked.sent_ns, None)._replace(mtu_octets=mtu_octets))
        if asked.round is None:
            self._search.too_big(order.packet_octets, mtu_octets)
        else:
            asked.round.lost(order.identity.hop)

    def answered(self, flow: int, identity: ProbeId | None, answer: Answer) -> None:
        """Note an answer that came to a flow's socket; ``identity`` is None where it quotes too little to name its probe."""
        asked = self._only_one_of(flow) if identity is None else self._by_identity.get(identity)
        if asked is None:
            return
        if asked.answer is not None or asked.order.token not in self._asked:
            self.tally.late_answers += 1
            return
        asked.answer = answer
        if asked.round is None:
            self._learn_size(asked.order.packet_octets, answer)
            return
        asked.round.answered(asked.order.identity.hop, answer.saying)
        self.flows.learn(asked.round, asked.order.identity.hop, answer.address, answer.saying)

    def settle(self, now_ns: int) -> list[HopRow]:
        """Return the rows that nothing can change any more, given all that arrived until ``now_ns`` (monotonic)."""
        for asked in list(self._asked.values()):
            if asked.answer is None:
                if asked.deadline_ns <= now_ns:
                    self._conclude(asked, Fate.LOST)
            elif asked.transmitted_ns is not None or not self._stamped or asked.deadline_ns <= now_ns:
                self._conclude(asked, Fate.ANSWERED)
        self._end_rounds()
        rows, self._rows = self._rows, []
        return rows

    def abandon(self, now_ns: int) -> list[HopRow]:
        """Return what is left of answers; what had no time to be answered counts as nothing."""
        for asked in list(self._asked.values()):
            if asked.answer is not None:
                self._conclude(asked, Fate.ANSWERED)
        rows = self.settle(now_ns)
        self._asked.clear()
        self._rounds.clear()
        return rows

    def _search_order(self, octets: int, now: Instant) -> Order:
        identity = ProbeId(self._searches, 0, 0)
        self._searches += 1
        order = self._order(identity, octets, now, None)
        self._slot_ns = now.monotonic_ns + max(PACE_NS, self._search.pace_ns)
        return order

    def _waits_for_search(self) -> bool:
        return any(asked.round is None and asked.answer is None for asked in self._asked.values())

    def _blocked(self) -> bool:
        """Whether routers that quote too little make it necessary to ask one hop after the other."""
        return self._serial and any(asked.answer is None for asked in self._asked.values())

    def _begin_round(self, now_ns: int) -> None:
        self._start_ns = now_ns if self._start_ns is None else self._start_ns
        if self._offset_ns is None or len(self._rounds) >= _MOST_ROUNDS_AT_ONCE:
            return
        late_ns = now_ns - self._start_ns - self._offset_ns
        if late_ns < 0:
            return
        if late_ns > LATE_NS:
            # the rest is put off: catching up would be a burst that nobody asked for
            self.tally.late_rounds += 1
            self._start_ns += late_ns
        self._rounds.append(self.flows.next_round(self._next_round))
        self._next_round += 1
        self._offset_ns = next(self._offsets, None)

    def _end_rounds(self) -> None:
        for round_ in [each for each in self._rounds if each.finished(self._shape.most_hops)]:
            self.flows.explored(round_)
            self._rounds.remove(round_)

    def _order(self, identity: ProbeId, packet_octets: int, now: Instant, round_: Round | None) -> Order:
        order = Order(self._tokens, identity, packet_octets)
        self._tokens += 1
        asked = _Asked(order, now.wall_ns, now.monotonic_ns + self._shape.timeout_ns, round_)
        self._asked[order.token] = self._by_identity[identity] = asked
        self._slot_ns = now.monotonic_ns + PACE_NS
        if len(self._by_identity) > _REMEMBERED:
            del self._by_identity[next(iter(self._by_identity))]
        return order

    def _only_one_of(self, flow: int) -> _Asked | None:
        """Return the probe that an unnamed answer must be about: the only one of its flow that is waited for."""
        waited = [asked for asked in self._asked.values() if asked.order.identity.flow == flow and asked.answer is None]
        if len(waited) == 1:
            return waited[0]
        self.tally.unnamed += 1
        self._serial = True
        return None

    def _learn_size(self, octets: int, answer: Answer) -> None:
        if answer.saying is Saying.TOO_BIG:
            self._search.too_big(octets, answer.mtu_octets)
        elif answer.saying is Saying.ARRIVED:
            self._search.arrived(octets)
        else:
            self._search.vanished(octets)

    def _conclude(self, asked: _Asked, fate: Fate) -> None:
        """Write an attempt's row; its round or the search is told when it came to nothing."""
        del self._asked[asked.order.token]
        if fate is Fate.ANSWERED:
            self.tally.user_stamps += asked.transmitted_ns is None
        elif asked.round is not None:
            asked.round.lost(asked.order.identity.hop)
        else:
            self._search.vanished(asked.order.packet_octets)
        self._rows.append(row_of(asked.order, fate, asked.transmitted_ns or asked.sent_ns, asked.answer))
