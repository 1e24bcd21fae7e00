"""``netbench calibrate``: builds a plan's network, measures every link against the plan, and shows the certificate."""

import argparse
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from netbench.cli.commands import Commands


def add_parser(commands: "Commands") -> None:
    """Add the verb."""
    parser = commands.add_parser("calibrate", help="measure a plan's links and judge nothing", description=__doc__)
    parser.add_argument("plan", metavar="PLAN", help="a plan's name (netbench plan list) or a file")
    parser.add_argument("--wire", help="how links are emulated: netem or relay; chosen by what the kernel can do when not given")
    parser.add_argument("--seed", type=int, default=1, help="decides every random loss and jitter (default %(default)s)")
    parser.add_argument("--results", type=Path, metavar="DIR", help="the archive (default: NETBENCH_RESULTS, else ./results)")
    parser.add_argument("--json", metavar="FILE", help="write the result document to FILE, or to stdout with -")
    parser.add_argument("--lang", choices=("zh", "en"), help="the table's language (default: the locale's)")
    parser.set_defaults(handler=calibrate)


def calibrate(arguments: argparse.Namespace) -> int:
    """Measure, seal and show; 0 when every link is as planned.

    :raises RefusedError: naming everything that is not, after the certificate was shown
    """
    from netbench.archive.place import archive_root
    from netbench.campaign.certifying import make_certificate
    from netbench.campaign.options import CampaignOptions
    from netbench.cli.run import enter_sandbox
    from netbench.clock import SystemClock
    from netbench.errors import RefusedError
    from netbench.measure import plugins
    from netbench.plan import catalogue
    from netbench.report.certificate import render_certificate
    from netbench.report.language import choose_language
    from netbench.report.progress import Progress

    plan = catalogue.find(arguments.plan)
    network_class = plugins.network("emulated")
    enter_sandbox(network_class)
    language = choose_language(arguments.lang, os.environ)
    options = CampaignOptions(results=archive_root(arguments.results, os.environ), wire=arguments.wire, seed=arguments.seed)
    with Progress(language, sys.stderr) as progress:
        result, faults = make_certificate(plan, network_class, options, SystemClock(), progress)
    if arguments.json:
        _write(arguments.json, result.document)
    if arguments.json != "-":
        print(render_certificate(result.document, language, None if sys.stdout.isatty() else 160))
    if faults:
        raise RefusedError(f"the emulation is not as planned: {'; '.join(faults)}")
    return result.exit_code


def _write(target: str, document: object) -> None:
    import json

    from netbench.cli.run import write_text

    write_text(target, json.dumps(document, ensure_ascii=False, indent=2) + "\n")
