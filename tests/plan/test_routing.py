"""Routes against the slow way: every path there is, weighed."""

from collections.abc import Iterator, Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netbench.errors import PlanError
from netbench.plan.load import parse_plan
from netbench.plan.model import Plan, Route
from netbench.plan.routing import bottleneck, fixed_ns, links_of, next_hops, route_delay_ns, route_km, routes, symmetric

SITES = 6


def _plan(links: list[tuple[int, int, int, int]], corridors: str) -> Plan:
    """Return a plan whose sites all lie within their position error, so that any delay is possible."""
    sites = "\n".join(f"  s{index}: {{at: [26, 106], position_error_km: 10}}" for index in range(SITES))
    lines = "\n".join(
        f"  - {{id: l{index}, between: [s{a}, s{b}], class: metro, delay: {{forward: {forward}ms, reverse: {reverse}ms}}}}"
        for index, (a, b, forward, reverse) in enumerate(links)
    )
    return parse_plan(f"netbench: 1\nplan: random\nsites:\n{sites}\nlinks:\n{lines}\ncorridors:\n{corridors}", "random")


def _paths(plan: Plan, here: str, goal: str, passed: tuple[str, ...], used: tuple[str, ...]) -> Iterator[Route]:
    if here == goal:
        yield Route((*passed, here), used)
        return
    for link in plan.links.values():
        if here in (link.a, link.b) and link.other_end(here) not in passed:
            yield from _paths(plan, link.other_end(here), goal, (*passed, here), (*used, link.id))


def _cost(plan: Plan, route: Route) -> tuple[int, int, list[int]]:
    order = sorted(plan.links)
    delay = sum(plan.links[link].delay_ns.forward + plan.links[link].delay_ns.reverse for link in route.links)
    return delay, len(route.links), sorted((order.index(link) for link in route.links), reverse=True)


_ENDS = st.tuples(st.integers(0, SITES - 1), st.integers(0, SITES - 1)).filter(lambda ends: ends[0] != ends[1])
_LINKS = st.lists(
    st.tuples(_ENDS, st.integers(1, 3), st.integers(1, 3)).map(lambda drawn: (*drawn[0], drawn[1], drawn[2])),
    min_size=1,
    max_size=11,
)


@given(_LINKS)
def test_a_route_is_the_best_of_all_paths(links: list[tuple[int, int, int, int]]) -> None:
    """Delay decides, then hops, then the alphabet; and where no path leads, the corridor is refused by name."""
    plan = _plan(links, f"  - {{id: c, kind: in-province, from: s{links[0][0]}, to: s{links[0][1]}}}")
    corridor = plan.corridors["c"]
    best = min(_paths(plan, corridor.source, corridor.destination, (), ()), key=lambda route: _cost(plan, route))
    assert routes(plan)["c"] == best


@given(_LINKS)
def test_following_next_hops_gives_the_same_routes(links: list[tuple[int, int, int, int]]) -> None:
    """From every site to every other that can be reached, and the way back is the way there."""
    plan = _plan(links, f"  - {{id: c, kind: in-province, from: s{links[0][0]}, to: s{links[0][1]}}}")
    hops = next_hops(plan)
    for source in plan.sites:
        for destination in plan.sites:
            found = list(_paths(plan, source, destination, (), ()))
            if source == destination or not found:
                assert destination not in hops[source]
                continue
            best = min(found, key=lambda route: _cost(plan, route))
            assert _follow(plan, hops, source, destination) == best.links
            assert _follow(plan, hops, destination, source) == best.links[::-1]


def _follow(plan: Plan, hops: Mapping[str, Mapping[str, str]], source: str, destination: str) -> tuple[str, ...]:
    here, used = source, list[str]()
    while here != destination and len(used) <= SITES:
        used.append(hops[here][destination])
        here = plan.links[used[-1]].other_end(here)
    return tuple(used)


RING = [(0, 1, 1, 1), (1, 2, 1, 1), (2, 3, 1, 1), (3, 0, 1, 1), (3, 4, 1, 1)]


