"""A plan made for tests: a square with a tail, where a corridor can be pinned to the longer side."""

from netbench.plan.load import parse_plan
from netbench.plan.model import Plan

_HEAD = """
netbench: 1
plan: square
title: {en: A square with a tail, zh: 方形带尾}
timezone: Asia/Shanghai
theory: {group_index: 1.468, reading: great-circle}
rate_scale: 1000
sites:
  north: {name: {en: North, zh: 北}, at: [26.50, 106.50], role: city}
  east: {name: {en: East, zh: 东}, at: [26.49, 106.51], role: city}
  south: {name: {en: South, zh: 南}, at: [26.48, 106.50], role: city}
  west: {name: {en: West, zh: 西}, at: [26.49, 106.49], role: city}
  tail: {name: {en: Tail, zh: 尾}, at: [26.47, 106.50], role: home}
links:
  - {id: north-east, between: [north, east], class: metro, delay: 1ms, rate: 100G, queue: 5ms, jitter: 0ms, loss: 0}
  - {id: east-south, between: [east, south], class: metro, delay: 1ms, rate: 100G, queue: 5ms, jitter: 0ms, loss: 0}
  - {id: north-west, between: [north, west], class: metro, delay: 3ms, rate: 100G, queue: 5ms, jitter: 0ms, loss: 0}
  - {id: west-south, between: [west, south], class: metro, delay: 3ms, rate: 100G, queue: 5ms, jitter: 0ms, loss: 0}
  - {id: south-tail, between: [south, tail], class: access, delay: 2ms, rate: {forward: 10G, reverse: 5G}, queue: 30ms,
     jitter: 0ms, loss: 0}
corridors:
"""

USUAL = "  - {id: usual, kind: in-province, from: north, to: tail}\n"
PINNED = "  - {id: pinned, kind: in-province, from: north, to: south, via: [west]}\n"
DIRECT = "  - {id: direct, kind: in-province, from: north, to: south}\n"


def square(*corridors: str) -> Plan:
    """The square with these corridors."""
    return parse_plan(_HEAD + "".join(corridors), "square.yaml")
