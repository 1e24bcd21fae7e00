"""The same findings as flat rows, for the tables that a planner queries: calibration, summaries, verdicts.

Units are in the column names where a column has one unit; ``unit`` is a column where it varies by row.
"""

from collections.abc import Iterator, Mapping

from netbench.campaign.building import CorridorFindings
from netbench.campaign.calibration import LinkCalibration
from netbench.campaign.certificate import Item, Kind, Standing

Row = Mapping[str, str | int | float | bool | None]


def calibration_rows(calibration: LinkCalibration) -> Iterator[Row]:
    """Yield one row an item of a link's certificate: asked, got, its interval, tolerance and standing.

    ``kind`` is the item. A median delay has its columns of table version 1 too, and the median after the campaign.
    """
    for item in calibration.items:
        old: Row = _delay_row(calibration, item) if item.kind is Kind.DELAY else {}
        yield {"link": calibration.link.id, "direction": item.direction, **old, **_item_row(item)}


def _item_row(item: Item) -> Row:
    got = item.got
    return {
        "kind": item.kind.value,
        "asked": _number(item.asked),
        "value": _number(got.value),
        "low": _number(got.low),
        "high": _number(got.high),
        "tolerance": _number(item.tolerance),
        "unit": got.unit,
        "count": got.count,
        "method": got.method,
        "standing": item.standing.value,
        "reason": item.reason,
        "faithful": item.standing is not Standing.OFF,
    }


def _delay_row(calibration: LinkCalibration, item: Item) -> Row:
    link, direction = calibration.link, item.direction
    after = calibration.after.towards(direction) if calibration.after else None
    return {
        "asked_delay_ns": link.delay_ns.towards(direction),
        "got_delay_ns": item.got.value,
        "got_low_ns": item.got.low,
        "got_high_ns": item.got.high,
        "tolerance_ns": link.tolerance_ns,
        "after_delay_ns": after.value if after else None,
        "after_low_ns": after.low if after else None,
        "after_high_ns": after.high if after else None,
    }


def summary_rows(found: CorridorFindings) -> Iterator[Row]:
    """Yield one row a figure, in the plan's terms; a rate's ``rate_scale`` says what it was multiplied by."""
    for figure in found.figures:
        summary = figure.summary
        yield {
            "corridor": found.corridor.id,
            "metric": summary.metric,
            "direction": summary.direction,
            "statistic": summary.statistic,
            "value": _number(summary.value),
            "low": _number(summary.low),
            "high": _number(summary.high),
            "unit": summary.unit,
            "count": summary.count,
            "rate_scale": figure.rate_scale,
            "method": summary.method,
        }


def verdict_rows(found: CorridorFindings) -> Iterator[Row]:
    """Yield one row a target."""
    for verdict in found.verdicts:
        target = verdict.target
        yield {
            "corridor": found.corridor.id,
            "target": target.id,
            "metric": target.metric,
            "statistic": target.statistic,
            "comparison": target.comparison,
            "limit": float(target.limit),
            "unit": target.unit,
            "direction": target.direction.value,
            "layer": target.layer.value,
            "status": target.status.value,
            "due": target.due.isoformat() if target.due else None,
            "verdict": verdict.outcome.value,
            "conditional": verdict.conditional,
            "break_even_route_km": verdict.break_even.route_km if verdict.break_even else None,
            "reason": verdict.reason,
            "needs_samples": verdict.needs_samples,
        }


def _number(value: float | None) -> float | None:
    return None if value is None else float(value)
