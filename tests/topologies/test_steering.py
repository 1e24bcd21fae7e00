"""What the tables alone do not send the right way is pinned, and what cannot be told apart is refused."""

import pytest

from netbench.errors import RefusedError
from netbench.plan.catalogue import find
from netbench.plan.model import Plan
from netbench.plan.routing import next_hops, routes
from netbench_topologies.steering import NextHops, Pin, exceptions, pins, usual_link
from tests.topologies.plans import DIRECT, PINNED, USUAL, square


def walked(plan: Plan, hops: NextHops, pinned: tuple[Pin, ...], source: str, destination: str) -> list[str]:
    """The sites that a packet passes when each site obeys its pins, else its usual link and exceptions: a slow reference."""
    here, passed = source, [source]
    while here != destination and len(passed) <= len(plan.sites):
        by_pin = [pin.links[here] for pin in pinned if (pin.source, pin.destination) == (source, destination)]
        by_table = dict(exceptions(hops[here])).get(destination) or usual_link(hops[here])
        here = plan.links[by_pin[0] if by_pin else str(by_table)].other_end(here)
        passed.append(here)
    return passed


@pytest.mark.parametrize("plan", [find("anshun"), find("first"), square(PINNED, USUAL)], ids=lambda plan: plan.name)
def test_every_corridor_takes_its_route_both_ways(plan: Plan) -> None:
    """Obeying the tables and pins leads along the planned route, there and back."""
    planned, hops = routes(plan), next_hops(plan)
    pinned = pins(plan, planned, hops)

    for route in planned.values():
        assert walked(plan, hops, pinned, route.sites[0], route.sites[-1]) == list(route.sites)
        assert walked(plan, hops, pinned, route.sites[-1], route.sites[0]) == list(reversed(route.sites))


def test_only_what_strays_is_pinned() -> None:
    """The corridor over the longer side is pinned both ways; the other one needs nothing."""
    plan = square(PINNED, USUAL)

    assert pins(plan, routes(plan), next_hops(plan)) == (
        Pin("north", "south", {"north": "north-west", "west": "west-south"}),
        Pin("south", "north", {"south": "west-south", "west": "north-west"}),
    )


def test_two_routes_between_the_same_ends_are_refused() -> None:
    """Traffic is told apart by its ends: one pair cannot go two ways."""
    plan = square(PINNED, DIRECT)

    with pytest.raises(RefusedError, match="'pinned' and 'direct' take different routes from 'north' to 'south'"):
        pins(plan, routes(plan), next_hops(plan))


def test_a_leaf_has_one_way_out() -> None:
    """A site with one link needs no exceptions; without any destination there is no usual link."""
    hops = next_hops(square(USUAL))["tail"]

    assert usual_link(hops) == "south-tail"
    assert not list(exceptions(hops))
    assert usual_link({}) is None
