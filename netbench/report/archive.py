"""The archive as people read it: the list of runs, a run cut short, what a verification found."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from rich.console import Console
from rich.table import Table
from rich.text import Text

from netbench.archive.reader import RunEntry
from netbench.archive.verify import Verification
from netbench.report import words
from netbench.report.figures import ABSENT
from netbench.report.language import labelled, mark, translate

_HEADINGS = (
    mark("run"),
    mark("started"),
    mark("plan"),
    mark("network"),
    mark("state"),
    mark("verdict"),
    mark("seconds"),
)
_STATES = {"sealed": mark("sealed"), "unsealed": mark("unsealed"), "damaged": mark("damaged")}


class ReadableSamples(NamedTuple):
    """One table of samples of a run cut short: how many rows, of how many pairs."""

    name: str
    rows: int
    pairs: int


def listing(root: Path, entries: Sequence[RunEntry], language: str) -> str:
    """Return the list of runs as text, with what is wrong with one beneath it."""
    if not entries:
        return translate("There are no runs in {root}.", language, root=root)
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="")
    for heading in _HEADINGS:
        table.add_column(Text(translate(heading, language)), justify="right" if heading == "seconds" else "left", no_wrap=True)
    for entry in entries:
        table.add_row(*[Text(cell) for cell in _cells(entry, language)])
    findings = [labelled(entry.run, entry.finding, language) for entry in entries if entry.finding]
    return "\n".join([_as_text(table), *findings])


def unsealed(run: str, samples: Sequence[ReadableSamples], language: str) -> str:
    """Return what can be read of a run that was cut short."""
    heading = translate(
        "{run} was not sealed: it was cut short, and has no verdict. What was measured can be read:", language, run=run
    )
    lines = [
        translate("{name}: {count} samples of {pairs} pairs", language, name=each.name, count=each.rows, pairs=each.pairs)
        for each in samples
    ]
    return "\n".join([heading, *(f"  {line}" for line in lines or [translate("no samples at all", language)])])


def verification(checked: Verification, language: str) -> str:
    """Return a line for each finding, one for each run that is whole or was never sealed, and the head of the chain."""
    lines = list(checked.chain)
    for run, findings in checked.runs.items():
        if run in checked.unsealed:
            lines.append(translate("{run}: not sealed, nothing to check", language, run=run))
        elif findings:
            lines += [labelled(run, finding, language) for finding in findings]
        else:
            lines.append(translate("{run}: whole", language, run=run))
    if checked.head:
        lines.append(translate("head of {file}: {head}", language, file="seals.ndjson", head=checked.head))
    return "\n".join(lines) or translate("no runs to check", language)


def _cells(entry: RunEntry, language: str) -> tuple[str, ...]:
    return (
        entry.run,
        entry.started or ABSENT,
        entry.plan or ABSENT,
        words.say(words.NETWORKS, entry.network, language) if entry.network else ABSENT,
        translate(_STATES[entry.state], language),
        words.say(words.VERDICTS, entry.verdict, language) if entry.verdict else ABSENT,
        ABSENT if entry.seconds is None else f"{entry.seconds:.0f}",
    )


def _as_text(table: Table) -> str:
    # as wide as its text: ids are there to be copied whole
    console = Console(width=1000, color_system=None, highlight=False)
    with console.capture() as captured:
        console.print(table)
    return "\n".join(line.rstrip() for line in captured.get().splitlines())
