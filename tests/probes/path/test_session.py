"""A path without sockets: what is asked of a network that the test made up, and what comes of it."""

from collections.abc import Iterator
from itertools import pairwise

import pytest

from netbench.analysis.branches import nodes
from netbench.analysis.hops import Standing, hops_of, trails_of
from netbench.analysis.ways import changes_of, largest_packet
from netbench.clock import Instant
from netbench.linux.icmp_errors import Saying
from netbench.measure.samples import Fate
from netbench_probes.path.largest import LargestPacketSearch
from netbench_probes.path.records import Answer, Order, PathShape
from netbench_probes.path.rounds import GAP, WINDOW
from netbench_probes.path.session import PACE_NS, PathSession
from netbench_probes.path.wire import ProbeId
from tests.analysis.hop_columns import hop_columns
from tests.probes.path.network import MILLISECOND, WALL, Network

SHAPE = PathShape(timeout_ns=200 * MILLISECOND, most_hops=30, most_flows=64, confidence=0.95, packet_octets=64)


def session(count: int, *, most: int = 0, shape: PathShape = SHAPE, interval_ns: int = 100 * MILLISECOND) -> PathSession:
    """A session of ``count`` rounds; ``most`` octets are searched for when given."""

    def offsets() -> Iterator[int]:
        yield from (number * interval_ns for number in range(count))

    return PathSession(shape, offsets(), LargestPacketSearch(64, most or 64, made=bool(most)), stamped=True)


def straight(length: int) -> list[str]:
    return [f"10.0.0.{hop}" for hop in range(1, length + 1)]


def test_a_chain_is_found_and_timed() -> None:
    """Every hop with its address and its round trip, by six flows and no more: that rules a second branch out."""
    network = Network(lambda _flow, _now: straight(4))
    made = session(10)
    columns = hop_columns(network.run(made))

    assert [(hop.hop, hop.answerers[0].address, hop.standing) for hop in hops_of(columns)] == [
        (hop, f"10.0.0.{hop}", Standing.STEADY) for hop in range(1, 5)
    ]
    assert [hop.answerers[0].round_trip[0].value for hop in hops_of(columns)] == [hop * MILLISECOND for hop in range(1, 5)]
    assert [hop.ends for hop in hops_of(columns)] == [False, False, False, True]
    assert len(made.flows) == 6
    assert made.flows.decided
    assert made.tally.user_stamps == 0


def test_the_far_end_is_not_asked_more_than_needed() -> None:
    """Beyond the end of the way the first round asks no more than its window, later rounds nothing."""
    network = Network(lambda _flow, _now: straight(4))
    network.run(session(10))
    beyond = [order for order in network.sent if order.identity.hop > 4]

    assert len(beyond) < WINDOW
    assert {order.identity.sequence for order in beyond} <= {0}


