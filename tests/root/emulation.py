"""A program for tests: the plan named on its command line in its own namespaces, then waiting to be ended.

A second word ``frr`` has FRR find its routes.
"""

import os
import signal
import sys
import threading

from netbench.measure.network import NetworkOptions
from netbench.plan.catalogue import find
from netbench.plan.routing import routes
from netbench_topologies.network import EmulatedNetwork


def main() -> None:
    """Say ``up`` once it is there; end on SIGTERM, having taken it down and said ``down``."""
    argv = EmulatedNetwork.sandbox_argv([sys.executable, *sys.argv])
    if argv is not None:
        os.execvp(argv[0], list(argv))
    ended = threading.Event()
    signal.signal(signal.SIGTERM, lambda _number, _frame: ended.set())
    plan = find(sys.argv[1])
    with EmulatedNetwork(plan, NetworkOptions(routing="frr" if "frr" in sys.argv[2:] else "static")) as network:
        taken = network.routes(list(plan.corridors.values()))
        if {name: forward for name, (forward, _) in taken.items()} != {name: route.sites for name, route in routes(plan).items()}:
            raise SystemExit(f"the routes are not as planned: {taken}")
        sys.stdout.write("up\n")
        sys.stdout.flush()
        ended.wait()
    sys.stdout.write("down\n")


if __name__ == "__main__":
    main()
