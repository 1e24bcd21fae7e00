"""``netbench run``: measures a plan on a network, judges it, seals it, and shows the verdict."""

import argparse
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from netbench.errors import UsageError

if TYPE_CHECKING:
    from netbench.campaign.cuts import Event
    from netbench.campaign.document import Document
    from netbench.campaign.options import CampaignOptions
    from netbench.cli.commands import Commands
    from netbench.measure.network import Network
    from netbench.plan.model import Plan

DEFAULT_DURATION = "20s"
LIVE_DURATION = "60s"
"""At ten packets a second these are enough for a 99th percentile with an interval of two ends."""
BULK_DURATION = "10s"
_EMULATION_ONLY: "dict[str, object]" = {
    "wire": None,
    "load": None,
    "switching": "none",
    "routing": "static",
    "cut": [],
    "restore": None,
    "silent": False,
    "campaign": None,
    "calibrate": True,
}
"""Options that say how links are emulated, cut or proved, and what they are when nobody gives them."""


def add_parser(commands: "Commands") -> None:
    """Add the verb."""
    parser = commands.add_parser("run", help="measure a plan's corridors and judge them", description=__doc__)
    parser.add_argument("plan", metavar="PLAN", help="a plan's name (netbench plan list) or a file")
    parser.add_argument("--on", default="emulated", metavar="NETWORK", help="emulated (default), or another installed network")
    parser.add_argument("--only", nargs="+", default=[], metavar="CORRIDOR", help="measure these corridors only")
    parser.add_argument("--duration", help=f"how long delay is measured (default {DEFAULT_DURATION}, live {LIVE_DURATION})")
    parser.add_argument("--wire", help="how links are emulated: netem or relay; chosen by what the kernel can do when not given")
    parser.add_argument(
        "--load", choices=("busy-hour",), help="offer the plan's demands, scaled like its links, while delay is measured"
    )
    parser.add_argument("--switching", choices=("none", "ovs"), default="none", help="ovs: an Open vSwitch before every router")
    parser.add_argument("--seed", type=int, default=1, help="decides every random loss and jitter (default %(default)s)")
    parser.add_argument("--routing", choices=("static", "frr"), default="static", help="who finds the way (default %(default)s)")
    _add_cuts(parser)
    _add_live(parser)
    parser.add_argument(
        "--no-calibrate",
        dest="calibrate",
        action="store_false",
        help="do not measure the links against the plan: quicker, and every verdict is inconclusive",
    )
    parser.add_argument("--results", type=Path, metavar="DIR", help="the archive (default: NETBENCH_RESULTS, else ./results)")
    parser.add_argument("--json", metavar="FILE", help="write the result document to FILE, or to stdout with -")
    parser.add_argument("--junit", metavar="FILE", help="write the verdicts as JUnit XML to FILE, or to stdout with -")
    parser.add_argument("--lang", choices=("zh", "en"), help="the table's language (default: the locale's)")
    parser.set_defaults(handler=run)


def _add_cuts(parser: argparse.ArgumentParser) -> None:
    cuts = parser.add_argument_group("cuts", "cut links while their corridors are measured, in the place of throughput")
    cuts.add_argument(
        "--cut", action="append", default=[], metavar="LINK@TIME", help="cut a link or a shared risk; may be repeated"
    )
    cuts.add_argument("--restore", metavar="TIME", help="when it is whole again, from the same beginning as --cut")
    cuts.add_argument("--silent", action="store_true", help="everything is lost and the carrier stays")
    cuts.add_argument("--campaign", type=Path, metavar="FILE", help="cuts from a file, one after another")


def _add_live(parser: argparse.ArgumentParser) -> None:
    live = parser.add_argument_group("live links", "with --on live: where the plan's sites answer, and where this host is")
    live.add_argument("--inventory", type=Path, metavar="FILE", help="addresses, protocols and limits (netbench inventory new)")
    live.add_argument("--here", nargs="+", default=[], metavar="SITE", help="where this host is (default: as the inventory says)")
    live.add_argument(
        "--throughput",
        nargs="?",
        const=BULK_DURATION,
        metavar="TIME",
        help=f"make bulk tests too, where the inventory allows them, for so long each way ({BULK_DURATION})",
    )


def run(arguments: argparse.Namespace) -> int:
    """Measure, judge, seal and show; returns the exit code of the verdict."""
    from netbench.measure import plugins
    from netbench.plan import catalogue

    plan = catalogue.find(arguments.plan)
    network_class = plugins.network(arguments.on)
    _check_network(arguments, network_class)
    options = _options(arguments, plan)
    enter_sandbox(network_class)
    return _measure(arguments, plan, options, network_class)


