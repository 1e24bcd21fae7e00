"""The certificate as people read it: a line a direction of a link, what was asked and what was got."""

import io

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from netbench.campaign.document import Document, LinkEntry
from netbench.report import words
from netbench.report.calibration_notes import calibration_lines
from netbench.report.figures import ABSENT
from netbench.report.language import mark, retell, translate
from netbench.report.link_figures import DirectionOf, ItemName, LinkFigure, link_figures

_HEADINGS = (
    mark("link"),
    mark("direction"),
    mark("delay"),
    mark("rate"),
    mark("queue"),
    mark("jitter"),
    mark("loss"),
    mark("verdict"),
)
_ITEMS: tuple[ItemName, ...] = ("delay", "rate", "queue", "jitter", "loss")
_WAYS: tuple[DirectionOf, ...] = ("forward", "reverse")
WITH_INTERVALS = 150
"""From how many columns on a figure's interval stands beside it."""


def render_certificate(document: Document, language: str, width: int | None) -> str:
    """Return the certificates of all links as a table, then what they show together and every fault."""
    title = document["plan"]["title"]["zh" if language == "zh" else "en"]
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False, show_edge=False)
    for heading in _HEADINGS:
        table.add_column(translate(heading, language), overflow="fold")
    for link in document["links"]:
        for cells in _rows(link, language, intervals=(width or Console().width) >= WITH_INTERVALS):
            table.add_row(*(Text(cell) for cell in cells))
    lines = [*calibration_lines(document, language), *_faults(document, language)]
    written = io.StringIO()
    console = Console(file=written, width=width or Console().width, color_system=None, highlight=False)
    console.print(Text(title, style="bold"))
    console.print(table)
    for line in lines:
        console.print(Text(line))
    return "\n".join(line.rstrip() for line in written.getvalue().splitlines())


def _rows(link: LinkEntry, language: str, *, intervals: bool) -> list[list[str]]:
    by_place = {(figure.direction, figure.item): figure for figure in link_figures(link)}
    return [
        [
            link["id"],
            words.say(words.DIRECTIONS, direction, language),
            *(_cell(by_place.get((direction, item)), intervals=intervals and item in ("delay", "rate")) for item in _ITEMS),
            translate(_verdict(link, direction), language),
        ]
        for direction in _WAYS
    ]


def _verdict(link: LinkEntry, direction: DirectionOf) -> str:
    if not link["faithful"]:
        return mark("off its plan")
    unproved = any(entry["direction"] == direction for entry in link.get("unproved", []))
    return mark("as planned where measurable") if unproved else mark("as planned")


def _cell(figure: LinkFigure | None, *, intervals: bool) -> str:
    """Return ``got (low – high) / asked``; an em dash for what was not got."""
    if figure is None:
        return ABSENT
    got, low, high = (figure.shown(figure.got[end]) for end in ("value", "low", "high"))
    interval = f" ({low} – {high})" if intervals and figure.got["low"] is not None else ""
    return f"{got}{interval} / {figure.shown(figure.asked)}"


def _faults(document: Document, language: str) -> list[str]:
    return [retell(fault, language) for link in document["links"] for fault in link.get("faults", [])]
