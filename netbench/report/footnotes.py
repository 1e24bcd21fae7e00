"""What stands under the table: the count, misses, what could not be judged, claims, assumptions, the instrument."""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from rich.text import Text

from netbench.campaign.document import CorridorEntry, Document, LinkEntry, TargetEntry
from netbench.report import clock_notes, import_notes, live_notes, load_notes, select, words
from netbench.report.calibration_notes import calibration_lines
from netbench.report.figures import figure, kilometres, milliseconds
from netbench.report.language import labelled, mark, remarked, retell, translate
from netbench.report.rows import corridor_name, target_text
from netbench.report.select import STANDINGS, Standing

_NAMES = 8
"""How many names a note lists before it says how many more there are."""


class Note(NamedTuple):
    """A heading and its lines."""

    heading: str
    lines: list[str]


def summary(document: Document, language: str) -> Text:
    """Return how many corridors stand how, in one line, worst first."""
    counts = Counter(select.corridor_standing(corridor, document) for corridor in document["corridors"])
    parts = [_counted(counts[standing], standing, language) for standing in STANDINGS if counts[standing]]
    total = translate("{count} corridors", language, count=len(document["corridors"]))
    return Text(f"\n{labelled(total, ' · '.join(parts), language)}", style="bold")


def _counted(count: int, standing: Standing, language: str) -> str:
    return translate("{count} {standing}", language, count=count, standing=words.say(words.STANDINGS, standing, language))


def notes(document: Document, language: str, complete: bool) -> list[Note]:
    """Return the notes that have something to say; ``complete``: the table shows all its columns."""
    return [
        Note(heading, lines)
        for heading, lines in (
            (translate("Missed", language), list(_missed(document, language, due=True))),
            (translate("Missed, not due yet", language), list(_missed(document, language, due=False))),
            (translate("Could not be judged", language), list(_undecided(document, language))),
            (translate("Not measured", language), list(_not_measured(document, language))),
            (
                translate("Not in this run: without both ends here", language),
                list(live_notes.unreached_lines(document, language)),
            ),
            (translate("As others gave it", language), list(import_notes.given_lines(document, language))),
            (translate("Claims and references (told, not binding)", language), list(_told(document, language))),
            (translate("Assumed", language), list(_assumed(document, language))),
            (translate("Links off their plan", language), list(_unfaithful(document, language))),
            (
                translate("Links, measured against the plan", language),
                list(calibration_lines(document, language)),
            ),
            (translate("Load", language), list(load_notes.load_lines(document, language))),
            (translate("How to read this", language), list(_reading(document, language, complete))),
        )
        if lines
    ]


def reason(target: TargetEntry, language: str) -> str:
    """Return why a verdict is what it is, in the language."""
    template, fields = target["reason_key"], words.said_fields(target["reason_fields"], language)
    if "cause" in fields:
        fields["cause"] = retell(fields["cause"], language)
    return translate(template, language, **fields)


def _missed(document: Document, language: str, *, due: bool) -> Iterator[str]:
    for corridor, target in select.all_targets(document):
        fails = target["status"] in select.DECIDING and target["verdict"] == "fail"
        if fails and select.is_due(target, document) == due:
            name = corridor_name(corridor, document["sites"], language)
            told = f"{reason(target, language)}{_break_even(target, language)}{_source(target, language)}"
            yield labelled(name, told, language)


def _undecided(document: Document, language: str) -> Iterator[str]:
    groups: dict[tuple[str, str], list[tuple[CorridorEntry, TargetEntry]]] = {}
    for corridor, target in select.all_targets(document):
        if target["status"] in select.DECIDING and target["verdict"] in ("inconclusive", "void"):
            groups.setdefault((target["id"], target["reason_key"]), []).append((corridor, target))
    for found in groups.values():
        first = found[0][1]
        names = _names([corridor for corridor, _ in found], document, language)
        which = translate("{names}, the first of them: {reason}", language, names=names, reason=reason(first, language))
        alone = labelled(names, reason(first, language), language)
        yield labelled(target_text(first, language), which if len(found) > 1 else alone, language)


def _not_measured(document: Document, language: str) -> Iterator[str]:
    groups: dict[tuple[str, str], list[CorridorEntry]] = {}
    for corridor in document["corridors"]:
        for probe, why in corridor["not_measured"].items():
            groups.setdefault((probe, why), []).append(corridor)
    for (probe, why), corridors in groups.items():
        names = _names(corridors, document, language)
        yield labelled(probe, labelled(names, retell(why, language), language), language)


def _told(document: Document, language: str) -> Iterator[str]:
    groups: dict[str, list[tuple[CorridorEntry, TargetEntry]]] = {}
    for corridor, target in select.all_targets(document):
        if target["status"] not in select.DECIDING:
            groups.setdefault(target["id"], []).append((corridor, target))
    for found in groups.values():
        first = found[0][1]
        status = words.say(words.STATUSES, first["status"], language)
        told = remarked(target_text(first, language), status, language) + _source(first, language)
        yield labelled(told, " · ".join(_outcomes(found, document, language)), language)


