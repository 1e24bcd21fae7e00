"""A link's certificate as the result document has it."""

from dataclasses import replace

from netbench.analysis.summary import Summary
from netbench.campaign.calibration import LinkCalibration
from netbench.campaign.certificate import Kind, Standing, nothing
from netbench.campaign.document import Bounds, FollowedEntry, LinkDrift, LinkGot, UnprovedEntry
from netbench.plan.model import DIRECTIONS, DirectionName, PerDirection


def link_got(calibration: LinkCalibration) -> LinkGot:
    """Return what was measured of a link; only the median delay where there is no certificate."""
    got: LinkGot = {"delay_ns": _both(calibration.got)}
    if calibration.items:
        got["delay_p99_ns"] = _bounds(calibration, Kind.LATE)
        got["rate_bps"] = [_planned(calibration, direction) for direction in DIRECTIONS]
        got["emulated_rate_bps"] = _bounds(calibration, Kind.RATE)
        got["loss_ratio"] = _bounds(calibration, Kind.LOSS)
        got["jitter_ns"] = _bounds(calibration, Kind.JITTER)
        got["queue_ns"] = _bounds(calibration, Kind.QUEUE)
    return got


def link_unproved(calibration: LinkCalibration) -> list[UnprovedEntry]:
    """Return what could not be measured here, and why."""
    return [
        {"kind": item.kind.value, "direction": item.direction, "reason": item.reason}
        for item in calibration.items
        if item.standing is Standing.UNMEASURABLE
    ]


def link_followed(calibration: LinkCalibration) -> list[FollowedEntry]:
    """Return what was measured beside the link's traces, direction by direction; nothing for a direction without one."""
    return [entry for direction in DIRECTIONS if (entry := _followed(calibration, direction))]


def _followed(calibration: LinkCalibration, direction: DirectionName) -> FollowedEntry | None:
    kinds = (Kind.TRACED_DELAY, Kind.TRACED_LOSS, Kind.TRACED_RATE)
    delay, loss, rate = (calibration.item(kind, direction) for kind in kinds)
    if delay is None or loss is None:
        return None
    entry: FollowedEntry = {
        "direction": direction,
        "delay_ns": bounds_of(delay.got),
        "loss_ratio": bounds_of(loss.got),
        "asked_loss_ratio": loss.asked,
    }
    return entry if rate is None else {**entry, "rate_share": bounds_of(rate.got)}


def link_drift(calibration: LinkCalibration) -> LinkDrift | None:
    """Return the delay after the campaign; None when it was not measured again."""
    if calibration.after is None:
        return None
    return {"delay_ns": _both(calibration.after), "reason": calibration.drift()}


def bounds_of(summary: Summary) -> Bounds:
    """Return a figure with its interval."""
    return {"value": summary.value, "low": summary.low, "high": summary.high}


def _both(summaries: PerDirection[Summary]) -> list[Bounds]:
    return [bounds_of(summaries.towards(direction)) for direction in DIRECTIONS]


def _bounds(calibration: LinkCalibration, kind: Kind) -> list[Bounds]:
    return [bounds_of(_figure(calibration, kind, direction)) for direction in DIRECTIONS]


def _figure(calibration: LinkCalibration, kind: Kind, direction: DirectionName) -> Summary:
    item = calibration.item(kind, direction)
    return item.got if item else nothing(kind.value, direction, "1")


def _planned(calibration: LinkCalibration, direction: DirectionName) -> Bounds:
    got, link = _figure(calibration, Kind.RATE, direction), calibration.link
    scale = link.rate_bps.towards(direction) / link.emulated_rate_bps(direction)

    def scaled(bound: float | None) -> int | None:
        return None if bound is None else round(bound * scale)

    return bounds_of(replace(got, value=scaled(got.value), low=scaled(got.low), high=scaled(got.high)))
