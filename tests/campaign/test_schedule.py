"""The time table: everything is measured, nothing shares a link, and the budget holds."""

from itertools import combinations

import pytest

from netbench.campaign.schedule import THROUGHPUT_BUDGET_NS, BulkTest, time_table
from netbench.plan import catalogue, routing
from tests.campaign.plans import chain

SECOND = 1_000_000_000


def test_tests_of_one_round_share_no_link() -> None:
    """Two bulk tests never cross one link at the same time."""
    plan = chain()
    routes = routing.routes(plan)

    for members in time_table(plan, routes, SECOND).rounds:
        for one, other in combinations(members, 2):
            assert set(routes[one.corridor].links).isdisjoint(routes[other.corridor].links)


def test_disjoint_tests_run_together() -> None:
    """Corridors without a common link share a round."""
    plan = chain()
    rounds = time_table(plan, routing.routes(plan), SECOND).rounds

    together = next(members for members in rounds if BulkTest("west-mid", "forward") in members)

    assert BulkTest("mid-east", "forward") in together


def test_every_corridor_is_tested_and_asymmetric_ones_both_ways() -> None:
    """Symmetric routes are tested in one direction, asymmetric ones in both."""
    plan = chain()
    rounds = time_table(plan, routing.routes(plan), SECOND).rounds

    tests = sorted((test.corridor, test.direction) for members in rounds for test in members)

    assert tests == [
        ("home", "forward"),
        ("home", "reverse"),
        ("mid-east", "forward"),
        ("west-east", "forward"),
        ("west-mid", "forward"),
    ]


@pytest.mark.parametrize("name", ["first", "anshun"])
def test_shipped_plans_keep_the_budget(name: str) -> None:
    """All bulk tests together, with what it takes to set them up, stay within the budget; the whole within three minutes."""
    plan = catalogue.find(name)

    table = time_table(plan, routing.routes(plan), 20 * SECOND)

    assert table.throughput_ns <= THROUGHPUT_BUDGET_NS
    assert table.measuring_ns <= 180 * SECOND


def test_latency_rate_is_bounded_however_many_corridors() -> None:
    """The packets of all corridors together stay below what two cores can send without being late."""
    plan = catalogue.find("anshun")
    routes = routing.routes(plan)

    latency = time_table(plan, routes, 20 * SECOND).latency

    assert len(routes) * SECOND / latency.interval_ns <= 1500
    assert latency.duration_ns == pytest.approx(20 * SECOND, rel=0.01)
