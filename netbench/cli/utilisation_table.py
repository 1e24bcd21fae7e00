"""How full a plan's links are, as a table for people; under it the worst, and who is cut off."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, TextIO

from netbench.cli.plan_tables import NOTHING, console_on, headline, table
from netbench.plan.utilisation import utilisation
from netbench.report.language import mark, translate
from netbench.units import format_rate, format_ratio

if TYPE_CHECKING:
    from netbench.plan.model import Plan
    from netbench.plan.utilisation import Cut, Filling, Occupancy, Utilisation

OVERLOADED = "!"
"""Stands behind a utilisation of more than 100 %."""

_HEADINGS = (
    mark("link"), mark("from → to"), mark("rate"), mark("busy hour"), mark("utilisation"), mark("fullest"), mark("when cut"),
)  # fmt: skip
_CUTS = {"link": "{name}", "risk": mark("{name} (shared risk: {links})")}


def print_utilisation(plan: "Plan", language: str, stream: TextIO) -> None:
    """Write every link and direction that carries a demand, as planned and after its worst cut."""
    console = console_on(stream)
    console.print(headline(plan, language), markup=False)
    found = utilisation(plan)
    if found.occupancies:
        console.print(table(_HEADINGS, [_row(plan, item, language) for item in found.occupancies], language, console.width))
    for sentence in _sentences(plan, found, language):
        console.print(sentence, markup=False)


def _row(plan: "Plan", item: "Occupancy", language: str) -> tuple[str, ...]:
    link, direction = item.planned.link, item.planned.direction
    ends = (link.a, link.b) if direction == "forward" else (link.b, link.a)
    return (
        link.id,
        " → ".join(plan.sites[site].name.in_language(language) for site in ends),
        format_rate(link.rate_bps.towards(direction)),
        format_rate(item.planned.offered_bps),
        _share(item.planned),
        _share(item.fullest),
        _cut(item.fullest.cut, language) if item.fullest.cut else NOTHING,
    )


def _share(filling: "Filling") -> str:
    return format_ratio(filling.utilisation) + (OVERLOADED if filling.overloaded else "")


def _cut(cut: "Cut", language: str) -> str:
    return translate(_CUTS[cut.kind], language, name=cut.name, links=", ".join(cut.links))


def _sentences(plan: "Plan", found: "Utilisation", language: str) -> Iterator[str]:
    if not found.occupancies:
        yield translate("The plan has no demands: nothing says how full its links are.", language)
        return
    yield _worst(found, language)
    over = [item for item in found.occupancies if item.fullest.overloaded]
    if over:
        yield translate(
            "! more than fits: {count} of {all} in their fullest state.", language, count=len(over), all=len(found.occupancies)
        )
    for cut, demands in found.stranded.items():
        cut_off = ", ".join(f"{demand.source} → {demand.destination}" for demand in demands)
        yield translate("Without {cut} no route is left for: {demands}.", language, cut=_cut(cut, language), demands=cut_off)
    assumed = sum(demand.assumed for demand in plan.demands)
    if assumed:
        yield translate(
            "{assumed} of {demands} demands are assumed: nobody vouches for them.",
            language,
            assumed=assumed,
            demands=len(plan.demands),
        )


def _worst(found: "Utilisation", language: str) -> str:
    planned = max((item.planned for item in found.occupancies), key=lambda filling: filling.utilisation)
    fullest = max((item.fullest for item in found.occupancies), key=lambda filling: filling.utilisation)
    if fullest.cut is None or fullest.utilisation <= planned.utilisation:
        return translate(
            "Fullest: {link} at {share}; no cut makes it worse.", language, link=planned.link.id, share=_share(planned)
        )
    return translate(
        "Fullest: {link} at {share} as planned; {other} at {most} when {cut} is cut.",
        language,
        link=planned.link.id,
        share=_share(planned),
        other=fullest.link.id,
        most=_share(fullest),
        cut=_cut(fullest.cut, language),
    )
