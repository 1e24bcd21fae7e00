"""The document of one measurement without a plan: what ``netbench probe --json`` writes (``probe.schema.json``)."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, NotRequired, TypedDict

from netbench.campaign.document import ClockEntry, ClocksEntry, FigureEntry

if TYPE_CHECKING:
    from netbench.campaign.figuring import Figure
    from netbench.cli.path_document import PathEntry
    from netbench.measure.probe import TimestampClass

SCHEMA = 1


class ProbeMetric(FigureEntry):
    """One figure; ``reason`` says why it has no value although packets came back."""

    reason: NotRequired[str]


class ProbeDocument(TypedDict):
    """A measurement. ``timestamps`` and ``error_ns`` are null for a probe that takes none.

    ``error_ns`` bounds what the timestamps add to a one-way delay. ``not_sent`` attempts failed
    on this host and count as nothing. ``remarks`` are sentences that must stand beside the figures;
    ``path`` is what a probe of hops found.
    Where packets came back ``clock`` is this host's, before and after, and ``clocks`` what is known of the two that they went
    between.
    """

    schema: int
    probe: str
    target: str
    timestamps: "TimestampClass | None"
    error_ns: int | None
    not_sent: int
    metrics: list[ProbeMetric]
    remarks: NotRequired[list[str]]
    path: NotRequired["PathEntry"]
    clock: NotRequired[dict[str, ClockEntry]]
    clocks: NotRequired[ClocksEntry]


def metrics_of(figures: Iterable["Figure"]) -> list[ProbeMetric]:
    """Return figures as they stand in a document; one that is not given has a reason in place of a value."""
    return [_metric(figure) for figure in figures]


def _metric(figure: "Figure") -> ProbeMetric:
    summary = figure.summary
    entry: ProbeMetric = {
        "metric": summary.metric,
        "direction": summary.direction,
        "statistic": summary.statistic,
        "value": summary.value,
        "low": summary.low,
        "high": summary.high,
        "unit": summary.unit,
        "count": summary.count,
        "method": summary.method,
    }
    if figure.reason is not None:
        entry["reason"] = figure.reason
    return entry
