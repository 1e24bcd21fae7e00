"""The cells of one corridor's line, as text."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from netbench.campaign.document import BreakEvenEntry, CorridorEntry, Document, MetricEntry, Name, TargetEntry
from netbench.report import select, words
from netbench.report.figures import ABSENT, figure, interval, kilometres, milliseconds, rate
from netbench.report.language import labelled, remarked, translate
from netbench.report.select import Standing

_ENDS: tuple[Literal["from"], Literal["to"]] = ("from", "to")
_PLAIN_METRICS = ("one_way_delay", "throughput")
"""What a limit in ms, or in bit/s, is taken to be of."""

_ALIKE = 0.98
"""Rates of both directions that differ by less than 2 % are told as one, the lower."""


@dataclass(frozen=True, slots=True)
class TargetLine:
    """One target of a corridor: its limit, what has become of it, and up to which length of the route it would be met."""

    target: str
    standing: Standing
    verdict: str
    break_even: str


NO_TARGET = TargetLine("", "nothing decides", "", "")
"""What stands where a corridor has no target at all."""


@dataclass(frozen=True, slots=True)
class Row:
    """One corridor. A figure that was not measured is an em dash; the interval is empty where it is not known."""

    corridor: str
    route: str
    length: str
    theory: str
    p50: str
    p99: str
    p99_interval: str
    loss: str
    throughput: str
    targets: tuple[TargetLine, ...]


@dataclass(frozen=True, slots=True)
class RowGroup:
    """The corridors of one kind. An end that they all share is in the heading, and not in every line."""

    heading: str
    rows: tuple[Row, ...]


def row_groups(document: Document, language: str) -> Iterator[RowGroup]:
    """Yield the corridors kind by kind, in the document's order."""
    groups: dict[tuple[str, str | None], list[CorridorEntry]] = {}
    for corridor in document["corridors"]:
        groups.setdefault((corridor["kind"], corridor["class"]), []).append(corridor)
    for (kind, link_class), corridors in groups.items():
        heading = words.say(words.KINDS, kind, language) if link_class is None else words.say(words.CLASSES, link_class, language)
        yield _group(heading, corridors, document, language)


def _group(heading: str, corridors: list[CorridorEntry], document: Document, language: str) -> RowGroup:
    sites = document["sites"]
    sources, destinations = ({corridor[end] for corridor in corridors} for end in _ENDS)
    shared: list[str] = []
    if len(corridors) > 1 and len(sources) == 1:
        shared, name = [site_name(sources.pop(), sites, language), "→ …"], "→ {destination}"
    elif len(corridors) > 1 and len(destinations) == 1:
        shared, name = ["… →", site_name(destinations.pop(), sites, language)], "{source} →"
    else:
        name = "{source} → {destination}"
    rows = tuple(_row(corridor, name, document, language) for corridor in corridors)
    return RowGroup(labelled(heading, " ".join(shared), language) if shared else heading, rows)


def _row(corridor: CorridorEntry, name: str, document: Document, language: str) -> Row:
    p99 = _delay(corridor, "p99")
    source, destination = (site_name(corridor[end], document["sites"], language) for end in _ENDS)
    return Row(
        corridor=_told_between(name.format(source=source, destination=destination), corridor, language),
        route=_way(corridor["route"][1:-1], document["sites"], language),
        length="" if corridor["route_km"] is None else kilometres(corridor["route_km"]),
        theory=milliseconds(corridor["theory_ns"]),
        p50=_shown_delay(_delay(corridor, "p50"), language),
        p99=_shown_delay(p99, language),
        p99_interval=interval(p99) if p99 else "",
        loss=_worst_loss(corridor),
        throughput=_throughput(corridor),
        targets=_target_lines(corridor, document, language),
    )


def _told_between(name: str, corridor: CorridorEntry, language: str) -> str:
    """The name, with a remark where the corridor leads from one operator to another (网间)."""
    between = "live" in corridor and len(corridor["live"]["operators"]) > 1
    return remarked(name, translate("between operators", language), language) if between else name


def corridor_name(corridor: CorridorEntry, sites: Mapping[str, Name], language: str) -> str:
    """Return the corridor's two ends by name: ``Gui'an cluster → Shenzhen``."""
    return f"{site_name(corridor['from'], sites, language)} → {site_name(corridor['to'], sites, language)}"


