"""A program for tests: the plan named on its command line in its own namespaces, then waiting to be ended."""

import os
import signal
import sys
from types import FrameType

from netbench.measure.network import NetworkOptions
from netbench.plan.catalogue import find
from netbench_topologies.network import EmulatedNetwork


def _wake(_number: int, _frame: FrameType | None) -> None:
    """Let ``signal.pause`` return."""


def main() -> None:
    """Say ``up`` once it is there; end on SIGTERM, having taken it down and said ``down``."""
    argv = EmulatedNetwork.sandbox_argv([sys.executable, *sys.argv])
    if argv is not None:
        os.execvp(argv[0], list(argv))
    signal.signal(signal.SIGTERM, _wake)
    plan = find(sys.argv[1])
    with EmulatedNetwork(plan, NetworkOptions()) as network:
        network.routes(list(plan.corridors.values()))
        sys.stdout.write("up\n")
        sys.stdout.flush()
        signal.pause()
    sys.stdout.write("down\n")


if __name__ == "__main__":
    main()
