"""Several far ends in one process: each in a thread of its own, all until the same end."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from netbench.measure.probe import Control
from netbench.measure.reflector import Reflector, Served


def serve_together(reflectors: Sequence[Reflector], control: Control) -> list[Served]:
    """Serve all until ``control`` says stop or the first of them is done; return what each did, in their order.

    What one of them raises stops the others, and is raised once they have ended.
    """
    if len(reflectors) == 1:
        return [reflectors[0].serve(control)]
    with ThreadPoolExecutor(len(reflectors), thread_name_prefix="netbench-reflect") as threads:
        working = [threads.submit(_served, each, control) for each in reflectors]
    return [each.result() for each in working]


def _served(reflector: Reflector, control: Control) -> Served:
    try:
        return reflector.serve(control)
    finally:
        control.stop()
