"""A load is told in both terms, and is no load where the machine did not offer it."""

from collections.abc import Mapping
from dataclasses import replace

import pytest

from netbench.campaign.load_report import WIRE_BITS, FlowLoad, LoadReport, link_loads
from netbench.campaign.loading import LARGEST_LOAD_BPS, flows_of
from netbench.errors import RefusedError, UsageError
from netbench.measure.network import LinkTraffic
from netbench.plan.load import parse_plan
from netbench.plan.model import PerDirection, Plan
from netbench.plan.segments import busy_hour_flows
from netbench.verdict.model import Outcome
from tests.campaign.plans import CHAIN, chain
from tests.campaign.test_judging import found

SECOND = 1_000_000_000
DEMANDS = "demands:\n  - {from: west, to: home, busy_hour: 50M}\n  - {from: mid, to: east, busy_hour: RATE}\n"


def _plan(rate: str = "200M") -> Plan:
    return parse_plan(CHAIN + DEMANDS.replace("RATE", rate), "chain.yaml")


def _traffic(octets: int) -> Mapping[str, PerDirection[LinkTraffic]]:
    both = PerDirection(LinkTraffic(0, octets), LinkTraffic(0, 0))
    return dict.fromkeys(chain().links, both)


def _report(sent: list[int], late: int = 0) -> LoadReport:
    flows = tuple(FlowLoad(flow, count, 0, count) for flow, count in zip(busy_hour_flows(_plan()), sent, strict=True))
    links = tuple(link_loads(flows, 10 * SECOND, _traffic(1000), _traffic(3_126_000)))
    return LoadReport("busy-hour", 10 * SECOND, late, 0, flows, links)


FIVE, TWENTY = (round(rate * 10 / WIRE_BITS) for rate in (5_000_000, 20_000_000))
"""Datagrams in ten seconds at 5 and at 20 Mbit/s: what the two demands are at a tenth."""


def test_links_are_told_as_planned_as_offered_and_as_carried() -> None:
    """Both demands cross mid-east: 250 Mbit/s of 1 Gbit/s as planned, 25 of 100 Mbit/s as emulated; 3,125,000 octets came out."""
    by_link = {(item.link.id, item.direction): item for item in _report([FIVE, TWENTY]).links}
    assert set(by_link) == {("west-mid", "forward"), ("mid-east", "forward"), ("home-east", "reverse")}
    shared = by_link["mid-east", "forward"]
    assert (shared.planned_bps, shared.asked_bps, shared.planned_utilisation) == (250_000_000, 25_000_000, 0.25)
    assert shared.offered_bps == pytest.approx(25_000_000, rel=0.001)
    assert (shared.carried_bps, shared.utilisation) == (2_500_000, 0.025)


def test_a_load_that_was_offered_is_fit() -> None:
    """Chance alone may be a few standard deviations off; so may a twentieth."""
    assert _report([FIVE, TWENTY]).unfit is None
    assert _report([round(FIVE * 0.94), TWENTY]).unfit is None


def test_a_load_that_was_not_offered_is_not_the_load() -> None:
    """The flow that fell short is named with both rates; so is a sender that came too late and sent in bursts."""
    assert _report([FIVE, TWENTY // 2]).unfit == "the machine offered 10 Mbit/s of 20 Mbit/s from mid to east"
    late = (FIVE + TWENTY) // 40
    assert _report([FIVE, TWENTY], late).unfit == (
        f"the machine could not keep up with the load: {late} of {FIVE + TWENTY} datagrams left more than 1 ms late"
    )
    assert _report([FIVE, TWENTY], (FIVE + TWENTY) // 100).unfit is None


def test_delay_measured_without_the_load_that_was_asked_for_is_void() -> None:
    """And no figure of it is shown; under the load it stands."""
    fit = found(load=_report([FIVE, TWENTY]))["west-east"]
    assert [verdict.outcome for verdict in fit.verdicts] == [Outcome.PASS]
    short = found(load=_report([FIVE, TWENTY // 2]))["west-east"]
    assert [verdict.outcome for verdict in short.verdicts] == [Outcome.VOID]
    assert short.figures == ()


def test_a_load_past_the_machine_is_refused_with_the_scale_that_does() -> None:
    """Twice too much over the links it crosses: rates must be divided by twice as much."""
    assert len(flows_of(_plan(), "busy-hour")) == 2
    rate = LARGEST_LOAD_BPS * 2 * 10 - 3 * 50_000_000
    with pytest.raises(RefusedError, match=r"is 600 Mbit/s over all emulated links .* multiply rate_scale by 2$"):
        flows_of(_plan(f"{rate}bit/s"), "busy-hour")


def test_a_plan_without_demands_has_no_load() -> None:
    """It is said, not ignored."""
    with pytest.raises(UsageError, match="plan chain has no demands"):
        flows_of(chain(), "busy-hour")


def test_a_segment_is_told_from_another_by_its_name() -> None:
    """The random times of a flow come from it."""
    flows = busy_hour_flows(_plan())
    assert len({flow.segment.name for flow in flows}) == len(flows)
    assert replace(flows[0].segment, destination="east").name != flows[0].segment.name
