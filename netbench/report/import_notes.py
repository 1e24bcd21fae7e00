"""What is said of a run that was imported: out of which file, by which map, and what its figures lack."""

from collections.abc import Iterator, Sequence

from netbench.campaign.document import Document, MetricEntry
from netbench.report import words
from netbench.report.clock_notes import remarks
from netbench.report.figures import figure
from netbench.report.language import labelled, remarked, translate
from netbench.report.rows import corridor_name

_SHOWN = 8


def given_lines(document: Document, language: str) -> Iterator[str]:
    """Say every figure that others made of a corridor, of which the table has no column for most."""
    for corridor in document["corridors"]:
        if "imported" in corridor and not corridor["imported"]["samples"]:
            name = corridor_name(corridor, document["sites"], language)
            yield from (labelled(name, told, language) for told in _families(corridor["metrics"], language))


def _families(entries: Sequence[MetricEntry], language: str) -> Iterator[str]:
    """One metric in one direction at a time: ``one-way delay (forward) min 23 ms, max 31 ms``."""
    families: dict[tuple[str, str], list[MetricEntry]] = {}
    for entry in entries:
        families.setdefault((entry["metric"], entry["direction"]), []).append(entry)
    for (metric, direction), found in families.items():
        name, way = words.say(words.METRICS, metric, language), words.say(words.DIRECTIONS, direction, language)
        figures = translate(", ", language).join(_figure(entry, language) for entry in found)
        yield f"{remarked(name, way, language)} {figures}"


def _figure(entry: MetricEntry, language: str) -> str:
    value = figure(entry["value"], entry["unit"], entry["metric"])
    return value if entry["statistic"] == "ratio" else f"{words.say(words.STATISTICS, entry['statistic'], language)} {value}"


def reading_lines(document: Document, language: str) -> Iterator[str]:
    """Say where imported figures come from; nothing for what netbench measured."""
    if "imported" not in document:
        return
    entry = document["imported"]
    yield translate(
        "Imported from {file} (SHA-256 {digest}…) as {map}: others measured it, from {begin} to {end} UTC",
        language,
        file=entry["file"],
        digest=entry["sha256"][:12],
        map=entry["title"]["zh" if language == "zh" else "en"],
        begin=_told(entry["from"]),
        end=_told(entry["to"]),
    )
    if any(corridor["imported"]["samples"] == 0 for corridor in document["corridors"] if "imported" in corridor):
        yield translate(
            "Averages, percentiles and extremes that a platform made have no interval: they are shown, and decide nothing but "
            "what a single packet decides",
            language,
        )
    if entry["left_out"]:
        yield labelled(translate("Left out on request", language), _listed(entry["left_out"], language), language)
    yield from _turned(document, language)
    for corridor in document["corridors"]:
        if "clocks" in corridor:
            name = corridor_name(corridor, document["sites"], language)
            yield from (labelled(name, remark, language) for remark in remarks(corridor["clocks"], language))


def _turned(document: Document, language: str) -> Iterator[str]:
    names = [
        corridor_name(corridor, document["sites"], language)
        for corridor in document["corridors"]
        if "imported" in corridor and corridor["imported"]["turned"]
    ]
    if names:
        yield labelled(translate("Measured from the far end, and turned round", language), _listed(names, language), language)


def _told(instant: str) -> str:
    return instant.replace("T", " ").removesuffix("Z")


def _listed(names: Sequence[str], language: str) -> str:
    shown, rest = translate(", ", language).join(names[:_SHOWN]), len(names) - _SHOWN
    return shown if rest <= 0 else translate("{names} and {count} more", language, names=shown, count=rest)
