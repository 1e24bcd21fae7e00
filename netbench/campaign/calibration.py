"""Before any probe: the network is measured against its plan, path by path and link by link."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from netbench.analysis.packets import summarise_packets
from netbench.analysis.summary import Summary
from netbench.campaign.sinks import of_pair
from netbench.errors import CannotMeasureError, RefusedError
from netbench.measure.collect import MemorySink
from netbench.measure.network import Network
from netbench.measure.samples import PACKETS, Columns
from netbench.plan.model import DIRECTIONS, DirectionName, Link, PerDirection, Plan, Route
from netbench.units import format_duration


@dataclass(frozen=True, slots=True)
class LinkCalibration:
    """One link: what the plan asked is in ``link``; ``got`` is the measured median delay with its interval."""

    link: Link
    got: PerDirection[Summary]

    @property
    def faithful(self) -> bool:
        """Whether both medians lie within the link's stated tolerance."""
        return all(self.deviation_ns(direction) <= self.link.tolerance_ns for direction in DIRECTIONS)

    def deviation_ns(self, direction: DirectionName) -> int:
        """How far the measured median lies from what was asked."""
        return abs(_nanoseconds(self.got.towards(direction).value) - self.link.delay_ns.towards(direction))

    def error_ns(self, direction: DirectionName) -> int:
        """How far the true median may lie from what was asked: the worst end of the interval."""
        asked = self.link.delay_ns.towards(direction)
        got = self.got.towards(direction)
        return max(abs(_nanoseconds(bound) - asked) for bound in (got.low, got.value, got.high) if bound is not None)


def check_routes(network: Network, plan: Plan, routes: Mapping[str, Route]) -> None:
    """Return when packets of every corridor really take the planned route, both ways.

    :raises RefusedError: naming the first corridor that does not, with both routes
    """
    for name, route in routes.items():
        forward, reverse = network.route(plan.corridors[name])
        _check_route(name, "there", route.sites, forward)
        _check_route(name, "back", route.sites[::-1], reverse)


def _check_route(corridor: str, way: str, planned: Sequence[str], taken: Sequence[str]) -> None:
    if tuple(planned) != tuple(taken):
        raise RefusedError(
            f"corridor {corridor} goes {' > '.join(taken)} {way} where the plan says {' > '.join(planned)}; nothing was measured"
        )


def calibrations(links: Sequence[Link], memory: MemorySink, not_measured: Mapping[str, str]) -> tuple[LinkCalibration, ...]:
    """Return what was measured of each link, from the packets of pair ``i`` over ``links[i]``.

    :raises CannotMeasureError: naming the first link without an answer
    """
    for link in links:
        if link.id in not_measured:
            raise CannotMeasureError(f"link {link.id} could not be calibrated: {not_measured[link.id]}")
    packets = memory.columns(PACKETS)
    return tuple(LinkCalibration(link, _medians(link, of_pair(packets, number))) for number, link in enumerate(links))


def check_links(measured: Sequence[LinkCalibration]) -> None:
    """Return when every link is as planned.

    :raises RefusedError: naming every link that is further off than its tolerance, with its figures
    """
    faults = [_fault(link, direction) for link in measured for direction in DIRECTIONS if _off(link, direction)]
    if faults:
        raise RefusedError(f"the emulation is not as planned, so nothing was judged: {'; '.join(faults)}")


def _off(measured: LinkCalibration, direction: DirectionName) -> bool:
    return measured.deviation_ns(direction) > measured.link.tolerance_ns


def _fault(measured: LinkCalibration, direction: DirectionName) -> str:
    link, got = measured.link, measured.got.towards(direction).value
    asked = format_duration(link.delay_ns.towards(direction))
    tolerance = format_duration(link.tolerance_ns)
    return f"link {link.id} {direction}: asked {asked}, got {format_duration(_nanoseconds(got))}, tolerance {tolerance}"


def _medians(link: Link, packets: Columns) -> PerDirection[Summary]:
    found = {
        summary.direction: summary
        for summary in summarise_packets(packets)
        if summary.metric == "one_way_delay" and summary.statistic == "p50" and summary.value is not None
    }
    if set(found) != {"forward", "reverse"}:
        raise CannotMeasureError(f"link {link.id} could not be calibrated: no probe came back; is the wire forwarding?")
    return PerDirection(found["forward"], found["reverse"])


def _nanoseconds(value: float | None) -> int:
    if value is None:
        raise CannotMeasureError("a link's delay has no value")
    return round(value)
