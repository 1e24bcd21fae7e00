"""Before any probe: the network proves itself against its plan, link by link; and after the campaign once more."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from netbench.analysis.packets import summarise_packets
from netbench.analysis.quantiles import QUANTILES
from netbench.analysis.summary import Summary
from netbench.campaign import calibration, certificate, delay_items, following, link_paths, measuring, rows, train_seeing
from netbench.campaign.calibration import LinkCalibration
from netbench.campaign.certificate import FAR_FRAMES, Item, Losses, LossSeen, TrainsSeen
from netbench.campaign.condition import Condition, condition
from netbench.campaign.delay_items import DelaySeen
from netbench.campaign.measuring import Bench, Measured
from netbench.campaign.observer import Observer
from netbench.campaign.schedule import CALIBRATION_PROBES, calibration_schedule, drift_schedule
from netbench.campaign.sinks import of_pair
from netbench.campaign.train_rounds import train_rounds
from netbench.clock import NANOSECONDS_PER_SECOND
from netbench.errors import RefusedError
from netbench.measure.samples import PACKETS, Columns, Fate
from netbench.plan.model import DIRECTIONS, DirectionName, Link, PerDirection, Route

PATHS_SECONDS = 1.0
"""What asking every link for its two ends takes, about."""
QUIET_NS = 20_000_000
"""Beyond the longest delay: by then every packet sent before has come through."""
_Direction = tuple[str, DirectionName]
_QUANTILES = {"p10": Fraction(10, 100), **QUANTILES}


@dataclass(frozen=True, slots=True)
class _Probed:
    """What the delay probes over all links brought, with what the wire forecast for them and how the machine fared."""

    measured: Measured
    forecasts: Mapping[_Direction, tuple[Losses | None, Losses] | None]
    conditions: Mapping[str, Condition]


def seconds(links: Sequence[Link]) -> float:
    """Return what calibrating these links takes, about."""
    trains_ns = sum(each.duration_ns for each in train_rounds(links))
    probes_ns = calibration_schedule(len(links)).duration_ns
    return PATHS_SECONDS + (probes_ns + trains_ns) / NANOSECONDS_PER_SECOND + following.seconds(links)


def prove(bench: Bench, routes: Mapping[str, Route], observer: Observer, *, silent: bool = True) -> dict[str, LinkCalibration]:
    """Return the certificate of every link, by link id, when all of them and all routes are as planned.

    ``silent``: nothing but the probes is on the links, so that each frame's fate can be foretold; routing protocols are not.

    :raises RefusedError: naming every link and every route that is not, with its figures; the certificates are archived
    """
    found, faults = certify(bench, routes, observer, silent=silent)
    if faults:
        raise RefusedError(f"the emulation is not as planned, so nothing was judged: {'; '.join(faults)}")
    return found


def certify(
    bench: Bench, routes: Mapping[str, Route], observer: Observer, *, silent: bool = True
) -> tuple[dict[str, LinkCalibration], list[str]]:
    """Return the certificate of every link, archived, and all their and the routes' faults; ``silent`` as in ``prove``."""
    links = tuple(bench.plan.links.values())
    observer.phase("calibrating links", seconds(links))
    paths = link_paths.path_faults(bench.network, links)
    route_faults = [] if paths else calibration.route_faults(bench.network, bench.plan, routes)
    _let_arrive(links)
    probed = _probe(bench, links, silent=silent)
    trains = train_seeing.measure_trains(bench, links, _idle_delays(links, probed))
    further = _train_items(bench, trains), following.follow(bench, links)
    found = {link.id: _certificate(link, number, paths, probed, further) for number, link in enumerate(links)}
    bench.writer.write_table("calibration", [row for link in found.values() for row in rows.calibration_rows(link)])
    return found, [*(fault for link in found.values() for fault in link.faults()), *route_faults]


def unproved(links: Sequence[Link]) -> dict[str, LinkCalibration]:
    """Return certificates that say nothing, for a campaign that was told not to calibrate."""
    return {link.id: LinkCalibration(link, _nothing_seen()) for link in links}


def _let_arrive(links: Sequence[Link]) -> None:
    """Return when all that was sent so far has come through every link, so that what comes next is counted from there."""
    longest_ns = max(link.delay_ns.towards(way) + link.jitter_ns.towards(way) for link in links for way in DIRECTIONS)
    time.sleep((2 * longest_ns + QUIET_NS) / NANOSECONDS_PER_SECOND)


def _probe(bench: Bench, links: Sequence[Link], *, silent: bool) -> _Probed:
    forecasts: dict[_Direction, tuple[Losses | None, Losses] | None] = {
        (link.id, way): _forecast(bench, link, way, silent=silent) for link in links for way in DIRECTIONS
    }
    before = bench.network.health()
    measured = measuring.measure_links(bench, links, calibration_schedule(len(links)))
    after = bench.network.health()
    return _Probed(measured, forecasts, {link.id: condition([link.id], before, after) for link in links})


