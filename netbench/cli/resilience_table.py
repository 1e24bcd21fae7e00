"""What every cut would do to a plan's corridors, as a table; under it who does not survive, and what goes unnoticed."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, TextIO

from netbench.cli.plan_tables import NOTHING, console_on, headline, table
from netbench.plan.failures import Change, Foresight, Routing
from netbench.plan.model import DIRECTIONS
from netbench.plan.utilisation import Cut, all_cuts, cuts
from netbench.report.language import mark, translate
from netbench.units import format_duration

if TYPE_CHECKING:
    from netbench.plan.model import Plan, Route

_HEADINGS = (
    mark("cut"), mark("corridor"), mark("route after the cut"), mark("delay before"), mark("delay after"), mark("longer by"),
)  # fmt: skip
_NAMED = 12

Foretold = Sequence[tuple[Cut, Sequence[Change]]]


def print_resilience(plan: "Plan", routing: Routing, language: str, stream: TextIO) -> None:
    """Write a line for every cut and every corridor that crosses it, when the cut shows (a loss of carrier).

    :raises RefusedError: when the routing cannot keep the plan's routes
    """
    foresight = Foresight(plan, routing)
    foretold = [(cut, foresight.changes(cut, "visible")) for cut in cuts(plan)]
    console = console_on(stream)
    console.print(headline(plan, language), markup=False)
    rows = [row for cut, changes in foretold for row in _rows(plan, cut, changes, language)]
    console.print(table(_HEADINGS, rows, language, console.width))
    for sentence in _sentences(plan, routing, foretold, language):
        console.print(sentence, markup=False)


def _rows(plan: "Plan", cut: Cut, changes: Sequence[Change], language: str) -> Iterator[tuple[str, ...]]:
    for number, change in enumerate(changes):
        yield (
            "" if number else _name(plan, cut),
            change.corridor.id,
            _ways(plan, change, language),
            _delays(change.delay_before_ns.forward, change.delay_before_ns.reverse),
            _delays(change.delay_after_ns.forward, change.delay_after_ns.reverse),
            _longer(change),
        )


def _name(plan: "Plan", cut: Cut) -> str:
    """A link with the risks that are its alone, or a risk with its links."""
    if cut.kind == "risk":
        return f"{cut.name}: {' + '.join(cut.links)}"
    own = [other.name for other in all_cuts(plan) if other.kind == "risk" and other.links == cut.links]
    return " = ".join([cut.name, *own])


def _ways(plan: "Plan", change: Change, language: str) -> str:
    ways = [change.after.forward, change.after.reverse]
    if ways[0] is not None and ways[1] is not None and ways[0].links == ways[1].links[::-1]:
        return _way(plan, ways[0], language)
    if ways == [None, None]:
        return translate("does not survive", language)
    return f"→ {_way(plan, ways[0], language)}; ← {_way(plan, ways[1], language)}"


def _way(plan: "Plan", route: "Route | None", language: str) -> str:
    if route is None:
        return translate("does not survive", language)
    return " → ".join(plan.sites[site].name.in_language(language) for site in route.sites)


def _delays(forward_ns: int | None, reverse_ns: int | None) -> str:
    shown = [NOTHING if delay_ns is None else format_duration(delay_ns) for delay_ns in (forward_ns, reverse_ns)]
    return " / ".join(dict.fromkeys(shown))


def _longer(change: Change) -> str:
    if not change.survives:
        return NOTHING
    pairs = [(change.delay_after_ns.towards(way) or 0) - change.delay_before_ns.towards(way) for way in DIRECTIONS]
    return format_duration(max(pairs))


def _sentences(plan: "Plan", routing: Routing, foretold: Foretold, language: str) -> Iterator[str]:
    harmful = [(cut, lost) for cut, changes in foretold if (lost := [change for change in changes if not change.survives])]
    yield translate(
        "{harmless} of {cuts} cuts leave every corridor alive, with routing {routing}.",
        language,
        harmless=len(foretold) - len(harmful),
        cuts=len(foretold),
        routing=routing,
    )
    ended = dict.fromkeys(change.corridor.id for _, changes in harmful for change in changes)
    if ended:
        yield translate("Corridors that some cut ends: {corridors}.", language, corridors=", ".join(ended))
    idle = [cut.name for cut, changes in foretold if cut.kind == "link" and not changes]
    if idle:
        shown = ", ".join(idle[:_NAMED]) + (" …" if len(idle) > _NAMED else "")
        yield translate("{count} links carry no corridor: {links}.", language, count=len(idle), links=shown)
    yield from _silent(plan, routing, language)


def _silent(plan: "Plan", routing: Routing, language: str) -> Iterator[str]:
    if routing == "static":
        yield translate(
            "A silent cut, everything lost and the carrier there, is not noticed by static routes: no corridor that crosses it "
            "survives it.",
            language,
        )
        yield translate(
            "Static routes have a second choice only where a neighbour's own way does not lead back (RFC 5286).", language
        )
        return
    yield translate(
        "A silent cut leads to the same routes once it is noticed, after about {delay}.",
        language,
        delay=format_duration(plan.routing.detection_ns),
    )
