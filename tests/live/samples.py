"""An inventory for the plan ``first``, seen from the cluster: one router, one host, one site without an address."""

from pathlib import Path

from netbench.live.load import parse_inventory
from netbench.live.model import Inventory

FIRST = """\
netbench: 1
inventory: first
here: guian
limits: {throughput: 1G}
sites:
  guian: {operator: telecom, source: [127.0.0.1, "::1"]}
  anshun:
    address: 127.0.0.2
    operator: telecom
    protocols: {stamp: {port: 8620, key: south, ssid: 17}, icmp: {}, iperf3: {}}
  zunyi:
    address: "::1"
    operator: mobile
    layer: internet
    protocols: {twamp: {}, stamp: {}}
    limits: {packets_per_second: 40, throughput: 100M, bulk: [22:00-05:00]}
"""


def first(text: str = FIRST) -> Inventory:
    """Return it, checked."""
    return parse_inventory(text, "first.yaml", Path("/somewhere"))
