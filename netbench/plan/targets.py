"""Reading a plan's targets: what is promised, by whom, and how much of it was really said."""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Literal

from netbench.plan.fields import Fields, Value
from netbench.plan.model import (
    Corridor,
    CorridorKind,
    DirectionName,
    Layer,
    LinkClass,
    Selector,
    Source,
    Status,
    Target,
    TargetDirection,
)
from netbench.units import shown

Unit = Literal["ns", "bit/s", "1"]

METRICS: Mapping[str, Unit] = {
    "one_way_delay": "ns",
    "round_trip_delay": "ns",
    "theory_ratio": "1",
    "ipdv": "ns",
    "pdv": "ns",
    "loss_ratio": "1",
    "duplicate_ratio": "1",
    "reordering_ratio": "1",
    "throughput": "bit/s",
}
RATIOS = ("loss_ratio", "duplicate_ratio", "reordering_ratio")
STATISTICS = ("min", "mean", "p50", "p90", "p95", "p99", "p99.9", "max", "ratio", "busy_hour_mean", "share_at_least")
DOCUMENTED = (Status.BINDING, Status.CONTRACT, Status.PLAN)

KEYS = (
    "id", "for", "metric", "statistic", "at_most", "at_least", "of", "direction", "toward", "layer", "status", "due", "source",
)  # fmt: skip
SELECTOR_KEYS = ("corridors", "kind", "class", "from", "to")
SOURCE_KEYS = ("title", "date", "url")

_SOURCE_DATE = re.compile(r"[0-9]{4}(?:-[0-9]{2}(?:-[0-9]{2})?)?")


@dataclass(frozen=True, slots=True)
class _Limit:
    metric: str
    statistic: str
    comparison: Literal["at_most", "at_least"]
    limit: float
    unit: Unit
    of: float | None


def read_target(value: Value, sites: Collection[str], corridors: Mapping[str, Corridor]) -> Target:
    """Return one target, which is for at least one corridor.

    :raises PlanError: when a key is wrong, or the parts of the target contradict each other
    """
    fields = value.fields(KEYS, ("id", "for", "metric", "status", "source"))
    limit = _limit(fields)
    status = fields["status"].choice(Status)
    return Target(
        id=fields["id"].identifier(),
        selector=_selector(fields["for"], sites, corridors),
        metric=limit.metric,
        statistic=limit.statistic,
        comparison=limit.comparison,
        limit=limit.limit,
        unit=limit.unit,
        of=limit.of,
        direction=_direction(fields, limit.metric),
        measured_direction=_toward(fields, limit.metric),
        layer=fields.get("layer", lambda given: given.choice(Layer), Layer.IP),
        status=status,
        due=fields.get("due", Value.day, None),
        source=read_source(fields["source"], dated=status in DOCUMENTED),
    )


def read_source(value: Value, *, dated: bool) -> Source:
    """Return where a figure comes from; ``date`` is empty where none is given and ``dated`` does not demand one."""
    fields = value.fields(SOURCE_KEYS, ("title", "date") if dated else ("title",))
    return Source(fields["title"].text(), fields.get("date", _source_date, ""), fields.get("url", _url, None))


def _limit(fields: Fields) -> _Limit:
    metric = fields["metric"].one_of(METRICS)
    statistic = _statistic(fields, metric)
    comparison = _comparison(fields, metric)
    if statistic == "share_at_least":
        if "of" not in fields:
            raise fields.owner.error("share_at_least needs 'of', the figure that the share of samples must reach")
        share = fields["at_least"].ratio()
        return _Limit(metric, statistic, comparison, share, "1", _quantity(fields["of"], metric))
    if "of" in fields:
        raise fields["of"].error("'of' belongs to the statistic share_at_least alone")
    return _Limit(metric, statistic, comparison, _quantity(fields[comparison], metric), METRICS[metric], None)


