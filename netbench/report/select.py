"""What a reader of one line wants of a corridor: the worse direction, the targets that decide, what has become of them."""

from collections.abc import Iterator
from datetime import date, datetime
from typing import Literal, get_args
from zoneinfo import ZoneInfo

from netbench.campaign.document import CorridorEntry, Document, MetricEntry, TargetEntry

DECIDING = ("binding", "contract", "plan")
"""The statuses that can fail a run; claims and references are told and decide nothing."""

Standing = Literal[
    "missed", "missed if built so", "void", "inconclusive", "not due yet", "met if built so", "met", "nothing decides"
]
STANDINGS: tuple[Standing, ...] = get_args(Standing)
"""From worst to best, and last what no target decides."""


def metrics_of(corridor: CorridorEntry, metric: str, statistic: str) -> list[MetricEntry]:
    """Return a corridor's measured figures of one kind, one a direction; a figure without a value is not among them."""
    return [
        entry
        for entry in corridor["metrics"]
        if (entry["metric"], entry["statistic"]) == (metric, statistic) and entry["value"] is not None
    ]


def worst(entries: list[MetricEntry]) -> MetricEntry | None:
    """Return the figure with the greatest value: the worse direction of a delay or a loss."""
    return max(entries, key=lambda entry: entry["value"] or 0, default=None)


def deciding_targets(corridor: CorridorEntry) -> list[TargetEntry]:
    """Return the targets that decide a corridor; where there are none, the claims and references that are all it has."""
    return [target for target in corridor["targets"] if target["status"] in DECIDING] or corridor["targets"]


def told_targets(corridor: CorridorEntry) -> list[TargetEntry]:
    """Return a corridor's claims and references."""
    return [target for target in corridor["targets"] if target["status"] not in DECIDING]


def is_due(target: TargetEntry, document: Document) -> bool:
    """Whether the target binds on the day the run began, in the plan's timezone: not before its due date has come."""
    due = target["due"]
    began = datetime.fromisoformat(document["started"]).astimezone(ZoneInfo(document["plan"]["timezone"]))
    return due is None or date.fromisoformat(due) <= began.date()


def standing(target: TargetEntry, document: Document) -> Standing:
    """Return what has become of one target."""
    verdict = target["verdict"]
    if verdict == "fail":
        return _standing_of_a_miss(target, document)
    if verdict == "pass":
        return "met if built so" if target["conditional"] else "met"
    return verdict


def corridor_standing(corridor: CorridorEntry, document: Document) -> Standing:
    """Return what a corridor is counted under: the worst standing of the targets that decide it."""
    standings = [standing(target, document) for target in corridor["targets"] if target["status"] in DECIDING]
    return STANDINGS[min((STANDINGS.index(each) for each in standings), default=-1)]


def _standing_of_a_miss(target: TargetEntry, document: Document) -> Standing:
    if target["status"] in DECIDING and not is_due(target, document):
        return "not due yet"
    return "missed if built so" if target["conditional"] else "missed"


def all_targets(document: Document) -> Iterator[tuple[CorridorEntry, TargetEntry]]:
    """Yield every target of every corridor."""
    for corridor in document["corridors"]:
        for target in corridor["targets"]:
            yield corridor, target
