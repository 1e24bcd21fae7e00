"""``netbench inventory``: begins and checks inventories, which say where a plan's sites answer on live links."""

import argparse
import sys
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

from netbench.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from netbench.cli.commands import Commands
    from netbench.live.model import Inventory
    from netbench.plan.model import Plan

BAD_INVENTORY = UsageError.exit_code


def add_parser(commands: "Commands") -> None:
    """Add the verb and its sub-verbs."""
    parser = commands.add_parser("inventory", help="begin and check inventories of live links", description=__doc__)
    verbs = parser.add_subparsers(title="verbs", metavar="VERB", required=True)
    _add_new(verbs)
    _add_check(verbs)
    schema_parser = verbs.add_parser("schema", help="print the JSON Schema of an inventory")
    schema_parser.set_defaults(handler=schema)


def _add_new(verbs: "Commands") -> None:
    parser = verbs.add_parser("new", help="write a commented inventory of a plan's sites to start from")
    parser.add_argument("plan", metavar="PLAN", help="a plan's name (netbench plan list) or a file")
    parser.add_argument("file", metavar="FILE", help="the file to write; it must not exist")
    parser.set_defaults(handler=new)


def _add_check(verbs: "Commands") -> None:
    parser = verbs.add_parser("check", help="say ok, or what is wrong and where; nothing is sent")
    parser.add_argument("files", nargs="+", metavar="FILE", help="an inventory")
    parser.add_argument(
        "--plan", metavar="PLAN", help="also say which corridors of this plan have both ends, and which not and why"
    )
    parser.add_argument(
        "--here", nargs="+", default=[], metavar="SITE", help="where this host is (default: as the inventory says)"
    )
    parser.set_defaults(handler=check)


def new(arguments: argparse.Namespace) -> int:
    """Write the starter, with the plan's sites.

    :raises UsageError: when the file exists or cannot be written
    """
    from netbench.live.starter import starter
    from netbench.plan import catalogue

    text = starter(catalogue.find(arguments.plan))
    try:
        with Path(arguments.file).open("x", encoding="utf-8") as stream:
            stream.write(text)
    except FileExistsError as error:
        raise UsageError(f"{arguments.file} exists already; name a new file") from error
    except OSError as error:
        raise UsageError(f"{arguments.file} cannot be written: {error.strerror}") from error
    print(f"{arguments.file}: written; `netbench inventory check {arguments.file} --plan {arguments.plan}` checks it")
    return 0


def check(arguments: argparse.Namespace) -> int:
    """Print ok for each inventory that holds; the first sentence of each that does not goes to stderr."""
    from netbench.plan import catalogue

    plan = catalogue.find(arguments.plan) if arguments.plan else None
    code = 0
    for name in arguments.files:
        try:
            print("\n".join(_checked(Path(name), plan, arguments.here)))
        except UsageError as error:
            print(f"netbench: {error}", file=sys.stderr)
            code = BAD_INVENTORY
    return code


def _checked(path: Path, plan: "Plan | None", here: "Sequence[str]") -> list[str]:
    from netbench.live.load import check_sites, load_inventory

    inventory = load_inventory(path)
    answering = sum(site.address is not None for site in inventory.sites.values())
    lines = [f"{path}: ok, {len(inventory.sites)} sites, {answering} of them answer"]
    if plan is not None:
        check_sites(inventory, plan, str(path))
        lines += _corridors(plan, inventory, here)
    return lines


def _corridors(plan: "Plan", inventory: "Inventory", asked: "Sequence[str]") -> list[str]:
    from netbench.live.reach import reach
    from netbench.live.whereabouts import whereabouts

    here = whereabouts(inventory, asked)
    found = reach(plan, inventory, here)
    told = f"  {len(found.ends)} of {len(plan.corridors)} corridors of {plan.name} have both ends, seen from {', '.join(here)}"
    measured = [f"  {ends.corridor.id}: by {', '.join(ends.far.protocols)}" for ends in found.ends]
    return [told, *measured, *(f"  {corridor}: {why.reason}" for corridor, why in found.unreached.items())]


def schema(_arguments: argparse.Namespace) -> int:
    """Print the JSON Schema of an inventory."""
    print(files("netbench.live").joinpath("inventory.schema.json").read_text("utf-8"), end="")
    return 0
