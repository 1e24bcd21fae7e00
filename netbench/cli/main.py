"""The command line's front door: finds the verb, runs it, and turns errors into one sentence and an exit code."""

import argparse
import os
import sys
from collections.abc import Sequence
from typing import NoReturn

from netbench import __version__
from netbench.cli import calibrate, doctor, imports, inventory, plan, probe, reflect, results, run
from netbench.errors import NetbenchError

SYSTEM_FOLDERS = ("/usr/sbin", "/sbin")
INTERRUPTED = 130
"""128 + SIGINT, as shells have it."""


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of all verbs; importing it costs no heavy library."""
    parser = argparse.ArgumentParser(
        prog="netbench",
        description="Whether a network corridor meets its target, before and after it is built.",
        epilog="Exit codes: 0 every target met, 1 could not measure, 2 usage, 3 a due target missed, "
        "4 inconclusive, conditional or void, 5 refused, 127 unsupported here.",
    )
    parser.add_argument("--version", action="version", version=f"netbench {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for verb in (doctor, plan, inventory, run, calibrate, probe, reflect, imports, results):
        verb.add_parser(commands)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code; errors become one sentence on stderr."""
    arguments = build_parser().parse_args(argv)
    _look_in_system_folders()
    try:
        code: int = arguments.handler(arguments)
        sys.stdout.flush()
    except NetbenchError as error:
        return _complain(str(error), error.exit_code)
    except KeyboardInterrupt:
        return _complain("interrupted", INTERRUPTED)
    except BrokenPipeError:
        _silence_stdout()
        return 0
    except Exception as error:
        if os.environ.get("NETBENCH_DEBUG"):
            raise
        kind = type(error).__name__
        return _complain(f"a fault of netbench itself, please report it: {kind}: {error} (NETBENCH_DEBUG=1 shows where)", 1)
    return code


def entry() -> NoReturn:
    """Run as a program."""
    sys.exit(main())


def _look_in_system_folders() -> None:
    # Debian keeps ip, tc, ifconfig and ethtool in folders that are not on an ordinary user's path
    folders = os.environ.get("PATH", os.defpath).split(os.pathsep)
    os.environ["PATH"] = os.pathsep.join([*folders, *(folder for folder in SYSTEM_FOLDERS if folder not in folders)])


def _complain(sentence: str, code: int) -> int:
    print(f"netbench: {sentence}", file=sys.stderr)
    return code


def _silence_stdout() -> None:
    # the reader has left: without this the interpreter complains once more while it exits
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
