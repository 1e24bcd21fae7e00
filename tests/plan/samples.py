"""Small plans for tests, written as text so that they pass the same door as anybody's."""

from netbench.plan.load import parse_plan
from netbench.plan.model import Link, Plan


def plan_with_link(link: str, *, rate_scale: int = 1) -> Plan:
    """Return a plan of two sites 152.8 km apart and one link with these keys."""
    return parse_plan(
        f"""
netbench: 1
plan: sample
rate_scale: {rate_scale}
sites:
  a: {{at: [26.4, 106.4]}}
  b: {{at: [27.7, 106.9]}}
links:
  - {{id: ab, between: [a, b], class: backbone, {link}}}
corridors:
  - {{id: a-b, kind: in-province, from: a, to: b}}
""",
        "sample",
    )


def link_with(keys: str, *, rate_scale: int = 1) -> Link:
    """Return the one link of such a plan."""
    return plan_with_link(keys, rate_scale=rate_scale).links["ab"]