def _statistic(fields: Fields, metric: str) -> str:
    if metric in RATIOS:
        statistic = fields.get("statistic", lambda given: given.one_of(STATISTICS), "ratio")
        if statistic != "ratio":
            raise fields["statistic"].error(f"{metric} is itself the statistic; leave this out or say 'ratio'")
        return statistic
    if "statistic" not in fields:
        raise fields.owner.error("the key 'statistic' is missing")
    statistic = fields["statistic"].one_of(STATISTICS)
    if statistic == "ratio" or (statistic == "share_at_least" and metric != "throughput"):
        raise fields["statistic"].error(f"{statistic} is no statistic of {metric}")
    return statistic


def _comparison(fields: Fields, metric: str) -> Literal["at_most", "at_least"]:
    if "at_most" in fields and "at_least" in fields:
        raise fields["at_least"].error("a target has one limit: give 'at_most' or 'at_least', not both")
    if "at_most" not in fields and "at_least" not in fields:
        raise fields.owner.error("the limit is missing: give 'at_most' or 'at_least'")
    if metric == "throughput" and "at_most" in fields:
        raise fields["at_most"].error("more throughput is better: give 'at_least'")
    if metric != "throughput" and "at_least" in fields:
        raise fields["at_least"].error(f"less {metric} is better: give 'at_most'")
    return "at_most" if "at_most" in fields else "at_least"


def _quantity(value: Value, metric: str) -> float:
    if metric == "theory_ratio":
        return value.number(1, 1000, "a theory_ratio")
    unit = METRICS[metric]
    if unit == "ns":
        return value.duration_ns()
    return value.rate_bps() if unit == "bit/s" else value.ratio()


def _selector(value: Value, sites: Collection[str], corridors: Mapping[str, Corridor]) -> Selector:
    fields = value.fields(SELECTOR_KEYS)
    if not any(key in fields for key in SELECTOR_KEYS):
        raise value.error(f"this says for no corridor; give at least one of: {', '.join(SELECTOR_KEYS)}")
    selector = Selector(
        corridors=fields.get("corridors", lambda given: _known(given, corridors, "corridor"), ()),
        kind=fields.get("kind", lambda given: given.choice(CorridorKind), None),
        link_class=fields.get("class", lambda given: given.choice(LinkClass), None),
        sources=fields.get("from", lambda given: _known(given, sites, "site"), ()),
        destinations=fields.get("to", lambda given: _known(given, sites, "site"), ()),
    )
    if not any(selector.matches(corridor) for corridor in corridors.values()):
        raise value.error("no corridor of this plan matches; widen the selector or drop the target")
    return selector


def _known(value: Value, ids: Collection[str], what: str) -> tuple[str, ...]:
    return tuple(item.known(ids, what) for item in value.one_or_more())


def _direction(fields: Fields, metric: str) -> TargetDirection:
    fixed = {"round_trip_delay": TargetDirection.ROUND_TRIP}
    unsaid = TargetDirection.UNKNOWN if metric in {"one_way_delay", "theory_ratio"} else TargetDirection.ONE_WAY
    direction = fields.get("direction", lambda given: given.choice(TargetDirection), fixed.get(metric, unsaid))
    if metric == "round_trip_delay" and direction is not TargetDirection.ROUND_TRIP:
        raise fields["direction"].error(f"round_trip_delay cannot be stated {direction.value}; use one_way_delay")
    if metric == "one_way_delay" and direction is TargetDirection.ROUND_TRIP:
        raise fields["direction"].error("one_way_delay cannot be stated round-trip; use round_trip_delay")
    return direction


def _toward(fields: Fields, metric: str) -> DirectionName | None:
    if "toward" not in fields:
        return None
    word = fields["toward"].one_of(("forward", "reverse"))
    if metric == "round_trip_delay":
        raise fields["toward"].error("a round trip has no single direction; leave this out")
    return "forward" if word == "forward" else "reverse"


def _source_date(value: Value) -> str:
    text = value.text()
    if not _SOURCE_DATE.fullmatch(text) or not _is_day(text + "-01-01"[len(text) - 4 :]):
        raise value.error(f"{shown(text)} is no date; write it like 2022-08-02, 2022-08 or 2022")
    return text


def _is_day(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def _url(value: Value) -> str:
    url = value.text()
    if not url.startswith(("https://", "http://")) or any(character.isspace() for character in url):
        raise value.error(f"{shown(url)} is no web address; begin it with https://")
    return url
