"""The plans for Mininet's own shell: what a file given to ``mn --custom`` takes from here.

``mn`` answers every exception but SystemExit with a clean-up of the whole machine: it kills by name, and deletes every interface
that looks like Mininet's. So nothing is imported here before it is needed, whatever goes wrong ends in one sentence and
SystemExit, and ``cleanup`` takes the place of ``mn``'s, for each name in such a file replaces ``mn``'s own.
"""

import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    from netbench_topologies.mn_plan import PlanTopo

PLANS = ("anshun", "first")

_REPLACED = {"link": "default", "host": "proc", "switch": "default"}
_REFUSED = ("nat", "mac", "arp", "innamespace", "cluster", "pin")


@contextmanager
def refusing() -> Generator[None]:
    """Whatever goes wrong inside is one sentence on standard error and the end of the program.

    :raises SystemExit: for any exception, with netbench's exit code for it
    """
    try:
        yield
    except Exception as error:  # noqa: BLE001 - mn would answer it with a clean-up of the whole machine
        _end(str(error) or type(error).__name__, getattr(error, "exit_code", 1))


def validate(options: Any) -> None:
    """What was asked of ``mn`` leaves the plan as it is (``mn`` calls this with its options).

    :raises SystemExit: when an option would have to be ignored
    """
    for name, usual in _REPLACED.items():
        if getattr(options, name) != usual:
            _end(f"the plan decides what its {name}s are; leave --{name} out", 2)
    for name in _REFUSED:
        if getattr(options, name, None):
            _end(f"a plan's sites are routers with addresses of their own; leave --{name} out", 2)


def cleanup() -> None:
    """Do nothing (``mn`` calls this after an interrupt): all that a plan consists of goes with its process."""


def _topo(plan: str, *words: Any, **parameters: Any) -> "PlanTopo":
    with refusing():
        from netbench_topologies.mn_plan import PlanTopo

        return PlanTopo(plan, *words, **parameters)


def _end(sentence: str, exit_code: int) -> NoReturn:
    sys.stderr.write(f"netbench: {sentence}\n")
    sys.stderr.flush()
    raise SystemExit(exit_code)


topos: "dict[str, Callable[..., PlanTopo]]" = {plan: partial(_topo, plan) for plan in PLANS}
"""What ``mn --topo`` may name."""
