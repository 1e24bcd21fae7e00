"""The document of one measurement without a plan: what ``netbench probe --json`` writes (``probe.schema.json``)."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, NotRequired, TypedDict

from netbench.campaign.document import FigureEntry
from netbench.report.language import mark

if TYPE_CHECKING:
    from netbench.analysis.summary import Summary
    from netbench.cli.path_document import PathEntry
    from netbench.measure.probe import TimestampClass

SCHEMA = 1

UNKNOWN_CLOCK = mark(
    "the far end's clock is not known to agree with this one, so a one-way delay would be as wrong as the clocks are apart; "
    "the round trip and the variation of each direction need no common clock"
)


class ProbeMetric(FigureEntry):
    """One figure; ``reason`` says why it has no value although packets came back."""

    reason: NotRequired[str]


class ProbeDocument(TypedDict):
    """A measurement. ``timestamps`` and ``error_ns`` are null for a probe that takes none.

    ``error_ns`` bounds what the timestamps add to a one-way delay. ``not_sent`` attempts failed
    on this host and count as nothing. ``remarks`` are sentences that must stand beside the figures;
    ``path`` is what a probe of hops found.
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


def metrics_of(summaries: Iterable["Summary"], *, common_clock: bool) -> list[ProbeMetric]:
    """Return summaries as they stand in a document; without a common clock a one-way delay has a reason in place of a value."""
    return [_metric(summary, withheld=summary.metric == "one_way_delay" and not common_clock) for summary in summaries]


def _metric(summary: "Summary", *, withheld: bool) -> ProbeMetric:
    entry: ProbeMetric = {
        "metric": summary.metric,
        "direction": summary.direction,
        "statistic": summary.statistic,
        "value": None if withheld else summary.value,
        "low": None if withheld else summary.low,
        "high": None if withheld else summary.high,
        "unit": summary.unit,
        "count": summary.count,
        "method": summary.method,
    }
    if withheld:
        entry["reason"] = UNKNOWN_CLOCK
    return entry
