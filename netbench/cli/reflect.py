"""``netbench reflect``: the far end of STAMP and TWAMP-Light senders, or a TWAMP server, until it is stopped."""

import argparse
import os
import socket
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from netbench.errors import UsageError

if TYPE_CHECKING:
    from netbench.cli.commands import Commands
    from netbench.measure.keys import Key, Keys
    from netbench.measure.reflector import Reflector, ReflectorOptions

PROTOCOLS = {"stamp": "STAMP and TWAMP-Light", "twamp": "TWAMP"}
"""What is served, by the name of the probe whose far end it is."""


def add_parser(commands: "Commands") -> None:
    """Add the verb."""
    parser = commands.add_parser(
        "reflect",
        help="answer STAMP, TWAMP-Light and TWAMP test packets",
        description=__doc__,
        epilog="A reply is as long as its request, or 44 octets where RFC 8762 wants more than a short request (14 octets or "
        "more) had. It answers whoever asks: let a firewall say who may.",
    )
    parser.add_argument(
        "--protocol",
        choices=tuple(PROTOCOLS),
        default="stamp",
        help="stamp, for TWAMP-Light too, or twamp, whose sessions are agreed on over TCP (default: %(default)s)",
    )
    parser.add_argument("--bind", metavar="ADDRESS", help="the address to listen at (default: all)")
    parser.add_argument(
        "--port", type=int, help="the port, UDP for stamp and TCP for twamp (default: 862; below 1024 needs privilege)"
    )
    parser.add_argument("--count", type=int, metavar="N", help="stop after N replies")
    parser.add_argument("--duration", metavar="TIME", help="stop after so long, for example 10m")
    _add_stamp_options(parser)
    family = parser.add_mutually_exclusive_group()
    family.add_argument("-4", dest="family", action="store_const", const=socket.AF_INET, help="IPv4 only")
    family.add_argument("-6", dest="family", action="store_const", const=socket.AF_INET6, help="IPv6 only")
    parser.set_defaults(handler=reflect)


def _add_stamp_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--keys", type=Path, metavar="FILE", help="the file of keys, by session identifier (SSID) and by name")
    parser.add_argument("--key", metavar="NAME", help="the key of sessions whose SSID has none")
    parser.add_argument(
        "--mode",
        choices=("open", "authenticated"),
        help="authenticated: answer only what a key vouches for (default: so with --keys or --key, else open)",
    )
    parser.add_argument(
        "--compiled", action="store_true", help="answer open STAMP by compiled code: for a hundred thousand packets a second"
    )
    parser.add_argument("--stateless", action="store_true", help="number replies as their requests, and keep no count")
    parser.add_argument("--timestamps", choices=("ntp", "ptp"), default="ntp", help="their format (default: %(default)s)")


def reflect(arguments: argparse.Namespace) -> int:
    """Serve until Ctrl-C, SIGTERM, the count or the duration; the summary goes to stdout, the rest to stderr."""
    from netbench.cli.signals import stopping_on_signals
    from netbench.clock import SystemClock

    with stopping_on_signals() as control:
        reflector = _open(arguments.protocol, options_of(arguments))
        begun = SystemClock().now()
        try:
            where = ", ".join(reflector.endpoints)
            print(f"reflecting {PROTOCOLS[arguments.protocol]} at {where}", file=sys.stderr, flush=True)
            served = reflector.serve(control)
        finally:
            reflector.close()
    seconds = SystemClock().now().since_ns(begun) / 1e9
    answered = f"{served.replies} replies to {served.sessions} sessions in {seconds:.1f} s"
    print(f"{answered}, {served.ignored} ignored, {served.failed} failed")
    return 0


def _open(protocol: str, options: "ReflectorOptions") -> "Reflector":
    from netbench.linux.namespaces import HostVantage
    from netbench.measure import plugins
    from netbench.measure.reflector import ReflectingProbe

    found = plugins.probe(protocol)
    if not isinstance(found, ReflectingProbe):
        raise UsageError(f"probe {protocol} brings no reflector; reinstall netbench")
    return found.reflector(HostVantage(), options)


def options_of(arguments: argparse.Namespace) -> "ReflectorOptions":
    """Return what the reflector is to do.

    :raises UsageError: when that makes no sense
    """
    from netbench.measure.reflector import ReflectorOptions
    from netbench.units import parse_duration_ns

    if arguments.port is not None and not 1 <= arguments.port <= 65_535:
        raise UsageError(f"--port {arguments.port}: a port is from 1 to 65535")
    if arguments.count is not None and arguments.count < 1:
        raise UsageError(f"--count {arguments.count}: at least 1")
    _refuse_what_only_stamp_has(arguments)
    duration_ns = None if arguments.duration is None else parse_duration_ns(arguments.duration)
    keys, key = _keys(arguments)
    return ReflectorOptions(
        bind=arguments.bind,
        family=arguments.family,
        port=arguments.port,
        count=arguments.count,
        duration_ns=duration_ns,
        keys=keys,
        key=key,
        authenticated=arguments.mode == "authenticated" or (arguments.mode is None and keys is not None),
        stateless=arguments.stateless,
        compiled=arguments.compiled,
        ptp=arguments.timestamps == "ptp",
    )


def _refuse_what_only_stamp_has(arguments: argparse.Namespace) -> None:
    asked = {name: getattr(arguments, name) for name in ("keys", "key", "mode", "stateless")}
    asked["timestamps"] = arguments.timestamps != "ntp"
    for name, value in asked.items():
        if value and arguments.protocol != "stamp":
            raise UsageError(f"--{name} is for STAMP alone; leave it out with --protocol {arguments.protocol}")


def _keys(arguments: argparse.Namespace) -> "tuple[Keys | None, Key | None]":
    from netbench.measure.keys import Keys

    if arguments.keys is None and arguments.key is None and arguments.mode != "authenticated":
        return None, None
    known = Keys.known(arguments.keys, os.environ)
    return known, known.by_name(arguments.key) if arguments.key is not None else None
