"""What has to be offered so that every emulated link is as full as the plan says."""

from collections import defaultdict

import pytest

from netbench.plan.load import parse_plan
from netbench.plan.segments import busy_hour_flows
from netbench.plan.utilisation import demand_routes, loads

TEXT = """
netbench: 1
plan: scales
rate_scale: 100
sites:
  a: {at: [26, 106], position_error_km: 10}
  b: {at: [26, 106], position_error_km: 10}
  c: {at: [26, 106], position_error_km: 10}
  d: {at: [26, 106], position_error_km: 10}
links:
  - {id: ab, between: [a, b], class: metro, delay: 1ms, rate: 10G}
  - {id: cb, between: [c, b], class: metro, delay: 1ms, rate: 10G}
  - {id: cd, between: [c, d], class: access, delay: 1ms, rate: 1G, rate_scale: 10}
  - {id: ac, between: [a, c], class: metro, delay: 5ms, rate: 10G}
corridors:
  - {id: a-d, kind: in-province, from: a, to: d, VIA}
demands:
  - {from: a, to: d, busy_hour: 500M}
  - {from: a, to: c, busy_hour: 2G}
  - {from: d, to: b, busy_hour: 300M}
"""


def _flows(text: str) -> dict[str, tuple[int, float]]:
    flows = busy_hour_flows(parse_plan(text, "scales"))
    return {flow.segment.name: (flow.planned_bps, flow.emulated_bps) for flow in flows}


def test_links_of_one_scale_in_a_row_are_one_segment_and_demands_that_share_it_are_one_flow() -> None:
    """a-b-c at a hundredth, c-d at a tenth; both demands from a cross the first."""
    assert _flows(TEXT.replace(", VIA", "")) == {
        "a>c ab cb": (2_500_000_000, 25_000_000.0),
        "c>d cd": (500_000_000, 50_000_000.0),
        "d>c cd": (300_000_000, 30_000_000.0),
        "c>b cb": (300_000_000, 3_000_000.0),
    }


def test_where_packets_would_go_another_way_each_link_is_offered_by_itself() -> None:
    """The corridor is pinned over the long link a-c; between a and c packets go by b, over a-c only between its addresses."""
    assert _flows(TEXT.replace("VIA", "via: [b]")) == _flows(TEXT.replace(", VIA", ""))
    detour = TEXT.replace("from: a, to: d, VIA", "from: b, to: d, via: [a]").replace("from: d, to: b", "from: b, to: d")
    assert _flows(detour) == {
        "a>c ab cb": (2_500_000_000, 25_000_000.0),
        "c>d cd": (800_000_000, 80_000_000.0),
        "b>a ab": (300_000_000, 3_000_000.0),
        "a>c ac": (300_000_000, 3_000_000.0),
    }


@pytest.mark.parametrize("via", ["", ", via: [b]"])
def test_every_link_gets_its_planned_share(via: str) -> None:
    """Offered over emulated rate is planned over planned rate, on every link and in each direction."""
    plan = parse_plan(TEXT.replace(", VIA", via), "scales")
    offered: dict[tuple[str, str], float] = defaultdict(float)
    for flow in busy_hour_flows(plan):
        for link, direction in flow.segment.hops:
            offered[link.id, direction] += flow.emulated_bps
    for name, both in loads(plan, demand_routes(plan)).offered_bps.items():
        link = plan.links[name]
        for direction in ("forward", "reverse"):
            planned = both.towards(direction) / link.rate_bps.towards(direction)
            assert offered[name, direction] / link.emulated_rate_bps(direction) == pytest.approx(planned)
