"""``netbench plan``: lists, shows, checks and begins plans."""

import argparse
import json
import os
import re
import sys
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

from netbench.errors import UsageError

if TYPE_CHECKING:
    from netbench.cli.commands import Commands
    from netbench.plan.model import Plan

BAD_PLAN = UsageError.exit_code


def add_parser(commands: "Commands") -> None:
    """Add the verb and its sub-verbs."""
    parser = commands.add_parser("plan", help="list, show, check and begin plans", description=__doc__)
    verbs = parser.add_subparsers(title="verbs", metavar="VERB", required=True)
    _add_list(verbs)
    _add_show(verbs)
    _add_resilience(verbs)
    _add_check(verbs)
    _add_new(verbs)
    schema_parser = verbs.add_parser("schema", help="print the JSON Schema of a plan")
    schema_parser.set_defaults(handler=schema)


def _add_list(verbs: "Commands") -> None:
    parser = verbs.add_parser("list", help="name the built-in plans")
    _add_language(parser)
    parser.set_defaults(handler=list_plans)


def _add_show(verbs: "Commands") -> None:
    parser = verbs.add_parser("show", help="print corridors with route, length, theoretical latency and targets")
    parser.add_argument("plan", metavar="PLAN", help="a built-in plan's name, or a file")
    parser.add_argument("--utilisation", action="store_true", help="print how full the busy hour makes every link, cuts included")
    parser.add_argument("--json", action="store_true", help="print one JSON document in place of the tables")
    _add_language(parser)
    parser.set_defaults(handler=show)


def _add_resilience(verbs: "Commands") -> None:
    parser = verbs.add_parser("resilience", help="foretell what cutting each link and each shared risk does to every corridor")
    parser.add_argument("plan", metavar="PLAN", help="a built-in plan's name, or a file")
    parser.add_argument("--routing", choices=("static", "frr"), default="static", help="who finds the way (default %(default)s)")
    parser.add_argument("--json", action="store_true", help="print one JSON document in place of the table")
    _add_language(parser)
    parser.set_defaults(handler=resilience)


def _add_check(verbs: "Commands") -> None:
    parser = verbs.add_parser("check", help="say ok, or what is wrong and where")
    parser.add_argument("plans", nargs="+", metavar="FILE", help="a file, or a built-in plan's name")
    parser.set_defaults(handler=check)


def _add_new(verbs: "Commands") -> None:
    parser = verbs.add_parser("new", help="write a commented plan to start from")
    parser.add_argument("file", metavar="FILE", help="the file to write; it must not exist")
    parser.set_defaults(handler=new)


def _add_language(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--lang", choices=("zh", "en"), help="the language (default: the locale's)")


def list_plans(arguments: argparse.Namespace) -> int:
    """Print each built-in plan's name and title."""
    from netbench.plan import catalogue
    from netbench.report.language import choose_language

    language = choose_language(arguments.lang, os.environ)
    names = catalogue.names()
    width = max((len(name) for name in names), default=0)
    for name in names:
        print(f"{name:{width}}  {catalogue.find(name).title.in_language(language)}")
    return 0


def show(arguments: argparse.Namespace) -> int:
    """Print a plan as tables or as JSON."""
    from netbench.cli import plan_tables, utilisation_table
    from netbench.plan import catalogue, overview
    from netbench.report.language import choose_language

    plan = catalogue.find(arguments.plan)
    if arguments.json:
        print(json.dumps(overview.document(plan, utilisation=arguments.utilisation), ensure_ascii=False, indent=2))
        return 0
    printed = utilisation_table.print_utilisation if arguments.utilisation else plan_tables.print_plan
    printed(plan, choose_language(arguments.lang, os.environ), sys.stdout)
    return 0


def resilience(arguments: argparse.Namespace) -> int:
    """Print what each cut would do, as a table or as JSON; nothing is run."""
    from netbench.cli import resilience_table
    from netbench.plan import catalogue, failures_document
    from netbench.report.language import choose_language

    plan = catalogue.find(arguments.plan)
    if arguments.json:
        document = failures_document.failures_document(plan, arguments.routing)
        print(json.dumps(document, ensure_ascii=False, indent=2))
    else:
        resilience_table.print_resilience(plan, arguments.routing, choose_language(arguments.lang, os.environ), sys.stdout)
    return 0


def check(arguments: argparse.Namespace) -> int:
    """Print ok for each plan that holds; the first sentence of each that does not goes to stderr."""
    from netbench.plan import catalogue

    code = 0
    for name in arguments.plans:
        try:
            print(f"{name}: ok, {_extent(catalogue.find(name))}")
        except UsageError as error:
            print(f"netbench: {error}", file=sys.stderr)
            code = BAD_PLAN
    return code


def _extent(plan: "Plan") -> str:
    assumed = sum(link.assumed for link in plan.links.values())
    return (
        f"{len(plan.sites)} sites, {len(plan.links)} links ({assumed} assumed), {len(plan.corridors)} corridors, "
        f"{len(plan.targets)} targets"
    )


def new(arguments: argparse.Namespace) -> int:
    """Write the starter plan, named after its file.

    :raises UsageError: when the file exists or cannot be written
    """
    path = Path(arguments.file)
    name = re.sub(r"[^A-Za-z0-9]+", "-", path.stem).strip("-")[:63].strip("-") or "starter"
    text = files("netbench.plan").joinpath("starter.yaml").read_text("utf-8")
    try:
        with path.open("x", encoding="utf-8") as stream:
            stream.write(text.replace("plan: starter", f"plan: {name}", 1))
    except FileExistsError as error:
        raise UsageError(f"{arguments.file} exists already; name a new file") from error
    except OSError as error:
        raise UsageError(f"{arguments.file} cannot be written: {error.strerror}") from error
    print(f"{arguments.file}: written; `netbench plan check {arguments.file}` checks it")
    return 0


def schema(_arguments: argparse.Namespace) -> int:
    """Print the JSON Schema of a plan."""
    print(files("netbench.plan").joinpath("plan.schema.json").read_text("utf-8"), end="")
    return 0
