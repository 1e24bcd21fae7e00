"""Corridors that a routing protocol brings back to their planned routes, or does not."""

from typing import Any, cast

from netbench.campaign.routes_taken import TRIES, first_astray, trace_all
from netbench.errors import CannotMeasureError
from netbench.measure.network import Network
from netbench.plan.model import Corridor, PerDirection
from tests.campaign.plans import chain

PLANNED: PerDirection[tuple[str, ...]] = PerDirection(("west", "mid", "east"), ("east", "mid", "west"))


class Returning:
    """A network whose packets find no way at first, and then the planned one."""

    def __init__(self, lost: int) -> None:
        self.lost, self.asked = lost, 0

    def route(self, _corridor: Corridor) -> tuple[tuple[str, ...], tuple[str, ...]]:
        self.asked += 1
        if self.asked <= self.lost:
            raise CannotMeasureError("west has no route")
        return PLANNED.forward, PLANNED.reverse


def network(fake: Any) -> Network:
    """The fake as what it stands for."""
    return cast("Network", fake)


def corridor() -> Corridor:
    """The one of the chain."""
    return next(iter(chain().corridors.values()))


def test_it_is_asked_until_all_are_back() -> None:
    """Not once more than needed, and nothing is astray then."""
    fake = Returning(3)

    assert first_astray(network(fake), [(corridor(), PLANNED)], pause_s=0) is None
    assert fake.asked == 4


def test_who_does_not_return_is_named() -> None:
    """After all tries."""
    fake = Returning(TRIES)

    assert first_astray(network(fake), [(corridor(), PLANNED)], pause_s=0) == corridor()
    assert fake.asked == TRIES


def test_what_cannot_be_traced_is_told_and_the_others_count() -> None:
    """A reason in the place of a route."""
    found = trace_all(network(Returning(1)), [corridor(), corridor()])

    assert sorted(map(str, found)) == sorted([str(PLANNED), "west has no route"])
