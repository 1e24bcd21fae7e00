"""What a certificate says of a direction's delay and jitter: the wire's doing, told apart from what a busy machine adds."""

from dataclasses import dataclass

from netbench.analysis.summary import Summary
from netbench.campaign.certificate import Item, Kind, Standing
from netbench.campaign.condition import LATE_SHARE_OF_RATE, Condition
from netbench.clock import NANOSECONDS_PER_SECOND
from netbench.plan.model import DirectionName, Link
from netbench.units import format_duration

PROBE_BITS = 8 * 110
"""What a delay probe is on the wire: 44 octets of STAMP, its headers, Ethernet framing."""
JITTER_OF_A_MEDIAN = 1 / 6
"""Four times the standard error of the median of some 200 probes, whose spread is about half the jitter."""


def expected_delay_ns(link: Link, direction: DirectionName) -> int:
    """Return the delay that a probe should meet on an idle link: the plan's, and its own time on the wire at the planned rate."""
    return link.delay_ns.towards(direction) + PROBE_BITS * NANOSECONDS_PER_SECOND // link.rate_bps.towards(direction)


def delay_tolerance_ns(link: Link, direction: DirectionName) -> int:
    """Return how far the median may lie off: the link's tolerance, and what chance makes of a median where there is jitter."""
    return link.tolerance_ns + int(JITTER_OF_A_MEDIAN * link.jitter_ns.towards(direction))


@dataclass(frozen=True, slots=True)
class DelaySeen:
    """The delay of the probes of one direction: ``early`` is their 10th percentile, and how the machine fared meanwhile."""

    early: Summary
    median: Summary
    fared: Condition


def delay_item(link: Link, direction: DirectionName, got: Summary, seen: DelaySeen | None = None) -> Item:
    """Return what is said of the median delay; that the machine made packets late is not the link's fault (``seen``)."""
    asked = link.delay_ns.towards(direction)
    tolerance_ns = delay_tolerance_ns(link, direction)
    if got.value is None:
        return Item(Kind.DELAY, direction, asked, got, tolerance_ns, Standing.OFF, "no probe came back")
    beyond_ns = got.value - expected_delay_ns(link, direction)
    if abs(beyond_ns) <= tolerance_ns:
        return Item(Kind.DELAY, direction, asked, got, tolerance_ns, Standing.FAITHFUL)
    busy = _made_late(link, direction, seen) if seen and beyond_ns > 0 else None
    return Item(Kind.DELAY, direction, asked, got, tolerance_ns, Standing.UNMEASURABLE if busy else Standing.OFF, busy or "")


def late_item(link: Link, direction: DirectionName, got: Summary) -> Item:
    """Return the 99th percentile of delay: most of it is the machine's, so that it is told and not judged."""
    asked = link.delay_ns.towards(direction) + link.jitter_ns.towards(direction)
    return Item(Kind.LATE, direction, asked, got, None, Standing.TOLD)


def jitter_item(link: Link, direction: DirectionName, seen: DelaySeen) -> Item:
    """Return what is said of jitter: how far the 10th percentile of delay lies below the median.

    A busy machine only makes packets late, so that side shows the wire's own doing; a median that it made late gives way to what
    was asked. The plan's ± jitter bounds a distribution whose shape is the wire's: that figure lies between half of it and all.
    """
    asked, tolerance_ns = link.jitter_ns.towards(direction), link.tolerance_ns
    latest_ns = expected_delay_ns(link, direction) + delay_tolerance_ns(link, direction)
    got = _below_median(direction, seen.early, seen.median, latest_ns if _made_late(link, direction, seen) else None)
    if got.value is None:
        return Item(Kind.JITTER, direction, asked, got, tolerance_ns, Standing.UNMEASURABLE, "no probe came back")
    within = asked / 2 - tolerance_ns <= got.value <= asked + tolerance_ns
    return Item(Kind.JITTER, direction, asked, got, tolerance_ns, Standing.FAITHFUL if within else Standing.OFF)


def _made_late(link: Link, direction: DirectionName, seen: DelaySeen) -> str | None:
    """Why a median that is late is the machine's doing: the earliest packets were in time, or it says so itself."""
    jitter_ns = link.jitter_ns.towards(direction)
    in_time_ns = expected_delay_ns(link, direction) + link.tolerance_ns - jitter_ns // 2
    if seen.early.value is not None and seen.early.value <= in_time_ns:
        early = format_duration(seen.early.value)
        return f"the machine made most of {seen.early.count} packets late: a tenth of them took at most {early}"
    return seen.fared.unfit(LATE_SHARE_OF_RATE)


def _below_median(direction: DirectionName, p10: Summary, p50: Summary, latest_ns: int | None) -> Summary:
    """The distance between the two; the median counts as ``latest_ns`` where it is later than that."""

    def distance(upper: float | None, lower: float | None) -> int | None:
        if upper is None or lower is None:
            return None
        return max(0, round(min(upper, latest_ns or upper) - lower))

    value, low, high = distance(p50.value, p10.value), distance(p50.low, p10.high), distance(p50.high, p10.low)
    return Summary("jitter", direction, "p10 to p50", value, low, high, "ns", p50.count, p50.method)
