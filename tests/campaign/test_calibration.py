"""A link further off than its tolerance stops the run, by name and with its figures; a corridor off its route too."""

from dataclasses import replace
from typing import TYPE_CHECKING, cast

import pytest

from netbench.analysis.summary import Summary
from netbench.campaign.calibration import LinkCalibration, check_links, route_faults
from netbench.errors import RefusedError
from netbench.plan import routing
from netbench.plan.model import Corridor, PerDirection
from tests.campaign.plans import chain

if TYPE_CHECKING:
    from netbench.measure.network import Network


def measured(deviation_ns: int, half_width_ns: int = 1_000) -> LinkCalibration:
    """A calibration of west-mid whose forward median lies ``deviation_ns`` above what was asked."""
    link = chain().links["west-mid"]
    asked = link.delay_ns.forward
    forward = delay("forward", asked + deviation_ns, half_width_ns)
    return LinkCalibration(link, PerDirection(forward, delay("reverse", asked, half_width_ns)))


def delay(direction: str, value: int, half_width_ns: int) -> Summary:
    """A median delay with a symmetric interval."""
    base = Summary("one_way_delay", "forward", "p50", value, value - half_width_ns, value + half_width_ns, "ns", 120, "made up")
    return base if direction == "forward" else replace(base, direction="reverse")


def test_a_link_within_tolerance_is_faithful() -> None:
    """A median 500 µs off is within a tolerance of 500 µs."""
    check_links([measured(500_000)])


def test_a_link_beyond_tolerance_is_refused_with_its_figures() -> None:
    """The refusal names link, direction, asked, got and tolerance."""
    with pytest.raises(RefusedError) as refused:
        check_links([measured(0), measured(501_000)])

    sentence = str(refused.value)
    assert "link west-mid forward" in sentence
    assert "reverse" not in sentence
    assert "tolerance 500" in sentence


def test_the_error_of_a_link_is_the_far_end_of_its_interval() -> None:
    """The true median may lie anywhere in the interval, so its worst end bounds the emulation's error."""
    assert measured(40_000, half_width_ns=7_000).error_ns("forward") == 47_000
    assert measured(-40_000, half_width_ns=7_000).error_ns("forward") == 47_000
    assert measured(40_000, half_width_ns=7_000).error_ns("reverse") == 7_000


class Detour:
    """A network in which west to east goes straight although the plan passes mid."""

    def route(self, corridor: Corridor) -> tuple[tuple[str, ...], tuple[str, ...]]:
        return (corridor.source, corridor.destination), (corridor.destination, corridor.source)


def test_a_corridor_off_its_route_is_named_with_both_routes() -> None:
    """Every corridor that goes elsewhere is named, both ways, with the route taken and the route planned."""
    plan = chain()

    faults = route_faults(cast("Network", Detour()), plan, routing.routes(plan))

    assert faults == [
        "corridor west-east goes west > east there where the plan says west > mid > east",
        "corridor west-east goes east > west back where the plan says east > mid > west",
    ]
