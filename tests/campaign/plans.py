"""A small plan for the campaign's tests: a chain with a spur, so that some corridors share links and some do not."""

from netbench.plan.load import parse_plan
from netbench.plan.model import Plan

HEAD = """netbench: 1
plan: lies
timezone: Asia/Shanghai
rate_scale: 1"""
"""What a plan begins with."""


class Quiet:
    """An observer that nobody looks at."""

    def announce(self, sentence: str, **fields: str) -> None:
        """Hear nothing."""

    def phase(self, name: str, seconds: float) -> None:
        """Hear nothing."""


CHAIN = """
netbench: 1
plan: chain
title: {en: Chain, zh: 链}
timezone: Asia/Shanghai
theory: {group_index: 1.468, reading: great-circle}
rate_scale: 10
sites:
  west:  {name: {en: West, zh: 西}, at: [26.0, 105.0], role: city}
  mid:   {name: {en: Mid, zh: 中}, at: [26.0, 106.0], role: city}
  east:  {name: {en: East, zh: 东}, at: [26.0, 107.0], role: city}
  home:  {name: {en: Home, zh: 家}, at: [26.1, 107.0], role: home}
links:
  - {id: west-mid, between: [west, mid], class: backbone, medium: fibre, layer: ip, operator: any, route_km: 150,
     equipment: 40us, rate: 1G, queue: 50ms, loss: 0%, jitter: 0ms, assumed: false, tolerance: 500us}
  - {id: mid-east, between: [mid, east], class: backbone, medium: fibre, layer: ip, operator: any, route_km: 150,
     equipment: 40us, rate: 1G, queue: 50ms, loss: 0%, jitter: 0ms, assumed: false, tolerance: 500us}
  - {id: home-east, between: [home, east], class: access, medium: fibre, layer: ip, operator: any, route_km: 20,
     equipment: 100us, rate: {forward: 200M, reverse: 500M}, queue: 50ms, loss: 0%, jitter: 0ms, assumed: true, tolerance: 500us}
corridors:
  - {id: west-east, kind: in-province, from: west, to: east}
  - {id: west-mid, kind: in-province, from: west, to: mid}
  - {id: mid-east, kind: in-province, from: mid, to: east}
  - {id: home, kind: class, class: access, from: home, to: east}
targets:
  - {id: delay, for: {kind: in-province}, metric: one_way_delay, statistic: p99, at_most: 5ms, direction: one-way, layer: ip,
     status: plan, due: 2025-12-31, source: {title: A plan, date: 2022-08-02}}
  - {id: down, for: {kind: class}, metric: throughput, statistic: mean, at_least: 450Mbit/s, direction: one-way, toward: reverse,
     layer: ip, status: reference, source: {title: A reference, date: 2025-01-01}}
"""


def chain() -> Plan:
    """Return the plan, checked."""
    return parse_plan(CHAIN, "chain.yaml")
