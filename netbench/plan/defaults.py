"""What a plan means where it says nothing. Every default of a link counts as an assumption unless the plan vouches for it."""

from netbench.plan.model import Bfd, LinkClass, Medium, PerDirection, RoutingTimers, Theory, TheoryReading

VERSION = 1
"""The plan format that this code reads."""

TIMEZONE = "Asia/Shanghai"

THEORY = Theory(group_index=1.468, reading=TheoryReading.GREAT_CIRCLE)
"""G.652 fibre; the great circle is the only reading of 理论时延 that tells a short route from a detour."""

RATE_SCALE = 1

ROUTING = RoutingTimers(hello_ns=1_000_000_000, dead_ns=4_000_000_000, bfd=Bfd(interval_ns=100_000_000, multiplier=3))
"""A carrier's usual: a silent link is noticed after 300 ms by BFD, and by OSPF itself after four hellos."""

ROLE = "site"

POSITION_ERROR_KM = 5.0
"""Public coordinate lists disagree about a city's point by as much."""

ROUTE_FACTOR = 1.3
"""Route km over great-circle km where a link gives no length: the median of built conduits (Bozkurt et al., 2018)."""

OPERATOR = "any"

EQUIPMENT_NS = {Medium.FIBRE: 40_000, Medium.COPPER: 40_000, Medium.MOBILE: 4_000_000}
"""Two routers' forwarding and framing; for mobile, the one-way user plane budget of ITU-R M.2410 for eMBB."""

RATE_BPS = {
    LinkClass.BACKBONE: PerDirection(400_000_000_000, 400_000_000_000),
    LinkClass.METRO: PerDirection(100_000_000_000, 100_000_000_000),
    LinkClass.ACCESS: PerDirection(10_000_000_000, 2_500_000_000),
    LinkClass.FABRIC: PerDirection(400_000_000_000, 400_000_000_000),
}
MOBILE_RATE_BPS = PerDirection(300_000_000, 60_000_000)

QUEUE_NS = 5_000_000
"""Raised where the emulated rate is so low that it would not hold ``QUEUE_FRAMES``."""

QUEUE_FRAMES = 10
FRAME_BITS = 1514 * 8
"""A full Ethernet frame as the host's queue counts it."""

JITTER_NS = 0
LOSS_RATIO = 0.0

TOLERANCE_NS = 80_000
"""The relay's median is 3 to 20 µs late, as busy as the machine is; an error of 100 µs is beyond this either way."""

LOWEST_EMULATED_RATE_BPS = 1_000_000
"""Below it one full frame takes 12 ms and the queue, not the plan, decides the delay."""
