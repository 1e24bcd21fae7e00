"""A plan as two tables for people: corridors, then targets; under them what is assumed."""

from typing import TYPE_CHECKING, TextIO

from rich.console import Console
from rich.table import Table

from netbench.plan import overview
from netbench.report.language import mark, translate
from netbench.units import format_duration, format_rate, format_ratio

if TYPE_CHECKING:
    from netbench.plan.model import Plan, Target

UNATTENDED_WIDTH = 200
"""Columns for a file or a pipe, which have no width of their own."""

KINDS = {
    "intra-cluster": mark("intra-cluster"),
    "in-province": mark("in-province"),
    "out-of-province": mark("out-of-province"),
    "backbone": mark("backbone"),
    "metro": mark("metro"),
    "access": mark("access"),
}
METRICS = {
    "one_way_delay": mark("one-way delay"),
    "round_trip_delay": mark("round-trip delay"),
    "theory_ratio": mark("ratio to theory"),
    "ipdv": mark("delay variation (IPDV)"),
    "pdv": mark("delay variation (PDV)"),
    "loss_ratio": mark("loss"),
    "duplicate_ratio": mark("duplication"),
    "reordering_ratio": mark("reordering"),
    "throughput": mark("throughput"),
}
STATISTICS = {
    "min": mark("minimum"),
    "mean": mark("mean"),
    "max": mark("maximum"),
    "ratio": mark("ratio"),
    "busy_hour_mean": mark("busy-hour mean"),
    "share_at_least": mark("share of samples"),
}
WORDS = {
    "one-way": mark("one-way"),
    "round-trip": mark("round-trip"),
    "unknown": mark("not stated"),
    "optical": mark("optical layer"),
    "ip": mark("IP layer"),
    "internet": mark("public internet"),
    "radio": mark("radio"),
    "binding": mark("binding"),
    "contract": mark("contract"),
    "plan": mark("plan"),
    "claim": mark("claim"),
    "reference": mark("reference"),
}


def print_plan(plan: "Plan", language: str, stream: TextIO) -> None:
    """Write the plan in the language; columns stay aligned where characters are two cells wide."""
    console = Console(file=stream, width=None if stream.isatty() else UNATTENDED_WIDTH, highlight=False)
    console.print(_headline(plan, language), markup=False)
    console.print(_corridors(plan, language))
    if plan.targets:
        console.print(_targets(plan, language))
    console.print(_assumptions(plan, language), markup=False)


def _headline(plan: "Plan", language: str) -> str:
    counts = translate(
        "{sites} sites, {links} links, {corridors} corridors, {targets} targets",
        language,
        sites=len(plan.sites),
        links=len(plan.links),
        corridors=len(plan.corridors),
        targets=len(plan.targets),
    )
    return f"{plan.name}  {plan.title.in_language(language)}\n{counts}"


def _corridors(plan: "Plan", language: str) -> Table:
    table = Table(title_justify="left")
    for heading, right in (
        (mark("corridor"), False),
        (mark("kind"), False),
        (mark("route"), False),
        (mark("great circle km"), True),
        (mark("route km"), True),
        (mark("theory"), True),
        (mark("planned"), True),
        (mark("targets"), False),
    ):
        table.add_column(translate(heading, language), justify="right" if right else "left", overflow="fold")
    for item in overview.corridors(plan):
        table.add_row(*_corridor_row(plan, item, language))
    return table


def _corridor_row(plan: "Plan", item: overview.CorridorOverview, language: str) -> tuple[str, ...]:
    kind = item.corridor.link_class or item.corridor.kind
    planned = item.planned_ns
    return (
        item.corridor.id,
        translate(KINDS[kind.value], language),
        " → ".join(plan.sites[site].name.in_language(language) for site in item.route.sites),
        f"{item.great_circle_km:.1f}",
        "–" if item.route_km is None else f"{item.route_km:.1f}",
        format_duration(item.theory_ns),
        " / ".join(dict.fromkeys((format_duration(planned.forward), format_duration(planned.reverse)))),
        ", ".join(target.id for target in item.targets) or "–",
    )


def _targets(plan: "Plan", language: str) -> Table:
    table = Table()
    for heading in (
        mark("target"),
        mark("metric"),
        mark("limit"),
        mark("stated for"),
        mark("layer"),
        mark("status"),
        mark("due"),
        mark("source"),
    ):
        table.add_column(translate(heading, language), overflow="fold")
    for target in plan.targets.values():
        table.add_row(*_target_row(target, language))
    return table


def _target_row(target: "Target", language: str) -> tuple[str, ...]:
    return (
        target.id,
        _metric(target, language),
        _limit(target),
        translate(WORDS[target.direction.value], language),
        translate(WORDS[target.layer.value], language),
        translate(WORDS[target.status.value], language),
        target.due.isoformat() if target.due else "–",
        " ".join(part for part in (target.source.title, target.source.date) if part),
    )


def _metric(target: "Target", language: str) -> str:
    metric = translate(METRICS[target.metric], language)
    if target.statistic == "ratio":
        return metric
    statistic = STATISTICS.get(target.statistic)
    return f"{metric} {translate(statistic, language) if statistic else target.statistic}"


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