def _forecast(bench: Bench, link: Link, direction: DirectionName, *, silent: bool) -> tuple[Losses | None, Losses] | None:
    """What the wire says of the probes, and of many frames more; None where it cannot."""
    far = bench.network.forecast(link.id, direction, max(FAR_FRAMES, CALIBRATION_PROBES))
    return None if far is None else (far[:CALIBRATION_PROBES] if silent else None, far)


def _idle_delays(links: Sequence[Link], probed: _Probed) -> dict[_Direction, int]:
    """What a packet took of every direction that nothing delayed: the plan's delay where no probe came back.

    Of a steady link, the 10th percentile: a busy machine makes packets late. Where there is jitter it is the median.
    """
    idle: dict[_Direction, int] = {}
    for number, link in enumerate(links):
        packets = of_pair(probed.measured.memory.columns(PACKETS), number)
        found = {(each.metric, each.direction, each.statistic): each.value for each in summarise_packets(packets, _QUANTILES)}
        for direction in DIRECTIONS:
            value = found.get(("one_way_delay", direction, "p50" if link.jitter_ns.towards(direction) else "p10"))
            idle[link.id, direction] = link.delay_ns.towards(direction) if value is None else round(value)
    return idle


def _train_items(bench: Bench, trains: Mapping[_Direction, TrainsSeen]) -> dict[_Direction, list[Item]]:
    return {
        (name, way): [certificate.rate_item(seen), certificate.queue_item(bench.plan.links[name], seen)]
        for (name, way), seen in trains.items()
    }


def _certificate(
    link: Link,
    number: int,
    paths: Mapping[str, Sequence[Item]],
    probed: _Probed,
    further: Sequence[Mapping[_Direction, Sequence[Item]]],
) -> LinkCalibration:
    packets = of_pair(probed.measured.memory.columns(PACKETS), number)
    summaries = summarise_packets(packets, _QUANTILES)
    seen: dict[tuple[str, str, str], Summary] = {(each.metric, each.direction, each.statistic): each for each in summaries}
    items = list(paths.get(link.id, ()))
    for way in DIRECTIONS:
        items += _direction_items(link, way, packets, seen, probed)
        items += [item for more in further for item in more.get((link.id, way), ())]
    return LinkCalibration(link, calibration.medians(packets), (*items, *certificate.exchanged(items)))


def _direction_items(
    link: Link,
    way: DirectionName,
    packets: Columns,
    seen: Mapping[tuple[str, str, str], Summary],
    probed: _Probed,
) -> list[Item]:
    def delay(statistic: str) -> Summary:
        return seen.get(("one_way_delay", way, statistic)) or certificate.nothing("one_way_delay", way, "ns")

    ratio = seen.get(("loss_ratio", way, "ratio")) or certificate.nothing("loss_ratio", way, "1")
    forecast = probed.forecasts[link.id, way]
    lost, fared = LossSeen(fates(packets, way), *(forecast or (None, None))), probed.conditions[link.id]
    delays = DelaySeen(delay("p10"), delay("p50"), fared)
    return [
        delay_items.delay_item(link, way, delays.median, delays),
        delay_items.late_item(link, way, delay("p99")),
        delay_items.jitter_item(link, way, delays),
        certificate.loss_item(link, way, ratio, lost, fared),
    ]


def fates(packets: Columns, direction: DirectionName) -> Losses:
    """Return which probes of a direction were lost, in the order in which they met the link: sent there, answered back."""
    order = np.argsort(np.asarray(packets["sequence"]), kind="stable")
    fate = np.asarray(packets["fate"])[order]
    if direction == "forward":
        sent = fate[(fate != Fate.NOT_SENT) & (fate != Fate.DUPLICATE)]
        return np.asarray(sent == Fate.LOST_FORWARD)
    arrived_ns = np.asarray(packets["sent_ns"], np.int64) + np.ma.getdata(packets["forward_ns"]).astype(np.int64)
    reached = (fate == Fate.ANSWERED) | (fate == Fate.LOST_REVERSE)
    answers = np.argsort(arrived_ns[order][reached], kind="stable")
    return np.asarray(fate[reached][answers] == Fate.LOST_REVERSE)


def measure_drift(bench: Bench, found: Mapping[str, LinkCalibration], observer: Observer) -> dict[str, LinkCalibration]:
    """Return the certificates with every link's delay measured once more, after the campaign; archived."""
    links = tuple(bench.plan.links.values())
    schedule = drift_schedule(len(links))
    observer.phase("measuring links again", schedule.duration_ns / NANOSECONDS_PER_SECOND)
    measured = measuring.measure_links(bench, links, schedule, "drift")
    packets = measured.memory.columns(PACKETS)
    drifted = {
        link.id: found[link.id].measured_again(calibration.medians(of_pair(packets, number))) for number, link in enumerate(links)
    }
    bench.writer.write_table("calibration", [row for link in drifted.values() for row in rows.calibration_rows(link)])
    return drifted


def _nothing_seen() -> PerDirection[Summary]:
    forward, reverse = (certificate.nothing("one_way_delay", way, "ns") for way in DIRECTIONS)
    return PerDirection(forward, reverse)
