"""``netbench import``: measurements that routers, platforms and other tools made, judged and kept like a run."""

import argparse
import os
import sys
from datetime import datetime
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

from netbench.errors import UsageError

if TYPE_CHECKING:
    from netbench.campaign.document import Document
    from netbench.cli.commands import Commands


def add_parser(commands: "Commands") -> None:
    """Add the verb."""
    parser = commands.add_parser("import", help="judge and keep what routers or other tools measured", description=__doc__)
    parser.add_argument("file", type=Path, nargs="?", metavar="FILE", help="an export or a log, as it came")
    parser.add_argument("--map", metavar="NAME", help="how to read it: a map's name (--list), or a file of yours")
    parser.add_argument("--plan", metavar="PLAN", help="whose corridors and targets: a plan's name or a file")
    parser.add_argument(
        "--corridor",
        action="append",
        default=[],
        metavar="[NAME=]ID",
        help="which corridor it is, or which one NAME in the file is; ID:reverse when measured from its far end, "
        "nothing behind = to leave NAME out; may be repeated",
    )
    parser.add_argument("--at", metavar="INSTANT", help="when it was measured, where the file does not say (ISO 8601)")
    parser.add_argument("--list", action="store_true", help="list the maps that come with netbench")
    parser.add_argument("--show", metavar="NAME", help="print a map, to copy and change")
    parser.add_argument("--schema", action="store_true", help="print the JSON Schema of a map")
    parser.add_argument("--results", type=Path, metavar="DIR", help="the archive (default: NETBENCH_RESULTS, else ./results)")
    parser.add_argument("--json", metavar="FILE", help="write the result document to FILE, or to stdout with -")
    parser.add_argument("--lang", choices=("zh", "en"), help="the table's language (default: the locale's)")
    parser.set_defaults(handler=run)


def run(arguments: argparse.Namespace) -> int:
    """List or print maps, or import a file; returns the exit code of the verdict.

    :raises UsageError: when not all is given that an import takes
    """
    if arguments.list or arguments.show or arguments.schema:
        _tell(arguments)
        return 0
    needed = {"FILE": arguments.file, "--map": arguments.map, "--plan": arguments.plan}
    lacking = [name for name, value in needed.items() if not value]
    if lacking:
        raise UsageError(f"an import takes FILE, --map NAME and --plan PLAN; {lacking[0]} is missing (--list lists maps)")
    return _import(arguments)


def _tell(arguments: argparse.Namespace) -> None:
    from netbench.foreign import maps
    from netbench.report.language import choose_language

    if arguments.schema:
        print((files("netbench.foreign") / "map.schema.json").read_text("utf-8"), end="")
    elif arguments.show:
        maps.find(arguments.show)  # refuses what is none
        print(maps.built_in_text(arguments.show), end="")
    else:
        chinese = choose_language(arguments.lang, os.environ) == "zh"
        for each in map(maps.find, maps.names()):
            print(f"{each.name:<20}{each.format:<11}{each.title.zh if chinese else each.title.en}")


def _import(arguments: argparse.Namespace) -> int:
    from netbench.archive.place import archive_root
    from netbench.campaign.import_assigning import parse_assignment
    from netbench.campaign.import_run import ImportOptions, import_file
    from netbench.clock import SystemClock
    from netbench.foreign import maps
    from netbench.plan import catalogue

    plan = catalogue.find(arguments.plan)
    options = ImportOptions(
        results=archive_root(arguments.results, os.environ),
        file=arguments.file,
        map=maps.find(arguments.map),
        corridors=tuple(parse_assignment(text, plan) for text in arguments.corridor),
        at_ns=_at_ns(arguments.at),
    )
    result = import_file(plan, options, SystemClock())
    _show(arguments, result.document)
    return result.exit_code


def _at_ns(text: str | None) -> int | None:
    from netbench.foreign.times import ns_since_1970

    if text is None:
        return None
    try:
        when = datetime.fromisoformat(text)
    except ValueError as error:
        raise UsageError(f"--at {text}: write an instant like 2026-11-25T08:00:00+08:00") from error
    if when.tzinfo is None:
        raise UsageError(f"--at {text}: this says no time zone; write it like {text}+08:00, or Z for UTC")
    return ns_since_1970(when)


def _show(arguments: argparse.Namespace, document: "Document") -> None:
    import json

    from netbench.cli.run import write_text
    from netbench.report.language import choose_language
    from netbench.report.table import render

    if arguments.json:
        write_text(arguments.json, json.dumps(document, ensure_ascii=False, indent=2) + "\n")
    if arguments.json != "-":
        print(render(document, choose_language(arguments.lang, os.environ), None if sys.stdout.isatty() else 160))
