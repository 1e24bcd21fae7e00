"""Figures as people read them: milliseconds, per cent, Gbit/s; an em dash where there is none."""

from netbench.campaign.document import Bounds, MetricEntry
from netbench.units import format_duration, format_rate, format_ratio

ABSENT = "—"
"""A measurement that was not made has no value."""


def milliseconds(value_ns: float | None) -> str:
    """Return a delay in ms to the microsecond, without its unit: ``5.671``."""
    return ABSENT if value_ns is None else f"{value_ns / 1e6:.3f}"


def per_cent(ratio: float | None) -> str:
    """Return a ratio in per cent: ``0.12%``."""
    return ABSENT if ratio is None else format_ratio(ratio)


def rate(value_bps: float | None) -> str:
    """Return a rate with its unit: ``398 Gbit/s``."""
    return ABSENT if value_bps is None else format_rate(value_bps)


def kilometres(value_km: float) -> str:
    """Return a length in whole km, or to 0.1 km below ten: ``1,150 km``."""
    return f"{value_km:,.0f} km" if value_km >= 10 else f"{value_km:.1f} km"


def figure(value: float | None, unit: str, metric: str) -> str:
    """Return a figure with its unit: ``20 ms``, ``0.1%``, ``220 Mbit/s``; a ratio to theory is a plain number."""
    if value is None:
        return ABSENT
    if metric == "theory_ratio":
        return f"{value:.3g}"
    if unit == "ns":
        return format_duration(value)
    return format_rate(value) if unit == "bit/s" else format_ratio(value)


def interval(bounds: Bounds | MetricEntry) -> str:
    """Return a delay's interval in ms, ``5.670–5.673``, or nothing when it is not known on both sides."""
    low, high = bounds["low"], bounds["high"]
    return "" if low is None or high is None else f"{milliseconds(low)}–{milliseconds(high)}"
