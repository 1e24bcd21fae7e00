"""What came out of every link, as the kernel counts it at the interface where frames reach a site: the same for every wire."""

from collections.abc import Mapping
from pathlib import Path

from netbench.measure.network import LinkTraffic
from netbench.plan.model import PerDirection
from netbench_topologies.build import PlanNet

FRAMING_OCTETS = 24
"""Preamble, frame check sequence and inter-frame gap."""


def link_traffic(net: PlanNet) -> dict[str, PerDirection[LinkTraffic]]:
    """Return the counts of every link; ``forward`` is what reached its end b."""
    arrived = {site: node.run(_arrivals) for site, node in net.sites.items()}
    return {
        link: PerDirection(arrived[names.b.site][names.b.interface], arrived[names.a.site][names.a.interface])
        for link, names in net.addressing.links.items()
    }


def _arrivals() -> Mapping[str, LinkTraffic]:
    """What each interface of the calling thread's network namespace has received."""
    lines = Path("/proc/thread-self/net/dev").read_text(encoding="ascii").splitlines()[2:]
    return {name.strip(): _counts(values.split()) for name, values in (line.split(":", 1) for line in lines)}


def _counts(values: list[str]) -> LinkTraffic:
    octets, frames = int(values[0]), int(values[1])
    return LinkTraffic(frames, octets + FRAMING_OCTETS * frames)
