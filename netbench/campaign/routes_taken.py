"""Which way corridors really go, and waiting for a routing protocol to bring them back to the planned one."""

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from netbench.errors import NetbenchError
from netbench.measure.network import Network
from netbench.plan.model import Corridor, PerDirection

SitePath = tuple[str, ...]

TRIES = 15
_PAUSE_S = 2.0
_TRACED_TOGETHER = 16


def trace_all(network: Network, corridors: Sequence[Corridor]) -> list[PerDirection[SitePath] | str]:
    """Return the sites that each corridor's packets pass, both ways, or why that cannot be told: the others still count."""

    def trace(corridor: Corridor) -> PerDirection[SitePath] | str:
        try:
            return PerDirection(*network.route(corridor))
        except NetbenchError as error:
            return str(error)

    with ThreadPoolExecutor(_TRACED_TOGETHER) as pool:
        return list(pool.map(trace, corridors))


def first_astray(
    network: Network, planned: Sequence[tuple[Corridor, PerDirection[SitePath]]], pause_s: float = _PAUSE_S
) -> Corridor | None:
    """Wait until all corridors take their planned routes; return the first that still does not after half a minute."""
    away: list[Corridor] = []
    for number in range(TRIES):
        if number:
            threading.Event().wait(pause_s)
        found = trace_all(network, [corridor for corridor, _ in planned])
        away = [corridor for (corridor, way), taken in zip(planned, found, strict=True) if taken != way]
        if not away:
            return None
    return away[0]
