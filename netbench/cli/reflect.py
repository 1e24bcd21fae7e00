"""``netbench reflect``: the far end of STAMP, TWAMP-Light and TWAMP senders and of iperf3 clients, until it is stopped."""

import argparse
import os
import socket
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from netbench.errors import UsageError

if TYPE_CHECKING:
    from netbench.cli.commands import Commands
    from netbench.linux.doorkeeper import Network
    from netbench.measure.keys import Key, Keys
    from netbench.measure.reflector import Reflector, ReflectorOptions, Served

PROTOCOLS = {"stamp": "STAMP and TWAMP-Light", "twamp": "TWAMP", "iperf3": "iperf3"}
"""What is served, by the name of the probe whose far end it is."""


_MOST_RATE = 1_000_000


def add_parser(commands: "Commands") -> None:
    """Add the verb."""
    parser = commands.add_parser(
        "reflect",
        help="answer STAMP, TWAMP-Light and TWAMP test packets, and iperf3",
        description=__doc__,
        epilog="A reply is as long as its request, or 44 octets where RFC 8762 wants more than a short request (14 octets or "
        "more) had. Without --allow it answers whoever asks: let a firewall say who may.",
    )
    parser.add_argument(
        "--protocol",
        choices=tuple(PROTOCOLS),
        nargs="+",
        default=["stamp"],
        help="what to serve, one or several: stamp, for TWAMP-Light too; twamp, whose sessions are agreed on over TCP; iperf3 "
        "(default: stamp)",
    )
    parser.add_argument("--bind", metavar="ADDRESS", help="the address to listen at (default: all)")
    parser.add_argument(
        "--port", type=int, help="the port, UDP for stamp and TCP for twamp (default: 862; below 1024 needs privilege)"
    )
    parser.add_argument("--iperf3-port", type=int, metavar="PORT", help="the port of iperf3 (default: 5201)")
    parser.add_argument("--count", type=int, metavar="N", help="stop after N replies, or N tests of iperf3; with one protocol")
    parser.add_argument("--duration", metavar="TIME", help="stop after so long, for example 10m")
    _add_guards(parser)
    _add_stamp_options(parser)
    family = parser.add_mutually_exclusive_group()
    family.add_argument("-4", dest="family", action="store_const", const=socket.AF_INET, help="IPv4 only")
    family.add_argument("-6", dest="family", action="store_const", const=socket.AF_INET6, help="IPv6 only")
    parser.set_defaults(handler=reflect)


def _add_guards(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--allow",
        nargs="+",
        metavar="NETWORK",
        help="answer these networks alone, for example 192.0.2.0/24; the kernel drops what comes from elsewhere (default: all)",
    )
    parser.add_argument(
        "--client-rate",
        type=int,
        metavar="N",
        help="answer so many packets of stamp and of twamp a second and client, which is an IPv4 address or an IPv6 /64",
    )


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
    """Serve until Ctrl-C, SIGTERM, the count or the duration; the summary goes to stdout, the rest to stderr.

    Test packets that had arrived by a signal are still answered.
    """
    from contextlib import ExitStack

    from netbench.cli.signals import stopping_on_signals
    from netbench.clock import SystemClock
    from netbench.measure.together import serve_together

    # iperf3 is a process of its own, and the last to start
    protocols = sorted(set(arguments.protocol), key=list(PROTOCOLS).index)
    wanted = {protocol: options_of(arguments, protocol) for protocol in protocols}
    with stopping_on_signals() as control, ExitStack() as opened:
        reflectors: list[Reflector] = []
        begun = SystemClock().now()
        for protocol, options in wanted.items():
            reflectors.append(_open(protocol, options))
            opened.callback(reflectors[-1].close)
        for protocol, reflector in zip(protocols, reflectors, strict=True):
            print(f"reflecting {PROTOCOLS[protocol]} at {', '.join(reflector.endpoints)}", file=sys.stderr, flush=True)
        served = serve_together(reflectors, control)
    seconds = SystemClock().now().since_ns(begun) / 1e9
    for protocol, each in zip(protocols, served, strict=True):
        print(("" if len(protocols) == 1 else f"{PROTOCOLS[protocol]}: ") + _summary(protocol, each, seconds))
    return 0


def _summary(protocol: str, served: "Served", seconds: float) -> str:
    if protocol == "iperf3":
        return f"{served.replies} tests in {seconds:.1f} s, {served.failed} failed"
    answered = f"{served.replies} replies to {served.sessions} sessions in {seconds:.1f} s"
    limited = f", {served.limited} over their client's rate" if served.limited else ""
    dropped = f", {served.dropped} dropped by the kernel" if served.dropped else ""
    return f"{answered}, {served.ignored} ignored, {served.failed} failed{limited}{dropped}"


