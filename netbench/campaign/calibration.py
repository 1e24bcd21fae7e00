"""What was measured of the network against its plan: routes taken, and of every link its certificate."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from netbench.analysis.packets import summarise_packets
from netbench.analysis.summary import Summary
from netbench.campaign.certificate import Item, Kind, Standing, fault, nothing
from netbench.campaign.delay_items import delay_item, delay_tolerance_ns, expected_delay_ns
from netbench.errors import RefusedError
from netbench.measure.network import Network
from netbench.measure.samples import Columns
from netbench.plan.model import DIRECTIONS, DirectionName, Link, PerDirection, Plan, Route
from netbench.units import format_duration


@dataclass(frozen=True, slots=True)
class LinkCalibration:
    """One link: what the plan asked is in ``link``; ``got`` is the measured median delay with its interval.

    ``items`` are what its certificate says of each direction, empty when it was not calibrated. ``after`` is the median delay
    after the campaign, None when it was not measured again.
    """

    link: Link
    got: PerDirection[Summary]
    items: tuple[Item, ...] = ()
    after: PerDirection[Summary] | None = None

    @property
    def calibrated(self) -> bool:
        """Whether anything was measured at all."""
        return bool(self.items) or any(self.got.towards(direction).value is not None for direction in DIRECTIONS)

    @property
    def faithful(self) -> bool:
        """Whether both medians lie within the link's stated tolerance and nothing else is off."""
        return self.calibrated and not self.faults()

    def deviation_ns(self, direction: DirectionName) -> int | None:
        """How far the measured median lies from what was asked; None when there is none."""
        value = self.got.towards(direction).value
        return None if value is None else abs(round(value) - self.link.delay_ns.towards(direction))

    def error_ns(self, direction: DirectionName) -> int:
        """How far the true median may lie from what was asked: the worst end of the intervals, of its trace's too."""
        asked = self.link.delay_ns.towards(direction)
        seen = [self.got.towards(direction), *([self.after.towards(direction)] if self.after else [])]
        errors = [abs(round(end) - asked) for got in seen for end in _ends(got)]
        traced = self.item(Kind.TRACED_DELAY, direction)
        return max([*errors, *(abs(round(end)) for end in (_ends(traced.got) if traced else ()))], default=0)

    def rate_error_ratio(self, direction: DirectionName) -> float:
        """How far the true rate may be from what was asked, as a share of it; 0 where it was not measured."""
        items = (self.item(kind, direction) for kind in (Kind.RATE, Kind.TRACED_RATE))
        return max((item.error_ratio or 0.0 for item in items if item), default=0.0)

    def rate_doubt(self, direction: DirectionName) -> str | None:
        """Why nothing that depends on this link's rate is proved, when nothing is."""
        item = self.item(Kind.TRACED_RATE, direction) or self.item(Kind.RATE, direction)  # its trace is what a campaign meets
        if item is None or item.standing is not Standing.UNMEASURABLE:
            return None
        return f"the rate of link {self.link.id} could not be proved here: {item.reason}"

    def trace_doubt(self, direction: DirectionName) -> str | None:
        """Why nothing says that this link follows its trace, when nothing does."""
        items = (self.item(kind, direction) for kind in (Kind.TRACED_DELAY, Kind.TRACED_LOSS))
        item = next((item for item in items if item and item.standing is Standing.UNMEASURABLE), None)
        return f"that link {self.link.id} follows its trace could not be proved here: {item.reason}" if item else None

    def item(self, kind: Kind, direction: DirectionName) -> Item | None:
        """Return one item of the certificate."""
        return next((item for item in self.items if (item.kind, item.direction) == (kind, direction)), None)

    def faults(self) -> list[str]:
        """Return everything that is off, in words."""
        if self.items:
            return [fault(self.link, item) for item in self.items if item.standing is Standing.OFF]
        items = (delay_item(self.link, direction, self.got.towards(direction)) for direction in DIRECTIONS)
        return [fault(self.link, item) for item in items if item.standing is Standing.OFF]

    def measured_again(self, after: PerDirection[Summary]) -> "LinkCalibration":
        """Return the same certificate with the delay after the campaign."""
        return replace(self, after=after)

    def drift(self) -> str | None:
        """Why the link is not what it was when the campaign began, when it is not."""
        if self.after is None:
            return None
        drifted = (self._drifted(direction) for direction in DIRECTIONS if self.link.trace.towards(direction) is None)
        return next((reason for reason in drifted if reason), None)

    def _drifted(self, direction: DirectionName) -> str | None:
        before, after = self.got.towards(direction).value, self.after.towards(direction).value if self.after else None
        if after is None:
            return f"link {self.link.id} {direction} did not answer after the campaign"
        asked, tolerance_ns = expected_delay_ns(self.link, direction), delay_tolerance_ns(self.link, direction)
        if abs(after - asked) <= tolerance_ns and (before is None or abs(after - before) <= tolerance_ns):
            return None
        figures = f"asked {format_duration(asked)}, got {_shown(before)} before the campaign and {_shown(after)} after it"
        return f"link {self.link.id} {direction} drifted: {figures}, tolerance {format_duration(tolerance_ns)}"


def route_faults(network: Network, plan: Plan, routes: Mapping[str, Route]) -> list[str]:
    """Return every corridor whose packets do not take the planned route, either way, with both routes."""
    faults: list[str] = []
    for name, route in routes.items():
        forward, reverse = network.route(plan.corridors[name])
        for way, planned, taken in (("there", route.sites, forward), ("back", route.sites[::-1], reverse)):
            if tuple(planned) != tuple(taken):
                faults.append(f"corridor {name} goes {' > '.join(taken)} {way} where the plan says {' > '.join(planned)}")
    return faults


def medians(packets: Columns) -> PerDirection[Summary]:
    """Return the median delay of both directions; without a value where no probe came back."""
    found = {
        summary.direction: summary
        for summary in summarise_packets(packets)
        if summary.metric == "one_way_delay" and summary.statistic == "p50"
    }
    forward, reverse = (found.get(direction) or nothing("one_way_delay", direction, "ns") for direction in DIRECTIONS)
    return PerDirection(forward, reverse)


def check_links(measured: Sequence[LinkCalibration]) -> None:
    """Return when every link is as planned.

    :raises RefusedError: naming everything that is off, with its figures
    """
    faults = [fault for link in measured for fault in link.faults()]
    if faults:
        raise RefusedError(f"the emulation is not as planned, so nothing was judged: {'; '.join(faults)}")


def _ends(summary: Summary) -> tuple[float, ...]:
    return tuple(bound for bound in (summary.low, summary.value, summary.high) if bound is not None)


def _shown(value: float | None) -> str:
    return "nothing" if value is None else format_duration(value)
