"""The table that a run ends with: a line a corridor, and under it what a reader must know to trust it."""

import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from rich import box
from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from netbench.campaign.document import CorridorEntry, Document
from netbench.report import words
from netbench.report.footnotes import Note, notes, summary
from netbench.report.language import mark, translate
from netbench.report.rows import Row, row
from netbench.report.select import Standing

WITH_INTERVALS, WITH_LENGTHS, WITH_FIGURES = 150, 120, 100
"""From how many columns on the table shows intervals, route lengths, and the route, theory, median and throughput at all."""

_COLOURS: Mapping[Standing, str] = {
    "missed": "bold red",
    "missed if built so": "red",
    "void": "magenta",
    "inconclusive": "yellow",
    "missed, not due yet": "yellow",
    "met if built so": "cyan",
    "met": "green",
    "nothing decides": "dim",
}


@dataclass(frozen=True, slots=True)
class _Column:
    """A column: its heading, from which width on it is there, and what stands in it."""

    heading: str
    from_width: int
    cell: Callable[[Row], Text]
    justify: Literal["left", "right"] = "right"
    wraps: bool = False


def render(document: Document, language: str, width: int | None) -> str:
    """Return the whole table and its notes as text, ending without a newline.

    ``width`` in columns; None means the terminal's own, in colour where stdout is one and NO_COLOR is not set.
    """
    terminal = Console()
    written = io.StringIO()
    console = Console(
        file=written,
        width=width or terminal.width,
        force_terminal=width is None and terminal.is_terminal,
        color_system="auto" if width is None else None,
        highlight=False,
    )
    console.print(_page(document, language, console.width))
    return "\n".join(line.rstrip() for line in written.getvalue().splitlines())


def _page(document: Document, language: str, width: int) -> Group:
    title = document["plan"]["title"]["zh" if language == "zh" else "en"]
    parts: list[RenderableType] = [Text(title, style="bold"), Text(_subtitle(document, language), style="dim"), Text()]
    parts.append(_table(document, language, width))
    parts.append(summary(document, language))
    parts += [_note(note) for note in notes(document, language, width >= WITH_FIGURES)]
    return Group(*parts)


def _subtitle(document: Document, language: str) -> str:
    return translate(
        "{network} network, wire {wire}, {started}, {seconds} s",
        language,
        network=words.say(words.NETWORKS, document["network"], language),
        wire=document["wire"],
        started=document["started"],
        seconds=f"{document['seconds']:.0f}",
    )


def _table(document: Document, language: str, width: int) -> Table:
    columns = [column for column in _COLUMNS if width >= column.from_width]
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False, show_edge=False)
    for column in columns:
        heading = translate(column.heading, language)
        table.add_column(Text(heading), justify=column.justify, no_wrap=not column.wraps, overflow="fold")
    for heading, corridors in _groups(document["corridors"], language).items():
        table.add_row(Text(heading, style="bold"))
        for corridor in corridors:
            cells = row(corridor, document, language, with_length=width >= WITH_LENGTHS)
            table.add_row(*[column.cell(cells) for column in columns])
    return table


def _groups(corridors: list[CorridorEntry], language: str) -> Mapping[str, list[CorridorEntry]]:
    groups: dict[str, list[CorridorEntry]] = {}
    for corridor in corridors:
        names, word = (words.KINDS, corridor["kind"]) if corridor["class"] is None else (words.CLASSES, corridor["class"])
        groups.setdefault(words.say(names, word, language), []).append(corridor)
    return groups


def _note(note: Note) -> RenderableType:
    body = Text("\n".join(note.lines))
    return Group(Text(), Text(note.heading, style="bold"), Padding(body, (0, 0, 0, 2)))


def _plain(cell: Callable[[Row], str]) -> Callable[[Row], Text]:
    return lambda cells: Text(cell(cells))


def _verdicts(cells: Row) -> Text:
    return Text("\n").join(Text(line.verdict, style=_COLOURS[line.standing]) for line in cells.targets)


def _targets(cells: Row) -> Text:
    return Text("\n".join(line.target for line in cells.targets))


def _break_evens(cells: Row) -> Text:
    return Text("\n".join(line.break_even for line in cells.targets))


_COLUMNS = (
    _Column(mark("corridor"), 0, _plain(lambda cells: cells.corridor), "left", wraps=True),
    _Column(mark("route"), WITH_FIGURES, _plain(lambda cells: cells.route), "left", wraps=True),
    _Column(mark("theory ms"), WITH_FIGURES, _plain(lambda cells: cells.theory)),
    _Column(mark("p50 ms"), WITH_FIGURES, _plain(lambda cells: cells.p50)),
    _Column(mark("p99 ms"), 0, _plain(lambda cells: cells.p99)),
    _Column(mark("interval"), WITH_INTERVALS, _plain(lambda cells: cells.p99_interval), "left"),
    _Column(mark("loss"), 0, _plain(lambda cells: cells.loss)),
    _Column(mark("throughput"), WITH_FIGURES, _plain(lambda cells: cells.throughput), wraps=True),
    _Column(mark("target"), 0, _targets, "left", wraps=True),
    _Column(mark("verdict"), 0, _verdicts, "left"),
    _Column(mark("longest route"), WITH_LENGTHS, _break_evens),
)
