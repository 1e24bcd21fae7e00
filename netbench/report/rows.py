"""The cells of one corridor's line, as text."""

from collections.abc import Mapping
from dataclasses import dataclass

from netbench.campaign.document import CorridorEntry, Document, MetricEntry, Name, TargetEntry
from netbench.report import select, words
from netbench.report.figures import ABSENT, figure, interval, kilometres, milliseconds
from netbench.report.language import translate
from netbench.report.select import Standing


@dataclass(frozen=True, slots=True)
class TargetLine:
    """One target of a corridor: its limit, what has become of it, and up to which length of the route it would be met."""

    target: str
    standing: Standing
    verdict: str
    break_even: str


@dataclass(frozen=True, slots=True)
class Row:
    """One corridor. A figure that was not measured is an em dash; the interval is empty where it is not known."""

    corridor: str
    route: str
    theory: str
    p50: str
    p99: str
    p99_interval: str
    loss: str
    throughput: str
    targets: tuple[TargetLine, ...]


def row(corridor: CorridorEntry, document: Document, language: str, *, with_length: bool) -> Row:
    """Return one corridor's cells in the language, the route with its length or without."""
    p99 = _delay(corridor, "p99")
    return Row(
        corridor=corridor_name(corridor, document["sites"], language),
        route=_route(corridor, document["sites"], language, with_length=with_length),
        theory=milliseconds(corridor["theory_ns"]),
        p50=_shown_delay(_delay(corridor, "p50"), language),
        p99=_shown_delay(p99, language),
        p99_interval=interval(p99) if p99 else "",
        loss=_worst_loss(corridor),
        throughput=_throughput(corridor),
        targets=_target_lines(corridor, document, language),
    )


def corridor_name(corridor: CorridorEntry, sites: Mapping[str, Name], language: str) -> str:
    """Return the corridor's two ends by name: ``Gui'an cluster → Shenzhen``."""
    return f"{site_name(corridor['from'], sites, language)} → {site_name(corridor['to'], sites, language)}"


def site_name(site: str, sites: Mapping[str, Name], language: str) -> str:
    """Return a site's name, its id where the document names it not."""
    names = sites.get(site)
    if names is None:
        return site
    return names["zh"] if language == "zh" else names["en"]


def target_text(target: TargetEntry, language: str) -> str:
    """Return a target's metric, statistic and limit, short: ``p99 ≤ 20 ms``, ``throughput mean ≥ 220 Mbit/s``."""
    sign = "≤" if target["comparison"] == "at_most" else "≥"
    statistic = words.say(words.STATISTICS, target["statistic"], language)
    plain_delay = target["metric"] == "one_way_delay"
    named = [] if plain_delay else [words.say(words.METRICS, target["metric"], language)]
    if target["statistic"] != "ratio":
        named.append(statistic)
    return f"{' '.join(named)} {sign} {figure(target['limit'], target['unit'], target['metric'])}"


def _route(corridor: CorridorEntry, sites: Mapping[str, Name], language: str, *, with_length: bool) -> str:
    way, length = _way(corridor["route"][1:-1], sites, language), corridor["route_km"]
    return way if length is None or not with_length else f"{way}, {kilometres(length)}"


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
    entries = select.metrics_of(corridor, "throughput", "mean")
    shown = list(dict.fromkeys(figure(entry["value"], "bit/s", "throughput") for entry in entries))
    return " / ".join(shown) or ABSENT


def _target_lines(corridor: CorridorEntry, document: Document, language: str) -> tuple[TargetLine, ...]:
    lines = [_target_line(target, document, language) for target in select.deciding_targets(corridor)]
    return tuple(dict.fromkeys(lines))


def _target_line(target: TargetEntry, document: Document, language: str) -> TargetLine:
    standing, break_even = select.standing(target, document), target["break_even"]
    text = target_text(target, language)
    if target["status"] not in select.DECIDING:
        text = f"{text} ({words.say(words.STATUSES, target['status'], language)})"
    return TargetLine(
        target=text,
        standing=standing,
        verdict=words.say(words.STANDINGS, standing, language),
        break_even="" if break_even is None else kilometres(break_even["route_km"]),
    )
