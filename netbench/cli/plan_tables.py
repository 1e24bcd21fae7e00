"""A plan as two tables for people: corridors, then targets; under them what is assumed."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, TextIO

from rich import box
from rich.console import Console
from rich.table import Table

from netbench.plan import overview
from netbench.report import words
from netbench.report.language import mark, translate
from netbench.units import format_duration, format_rate, format_ratio

if TYPE_CHECKING:
    from netbench.plan.model import Plan, Target

UNATTENDED_WIDTH = 200
"""Columns for a file or a pipe, which have no width of their own."""

WIDE = 120
"""From how many columns on the last two columns of each table are there."""

NOTHING = "–"

_KINDS = {
    "intra-cluster": mark("intra-cluster"),
    "in-province": mark("in-province"),
    "out-of-province": mark("out-of-province"),
    "backbone": mark("backbone"),
    "metro": mark("metro"),
    "access": mark("access"),
}
_CORRIDOR_HEADINGS = (
    mark("corridor"), mark("kind"), mark("route"), mark("route km"), mark("theory"), mark("planned delay"),
    mark("great circle km"), mark("targets"),
)  # fmt: skip
NARROW_COLUMNS = 6
_FIGURES = (
    "delay before", "delay after", "longer by",
    "route km", "theory", "planned delay", "great circle km", "rate", "busy hour", "utilisation", "fullest",
)  # fmt: skip
_WRAPPING = ("route", "route after the cut", "cut", "targets", "source", "metric")
_TARGET_HEADINGS = (
    mark("target"), mark("metric"), mark("limit"), mark("stated for"), mark("status"), mark("source"), mark("layer"), mark("due"),
)  # fmt: skip


def print_plan(plan: "Plan", language: str, stream: TextIO) -> None:
    """Write the plan in the language; columns stay aligned where characters are two cells wide."""
    console = console_on(stream)
    console.print(headline(plan, language), markup=False)
    console.print(_corridors(plan, language, console.width))
    if plan.targets:
        console.print(_targets(plan, language, console.width))
    console.print(_assumptions(plan, language), markup=False)


def console_on(stream: TextIO) -> Console:
    """Return a console that colours nothing and is as wide as its terminal."""
    return Console(file=stream, width=None if stream.isatty() else UNATTENDED_WIDTH, highlight=False)


def headline(plan: "Plan", language: str) -> str:
    """Return the plan's name, title and extent."""
    counts = translate(
        "{sites} sites, {links} links, {corridors} corridors, {targets} targets",
        language,
        sites=len(plan.sites),
        links=len(plan.links),
        corridors=len(plan.corridors),
        targets=len(plan.targets),
    )
    return f"{plan.name}  {plan.title.in_language(language)}\n{counts}"


def _corridors(plan: "Plan", language: str, width: int) -> Table:
    return table(_CORRIDOR_HEADINGS, [_corridor_row(plan, item, language) for item in overview.corridors(plan)], language, width)


def _corridor_row(plan: "Plan", item: overview.CorridorOverview, language: str) -> tuple[str, ...]:
    kind = item.corridor.link_class or item.corridor.kind
    planned = dict.fromkeys(format_duration(delay_ns) for delay_ns in (item.planned_ns.forward, item.planned_ns.reverse))
    return (
        item.corridor.id,
        words.say(_KINDS, kind.value, language),
        " → ".join(plan.sites[site].name.in_language(language) for site in item.route.sites),
        NOTHING if item.route_km is None else f"{item.route_km:.1f}",
        format_duration(item.theory_ns),
        " / ".join(planned),
        f"{item.great_circle_km:.1f}",
        ", ".join(target.id for target in item.targets) or NOTHING,
    )


def _targets(plan: "Plan", language: str, width: int) -> Table:
    return table(_TARGET_HEADINGS, [_target_row(target, language) for target in plan.targets.values()], language, width)


def _target_row(target: "Target", language: str) -> tuple[str, ...]:
    return (
        target.id,
        _metric(target, language),
        _limit(target),
        _stated_for(target, language),
        words.say(words.STATUSES, target.status.value, language),
        " ".join(part for part in (target.source.title, target.source.date) if part),
        words.say(words.LAYERS, target.layer.value, language),
        target.due.isoformat() if target.due else NOTHING,
    )


def _stated_for(target: "Target", language: str) -> str:
    directions = [target.measured_direction] if target.measured_direction else []
    return " · ".join(words.say(words.DIRECTIONS, word, language) for word in (target.direction.value, *directions))


def _metric(target: "Target", language: str) -> str:
    metric = words.say(words.METRICS, target.metric, language)
    if target.statistic == "ratio":
        return metric
    return f"{metric} {words.say(words.STATISTICS, target.statistic, language)}"


def _limit(target: "Target") -> str:
    sign = "≤" if target.comparison == "at_most" else "≥"
    if target.of is not None:
        return f"{sign} {format_ratio(target.limit)} ≥ {format_rate(target.of)}"
    if target.metric == "theory_ratio":
        return f"{sign} {target.limit:g}"
    write = {"ns": format_duration, "bit/s": format_rate, "1": format_ratio}[target.unit]
    return f"{sign} {write(target.limit)}"


def _assumptions(plan: "Plan", language: str) -> str:
    assumed = sum(link.assumed for link in plan.links.values())
    if not assumed:
        return translate("No link is assumed.", language)
    return translate(
        "{assumed} of {links} links are assumed: verdicts over them are conditional.",
        language,
        assumed=assumed,
        links=len(plan.links),
    )


def table(headings: Sequence[str], rows: Sequence[Sequence[str]], language: str, width: int) -> Table:
    """Return a table whose columns stay aligned where characters are two cells wide; a narrow one has fewer of them."""
    columns = len(headings) if width >= WIDE else NARROW_COLUMNS
    made = Table(box=box.SQUARE)
    for heading in headings[:columns]:
        made.add_column(
            translate(heading, language),
            justify="right" if heading in _FIGURES else "left",
            overflow="fold",
            no_wrap=heading not in _WRAPPING,
        )
    for row in rows:
        made.add_row(*row[:columns])
    return made
