"""``netbench probe``: one measurement, no plan."""

import argparse
import ipaddress
import json
import os
import socket
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from netbench.errors import CannotMeasureError, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from netbench.analysis.summary import Summary
    from netbench.cli.commands import Commands
    from netbench.cli.path_document import PathEntry
    from netbench.cli.probe_clocks import Found
    from netbench.cli.probe_document import ProbeDocument
    from netbench.measure.collect import MemorySink
    from netbench.measure.probe import Probe, Report, Schedule
    from netbench.measure.vantage import Vantage

PAIR = "probe"
DEFAULT_COUNT = 50
DEFAULT_INTERVAL = "100ms"
"""Ten packets a second: what a router's own reflector is sure to answer."""
REFLECTED = ("stamp",)
"""Probes that need a reflector at the far end."""
PATHS = ("path",)
"""Probes that find a path."""


def add_parser(commands: "Commands") -> None:
    """Add the verb."""
    parser = commands.add_parser("probe", help="measure to one far end, without a plan", description=__doc__)
    parser.add_argument("probe", metavar="PROBE", help="an installed probe, for example stamp")
    parser.add_argument(
        "target", metavar="TARGET", nargs="?", help="the far end: a name or an address; its first address is measured"
    )
    parser.add_argument(
        "--self-test", action="store_true", help="measure no far end but what this host can hold by the probe, in half a minute"
    )
    extent = parser.add_mutually_exclusive_group()
    extent.add_argument("--count", type=int, help=f"how many attempts (default: {DEFAULT_COUNT})")
    extent.add_argument("--duration", metavar="TIME", help="how long, in place of a count, for example 1m30s")
    parser.add_argument("--interval", default=DEFAULT_INTERVAL, metavar="TIME", help="between attempts (default: %(default)s)")
    parser.add_argument(
        "--spacing",
        choices=("periodic", "poisson"),
        default="periodic",
        help="poisson: intervals at random, --interval on average, which nothing periodic in the network can be in step with",
    )
    parser.add_argument("--seed", type=int, default=1, metavar="N", help="of the random intervals (default: %(default)s)")
    family = parser.add_mutually_exclusive_group()
    family.add_argument("-4", dest="family", action="store_const", const=4, help="IPv4 only")
    family.add_argument("-6", dest="family", action="store_const", const=6, help="IPv6 only")
    parser.add_argument("--port", type=int, help="the far end's port (default: the protocol's own)")
    parser.add_argument("--source", metavar="ADDRESS", help="the address of this host to measure from")
    parser.add_argument(
        "--set", action="append", default=[], metavar="KEY=VALUE", dest="settings", help="a parameter of the probe"
    )
    parser.add_argument(
        "--great-circle",
        type=float,
        default=0.0,
        metavar="KM",
        help="how far away the far end is at least: light in glass then bounds what two clocks do to one-way delays (default: 0)",
    )
    parser.add_argument("--symmetric", action="store_true", help="you know that both directions take the same way")
    parser.add_argument("--json", metavar="FILE", help="write the figures to FILE too, or only them to stdout with -")
    parser.add_argument("--atlas", metavar="FILE", help="of a path: write it in the shape of RIPE Atlas's results to FILE too")
    parser.add_argument("--lang", choices=("zh", "en"), help="the table's language (default: the locale's)")
    parser.set_defaults(handler=probe)


def probe(arguments: argparse.Namespace) -> int:
    """Measure, then print a table or JSON; 0 when something came back, else 1. Ctrl-C ends it early and shows what there is.

    :raises UsageError: when what was asked does not make sense
    :raises CannotMeasureError: when nothing could be measured
    """
    from netbench.cli.probe_clocks import Watch
    from netbench.cli.self_test import self_test
    from netbench.measure import plugins
    from netbench.measure.collect import MemorySink

    if arguments.self_test:
        return self_test(arguments)
    if arguments.target is None:
        raise UsageError("name a target, or say --self-test to measure what this host can hold")
    schedule, source = _schedule(arguments), _source(arguments)
    if arguments.atlas is not None and arguments.probe not in PATHS:
        raise UsageError(f"--atlas: {arguments.probe} finds no path; `netbench probe path` does")
    sink, watch = MemorySink(), Watch(arguments.great_circle, symmetric=arguments.symmetric)
    report = _measure(_probe(plugins.probe(arguments.probe), arguments), arguments, source, schedule, sink)
    found = watch.found(sink, report.far_clock_error_ns.get(PAIR), report.error_ns.get(PAIR, 0))
    document = _document(arguments, report, found, _not_sent(sink))
    path = _path(report, sink)
    if path is not None:
        document["path"] = path
    elif not found.figures:
        raise CannotMeasureError(report.not_measured.get(PAIR, "stopped before anything was measured"))
    _write_atlas(arguments, sink, path)
    _show(document, arguments)
    return _conclude(arguments, report, [figure.summary for figure in found.figures], path)


def _probe(kind: "type[Probe]", arguments: argparse.Namespace) -> "Probe":
    from netbench.cli.settings import parameters_of

    family = arguments.family
    if family is None and arguments.source is not None:
        family = _address(arguments.source).version
    return kind(parameters_of(kind.Parameters, arguments.settings, family))


