"""Targets, facts and figures with defaults, so that a test says only what it is about."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from netbench.analysis.summary import Summary, Unit
from netbench.plan.model import Layer, Selector, Source, Status, Target, TargetDirection
from netbench.units import parse_duration_ns, parse_rate_bps
from netbench.verdict.model import ClockErrors, CorridorFacts

TODAY = date(2026, 6, 1)


def number(written: Any) -> Any:
    """Return ``12ms`` in ns, ``220M`` in bit/s, and anything else as it is."""
    if not isinstance(written, str):
        return written
    return parse_duration_ns(written) if written.endswith("s") else parse_rate_bps(written)


def target(changes: Mapping[str, Any] | None = None) -> Target:
    """Return a plan target: p99 of one-way delay at most 20 ms."""
    given: dict[str, Any] = {
        "metric": "one_way_delay",
        "statistic": "p99",
        "comparison": "at_most",
        "limit": "20ms",
        "unit": "ns",
    } | dict(changes or {})
    return Target(
        id="target",
        selector=Selector((), None, None, (), ()),
        metric=given["metric"],
        statistic=given["statistic"],
        comparison=given["comparison"],
        limit=number(given["limit"]),
        unit=given["unit"],
        of=number(given.get("of")),
        direction=TargetDirection(given.get("direction", "one-way")),
        measured_direction=given.get("measured_direction"),
        layer=Layer(given.get("layer", "ip")),
        status=Status(given.get("status", "plan")),
        due=given.get("due"),
        source=Source("a document", "2025-01-01", None),
    )


def facts(changes: Mapping[str, Any] | None = None) -> CorridorFacts:
    """Return 1000 km of route over 800 km of great circle, 4 ms of theory."""
    given: dict[str, Any] = {"theory": "4ms", "theory_error": "50us", "error": "20us", "route_km": 1000.0} | dict(changes or {})
    return CorridorFacts(
        theory_ns=number(given["theory"]),
        theory_error_ns=number(given["theory_error"]),
        great_circle_km=given.get("great_circle_km", 800.0),
        route_km=given["route_km"],
        fixed_ns=0,
        assumed_links=tuple(given.get("assumed_links", ())),
        error_ns=number(given["error"]),
        void=given.get("void"),
        emulated=given.get("emulated", True),
        unproved=given.get("unproved"),
        rate_error_ratio=given.get("rate_error_ratio", 0.0),
        clocks=ClockErrors(
            number(given.get("clock_error", 0)),
            number(given.get("pdv_clock_error", 0)),
            number(given.get("ipdv_clock_error", 0)),
            given.get("clock_void"),
        ),
    )


def figure(row: Sequence[Any]) -> Summary:
    """Return one figure from metric, direction, statistic, value, low, high, count; behind that stands what was ``given``."""
    metric, direction, statistic, value, low, high, count, *rest = row
    ratio = statistic in {"ratio", "share_at_least"}
    unit: Unit = "1" if ratio else "bit/s" if metric == "throughput" else "ns"
    bounds = number(value), number(low), number(high)
    return Summary(metric, direction, statistic, *bounds, unit, count, "by hand", given=rest == ["given"])
