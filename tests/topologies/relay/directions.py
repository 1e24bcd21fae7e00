"""A direction in plain memory, for tests that call the compiled functions one by one."""

import numpy as np

from netbench_topologies.relay import layout
from netbench_topologies.relay.direction import Direction, fresh_directions
from netbench_topologies.relay.model import RelayLink
from netbench_topologies.spec import DirectionSpec


def lone_direction(spec: DirectionSpec, seed: int = 1) -> Direction:
    """Return the forward direction of a link named ``link`` that has seen nothing yet."""
    specs, counters = np.zeros((2, layout.SPEC_WORDS), np.int64), np.zeros((2, layout.COUNTER_WORDS), np.int64)
    memory = layout.SharedMemory(np.zeros(layout.HEADER_WORDS, np.int64), specs, counters)
    layout.write_specs(memory, [RelayLink("link", "a", "b", spec, spec)], seed, [3, 4])
    tables = fresh_directions(specs, counters)
    return Direction(specs[0], tables.states[0], counters[0], *tables.rings[:2])


def plain_spec(**changes: float | None) -> DirectionSpec:
    """Return a direction of 1 ms at 1 Gbit/s with a 10 ms queue, changed as told."""
    values: dict[str, float | None] = {
        "delay_ns": 1_000_000,
        "rate_bps": 10**9,
        "planned_rate_bps": 10**9,
        "queue_ns": 10_000_000,
        "jitter_ns": 0,
    }
    values |= changes
    loss_ratio, reorder_ratio = values.pop("loss_ratio", 0.0) or 0.0, values.pop("reorder_ratio", 0.0) or 0.0
    loss_burst = values.pop("loss_burst", None)
    whole = {name: int(value) for name, value in values.items() if value is not None}
    return DirectionSpec(**whole, loss_ratio=loss_ratio, loss_burst=loss_burst, reorder_ratio=reorder_ratio)