def _measure(
    probe: "Probe", arguments: argparse.Namespace, source: "Vantage", schedule: "Schedule", sink: "MemorySink"
) -> "Report":
    from netbench.cli.signals import stopping_on_signals
    from netbench.measure.probe import Pair
    from netbench.measure.vantage import RemoteEnd

    pair = Pair(PAIR, source, RemoteEnd(arguments.target, arguments.port))
    with stopping_on_signals() as control:
        return probe.measure([pair], schedule, sink, control)


def _schedule(arguments: argparse.Namespace) -> "Schedule":
    from netbench.measure.probe import Schedule
    from netbench.units import parse_duration_ns

    interval_ns = parse_duration_ns(arguments.interval)
    if interval_ns <= 0:
        raise UsageError(f"--interval {arguments.interval}: must be longer than nothing")
    count = arguments.count if arguments.count is not None else DEFAULT_COUNT
    if arguments.duration is not None:
        count = max(1, parse_duration_ns(arguments.duration) // interval_ns)
    if not 1 <= count < 1 << 32:
        raise UsageError(f"--count {count}: must be from 1 to 4294967295")
    if arguments.port is not None and not 1 <= arguments.port <= 65_535:
        raise UsageError(f"--port {arguments.port}: a port is from 1 to 65535")
    if arguments.seed < 0:
        raise UsageError(f"--seed {arguments.seed}: must not be negative")
    return Schedule(interval_ns, count, arguments.spacing, arguments.seed)


def _source(arguments: argparse.Namespace) -> "Vantage":
    from netbench.linux.namespaces import HostVantage

    if arguments.source is None:
        return HostVantage()
    address = _address(arguments.source)
    if arguments.family not in (None, address.version):
        raise UsageError(f"--source {arguments.source} is IPv{address.version} and -{arguments.family} asks for the other")
    return HostVantage({socket.AF_INET if address.version == 4 else socket.AF_INET6: arguments.source})


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    try:
        return ipaddress.ip_address(text)
    except ValueError as error:
        raise UsageError(f"--source {text}: give an address of this host") from error


def _path(report: "Report", sink: "MemorySink") -> "PathEntry | None":
    """Return the path that was found, None where the probe looked for none."""
    from netbench.cli.path_document import path_entry
    from netbench.measure.samples import HOPS

    columns = sink.columns(HOPS)
    return path_entry(columns, report.evidence["path.json"], PAIR) if len(columns["hop"]) else None


def _write_atlas(arguments: argparse.Namespace, sink: "MemorySink", path: "PathEntry | None") -> None:
    from netbench.cli.atlas import atlas_results
    from netbench.measure.samples import HOPS

    if arguments.atlas is None or path is None:
        return
    results = atlas_results(sink.columns(HOPS), path, arguments.target)
    _write("--atlas", Path(arguments.atlas), json.dumps(results, ensure_ascii=False) + "\n")


def _not_sent(sink: "MemorySink") -> int:
    from netbench.measure.samples import HOPS, PACKETS, Fate

    hops = sink.columns(HOPS)
    unsent = (hops["fate"] == Fate.NOT_SENT) & (hops["hop"] > 0)
    return int((sink.columns(PACKETS)["fate"] == Fate.NOT_SENT).sum()) + int(unsent.sum())


def _document(arguments: argparse.Namespace, report: "Report", found: "Found", not_sent: int) -> "ProbeDocument":
    from netbench.cli.probe_document import SCHEMA, ProbeDocument, metrics_of

    document: ProbeDocument = {
        "schema": SCHEMA,
        "probe": arguments.probe,
        "target": arguments.target,
        "timestamps": report.timestamps.get(PAIR),
        "error_ns": report.error_ns.get(PAIR),
        "not_sent": not_sent,
        "metrics": metrics_of(found.figures),
    }
    if found.clocks is not None:
        document["clock"], document["clocks"] = found.clock, found.clocks
    if report.remarks.get(PAIR):
        document["remarks"] = list(report.remarks[PAIR])
    return document


def _show(document: "ProbeDocument", arguments: argparse.Namespace) -> None:
    from netbench.cli.probe_table import print_table
    from netbench.report.language import choose_language

    text = json.dumps(document, ensure_ascii=False, indent=2)
    if arguments.json == "-":
        print(text)
        return
    if arguments.json is not None:
        _write("--json", Path(arguments.json), text + "\n")
    print_table(document, choose_language(arguments.lang, os.environ))


def _write(option: str, path: Path, text: str) -> None:
    try:
        path.write_text(text, "utf-8")
    except OSError as error:
        raise UsageError(f"{option} {path}: cannot be written: {error.strerror}") from error


def _conclude(arguments: argparse.Namespace, report: "Report", summaries: "Sequence[Summary]", path: "PathEntry | None") -> int:
    """Say it where all was lost: then nothing but the loss is known. That less was measured than asked for is told already."""
    if PAIR in report.cut_short:
        return CannotMeasureError.exit_code
    lost = any((summary.metric, summary.direction, summary.value) == ("loss_ratio", "both", 1.0) for summary in summaries)
    lost = lost or (path is not None and not path["hops"])
    if not lost:
        return 0
    port = f" port {arguments.port}" if arguments.port else ""
    hint = "; is a reflector listening there (netbench reflect)?" if arguments.probe in REFLECTED else ""
    print(f"netbench: no answer from {arguments.target}{port}{hint}", file=sys.stderr)
    return CannotMeasureError.exit_code
