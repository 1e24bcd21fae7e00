"""Which kernels are used: the compiled ones, or their numpy twin where this host does not let code be compiled."""

from collections.abc import Sequence
from functools import cache
from typing import Protocol

import numpy as np
import numpy.typing as npt

from netbench.analysis import twin

Integers = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


class Kernels(Protocol):
    """The passes over all samples; the functions are described in ``netbench.analysis.kernels``."""

    NAME: str

    def batch_sums(self, values: Integers, batches: int) -> tuple[int, int, Integers, Integers]:
        """Return minimum, maximum and halves of the sums of each batch."""
        ...

    def squared_deviations(self, values: Integers, origin: int, centre: float) -> float:
        """Return the sum of squared deviations."""
        ...

    def absolute_differences(self, sequence: Integers, values: Integers) -> Integers:
        """Return differences of neighbours in sequence."""
        ...

    def order_statistics(self, values: Integers, ranks: Sequence[int]) -> list[int]:
        """Return the values at these ranks."""
        ...

    def lower_hull(self, times: Floats, values: Floats) -> Integers:
        """Return the places of the lower hull's corners."""
        ...

    def floor_costs(self, times: Floats, values: Floats) -> Floats:
        """Return how far the first k + 1 points lie above the nearest line below them."""
        ...


@cache
def kernels() -> Kernels:
    """Return the compiled kernels when they can be imported and run here, else the twin; ``NAME`` says which.

    Compiling can fail in many ways that are the host's, not ours: numba missing or broken, no writable cache, no executable
    memory. None of them changes a figure, so every one leads to the twin.
    """
    try:
        from netbench.analysis import kernels as compiled

        compiled.batch_sums(np.zeros(1, np.int64), 1)
    except Exception:  # noqa: BLE001 - whatever keeps code from being compiled, the twin gives the same figures
        return twin
    return compiled
