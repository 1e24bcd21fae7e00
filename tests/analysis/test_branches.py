"""How many flows rule out a further branch, against the published table and against counting."""

from itertools import product
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netbench.analysis.branches import chance_of_missing, flows_needed, nodes

PUBLISHED = (6, 11, 16, 21, 27, 33, 38, 44, 51, 57, 63, 70, 76, 83, 90, 96)
"""The stopping points of MDA at 95 % (Augustin, Friedman, Teixeira 2007), from one next hop on."""


def test_the_stopping_points_are_the_published_ones() -> None:
    """At 95 %, for 1 to 16 next hops."""
    assert tuple(flows_needed(seen) for seen in range(1, 17)) == PUBLISHED


@pytest.mark.parametrize(("branches", "flows"), [(2, 3), (3, 4), (3, 6), (4, 5)])
def test_the_chance_of_missing_is_a_count(branches: int, flows: int) -> None:
    """Of all equally likely ways to spread the flows, so many leave a branch empty."""
    spreads = list(product(range(branches), repeat=flows))
    missing = sum(len(set(spread)) < branches for spread in spreads)

    assert chance_of_missing(branches, flows) == pytest.approx(missing / len(spreads))


def test_the_rule_misses_no_more_often_than_it_says() -> None:
    """10,000 nodes of three equally likely next hops, asked by the rule: at most 5 % end with a branch unseen."""
    chance, missed = Random(11), 0
    for _ in range(10_000):
        seen: set[int] = set()
        flows = 0
        while not seen or flows < flows_needed(len(seen)):
            seen.add(chance.randrange(3))
            flows += 1
        missed += len(seen) < 3

    assert missed <= 10_000 * (1 - 0.95) * 2  # two steps, each with its own chance
    assert missed > 0


@given(st.integers(1, 30), st.sampled_from([0.9, 0.95, 0.99]))
def test_fewer_flows_would_not_do(seen: int, confidence: float) -> None:
    """The number is the least that keeps the chance of a missed branch within what is left of the confidence."""
    needed = flows_needed(seen, confidence)

    assert chance_of_missing(seen + 1, needed) <= 1 - confidence < chance_of_missing(seen + 1, needed - 1)


def test_what_is_no_question_is_refused() -> None:
    """No branch at all, or a confidence that is none."""
    for seen, confidence in ((0, 0.95), (1, 1.0), (1, 0.0)):
        with pytest.raises(ValueError, match="is no question"):
            flows_needed(seen, confidence)


def test_nodes_of_a_diamond() -> None:
    """Each node has what followed it, counted in flows; a hop that did not answer is nobody's next hop, and no node."""
    trails = [{1: "a", 2: "b", 3: "d"}, {1: "a", 2: "c", 3: "d"}, {1: "a", 3: "d"}, {2: "c", 3: "d"}]
    found = {(node.hop, node.address): node for node in nodes(trails)}

    assert found[0, None].following == ("a",)
    assert found[0, None].flows == 3
    assert (found[1, "a"].following, found[1, "a"].flows, found[1, "a"].needed) == (("b", "c"), 2, 11)
    assert (found[2, "c"].following, found[2, "c"].flows) == (("d",), 2)
    assert set(found) == {(0, None), (1, "a"), (2, "b"), (2, "c")}
    assert not found[1, "a"].decided


def test_a_node_behind_which_nobody_answers_decides_itself() -> None:
    """Nothing can be asked of it."""
    [first, second] = nodes([{1: "a", 3: "c"}] * 6)

    assert (first.address, first.decided) == (None, True)
    assert (second.address, second.following, second.decided) == ("a", (), True)