def test_probes_are_paced() -> None:
    """Never two within the pace, whatever is due."""
    network = Network(lambda _flow, _now: straight(9))
    made = session(5, interval_ns=MILLISECOND)
    times: list[int] = []
    for now_ns in range(0, 300 * MILLISECOND, MILLISECOND // 2):
        before = len(network.sent)
        network.step(made, now_ns)
        made.settle(now_ns)
        times.extend([now_ns] * (len(network.sent) - before))

    assert len(times) > 20
    assert all(later - earlier >= PACE_NS for earlier, later in pairwise(times))


def test_a_silent_hop_is_passed_over() -> None:
    """It loses every probe, and those beyond it are found."""
    network = Network(lambda _flow, _now: straight(5), lambda order, _: order.identity.hop != 3)
    hops = hops_of(hop_columns(network.run(session(8))))

    assert [hop.standing for hop in hops] == [Standing.STEADY, Standing.STEADY, Standing.SILENT, Standing.STEADY, Standing.STEADY]


def test_a_far_end_that_is_not_there_ends_the_search() -> None:
    """After so many silent hops in a row the round gives up."""
    network = Network(lambda _flow, _now: straight(20), lambda order, _: order.identity.hop <= 2)
    columns = hop_columns(network.run(session(3)))

    assert max(order.identity.hop for order in network.sent) == 2 + GAP
    assert not any(hop.ends for hop in hops_of(columns))


def test_branches_are_found_until_ruled_out() -> None:
    """Two next hops at hop 2: each flow stays on its own, and each node has as many flows as the rule asks."""
    network = Network(lambda flow, _now: ["a", "bc"[flow % 2], "z"])
    made = session(60)
    columns = hop_columns(network.run(made))
    found = nodes(list(trails_of(columns).values()))

    assert {node.address: node.following for node in found} == {None: ("a",), "a": ("b", "c"), "b": ("z",), "c": ("z",)}
    assert all(node.flows >= node.needed for node in found)
    assert len(made.flows) == 12
    assert changes_of(columns) == ()


def test_flows_are_bounded() -> None:
    """No more than allowed, and then further branches are not ruled out."""
    network = Network(lambda flow, _now: ["a", f"b{flow}", "z"])
    made = session(30, shape=PathShape(200 * MILLISECOND, 30, 8, 0.95, 64))
    network.run(made)

    assert len(made.flows) == 8
    assert not made.flows.decided


def test_a_longer_way_is_followed_to_its_end() -> None:
    """After a change the new hop and the new end are found, and the change is told."""
    turn_ns = 1_000 * MILLISECOND
    network = Network(lambda _flow, now: ["a", "z"] if now < turn_ns else ["a", "b", "z"])
    columns = hop_columns(network.run(session(20)))
    [change] = changes_of(columns)

    assert change.hops == ((2, "z", "b"),)
    assert WALL + turn_ns - 600 * MILLISECOND <= change.after_ns <= WALL + turn_ns < change.before_ns + 1
    assert trails_of(columns, change.before_ns)[0] == {1: "a", 2: "b", 3: "z"}


def test_a_shorter_way_ends_sooner() -> None:
    """And nothing beyond its end is asked any more, once every flow knows."""
    turn_ns = 1_000 * MILLISECOND
    network = Network(lambda _flow, now: ["a", "b", "z"] if now < turn_ns else ["a", "z"])
    columns = hop_columns(network.run(session(30)))
    last = [order.identity.hop for order in network.sent if order.identity.sequence >= 24]

    assert [change.hops for change in changes_of(columns)] == [((2, "b", "z"),)]
    assert max(last) == 2


def test_routers_that_quote_too_little_are_asked_one_by_one() -> None:
    """An answer that names no probe is about the only one waited for; every hop is found, and none twice."""
    network = Network(lambda _flow, _now: straight(4), terse=frozenset({1, 2, 3, 4}))
    made = session(6, interval_ns=400 * MILLISECOND)
    hops = hops_of(hop_columns(network.run(made)))

    assert [[answerer.address for answerer in hop.answerers] for hop in hops] == [[address] for address in straight(4)]
    assert made.tally.unnamed > 0


@pytest.mark.parametrize("mtu_octets", [1400, 1500, 9000])
def test_the_largest_packet_is_what_the_router_says(mtu_octets: int) -> None:
    """Two packets, and the far end's answer to the second."""
    network = Network(lambda _flow, _now: straight(3), mtu_octets=mtu_octets)
    columns = hop_columns(network.run(session(1, most=9000)))
    found = largest_packet(columns)

    assert found is not None
    assert found.octets == mtu_octets
    assert found.narrow == (None if mtu_octets == 9000 else "10.0.0.1")
    assert len([order for order in network.sent if order.identity.hop == 0]) == (1 if mtu_octets == 9000 else 2)


def test_the_largest_packet_is_searched_where_nobody_says_a_word() -> None:
    """To the octet, with every size that vanished asked twice, and the rounds wait for it."""
    network = Network(lambda _flow, _now: straight(3), mtu_octets=1437, tells=False)
    columns = hop_columns(network.run(session(2, most=1500)))
    found = largest_packet(columns)
    searched = [order for order in network.sent if order.identity.hop == 0]

    assert found is not None
    assert (found.octets, found.narrow, found.searched) == (1437, None, True)
    assert all(order.identity.hop == 0 for order in network.sent[: len(searched)])


def test_a_far_end_that_answers_nothing_ends_the_search_for_the_largest() -> None:
    """Two packets of each of two sizes, then the rounds."""
    network = Network(lambda _flow, _now: straight(3), lambda order, _: order.identity.hop in (1, 2))
    made = session(1, most=1500)
    found = largest_packet(hop_columns(network.run(made)))

    assert found is not None
    assert found.octets is None
    assert [order.packet_octets for order in network.sent if order.identity.hop == 0] == [1500, 1500, 64, 64]


def test_this_hosts_own_interface_bounds_the_search() -> None:
    """What it does not take was not sent, and the next size is what it takes."""
    made = session(1, most=65_535)
    first = made.next_order(Instant(0, WALL))
    assert first is not None
    made.too_large_here(first, 1500)
    second = made.next_order(Instant(PACE_NS, WALL))
    assert second is not None
    [row] = made.settle(0)

    assert (second.packet_octets, row.fate, row.mtu_octets) == (1500, Fate.NOT_SENT, 1500)
    assert made.tally.not_sent == 0


def test_a_late_answer_leaves_its_probe_lost() -> None:
    """It is counted; so is a second answer to one probe."""
    made = session(1)
    order = made.next_order(Instant(0, WALL))
    assert isinstance(order, Order)
    made.transmitted(order.token, WALL)
    assert [row.fate for row in made.settle(SHAPE.timeout_ns)] == [Fate.LOST]
    made.answered(0, order.identity, Answer("a", WALL + 1, Saying.EXPIRED))

    assert made.tally.late_answers == 1
    made.answered(0, ProbeId(77, 0, 1), Answer("a", WALL + 1, Saying.EXPIRED))
    assert made.tally.late_answers == 1


def test_stopping_keeps_answers_and_forgets_the_rest() -> None:
    """What had no time to be answered counts as nothing."""
    made = session(1)
    first, second = (made.next_order(Instant(number * PACE_NS, WALL)) for number in range(2))
    assert first is not None
    assert second is not None
    made.answered(0, first.identity, Answer("a", WALL + 9, Saying.EXPIRED))

    assert [(row.hop, row.fate) for row in made.abandon(PACE_NS)] == [(1, Fate.ANSWERED)]
    assert made.tally.user_stamps == 1


def test_what_was_not_sent_is_said() -> None:
    """And waits for nothing."""
    made = session(1)
    order = made.next_order(Instant(0, WALL))
    assert order is not None
    made.not_sent(order)

    assert [(row.hop, row.fate) for row in made.settle(0)] == [(1, Fate.NOT_SENT)]
