"""Planned utilisation against sums made by hand, and against the slow way: every path there is."""

from collections import defaultdict
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netbench.plan.load import parse_plan
from netbench.plan.model import DIRECTIONS, Link, Plan
from netbench.plan.utilisation import Cut, cuts, utilisation

SITES = 5

DIAMOND = """
netbench: 1
plan: diamond
sites:
  a: {at: [26, 106], position_error_km: 10}
  b: {at: [26, 106], position_error_km: 10}
  c: {at: [26, 106], position_error_km: 10}
  d: {at: [26, 106], position_error_km: 10}
links:
  - {id: ab, between: [a, b], class: backbone, delay: 1ms, rate: 100G, risk: north}
  - {id: db, between: [d, b], class: backbone, delay: 1ms, rate: 100G}
  - {id: ac, between: [a, c], class: backbone, delay: 2ms, rate: {forward: 50G, reverse: 100G}}
  - {id: cd, between: [c, d], class: backbone, delay: 2ms, rate: 50G, risk: [north, south]}
corridors:
  - {id: a-d, kind: in-province, from: a, to: d}
  - {id: c-b, kind: in-province, from: c, to: b, via: [d]}
demands:
  - {from: a, to: d, busy_hour: 30G, source: {title: told}}
  - {from: d, to: a, busy_hour: 10G}
  - {from: b, to: c, busy_hour: 25G, source: {title: guessed}, assumed: true}
"""


@pytest.fixture(scope="module")
def diamond() -> Plan:
    """Return two ways from a to d, of which the upper is shorter; the pinned corridor takes neither by itself."""
    return parse_plan(DIAMOND, "diamond")


def _fillings(plan: Plan) -> dict[tuple[str, str], tuple[float, float, str | None]]:
    return {
        (item.planned.link.id, item.planned.direction): (
            item.planned.utilisation,
            item.fullest.utilisation,
            item.fullest.cut.name if item.fullest.cut else None,
        )
        for item in utilisation(plan).occupancies
    }


def test_demands_fill_the_links_they_cross_in_their_own_direction(diamond: Plan) -> None:
    """a-d over b; b-c by the corridor's pinned way backwards, over d although a is as near. Worst cuts are named."""
    assert _fillings(diamond) == {
        ("ab", "forward"): (0.30, 0.30, None),
        ("ab", "reverse"): (0.10, 0.35, "cd"),
        ("db", "forward"): (0.10, 0.10, None),
        ("db", "reverse"): (0.55, 0.55, None),
        ("ac", "forward"): (0.0, 1.10, "db"),
        ("ac", "reverse"): (0.0, 0.10, "ab"),
        ("cd", "forward"): (0.0, 0.60, "ab"),
        ("cd", "reverse"): (0.50, 0.70, "ab"),
    }


def test_a_shared_risk_takes_all_its_links_and_a_lone_one_is_no_cut_of_its_own(diamond: Plan) -> None:
    """``south`` is on one link only, which is cut anyway."""
    assert cuts(diamond)[4:] == (Cut("risk", "north", ("ab", "cd")),)
    stranded = utilisation(diamond).stranded
    assert {cut.name: [demand.ends for demand in lost] for cut, lost in stranded.items()} == {
        "north": [("a", "d"), ("d", "a"), ("b", "c")]
    }


def test_a_demand_that_nobody_vouches_for_is_assumed(diamond: Plan) -> None:
    """No source: assumed. A source: not, unless the plan says so."""
    assert [demand.assumed for demand in diamond.demands] == [False, True, True]


def test_exactly_full_is_not_overloaded() -> None:
    """The rate itself fits; one bit/s more does not."""
    for rate, overloaded in (("50Gbit/s", False), ("50000000001bit/s", True)):
        plan = parse_plan(DIAMOND.replace("busy_hour: 25G", f"busy_hour: {rate}"), "diamond")
        fillings = {(item.planned.link.id, item.planned.direction): item.planned for item in utilisation(plan).occupancies}
        assert fillings["cd", "reverse"].overloaded is overloaded


_ENDS = st.tuples(st.integers(0, SITES - 1), st.integers(0, SITES - 1)).filter(lambda ends: ends[0] != ends[1])
_LINKS = st.lists(st.tuples(_ENDS, st.integers(1, 3), st.sampled_from(["x", "y", "z"])), min_size=1, max_size=8)
_DEMANDS = st.lists(st.tuples(_ENDS, st.integers(1, 99)), min_size=1, max_size=5)


@given(_LINKS, _DEMANDS)
def test_every_state_adds_up_as_by_trying_all_paths(
    links: list[tuple[tuple[int, int], int, str]], demands: list[tuple[tuple[int, int], int]]
) -> None:
    """For every cut the best path that is left, found by trying all, carries the demand; the fullest state is the maximum."""
    chain = [((index, index + 1), 9, "chain") for index in range(SITES - 1)]  # so that no demand is refused
    plan = _plan([*links, *chain], demands)
    states = [frozenset[str](), *(frozenset(cut.links) for cut in cuts(plan))]
    by_state = [_slow_loads(plan, lost) for lost in states]
    found = {(item.planned.link.id, item.planned.direction): item for item in utilisation(plan).occupancies}
    for link in plan.links:
        for direction in DIRECTIONS:
            expected = [state.get((link, direction), 0) for state in by_state]
            if max(expected) == 0:
                assert (link, direction) not in found
                continue
            item = found[link, direction]
            assert (item.planned.offered_bps, item.fullest.offered_bps) == (expected[0], max(expected))


def _plan(links: list[tuple[tuple[int, int], int, str]], demands: list[tuple[tuple[int, int], int]]) -> Plan:
    sites = "\n".join(f"  s{index}: {{at: [26, 106], position_error_km: 10}}" for index in range(SITES))
    lines = "\n".join(
        f"  - {{id: l{index}, between: [s{a}, s{b}], class: metro, delay: {delay}ms, risk: {risk}}}"
        for index, ((a, b), delay, risk) in enumerate(links)
    )
    wanted = "\n".join(f"  - {{from: s{a}, to: s{b}, busy_hour: {rate}M}}" for (a, b), rate in demands)
    corridor = "  - {id: c, kind: in-province, from: s0, to: s1}"
    text = f"netbench: 1\nplan: random\nsites:\n{sites}\nlinks:\n{lines}\ncorridors:\n{corridor}\ndemands:\n{wanted}"
    return parse_plan(text, "random")


def _slow_loads(plan: Plan, lost: frozenset[str]) -> dict[tuple[str, str], int]:
    carried: dict[tuple[str, str], int] = defaultdict(int)
    for demand in plan.demands:
        paths = list(_paths([link for link in plan.links.values() if link.id not in lost], (demand.source,), demand.destination))
        if paths:
            for link, direction in min(paths, key=lambda path: _cost(plan, path)):
                carried[link, direction] += demand.busy_hour_bps
    return carried


Path = tuple[tuple[str, str], ...]


def _paths(links: list[Link], passed: tuple[str, ...], goal: str) -> Iterator[Path]:
    if passed[-1] == goal:
        yield ()
        return
    for link in links:
        far = link.other_end(passed[-1])
        if passed[-1] in (link.a, link.b) and far not in passed:
            yield from (((link.id, link.direction_from(passed[-1])), *rest) for rest in _paths(links, (*passed, far), goal))


def _cost(plan: Plan, path: Path) -> tuple[int, int, list[int]]:
    order = sorted(plan.links)
    delay = sum(plan.links[link].delay_ns.forward for link, _ in path)
    return delay, len(path), sorted((order.index(link) for link, _ in path), reverse=True)
