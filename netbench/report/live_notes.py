"""What stands under the table of a run on live links: what was not in reach, who crosses operators, how it was measured."""

from collections.abc import Iterator, Mapping, Sequence

from netbench.campaign.document import CorridorEntry, Document, LiveCorridorEntry, Name
from netbench.report.clock_notes import bounded_line, remarks
from netbench.report.language import labelled, mark, translate
from netbench.report.rows import corridor_name, site_name

_SHOWN = 8
"""How many names a line lists before it says how many more there are."""

LACKS: Mapping[str, str] = {
    "no-address": mark("no address at the far end in the inventory"),
    "not-here": mark("neither end is where this host is: run netbench there"),
    "both-here": mark("both ends are this host: what it sends itself crosses no link"),
}


def unreached_lines(document: Document, language: str) -> Iterator[str]:
    """Say which corridors of the plan have not both ends here, by what is lacking; nothing for an emulation."""
    if "live" not in document:
        return
    by_lack: dict[str, list[str]] = {}
    for entry in document["live"]["unreached"]:
        by_lack.setdefault(entry["lack"], []).append(_name(entry["from"], entry["to"], document["sites"], language))
    for lack, names in by_lack.items():
        yield labelled(translate(LACKS[lack], language), _listed(names, language), language)


def reading_lines(document: Document, language: str) -> Iterator[str]:
    """Say how live corridors were measured and what that leaves open."""
    if "live" not in document:
        return
    here = translate(", ", language).join(site_name(site, document["sites"], language) for site in document["live"]["here"])
    yield translate(
        "Measured from {sites}; routes and lengths are the plan's: nobody saw which way the packets took", language, sites=here
    )
    yield from _by_icmp(document, language)
    yield from _operators(document, language)
    yield from _clocks(document, language)
    for reason in dict.fromkeys(
        entry["reason"] for corridor in document["corridors"] for entry in corridor["metrics"] if "reason" in entry
    ):
        yield labelled(translate("One-way delay", language), translate(reason, language), language)


def _clocks(document: Document, language: str) -> Iterator[str]:
    named = [(_corridor(each, document, language), each["clocks"]) for each in document["corridors"] if "clocks" in each]
    bounded = bounded_line(named, language)
    if bounded is not None:
        yield bounded
    for name, clocks in named:
        yield from (labelled(name, remark, language) for remark in remarks(clocks, language))


def _by_icmp(document: Document, language: str) -> Iterator[str]:
    names = [_corridor(corridor, document, language) for corridor, live in _live(document) if live["probe"] == "icmp"]
    if names:
        what = translate("By ICMP, whose round trip has in it what the far end spends on answering", language)
        yield labelled(what, _listed(names, language), language)


def _operators(document: Document, language: str) -> Iterator[str]:
    for corridor, live in _live(document):
        if len(live["operators"]) > 1:
            yield translate(
                "{corridor} leads from one operator to another: {operators}",
                language,
                corridor=_corridor(corridor, document, language),
                operators=" → ".join(live["operators"]),
            )


def _live(document: Document) -> Iterator[tuple[CorridorEntry, LiveCorridorEntry]]:
    for corridor in document["corridors"]:
        if "live" in corridor:
            yield corridor, corridor["live"]


def _corridor(corridor: CorridorEntry, document: Document, language: str) -> str:
    return corridor_name(corridor, document["sites"], language)


def _name(source: str, destination: str, sites: Mapping[str, Name], language: str) -> str:
    return f"{site_name(source, sites, language)} → {site_name(destination, sites, language)}"


def _listed(names: Sequence[str], language: str) -> str:
    shown, rest = translate(", ", language).join(names[:_SHOWN]), len(names) - _SHOWN
    return shown if rest <= 0 else translate("{names} and {count} more", language, names=shown, count=rest)
