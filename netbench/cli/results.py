"""``netbench results``: what lies in the archive, what a run found, and whether it is what it was when it was sealed."""

import argparse
import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from netbench.errors import UsageError

if TYPE_CHECKING:
    from netbench.archive.reader import Run, RunEntry
    from netbench.campaign.document import Document
    from netbench.cli.commands import Commands

LIST_SCHEMA = 1
WHOLE, NOT_SEALED, DAMAGED = 0, 4, 5
"""What ``verify`` ends with: nothing was changed; a run that was named was never sealed; something was changed."""


def add_parser(commands: "Commands") -> None:
    """Add the verb and its three actions."""
    parser = commands.add_parser("results", help="list, show and verify archived runs", description=__doc__)
    actions = parser.add_subparsers(title="actions", metavar="ACTION", required=True)
    listing = _action(actions, "list", list_runs, "list all runs, oldest first")
    listing.add_argument("--json", action="store_true", help="print the list as JSON")
    showing = _action(actions, "show", show, "print a run's table again; of a run cut short, what can be read")
    showing.add_argument("run", metavar="RUN", help="a run's id, its beginning, its short id, or its folder")
    showing.add_argument("--json", action="store_true", help="print the result document as it was sealed")
    verifying = _action(actions, "verify", verify, "read every byte of runs and compare it with what was sealed")
    verifying.add_argument("runs", metavar="RUN", nargs="*", help="runs to verify; all when none is named")


def _action(actions: Any, name: str, handler: Any, summary: str) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = actions.add_parser(name, help=summary, description=f"{summary.capitalize()}.")
    parser.add_argument("--results", type=Path, metavar="DIR", help="the archive (default: NETBENCH_RESULTS, else ./results)")
    parser.add_argument("--lang", choices=("zh", "en"), help="the language (default: the locale's)")
    parser.set_defaults(handler=handler)
    return parser


def list_runs(arguments: argparse.Namespace) -> int:
    """Print a line a run; 0."""
    from netbench.archive import reader
    from netbench.report.archive import listing

    root = _root(arguments)
    entries = reader.list_runs(root)
    if arguments.json:
        _print_json({"schema": LIST_SCHEMA, "runs": [_entry(entry) for entry in entries]})
    else:
        print(listing(root, entries, _language(arguments)))
    return 0


def show(arguments: argparse.Namespace) -> int:
    """Print a run's table, or what an unsealed run has to read; 0.

    :raises UsageError: when there is no such run, or JSON is asked of a run that has no document
    """
    from netbench.archive.reader import open_run
    from netbench.report.certificate import render_certificate
    from netbench.report.table import render

    run = open_run(_root(arguments), arguments.run)
    document = cast("Document | None", run.document)  # the schema is the archive's promise, held by tests
    if document is None:
        return _show_unsealed(run, arguments)
    if arguments.json:
        _print_json(document)
    else:
        shown = render if document["corridors"] else render_certificate
        print(shown(document, _language(arguments), None if sys.stdout.isatty() else 160))
    return 0


def verify(arguments: argparse.Namespace) -> int:
    """Print what was found of each run; 0 when all is whole, 5 when anything was changed, 4 when a named run is unsealed."""
    from netbench.archive.reader import open_run
    from netbench.archive.verify import verify_archive
    from netbench.report.archive import verification

    root = _root(arguments)
    named = [open_run(root, name) for name in arguments.runs]
    # a run given by its path is checked against the archive that it lies in
    roots = dict.fromkeys(run.folder.parent for run in named) or {root: None}
    code = WHOLE
    for each in roots:
        checked = verify_archive(each, [run for run in named if run.folder.parent == each])
        print(verification(checked, _language(arguments)))
        if checked.damaged:
            code = DAMAGED
        elif named and checked.unsealed and code == WHOLE:
            code = NOT_SEALED
    return code


def _show_unsealed(run: "Run", arguments: argparse.Namespace) -> int:
    from netbench.report.archive import ReadableSamples, unsealed

    if arguments.json:
        raise UsageError(f"{run.run_id} was not sealed and has no result document; show it without --json")
    readable = [ReadableSamples(name, run.row_count(name), len(run.label(name).pairs)) for name in run.sample_names()]
    print(unsealed(run.run_id, readable, _language(arguments)))
    return 0


def _root(arguments: argparse.Namespace) -> Path:
    from netbench.archive.place import archive_root

    return archive_root(arguments.results, os.environ)


def _language(arguments: argparse.Namespace) -> str:
    from netbench.report.language import choose_language

    return choose_language(arguments.lang, os.environ)


def _entry(entry: "RunEntry") -> dict[str, Any]:
    return {
        "run": entry.run,
        "folder": str(entry.folder),
        "state": entry.state,
        "started": entry.started,
        "plan": entry.plan,
        "network": entry.network,
        "verdict": entry.verdict,
        "seconds": entry.seconds,
        "finding": entry.finding,
    }


def _print_json(value: Any) -> None:
    print(json.dumps(value, ensure_ascii=False, indent=2))
