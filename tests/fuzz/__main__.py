"""Runs every fuzz target of this folder: ``python -m tests.fuzz [--count N] [--seed N] [NAME …]``, or ``make fuzz``.

A target is a module with ``fuzz(seed, count)``, which raises when something does not hold. Work is split in pieces of their own
seed, so that whatever a piece finds is found again by its seed and count alone.
"""

import argparse
import importlib
import os
import pkgutil
from concurrent.futures import ProcessPoolExecutor
from itertools import repeat

import tests.fuzz
from netbench.clock import SystemClock

TEN_MILLION = 10_000_000
PIECE = 50_000


def main() -> int:
    """Run the targets; 0 when all of them held."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"a target (default: all of {', '.join(targets())})")
    parser.add_argument("--count", type=int, default=TEN_MILLION, help="mutated packets a target (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=1, help="of the first piece (default: %(default)s)")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="at once (default: %(default)s)")
    arguments = parser.parse_args()
    with ProcessPoolExecutor(arguments.jobs) as workers:
        for name in arguments.names or targets():
            begun = SystemClock().now()
            pieces = [min(PIECE, arguments.count - first) for first in range(0, arguments.count, PIECE)]
            seeds = range(arguments.seed, arguments.seed + len(pieces))
            list(workers.map(piece, repeat(name), seeds, pieces))
            seconds = SystemClock().now().since_ns(begun) / 1e9
            print(f"{name}: {arguments.count} mutated packets in {seconds:.0f} s, and all held", flush=True)
    return 0


def targets() -> list[str]:
    """Return the names of the targets here."""
    names = [module.name for module in pkgutil.iter_modules(tests.fuzz.__path__) if not module.name.startswith("_")]
    return [name for name in names if hasattr(importlib.import_module(f"tests.fuzz.{name}"), "fuzz")]


def piece(name: str, seed: int, count: int) -> None:
    """Run one piece of one target.

    :raises RuntimeError: when something did not hold; it says how to find that again
    """
    try:
        importlib.import_module(f"tests.fuzz.{name}").fuzz(seed, count)
    except Exception as error:
        raise RuntimeError(f"target {name} with --seed {seed} --count {count} did not hold: {error!r}") from error


if __name__ == "__main__":
    raise SystemExit(main())
