"""What stands under the table of what was proved of the links: how many are as planned, the worst of each kind, drift."""

from collections.abc import Iterator, Sequence

from netbench.campaign.document import Document, FollowedEntry, LinkEntry
from netbench.report import words
from netbench.report.language import labelled, mark, retell, translate
from netbench.report.link_figures import ITEMS, ItemName, LinkFigure, link_figures
from netbench.units import format_duration, format_ratio

NOT_CALIBRATED = mark("the links were not calibrated (--no-calibrate), so nothing says that they are as planned")
_SHOWN = 6
"""How many things that could not be measured are named before the rest is counted."""
_WORST: tuple[ItemName, ...] = ("delay", "rate", "queue")


def calibration_lines(document: Document, language: str) -> Iterator[str]:
    """Say what the links' certificates show; nothing for a run from before there were any."""
    links = [link for link in document["links"] if "calibrated" in link]
    if not links:
        return
    if not any(link.get("calibrated") for link in links):
        yield translate(
            mark("the links were not calibrated (--no-calibrate), so nothing says that they are as planned"), language
        )
        return
    faithful = sum(link["faithful"] for link in links)
    yield translate("{count} of {total} links are as planned, both ways", language, count=faithful, total=len(links))
    yield from _worst(links, language)
    yield from _drift(links, language)
    yield from _followed(links, language)
    yield from _unproved(links, language)


def _worst(links: Sequence[LinkEntry], language: str) -> Iterator[str]:
    figures = [figure for link in links for figure in link_figures(link) if figure.error is not None]
    told = [_furthest([figure for figure in figures if figure.item == item], language) for item in _WORST]
    furthest = translate(", ", language).join(line for line in told if line)
    if furthest:
        yield labelled(translate("Furthest off", language), furthest, language)


def _furthest(figures: Sequence[LinkFigure], language: str) -> str:
    if not figures:
        return ""
    worst = max(figures, key=lambda figure: abs(figure.error or 0))
    return translate(
        "{item} {error} of {asked} ({link} {direction})",
        language,
        item=words.say(ITEMS, worst.item, language),
        error=worst.shown_error(),
        asked=worst.shown(worst.asked),
        link=worst.link,
        direction=words.say(words.DIRECTIONS, worst.direction, language),
    )


def _drift(links: Sequence[LinkEntry], language: str) -> Iterator[str]:
    moved: list[tuple[float, str]] = []
    for link in links:
        drift = link.get("drift")
        if drift is None:
            continue
        if drift["reason"]:
            yield retell(drift["reason"], language)
        for before, after in zip(link["got"]["delay_ns"], drift["delay_ns"], strict=True):
            if before["value"] is not None and after["value"] is not None:
                moved.append((abs(after["value"] - before["value"]), link["id"]))
    if moved:
        most, name = max(moved)
        yield translate(
            "Measured again after the campaign: no link's delay had moved by more than {moved} ({link})",
            language,
            moved=format_duration(most),
            link=name,
        )


def _followed(links: Sequence[LinkEntry], language: str) -> Iterator[str]:
    for link in links:
        for entry in link.get("followed", []):
            yield translate(
                "Beside its trace, {link} {direction}: {figures}",
                language,
                link=link["id"],
                direction=words.say(words.DIRECTIONS, entry["direction"], language),
                figures=translate(", ", language).join(_beside_trace(entry, language)),
            )


def _beside_trace(entry: FollowedEntry, language: str) -> Iterator[str]:
    later_ns, lost, asked = entry["delay_ns"]["value"], entry["loss_ratio"]["value"], entry["asked_loss_ratio"]
    if later_ns is not None:
        size = format_duration(abs(later_ns))
        yield f"{words.say(ITEMS, 'delay', language)} {'−' if later_ns < 0 else '+'}{size}"
    share = entry["rate_share"]["value"] if "rate_share" in entry else None
    if share is not None:
        yield f"{words.say(ITEMS, 'rate', language)} {format_ratio(round(share, 4))}"
    if lost is not None and asked is not None:
        yield f"{words.say(ITEMS, 'loss', language)} {format_ratio(lost)} / {format_ratio(round(asked, 6))}"


def _unproved(links: Sequence[LinkEntry], language: str) -> Iterator[str]:
    found = [(link["id"], entry) for link in links for entry in link.get("unproved", [])]
    for name, entry in found[:_SHOWN]:
        yield translate(
            "Not measurable here: {item} of {link} {direction}: {reason}",
            language,
            item=words.say(ITEMS, entry["kind"], language),
            link=name,
            direction=words.say(words.DIRECTIONS, entry["direction"], language),
            reason=retell(entry["reason"], language),
        )
    if len(found) > _SHOWN:
        yield translate("and {count} more that could not be measured here", language, count=len(found) - _SHOWN)
