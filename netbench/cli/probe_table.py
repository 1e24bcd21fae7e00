"""One measurement as a table for people: a line a metric and direction."""

from collections.abc import Iterable

from netbench.cli.probe_document import ProbeDocument, ProbeMetric
from netbench.report import clock_notes
from netbench.report.figures import ABSENT, milliseconds
from netbench.report.language import mark, retell, translate
from netbench.report.words import DIRECTIONS, METRICS, STATISTICS, TIMESTAMPS, say
from netbench.units import format_rate, format_ratio

STATISTICS_SHOWN = ("min", "p50", "p99", "max")
ONE_FIGURE = ("ratio", "mean")
"""What a line without quantiles shows in place of its median: a ratio, a mean rate."""


def print_table(document: ProbeDocument, language: str) -> None:
    """Print the table to stdout and, under it, who took the times and what could not be said; of a path the hops stand in it."""
    from netbench.cli.path_table import print_path

    if "path" in document:
        print_path(document["path"], language)
    else:
        _print_figures(document, language)
    for note in notes(document, language):
        print(note)


def _print_figures(document: ProbeDocument, language: str) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="")
    table.add_column("")
    table.add_column("")
    for statistic in STATISTICS_SHOWN:
        table.add_column(say(STATISTICS, statistic, language), justify="right")
    for line in _lines(document["metrics"]):
        table.add_row(say(METRICS, line[0]["metric"], language), say(DIRECTIONS, line[0]["direction"], language), *_cells(line))
    # wide enough that no figure is ever cut: a terminal wraps, a file has no width
    console = Console(highlight=False, markup=False, width=120, color_system=None)
    console.print(table)


def notes(document: ProbeDocument, language: str) -> list[str]:
    """Return what must be said beside the figures: timestamps and their error, what was not sent, each reason once."""
    said: list[str] = []
    if document["timestamps"] is not None and document["error_ns"] is not None:
        sentence = mark("Delays in ms. Timestamps: {timestamps}, within {error} ms a direction.")
        word = say(TIMESTAMPS, document["timestamps"], language)
        said.append(translate(sentence, language, timestamps=word, error=milliseconds(document["error_ns"])))
    if document["not_sent"]:
        unsent = mark("{count} attempts were not sent: this host refused them or was too busy; they count as nothing.")
        said.append(translate(unsent, language, count=document["not_sent"]))
    said += _about_clocks(document, language)
    reasons = dict.fromkeys(entry["reason"] for entry in document["metrics"] if "reason" in entry)
    said += [translate(reason, language) for reason in reasons]
    return said + [retell(remark, language) for remark in document.get("remarks", ())]


def _about_clocks(document: ProbeDocument, language: str) -> list[str]:
    if "clocks" not in document or "clock" not in document:
        return []
    clocks = document["clocks"]
    lines = (
        clock_notes.here_line(document["clock"], language),
        clock_notes.bounded_line([(document["target"], clocks)], language),
        clock_notes.skew_line(clocks, language),
    )
    return [*(line for line in lines if line is not None), *clock_notes.remarks(clocks, language)]


def _lines(metrics: Iterable[ProbeMetric]) -> list[list[ProbeMetric]]:
    lines: dict[tuple[str, str], list[ProbeMetric]] = {}
    for entry in metrics:
        lines.setdefault((entry["metric"], entry["direction"]), []).append(entry)
    return list(lines.values())


def _cells(line: list[ProbeMetric]) -> list[str]:
    by_statistic = {entry["statistic"]: entry for entry in line}
    single = next((by_statistic[name] for name in ONE_FIGURE if name in by_statistic), None)
    cells = [_shown(by_statistic[name]) if name in by_statistic else "" for name in STATISTICS_SHOWN]
    if not any(cells) and single is not None:
        cells[STATISTICS_SHOWN.index("p50")] = _shown(single)
    return cells


def _shown(entry: ProbeMetric) -> str:
    value = entry["value"]
    if value is None:
        return ABSENT
    return {"ns": milliseconds, "bit/s": format_rate, "1": format_ratio}[entry["unit"]](value)
