"""A path as a table for people: a line an address, and under it branches, changes and the largest packet."""

from collections.abc import Iterator, Mapping

from netbench.cli.path_document import AnswererEntry, HopEntry, MtuEntry, PathEntry
from netbench.report.figures import ABSENT, milliseconds
from netbench.report.language import mark, translate
from netbench.report.words import STATISTICS, say
from netbench.units import format_ratio

STATISTICS_SHOWN = ("min", "p50", "p99", "max")
STANDINGS: Mapping[str, str] = {
    "silent": mark("does not answer, and forwards"),
    "limited": mark("limits its answers"),
    "losing": mark("packets are lost here or on the way here"),
    "unknown": mark("packets or answers are missing"),
}


def print_path(path: PathEntry, language: str) -> None:
    """Print the path to stdout."""
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="")
    table.add_column(translate(mark("hop"), language), justify="right")
    table.add_column(translate(mark("address"), language))
    for statistic in STATISTICS_SHOWN:
        table.add_column(say(STATISTICS, statistic, language), justify="right")
    table.add_column(translate(mark("answers"), language), justify="right")
    table.add_column("")
    for hop in path["hops"]:
        for cells in _lines(hop, path["flows"], language):
            table.add_row(*cells)
    console = Console(highlight=False, markup=False, width=140, color_system=None)
    console.print(table)
    for note in path_notes(path, language):
        console.print(note, soft_wrap=True)


def path_notes(path: PathEntry, language: str) -> list[str]:
    """Return what must be said of the path beside its hops."""
    return [
        *_end(path, language),
        *_branches(path, language),
        *_balanced(path, language),
        *_changes(path, language),
        *_mtu(path["mtu"], language),
    ]


def _lines(hop: HopEntry, flows: int, language: str) -> Iterator[list[str]]:
    standing = say(STANDINGS, hop["standing"], language) if hop["standing"] in STANDINGS else ""
    if not hop["answers"]:
        yield [str(hop["hop"]), ABSENT, *[""] * len(STATISTICS_SHOWN), f"0/{hop['asked']}", standing]
    for number, answer in enumerate(hop["answers"]):
        told = _told(answer, language)
        if len(hop["answers"]) > 1:
            share = mark("{some} of {all} flows")
            told.insert(0, translate(share, language, some=len(answer["flows"]), all=flows))
            count = str(answer["answered"])
        else:
            count = f"{answer['answered']}/{hop['asked']}"
        if number == 0 and standing:
            told.append(standing)
        first = str(hop["hop"]) if number == 0 else ""
        yield [first, answer["address"], *_figures(answer), count, translate(", ", language).join(told)]


def _figures(answer: AnswererEntry) -> list[str]:
    by_statistic = {entry["statistic"]: entry["value"] for entry in answer["metrics"]}
    return [milliseconds(by_statistic.get(statistic)) for statistic in STATISTICS_SHOWN]


def _told(answer: AnswererEntry, language: str) -> list[str]:
    told: list[str] = []
    if "labels" in answer:
        labels = " ".join(entry.split("/")[0] for entry in answer["labels"].split())
        told.append(translate(mark("MPLS label {labels}"), language, labels=labels))
    if "interface" in answer:
        told.append(translate(mark("by interface {interface}"), language, interface=answer["interface"]))
    return told


def _end(path: PathEntry, language: str) -> Iterator[str]:
    if not path["hops"]:
        nobody = mark("Neither {destination} nor any hop on the way to it answered.")
        yield translate(nobody, language, destination=path["destination"])
    elif not path["reached"]:
        last = max((hop["hop"] for hop in path["hops"] if hop["answers"]), default=0)
        sentence = mark("{destination} did not answer; the last answer came from hop {hop}.")
        yield translate(sentence, language, destination=path["destination"], hop=last)


def _branches(path: PathEntry, language: str) -> Iterator[str]:
    share = format_ratio(path["confidence"])
    for node in path["branches"]:
        place = node["address"] or path["source"]
        if len(node["next"]) > 1:
            sentence = mark("Hop {hop} branches behind {place}: {next}.")
            following = translate(", ", language).join(node["next"])
            yield translate(sentence, language, hop=node["hop"] + 1, place=place, next=following)
    open_nodes = [node for node in path["branches"] if node["next"] and node["flows"] < node["needed"]]
    if path["branches_ruled_out"]:
        ruled_out = mark("Further branches are ruled out by {flows} flows, at each hop with a confidence of {share}.")
        yield translate(ruled_out, language, flows=path["flows"], share=share)
    elif open_nodes:
        most = max(open_nodes, key=lambda node: node["needed"] - node["flows"])
        sentence = mark(
            "Further branches are not ruled out: {flows} flows passed {place} and were answered behind it, "
            "a confidence of {share} takes {needed}."
        )
        place = most["address"] or path["source"]
        yield translate(sentence, language, flows=most["flows"], place=place, share=share, needed=most["needed"])


def _balanced(path: PathEntry, language: str) -> Iterator[str]:
    for hop in path["balanced"]:
        sentence = mark("Hop {hop} spreads packets of one flow over several ways, packet by packet.")
        yield translate(sentence, language, hop=hop)


def _changes(path: PathEntry, language: str) -> Iterator[str]:
    for change in path["changes"]:
        sentence = mark("The path changed between {after} and {before}: {turns}.")
        turn = mark("hop {hop} from {old} to {new}")
        turns = [translate(turn, language, **each) for each in change["hops"]]
        told = translate(", ", language).join(turns)
        yield translate(sentence, language, after=change["after"], before=change["before"], turns=told)


def _mtu(mtu: MtuEntry | None, language: str) -> Iterator[str]:
    if mtu is None:
        return
    if mtu["octets"] is None:
        told = mark("The largest packet that arrives is not known: the far end answered none.")
        yield translate(told, language)
    elif mtu["narrow"] is not None:
        told = mark("Packets of up to {octets} octets arrive; {narrow} says that more does not fit its next link.")
        yield translate(told, language, octets=mtu["octets"], narrow=mtu["narrow"])
    elif mtu["searched"]:
        told = mark("Packets of up to {octets} octets arrive; larger ones vanish, and no router says why.")
        yield translate(told, language, octets=mtu["octets"])
    else:
        told = mark("Packets of up to {octets} octets arrive: all that this host's interface takes.")
        yield translate(told, language, octets=mtu["octets"])
