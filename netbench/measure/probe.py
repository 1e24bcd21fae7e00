"""A probe: it knows how to measure one family of metrics between two vantages, and knows no plan and no Mininet."""

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal, Protocol

from netbench.measure.samples import Sink
from netbench.measure.vantage import RemoteEnd, Vantage

API = 1

TimestampClass = Literal["hardware", "kernel", "user"]
Spacing = Literal["periodic", "poisson"]


@dataclass(frozen=True, slots=True)
class Pair:
    """What is measured: from ``source`` to ``destination`` (forward) and back (reverse)."""

    id: str
    source: Vantage
    destination: Vantage | RemoteEnd


@dataclass(frozen=True, slots=True)
class Schedule:
    """When to send: ``count`` attempts a pair, ``interval_ns`` apart; for bulk tests their product is the duration.

    ``spacing`` ``poisson`` makes that the mean of exponential gaps, drawn from ``seed`` (RFC 2330 §11.1.1): nothing periodic in
    the network can be in step with them. ``netbench.measure.schedules`` has the times.
    """

    interval_ns: int
    count: int
    spacing: Spacing = "periodic"
    seed: int = 1

    @property
    def duration_ns(self) -> int:
        """From the first attempt to the end of the last interval; what is to be expected of it where gaps are random."""
        return self.interval_ns * self.count


class Control:
    """How the caller says stop. A probe looks at it at least ten times a second."""

    def __init__(self) -> None:
        """Not stopped."""
        self._stopped = threading.Event()

    def stop(self) -> None:
        """Ask the probe to finish what it can hand over at once and return."""
        self._stopped.set()

    @property
    def stopped(self) -> bool:
        """Whether stop was asked for."""
        return self._stopped.is_set()


@dataclass(frozen=True, slots=True)
class Report:
    """What a probe says of its own work, beside the samples.

    ``timestamps`` and ``error_ns`` are by pair id: who took the times, and a bound on what that adds to a one-way delay.
    ``far_clock_error_ns`` is the largest clock error that a far end claimed of itself while it was measured; None, or no entry,
    where it claimed no synchronised clock. ``not_measured`` gives a reason, one sentence, for each pair that has no samples;
    ``cut_short`` gives one where the far end ended the measurement before the schedule did: the pair's samples end there, and
    its remarks say so too. ``remarks`` are sentences that must stand beside the figures of a pair. ``evidence`` is raw tool
    output by name.
    """

    timestamps: Mapping[str, TimestampClass] = field(default_factory=dict[str, TimestampClass])
    error_ns: Mapping[str, int] = field(default_factory=dict[str, int])
    far_clock_error_ns: Mapping[str, int | None] = field(default_factory=dict[str, int | None])
    not_measured: Mapping[str, str] = field(default_factory=dict[str, str])
    remarks: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    cut_short: Mapping[str, str] = field(default_factory=dict[str, str])
    evidence: Mapping[str, bytes] = field(default_factory=dict[str, bytes])


class Probe(Protocol):
    """Contract version 1. A probe is made with its parameters: ``StampProbe(StampProbe.Parameters(...))``.

    ``Parameters`` is a frozen dataclass whose fields all have defaults.
    """

    API: ClassVar[int]
    name: ClassVar[str]
    metrics: ClassVar[tuple[str, ...]]
    Parameters: ClassVar[type[Any]]

    def __init__(self, parameters: Any = None) -> None:
        """``parameters`` is an instance of ``Parameters``, or None for its defaults."""
        ...

    def measure(self, pairs: Sequence[Pair], schedule: Schedule, sink: Sink, control: Control) -> Report:
        """Measure all pairs at once, blocking the caller's thread until done or stopped.

        Samples name pairs by their index in ``pairs``. What cannot be measured is in the report, not an exception.

        :raises CannotMeasureError: when no pair at all could be measured
        """
        ...
