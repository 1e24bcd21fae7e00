"""Foretold failures against tables made by hand, and against the slow way: every path there is."""

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netbench.errors import RefusedError
from netbench.plan.failover import tables
from netbench.plan.failures import HOWS, Foresight, Routing
from netbench.plan.load import parse_plan
from netbench.plan.model import Plan
from netbench.plan.ospf import LARGEST_COST, ospf_costs
from netbench.plan.routing import next_hops
from netbench.plan.utilisation import Cut, all_cuts
from tests.topologies.plans import DIRECT, PINNED, USUAL, square

SITES = 5


def _plan(links: list[tuple[int, int, int]]) -> Plan:
    sites = "\n".join(f"  s{index}: {{at: [26, 106], position_error_km: 10}}" for index in range(SITES))
    lines = "\n".join(
        f"  - {{id: l{index}, between: [s{a}, s{b}], class: metro, delay: {delay}ms}}"
        for index, (a, b, delay) in enumerate(links)
    )
    corridor = f"  - {{id: c, kind: in-province, from: s{links[0][0]}, to: s{links[0][1]}}}"
    return parse_plan(f"netbench: 1\nplan: random\nsites:\n{sites}\nlinks:\n{lines}\ncorridors:\n{corridor}", "random")


_ENDS = st.tuples(st.integers(0, SITES - 1), st.integers(0, SITES - 1)).filter(lambda ends: ends[0] != ends[1])
_LINKS = st.lists(st.tuples(_ENDS, st.integers(1, 3)).map(lambda drawn: (*drawn[0], drawn[1])), min_size=1, max_size=9)


