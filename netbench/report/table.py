"""The table that a run ends with: a line a corridor, and under it what a reader must know to trust it."""

import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from rich import box
from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from netbench.campaign.document import Document
from netbench.report import words
from netbench.report.failures import failures
from netbench.report.footnotes import Note, notes, summary
from netbench.report.language import mark, translate
from netbench.report.layout import fitted
from netbench.report.rows import NO_TARGET, Row, RowGroup, TargetLine, row_groups
from netbench.report.select import Standing

WITH_INTERVALS, WITH_LENGTHS, WITH_FIGURES = 150, 120, 100
"""From how many columns on the table shows intervals, route lengths, and the route, theory, median and throughput at all."""

_ONE_RATE = len("1,000 Gbit/s")
"""How wide the throughput is: where both directions differ they take two lines."""

_COLOURS: Mapping[Standing, str] = {
    "missed": "bold red",
    "missed if built so": "red",
    "void": "magenta",
    "inconclusive": "yellow",
    "not due yet": "yellow",
    "met if built so": "cyan",
    "met": "green",
    "nothing decides": "dim",
}


@dataclass(frozen=True, slots=True)
class _Column:
    """A column: its heading, from which width on it is there, and what stands in it."""

    heading: str
    from_width: int
    cell: Callable[[Row, TargetLine], Text]
    justify: Literal["left", "right"] = "right"
    wraps: bool = False
    of_target: bool = False
    widest: int = 1000


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
    parts += _tables(document, language, width)
    parts += failures(document, language)
    parts.append(summary(document, language))
    parts += [_note(note) for note in notes(document, language, width >= WITH_FIGURES)]
    return Group(*parts)


def _subtitle(document: Document, language: str) -> str:
    if "imported" in document:
        return _imported_subtitle(document, language)
    return translate(
        "{network} network, wire {wire}, {started}, {seconds} s",
        language,
        network=words.say(words.NETWORKS, document["network"], language),
        wire=document["wire"],
        started=document["started"].replace("T", " ").removesuffix("Z") + " UTC",
        seconds=f"{document['seconds']:.0f}",
    )


def _imported_subtitle(document: Document, language: str) -> str:
    network = words.say(words.NETWORKS, document["network"], language)
    instant = document["started"].replace("T", " ").removesuffix("Z") + " UTC"
    template = mark("{network} network, imported by map {map}, {started}")
    return translate(template, language, network=network, map=document["wire"], started=instant)


def _tables(document: Document, language: str, width: int) -> Iterator[RenderableType]:
    groups = list(row_groups(document, language))
    columns = [column for column in _COLUMNS if width >= column.from_width and _says_something(column, groups)]
    headings = [Text(translate(column.heading, language)) for column in columns]
    lines_of = {group.heading: [line for row in group.rows for line in _lines(row, columns)] for group in groups}
    gap = 2 if width >= WITH_LENGTHS else 1
    every_line = [line for lines in lines_of.values() for line in lines]
    most = [column.widest for column in columns]
    widths = fitted(headings, every_line, [column.wraps for column in columns], most, width - gap * (len(columns) - 1))
    yield _table(columns, widths, gap, [], headings)
    for heading, lines in lines_of.items():
        yield Text(heading, style="bold")
        yield _table(columns, widths, gap, lines)


def _table(
    columns: Sequence[_Column], widths: Sequence[int], gap: int, lines: Sequence[Sequence[Text]], headings: Sequence[Text] = ()
) -> Table:
    # one table a group, all of the same widths, so that a group's heading may be as long as the page;
    # the box itself puts one blank between columns
    table = Table(box=box.SIMPLE_HEAD, padding=(0, gap - 1, 0, 0), pad_edge=False, show_edge=False, show_header=bool(headings))
    for number, column in enumerate(columns):
        table.add_column(headings[number] if headings else "", justify=column.justify, width=widths[number], overflow="fold")
    for line in lines:
        table.add_row(*line)
    return table


def _says_something(column: _Column, groups: Sequence[RowGroup]) -> bool:
    cells = [column.cell(row, line) for group in groups for row in group.rows for line in row.targets or (NO_TARGET,)]
    return not cells or any(cells)


def _lines(row: Row, columns: Sequence[_Column]) -> Iterator[list[Text]]:
    """Yield a corridor's line, and one more for each further target."""
    for number, target in enumerate(row.targets or (NO_TARGET,)):
        of_corridor = number == 0
        yield [column.cell(row, target) if of_corridor or column.of_target else Text() for column in columns]


def _note(note: Note) -> RenderableType:
    body = Text("\n".join(note.lines))
    return Group(Text(), Text(note.heading, style="bold"), Padding(body, (0, 0, 0, 2)))


def _corridor(cell: Callable[[Row], str]) -> Callable[[Row, TargetLine], Text]:
    return lambda row, _: Text(cell(row))


def _target(cell: Callable[[TargetLine], str]) -> Callable[[Row, TargetLine], Text]:
    return lambda _, line: Text(cell(line))


def _verdict(_: Row, line: TargetLine) -> Text:
    return Text(line.verdict, style=_COLOURS[line.standing])


_COLUMNS = (
    _Column(mark("corridor"), 0, _corridor(lambda row: row.corridor), "left", wraps=True),
    _Column(mark("route"), WITH_FIGURES, _corridor(lambda row: row.route), "left", wraps=True),
    _Column(mark("length"), WITH_LENGTHS, _corridor(lambda row: row.length)),
    _Column(mark("theory ms"), WITH_FIGURES, _corridor(lambda row: row.theory)),
    _Column(mark("p50 ms"), WITH_FIGURES, _corridor(lambda row: row.p50)),
    _Column(mark("p99 ms"), 0, _corridor(lambda row: row.p99)),
    _Column(mark("interval"), WITH_INTERVALS, _corridor(lambda row: row.p99_interval), "left"),
    _Column(mark("loss"), 0, _corridor(lambda row: row.loss)),
    _Column(mark("throughput"), WITH_FIGURES, _corridor(lambda row: row.throughput), wraps=True, widest=_ONE_RATE),
    _Column(mark("target"), 0, _target(lambda line: line.target), "left", wraps=True, of_target=True),
    _Column(mark("verdict"), 0, _verdict, "left", of_target=True),
    _Column(mark("longest route"), WITH_LENGTHS, _target(lambda line: line.break_even), of_target=True),
)
