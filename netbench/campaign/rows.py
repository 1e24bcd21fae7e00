"""The same findings as flat rows, for the tables that a planner queries: calibration, summaries, verdicts.

Units are in the column names where a column has one unit; ``unit`` is a column where it varies by row.
"""

from collections.abc import Iterator, Mapping

from netbench.campaign.building import CorridorFindings
from netbench.campaign.calibration import LinkCalibration
from netbench.plan.model import DIRECTIONS

Row = Mapping[str, str | int | float | bool | None]


def calibration_rows(calibration: LinkCalibration) -> Iterator[Row]:
    """Yield one row a direction of a link: asked, got, its interval, and whether it is within tolerance."""
    link = calibration.link
    for direction in DIRECTIONS:
        got = calibration.got.towards(direction)
        yield {
            "link": link.id,
            "direction": direction,
            "asked_delay_ns": link.delay_ns.towards(direction),
            "got_delay_ns": got.value,
            "got_low_ns": got.low,
            "got_high_ns": got.high,
            "tolerance_ns": link.tolerance_ns,
            "count": got.count,
            "faithful": calibration.deviation_ns(direction) <= link.tolerance_ns,
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