def site_name(site: str, sites: Mapping[str, Name], language: str) -> str:
    """Return a site's name, its id where the document names it not."""
    names = sites.get(site)
    if names is None:
        return site
    return names["zh"] if language == "zh" else names["en"]


ARROWS = {"forward": "→", "reverse": "←"}
"""Beside a target that is for one direction of the corridor only."""


def target_text(target: TargetEntry, language: str) -> str:
    """Return a target's statistic and limit, and its metric where these do not tell: ``p99 ≤ 20 ms``, ``loss ≤ 0.1%``."""
    sign = "≤" if target["comparison"] == "at_most" else "≥"
    limit = figure(target["limit"], target["unit"], target["metric"])
    named = [words.say(words.STATISTICS, target["statistic"], language)] if target["statistic"] != "ratio" else []
    if target["metric"] == "theory_ratio":
        limit = translate("{factor}×theory", language, factor=limit)
    elif target["metric"] not in _PLAIN_METRICS:
        named.insert(0, words.say(words.METRICS, target["metric"], language))
    if target["of"] is not None:
        limit += f" ({sign} {figure(target['of'], 'bit/s', target['metric'])})"
    return " ".join([*named, sign, limit, *ARROWS.get(target["toward"] or "", "")])


def _way(between: list[str], sites: Mapping[str, Name], language: str) -> str:
    if not between:
        return translate("direct", language)
    if len(between) == 1:
        return translate("via {site}", language, site=site_name(between[0], sites, language))
    return translate("{count} hops", language, count=len(between) + 1)


def _delay(corridor: CorridorEntry, statistic: str) -> MetricEntry | None:
    one_way = select.worst(select.metrics_of(corridor, "one_way_delay", statistic))
    return one_way or select.worst(select.metrics_of(corridor, "round_trip_delay", statistic))


def _shown_delay(entry: MetricEntry | None, language: str) -> str:
    if entry is None:
        return ABSENT
    value = milliseconds(entry["value"])
    return value if entry["metric"] == "one_way_delay" else f"{value} {translate('round trip', language)}"


def _worst_loss(corridor: CorridorEntry) -> str:
    entry = select.worst(select.metrics_of(corridor, "loss_ratio", "ratio"))
    return ABSENT if entry is None else figure(entry["value"], "1", "loss_ratio")


def _throughput(corridor: CorridorEntry) -> str:
    values = [entry["value"] or 0 for entry in select.metrics_of(corridor, "throughput", "mean")]
    if not values:
        return ABSENT
    if min(values) >= _ALIKE * max(values):
        return rate(min(values))
    shown = [rate(value) for value in values]
    units = {text.split()[-1] for text in shown}
    return "/".join([text.split()[0] for text in shown[:-1]] + shown[-1:]) if len(units) == 1 else " / ".join(shown)


def _target_lines(corridor: CorridorEntry, document: Document, language: str) -> tuple[TargetLine, ...]:
    """Return one line for all targets that read the same and stand the same: two sources often state one limit."""
    alike: dict[tuple[str, Standing], list[TargetEntry]] = {}
    for target in select.deciding_targets(corridor):
        text = target_text(target, language)
        if target["status"] not in select.DECIDING:
            text = remarked(text, words.say(words.STATUSES, target["status"], language), language)
        alike.setdefault((text, select.standing(target, document)), []).append(target)
    texts = [text for text, _ in alike]
    return tuple(
        _target_line(targets, _told_apart(text, targets[0], language) if texts.count(text) > 1 else text, standing, language)
        for (text, standing), targets in alike.items()
    )


def _told_apart(text: str, target: TargetEntry, language: str) -> str:
    return remarked(text, words.say(words.DIRECTIONS, target["direction"], language), language)


def _target_line(targets: list[TargetEntry], text: str, standing: Standing, language: str) -> TargetLine:
    break_evens = [target["break_even"] for target in targets if target["break_even"]]
    shortest = min(break_evens, key=lambda found: found["route_km"], default=None)
    return TargetLine(
        target=text,
        standing=standing,
        verdict=words.say(words.STANDINGS, standing, language),
        break_even="" if shortest is None else longest(shortest, language),
    )


def longest(break_even: BreakEvenEntry, language: str) -> str:
    """Return up to which length of the route a target would be met; no length at all where even none is too long."""
    return kilometres(break_even["route_km"]) if break_even["route_km"] > 0 else translate("none", language)