def _open(protocol: str, options: "ReflectorOptions") -> "Reflector":
    from netbench.linux.namespaces import HostVantage
    from netbench.measure import plugins
    from netbench.measure.reflector import ReflectingProbe

    found = plugins.probe(protocol)
    if not isinstance(found, ReflectingProbe):
        raise UsageError(f"probe {protocol} brings no reflector; reinstall netbench")
    return found.reflector(HostVantage(), options)


def options_of(arguments: argparse.Namespace, protocol: str) -> "ReflectorOptions":
    """Return what the reflector of a protocol is to do.

    :raises UsageError: when that makes no sense
    """
    from netbench.measure.reflector import ReflectorOptions
    from netbench.units import parse_duration_ns

    _check(arguments)
    options = ReflectorOptions(
        bind=arguments.bind,
        family=arguments.family,
        port=arguments.iperf3_port if protocol == "iperf3" else arguments.port,
        count=arguments.count,
        duration_ns=None if arguments.duration is None else parse_duration_ns(arguments.duration),
        allow=_allowed(arguments.allow),
        client_rate=None if protocol == "iperf3" else arguments.client_rate,
    )
    return _as_stamp(options, arguments) if protocol == "stamp" else options


def _allowed(asked: "list[str] | None") -> "tuple[Network, ...] | None":
    from ipaddress import ip_network

    from netbench.linux.doorkeeper import MOST_NETWORKS, collapsed

    if asked is None:
        return None
    try:
        networks = collapsed([ip_network(each) for each in asked])
    except ValueError as error:
        raise UsageError(f"--allow: {error}; give networks like 192.0.2.0/24 or 2001:db8::/32") from error
    if len(networks) > MOST_NETWORKS:
        raise UsageError(f"--allow: {len(networks)} networks are more than {MOST_NETWORKS}; name larger ones")
    return tuple(networks)


def _as_stamp(options: "ReflectorOptions", arguments: argparse.Namespace) -> "ReflectorOptions":
    keys, key = _keys(arguments)
    return replace(
        options,
        keys=keys,
        key=key,
        authenticated=arguments.mode == "authenticated" or (arguments.mode is None and keys is not None),
        stateless=arguments.stateless,
        compiled=arguments.compiled,
        ptp=arguments.timestamps == "ptp",
    )


def _check(arguments: argparse.Namespace) -> None:
    for name in ("port", "iperf3_port"):
        port = getattr(arguments, name)
        if port is not None and not 1 <= port <= 65_535:
            raise UsageError(f"--{name.replace('_', '-')} {port}: a port is from 1 to 65535")
    if arguments.client_rate is not None and not 1 <= arguments.client_rate <= _MOST_RATE:
        raise UsageError(f"--client-rate {arguments.client_rate}: must be from 1 to {_MOST_RATE}")
    if arguments.client_rate is not None and set(arguments.protocol) == {"iperf3"}:
        raise UsageError("--client-rate is for stamp and twamp; iperf3 tests one client after the other")
    if arguments.count is not None and arguments.count < 1:
        raise UsageError(f"--count {arguments.count}: at least 1")
    if arguments.count is not None and len(set(arguments.protocol)) > 1:
        raise UsageError("--count counts the replies of one protocol; give one --protocol, or --duration")
    _refuse_what_is_not_served(arguments)


def _refuse_what_is_not_served(arguments: argparse.Namespace) -> None:
    served = " ".join(arguments.protocol)
    if arguments.iperf3_port is not None and "iperf3" not in arguments.protocol:
        raise UsageError(f"--iperf3-port is for iperf3 alone; leave it out with --protocol {served}")
    if arguments.port is not None and set(arguments.protocol) == {"iperf3"}:
        raise UsageError("--port is for stamp and twamp; iperf3 has --iperf3-port")
    asked = {name: getattr(arguments, name) for name in ("keys", "key", "mode", "stateless", "compiled")}
    asked["timestamps"] = arguments.timestamps != "ntp"
    for name, value in asked.items():
        if value and "stamp" not in arguments.protocol:
            raise UsageError(f"--{name} is for STAMP alone; leave it out with --protocol {served}")


def _keys(arguments: argparse.Namespace) -> "tuple[Keys | None, Key | None]":
    from netbench.measure.keys import Keys

    if arguments.keys is None and arguments.key is None and arguments.mode != "authenticated":
        return None, None
    known = Keys.known(arguments.keys, os.environ)
    return known, known.by_name(arguments.key) if arguments.key is not None else None