def _outcomes(found: Sequence[tuple[CorridorEntry, TargetEntry]], document: Document, language: str) -> Iterator[str]:
    for standing in STANDINGS:
        corridors = [corridor for corridor, target in found if select.standing(target, document) == standing]
        if corridors:
            counted = _counted(len(corridors), standing, language)
            met = standing.startswith("met")
            yield counted if met else remarked(counted, _names(corridors, document, language), language)


def _assumed(document: Document, language: str) -> Iterator[str]:
    assumed = [link for link in document["links"] if link["assumed"]]
    if not assumed:
        return
    yield translate(
        "{count} of {total} links rest on facts that nobody gave: whatever crosses them is met or missed only if it is built so",
        language,
        count=len(assumed),
        total=len(document["links"]),
    )
    groups: dict[tuple[str, ...], list[LinkEntry]] = {}
    for link in assumed:
        groups.setdefault(tuple(link["assumptions"]), []).append(link)
    for facts, links in groups.items():
        named = translate(", ", language).join(words.say(words.FACTS, fact, language) for fact in facts)
        yield labelled(named, _shortened([link["id"] for link in links], ", ", language), language)


def _unfaithful(document: Document, language: str) -> Iterator[str]:
    for link in document["links"]:
        if not link["faithful"] and link.get("calibrated", True):
            yield translate(
                "{link}: {asked} ms asked, {got} ms measured, tolerance {tolerance} ms",
                language,
                link=link["id"],
                asked=" / ".join(milliseconds(asked) for asked in link["asked"]["delay_ns"]),
                got=" / ".join(milliseconds(got["value"]) for got in link["got"]["delay_ns"]),
                tolerance=milliseconds(link["tolerance_ns"]),
            )


def _reading(document: Document, language: str, complete: bool) -> Iterator[str]:
    yield translate("Delay and loss are those of the worse direction; the interval is at 95% confidence", language)
    yield from live_notes.reading_lines(document, language)
    yield from import_notes.reading_lines(document, language)
    yield from _instrument(document, language)
    if "clock" in document:
        yield clock_notes.here_line(document["clock"], language)
    yield from _scale(document, language)
    if any(target["break_even"] for _, target in select.all_targets(document)):
        yield translate("Longest route: how long the route may be for the target still to be met", language)
    if any(target["toward"] for corridor in document["corridors"] for target in corridor["targets"]):
        yield translate("→ and ← beside a target: it is for that direction of the corridor only", language)
    if not complete:
        yield translate("A terminal of 100 columns or more shows route, theory, p50 and throughput too", language)
    yield translate(
        "Archived as {run}: `netbench results show` prints it again, `netbench results verify` checks it",
        language,
        run=document["run"],
    )


def _instrument(document: Document, language: str) -> Iterator[str]:
    classes = dict.fromkeys(corridor["timestamps"] for corridor in document["corridors"] if corridor["timestamps"])
    errors = [corridor["error_ns"] for corridor in document["corridors"]]
    if classes and errors:
        template = (
            mark("Timestamps: {classes}; their error, at most {error} ms one way, widens every interval judged")
            if "live" in document
            else mark(
                "Timestamps: {classes}; their error and the network's, at most {error} ms one way, widen every interval judged"
            )
        )
        yield translate(
            template,
            language,
            classes=", ".join(words.say(words.TIMESTAMPS, name, language) for name in classes),
            error=milliseconds(max(errors)),
        )


def _scale(document: Document, language: str) -> Iterator[str]:
    examples: dict[int, str] = {}
    for corridor in document["corridors"]:
        for entry in select.metrics_of(corridor, "throughput", "mean"):
            scale, emulated = entry.get("rate_scale", 1), entry.get("emulated")
            if scale > 1 and emulated and emulated["value"] is not None:
                measured, meant = (figure(value, "bit/s", "throughput") for value in (emulated["value"], entry["value"]))
                examples.setdefault(scale, f"{measured} × {scale} = {meant}")
    if examples:
        yield translate(
            "Throughput is in the plan's terms: links were emulated at a fraction of their rate ({scales}), such as {example}",
            language,
            scales=", ".join(f"1/{scale}" for scale in sorted(examples)),
            example=examples[max(examples)],
        )


def _break_even(target: TargetEntry, language: str) -> str:
    found = target["break_even"]
    if found is None:
        return ""
    if found["route_km"] <= 0:
        return translate("; no route is short enough", language)
    return translate(
        "; a route of up to {length} would meet it, {factor} times the great circle",
        language,
        length=kilometres(found["route_km"]),
        factor=f"{found['route_factor']:.2f}",
    )


def _source(target: TargetEntry, language: str) -> str:
    source = target["source"]
    told = translate(", ", language).join(part for part in (source["title"], source["date"]) if part)
    return f" [{told}]" if told else ""


def _names(corridors: Sequence[CorridorEntry], document: Document, language: str) -> str:
    return _shortened(
        [corridor_name(corridor, document["sites"], language) for corridor in corridors], translate(", ", language), language
    )


def _shortened(names: Sequence[str], comma: str, language: str) -> str:
    shown = comma.join(names[:_NAMES])
    rest = len(names) - _NAMES
    return shown if rest <= 0 else translate("{names} and {count} more", language, names=shown, count=rest)