def test_pinned_sites_are_passed_in_their_order() -> None:
    """``via`` takes the long way round where it must, and passes no site twice."""
    plan = _plan(RING, "  - {id: c, kind: in-province, from: s0, to: s3, via: [s1, s2]}")
    assert routes(plan)["c"].sites == ("s0", "s1", "s2", "s3")


def test_a_pinned_route_does_not_turn_back_through_its_end() -> None:
    """Going by a leaf behind the destination would pass the destination twice: it is refused."""
    with pytest.raises(PlanError, match="no route leads from 's0' to 's4' that passes no site twice"):
        _plan(RING, "  - {id: c, kind: in-province, from: s0, to: s3, via: [s4]}")


MIXED = """
netbench: 1
plan: mixed
rate_scale: 10
sites:
  a: {at: [26, 106], position_error_km: 10}
  b: {at: [26, 106], position_error_km: 10}
  c: {at: [26, 106], position_error_km: 10}
links:
  - {id: ab, between: [a, b], class: metro, route_km: 100, equipment: 60us, rate: {forward: 10G, reverse: 2G}}
  - {id: cb, between: [c, b], class: metro, LENGTH, rate: {forward: 5G, reverse: 1G}}
corridors:
  - {id: a-c, kind: in-province, from: a, to: c}
"""


def test_sums_and_limits_follow_each_direction() -> None:
    """A link that is passed against its ``between`` gives its reverse values."""
    plan = parse_plan(MIXED.replace("LENGTH", "delay: {forward: 3ms, reverse: 4ms}"), "mixed")
    route = routes(plan)["a-c"]
    assert [(link.id, towards) for link, towards in links_of(plan, route, "forward")] == [("ab", "forward"), ("cb", "reverse")]
    assert [(link.id, towards) for link, towards in links_of(plan, route, "reverse")] == [("cb", "forward"), ("ab", "reverse")]
    assert route_delay_ns(plan, route, "forward") == 489_672 + 60_000 + 4_000_000
    assert route_delay_ns(plan, route, "reverse") == 489_672 + 60_000 + 3_000_000
    assert fixed_ns(plan, route, "forward") == 60_000 + 4_000_000
    assert (bottleneck(plan, route, "forward").id, bottleneck(plan, route, "reverse").id) == ("cb", "ab")
    assert route_km(plan, route) is None


def test_a_route_of_known_lengths_has_a_length() -> None:
    """Kilometres add up."""
    plan = parse_plan(MIXED.replace("LENGTH", "route_km: 12.5"), "mixed")
    assert route_km(plan, routes(plan)["a-c"]) == 112.5


def test_among_equal_rates_the_slowest_emulated_is_the_bottleneck() -> None:
    """Both links are 10G as planned; the one that the emulation slows more is what will be measured."""
    text = MIXED.replace("LENGTH", "route_km: 1").replace("{forward: 5G, reverse: 1G}", "10G, rate_scale: 100")
    plan = parse_plan(text.replace("{forward: 10G, reverse: 2G}", "10G"), "equal")
    assert bottleneck(plan, routes(plan)["a-c"], "forward").id == "cb"


@pytest.mark.parametrize(
    ("link", "corridor", "declared"),
    [("", "", False), (", symmetric: true", "", False), ("", ", symmetric: true", True), (", symmetric: false", "", False)],
)
def test_a_path_is_symmetric_when_its_corridor_or_all_its_links_are_said_to_be(link: str, corridor: str, declared: bool) -> None:
    """One of two links alone says nothing of the whole way."""
    text = MIXED.replace("LENGTH", f"route_km: 12.5{link}").replace("from: a, to: c", f"from: a, to: c{corridor}")
    plan = parse_plan(text, "mixed")
    assert symmetric(plan, plan.corridors["a-c"], routes(plan)["a-c"]) is declared

    everywhere = parse_plan(
        MIXED.replace("LENGTH", "route_km: 12.5").replace("class: metro,", "class: metro, symmetric: true,"), "m"
    )
    assert symmetric(everywhere, everywhere.corridors["a-c"], routes(everywhere)["a-c"])
