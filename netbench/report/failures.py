"""What came of cutting links, as a table: a line for every corridor that crossed a cut, foretold beside seen."""

from collections.abc import Iterator, Mapping, Sequence

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from netbench.campaign.document import Document, FailureCorridorEntry, FailureEntry, FailureWay, Name
from netbench.report.figures import ABSENT, milliseconds
from netbench.report.language import mark, translate
from netbench.report.rows import site_name
from netbench.report.words import say

_HEADINGS = (
    mark("cut"), mark("corridor"), mark("outage ms"), mark("lost"), mark("before ms"), mark("after ms"),
    mark("route after the cut"), mark("as foretold"),
)  # fmt: skip
_FIGURES = ("outage ms", "lost", "before ms", "after ms")
_ANSWERS = {"yes": mark("yes"), "no": mark("no")}
_FORETOLD = {"yes": mark("it was foretold to survive"), "no": mark("it was foretold not to survive")}
_SEEN = {"yes": mark("it survived"), "no": mark("it did not survive")}
_HOWS = {"visible": mark("{cut} (visible)"), "silent": mark("{cut} (silent)")}


def failures(document: Document, language: str) -> Iterator[RenderableType]:
    """Yield the table and its notes; nothing where no link was cut."""
    entries = document.get("failures", [])
    if not entries:
        return
    routing = entries[0]["routing"]
    heading = translate("Cuts, with routing {routing}", language, routing=routing)
    yield Group(Text(), Text(heading, style="bold"), _table(entries, document["sites"], language))
    yield Text("\n".join(_notes(entries, language)))


def _table(entries: Sequence[FailureEntry], sites: Mapping[str, Name], language: str) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for heading in _HEADINGS:
        table.add_column(translate(heading, language), justify="right" if heading in _FIGURES else "left", overflow="fold")
    for entry in entries:
        name = _name(entry, language)
        if not entry["corridors"]:
            table.add_row(name, translate("no corridor crosses it", language))
        for number, corridor in enumerate(entry["corridors"]):
            table.add_row("" if number else name, *_cells(corridor, sites, language))
    return table


def _name(entry: FailureEntry, language: str) -> str:
    template = _HOWS[entry["how"]]
    return translate(template, language, cut=entry["cut"])


def _word(flag: bool) -> str:
    return "yes" if flag else "no"


def _cells(corridor: FailureCorridorEntry, sites: Mapping[str, Name], language: str) -> tuple[Text, ...]:
    ways = (corridor["forward"], corridor["reverse"])
    told = say(_ANSWERS, _word(corridor["as_foretold"]), language)
    return (
        Text(corridor["id"]),
        Text(_both([_outage(way) for way in ways])),
        Text(_both([ABSENT if way["lost"] is None else str(way["lost"]) for way in ways])),
        Text(_both([_delay(way["delay_before_ns"]) for way in ways])),
        Text(_both([_delay(way["delay_after_ns"]) for way in ways])),
        Text(_route(corridor, sites, language)),
        Text(told, style="" if corridor["as_foretold"] else "bold red"),
    )


def _both(values: Sequence[str]) -> str:
    """Forward / reverse, or once where they are the same."""
    return " / ".join(dict.fromkeys(values)) if values[0] == values[1] else " / ".join(values)


def _outage(way: FailureWay) -> str:
    if way["outage_ns"] is None:
        return ABSENT
    return ("" if way["recovered"] else "≥ ") + f"{way['outage_ns'] / 1e6:.0f}"


def _delay(delay_ns: int | None) -> str:
    return ABSENT if delay_ns is None else milliseconds(delay_ns)


def _route(corridor: FailureCorridorEntry, sites: Mapping[str, Name], language: str) -> str:
    if not corridor["survived"]:
        return translate("does not survive", language)
    there, back = (corridor[way]["route_taken"] for way in ("forward", "reverse"))
    if there is None or back is None:
        return ABSENT
    shown = " → ".join(site_name(site, sites, language) for site in there)
    if there == back[::-1]:
        return shown
    return f"→ {shown}; ← {' → '.join(site_name(site, sites, language) for site in back)}"


def _notes(entries: Sequence[FailureEntry], language: str) -> Iterator[str]:
    paces = [entry["resolution_ns"] for entry in entries if entry["resolution_ns"] is not None]
    if paces:
        yield translate(
            "Outage: from the first to the last packet lost, forward / reverse, true to within {pace} ms either way",
            language,
            pace=milliseconds(max(paces)),
        )
    wrong = [(entry, corridor) for entry in entries for corridor in entry["corridors"] if not corridor["as_foretold"]]
    for entry, corridor in wrong:
        yield translate(
            "{cut}: {corridor} did not fare as foretold; {foretold}, and {seen}",
            language,
            cut=entry["cut"],
            corridor=corridor["id"],
            foretold=say(_FORETOLD, _word(corridor["foretold_to_survive"]), language),
            seen=say(_SEEN, _word(corridor["survived"]), language),
        )