def _check_network(arguments: argparse.Namespace, network_class: "type[Network]") -> None:
    """Refuse what the network has no use for, so that nothing that was asked for is silently left out."""
    from netbench.measure.sessions import FarEnds

    live = issubclass(network_class, FarEnds)
    if live:
        odd = [name for name, usual in _EMULATION_ONLY.items() if getattr(arguments, name) != usual]
        reason = "live links are as they are: that is for an emulation (--on emulated)"
    else:
        odd = [name for name in ("inventory", "here", "throughput") if getattr(arguments, name)]
        reason = "that is for live links (--on live)"
    if odd:
        option = "no-calibrate" if odd[0] == "calibrate" else odd[0]
        raise UsageError(f"--{option}: {reason}")


def _options(arguments: argparse.Namespace, plan: "Plan") -> "CampaignOptions":
    from netbench.archive.place import archive_root
    from netbench.campaign.options import CampaignOptions
    from netbench.units import parse_duration_ns

    unknown = [name for name in arguments.only if name not in plan.corridors]
    if unknown:
        raise UsageError(f"plan {plan.name} has no corridor {unknown[0]!r}; netbench plan show {arguments.plan} lists them")
    if (arguments.json, arguments.junit) == ("-", "-"):
        raise UsageError("--json - and --junit - cannot both have stdout; give one of them a file")
    return CampaignOptions(
        results=archive_root(arguments.results, os.environ),
        only=tuple(arguments.only),
        latency_ns=parse_duration_ns(arguments.duration or (LIVE_DURATION if arguments.inventory else DEFAULT_DURATION)),
        wire=arguments.wire,
        switching=arguments.switching,
        seed=arguments.seed,
        load=arguments.load,
        routing=arguments.routing,
        events=_events(arguments, plan),
        calibrate=arguments.calibrate,
        inventory=arguments.inventory,
        here=tuple(arguments.here),
        bulk=arguments.throughput is not None,
        bulk_ns=parse_duration_ns(arguments.throughput or BULK_DURATION),
    )


def _events(arguments: argparse.Namespace, plan: "Plan") -> "tuple[Event, ...]":
    from netbench.campaign.cuts import events_from_file, events_from_words

    if arguments.campaign is None:
        return events_from_words(plan, arguments.cut, arguments.restore, silent=arguments.silent)
    if arguments.cut or arguments.restore or arguments.silent:
        raise UsageError("--campaign says all about its cuts; leave --cut, --restore and --silent out")
    return events_from_file(plan, arguments.campaign)


def enter_sandbox(network_class: "type[Network]") -> None:
    """This process runs inside the network's own namespaces: it is replaced by one that does, where it did not."""
    # an exec, not a child: killed at any moment, the process that the user started takes everything with it
    argv = network_class.sandbox_argv([sys.executable, "-m", "netbench", *sys.argv[1:]])
    if argv is not None:
        sys.stdout.flush()
        os.execvp(argv[0], list(argv))


def _measure(arguments: argparse.Namespace, plan: "Plan", options: "CampaignOptions", network_class: "type[Network]") -> int:
    from netbench.campaign.run import run_campaign
    from netbench.clock import SystemClock
    from netbench.report.language import choose_language
    from netbench.report.progress import Progress

    language = choose_language(arguments.lang, os.environ)
    with Progress(language, sys.stderr) as progress:
        result = run_campaign(plan, network_class, options, SystemClock(), progress)
    _show(arguments, result.document, language)
    return result.exit_code


def _show(arguments: argparse.Namespace, document: "Document", language: str) -> None:
    import json

    from netbench.report.junit import junit
    from netbench.report.table import render

    if arguments.json:
        write_text(arguments.json, json.dumps(document, ensure_ascii=False, indent=2) + "\n")
    if arguments.junit:
        write_text(arguments.junit, junit(document))
    if "-" not in (arguments.json, arguments.junit):
        print(render(document, language, _width(sys.stdout)))


def write_text(target: str, text: str) -> None:
    """The text is in a file, or on stdout for ``-``.

    :raises UsageError: when the file cannot be written
    """
    if target == "-":
        sys.stdout.write(text)
        return
    try:
        Path(target).write_text(text, encoding="utf-8")
    except OSError as error:
        raise UsageError(f"cannot write {target}: {error.strerror}; the run itself is archived") from error


def _width(stream: TextIO) -> int | None:
    return None if stream.isatty() else 160