def _paths(plan: Plan, here: str, goal: str, passed: tuple[str, ...], lost: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    if here == goal:
        yield ()
        return
    for link in plan.links.values():
        if here in (link.a, link.b) and link.id not in lost and link.other_end(here) not in (*passed, here):
            for rest in _paths(plan, link.other_end(here), goal, (*passed, here), lost):
                yield (link.id, *rest)


@given(_LINKS)
def test_what_survives_one_cut_is_what_has_a_second_route_beside_it(links: list[tuple[int, int, int]]) -> None:
    """A loop-free alternate holds after any single cut: the site at the cut alone decides, and nothing goes in circles."""
    plan = _plan(links)
    second = tables(plan).second
    foresight = Foresight(plan, "static")
    for link in plan.links.values():
        for change in foresight.changes(Cut("link", link.id, (link.id,)), "visible"):
            for before, after in (
                (change.before.forward, change.after.forward),
                (change.before.reverse, change.after.reverse),
            ):
                site = before.sites[before.links.index(link.id)]
                assert (after is not None) == (before.sites[-1] in second[site])
                assert after is None or (link.id not in after.links and len(set(after.sites)) == len(after.sites))


@given(_LINKS)
def test_a_second_route_exists_only_where_its_neighbour_does_not_turn_back(links: list[tuple[int, int, int]]) -> None:
    """By following the tables: from the neighbour on, first choices alone lead to the destination and not through the site."""
    plan = _plan(links)
    found = tables(plan)
    for site, by_destination in found.second.items():
        for destination, link in by_destination.items():
            here = plan.links[link].other_end(site)
            while here != destination:
                assert here != site
                here = plan.links[found.first[here][destination]].other_end(here)


@given(_LINKS)
def test_ospf_costs_have_the_plans_routes_as_their_only_shortest_paths(links: list[tuple[int, int, int]]) -> None:
    """Ties included: every site, every destination, weighed path by path."""
    plan = _plan(links)
    try:
        costs = ospf_costs(plan)
    except RefusedError:
        pytest.fail("delays of some milliseconds fit 16 bits")
    assert 1 <= min(costs.values()) <= max(costs.values()) <= LARGEST_COST
    hops = next_hops(plan)
    for source in plan.sites:
        for goal in plan.sites:
            weighed = sorted((sum(costs[link] for link in path), path) for path in _paths(plan, source, goal, (), ()))
            if source == goal or not weighed:
                continue
            assert len(weighed) == 1 or weighed[0][0] < weighed[1][0]
            assert weighed[0][1][0] == hops[source][goal]


def test_delays_that_16_bits_cannot_tell_apart_are_refused() -> None:
    """A ring of equal hops beside one link of an hour: no unit serves both."""
    text = "netbench: 1\nplan: far\nsites:\n  a: {at: [26, 106]}\n  b: {at: [26, 106]}\n  c: {at: [26, 106]}\nlinks:\n"
    text += "".join(
        f"  - {{id: {name}, between: [{ends}], class: metro, delay: {delay}}}\n"
        for name, ends, delay in (("ab", "a, b", "9s"), ("ac", "a, c", "1us"), ("cb", "c, b", "8999998us"), ("x", "a, b", "9s"))
    )
    plan = parse_plan(text + "corridors:\n  - {id: a-b, kind: in-province, from: a, to: b}\n", "far")
    costs = ospf_costs(plan)
    assert costs["ac"] + costs["cb"] < min(costs["ab"], costs["x"])


def _after(plan: Plan, routing: Routing, link: str, how: int = 0) -> dict[str, tuple[object, object]]:
    changes = Foresight(plan, routing).changes(Cut("link", link, (link,)), HOWS[how])
    return {
        change.corridor.id: (
            change.after.forward and change.after.forward.sites,
            change.after.reverse and change.after.reverse.sites,
        )
        for change in changes
    }


def test_the_square_by_hand() -> None:
    """East is near, west is far: seen from the east there is no way but back, and north has one over west."""
    plan = square(DIRECT)
    assert _after(plan, "static", "north-east") == {"direct": (("north", "west", "south"), None)}
    assert _after(plan, "frr", "north-east") == {"direct": (("north", "west", "south"), ("south", "west", "north"))}
    assert _after(plan, "static", "north-east", 1) == {"direct": (None, None)}
    assert _after(plan, "frr", "north-east", 1) == _after(plan, "frr", "north-east", 0)


def test_a_corridor_without_another_way_does_not_survive() -> None:
    """The tail hangs by one link."""
    assert _after(square(USUAL), "frr", "south-tail") == {"usual": (None, None)}
    assert _after(square(USUAL), "static", "south-tail") == {"usual": (None, None)}


def test_delays_are_those_of_the_routes() -> None:
    """Two milliseconds before, six after, in each direction."""
    (change,) = Foresight(square(DIRECT), "frr").changes(Cut("link", "east-south", ("east-south",)), "silent")
    assert (change.delay_before_ns.forward, change.delay_before_ns.reverse) == (2_000_000, 2_000_000)
    assert (change.delay_after_ns.forward, change.delay_after_ns.reverse) == (6_000_000, 6_000_000)


def test_ospf_refuses_a_corridor_that_is_pinned_elsewhere() -> None:
    """OSPF takes the shortest way, whatever ``via`` says."""
    with pytest.raises(RefusedError, match="corridor 'pinned' is pinned by 'via' to a route that is not the shortest"):
        Foresight(square(PINNED), "frr")


def test_a_risk_of_one_link_is_a_cut_of_its_own() -> None:
    """Every risk is named, whether one link has it or many."""
    plan = parse_plan(
        "netbench: 1\nplan: risky\nsites:\n  a: {at: [26, 106]}\n  b: {at: [26, 106]}\nlinks:\n"
        "  - {id: x, between: [a, b], class: metro, delay: 1ms, risk: [one, two]}\n"
        "  - {id: y, between: [a, b], class: metro, delay: 2ms, risk: two}\n"
        "corridors:\n  - {id: a-b, kind: in-province, from: a, to: b}\n",
        "risky",
    )
    assert all_cuts(plan)[2:] == (Cut("risk", "one", ("x",)), Cut("risk", "two", ("x", "y")))
    assert [change.survives for cut in all_cuts(plan) for change in Foresight(plan, "static").changes(cut, "visible")] == [
        True, True, False,
    ]  # fmt: skip
