"""Figures as a verdict's sentence shows them."""

from netbench.analysis.summary import Summary, Unit
from netbench.plan.model import Target
from netbench.units import format_duration, format_rate, format_ratio

Bound = float | int | None


def shown(value: float, target: Target) -> str:
    """Return ``value`` in the target's unit, with more digits where three would make it look like the limit that it is not."""
    text = _short(value, target)
    return _long(value, target.limit, target.unit) if value != target.limit and text == _short(target.limit, target) else text


def shown_limit(target: Target) -> str:
    """Return the target's limit, with the threshold that a share counts from."""
    limit = _short(target.limit, target)
    return f"{limit} ≥ {format_rate(target.of)}" if target.statistic == "share_at_least" and target.of is not None else limit


def shown_interval(summary: Summary, target: Target) -> str:
    """Return ``12.1 ms – 12.9 ms``, or ``≥ 12.1 ms`` where there is no upper end, ``≤ 12.9 ms`` where there is no lower one."""
    low, high = (None if bound is None else shown(bound, target) for bound in (summary.low, summary.high))
    if low is None and high is None:
        return "?"
    if high is None:
        return f"≥ {low}"
    return f"≤ {high}" if low is None else f"{low} – {high}"


def _short(value: float, target: Target) -> str:
    if target.metric == "theory_ratio":
        return f"{value:.3g}"
    if target.unit == "ns":
        return format_duration(value)
    return format_rate(value) if target.unit == "bit/s" else format_ratio(value)


def _long(value: float, limit: float, unit: Unit) -> str:
    """As many digits as it takes to tell the value from the limit, in a unit that people read."""
    divisor, name = {"ns": (1e6, " ms"), "bit/s": (1e6, " Mbit/s"), "1": (1.0, "")}[unit]
    texts = (f"{value / divisor:.{digits}g}" for digits in range(4, 17))
    return next(text for text in texts if float(text) != limit / divisor or text == f"{value / divisor:.16g}") + name
