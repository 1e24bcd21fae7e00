"""The words of a verdict."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from netbench.analysis.summary import Summary
from netbench.plan.model import Target

NS_PER_KM: Final = 4896.7
"""Light in glass of group index 1.468."""


class Outcome(StrEnum):
    """What is said of one target. Void: the instrument or the host was not fit to judge."""

    PASS = "pass"
    FAIL = "fail"
    INCONCLUSIVE = "inconclusive"
    VOID = "void"


@dataclass(frozen=True, slots=True)
class ClockErrors:
    """Bounds on what two clocks add to or take from a direction's figures; nothing where one clock is at both ends.

    ``void`` is why no one-way delay may be judged: what is claimed of the clocks or the path cannot be true.
    """

    one_way_ns: int = 0
    pdv_ns: int = 0
    ipdv_ns: int = 0
    void: str | None = None


ONE_CLOCK: Final = ClockErrors()


@dataclass(frozen=True, slots=True)
class CorridorFacts:
    """What the rules need to know of a corridor beside its samples.

    ``assumed_links`` makes every verdict conditional. ``route_km`` is None where a link states a delay instead of a length.
    ``fixed_ns`` is the planned delay that does not come from fibre length (equipment, radio).
    ``error_ns`` bounds what timestamps and emulation may have added to or taken from a one-way delay.
    ``void`` is the reason why nothing may be judged, ``unproved`` the reason why nothing measured can decide, when there is one.
    ``rate_error_ratio`` bounds how far the emulated links' rates may have moved a throughput, as a share of it.
    ``emulated`` says that kilometres were typed in.
    ``ns_per_km`` is how long light takes over one of them, by the plan's group index.
    ``clocks`` is what two clocks add to ``error_ns``.
    """

    theory_ns: int
    theory_error_ns: int
    great_circle_km: float
    route_km: float | None
    fixed_ns: int
    assumed_links: tuple[str, ...]
    error_ns: int
    void: str | None
    emulated: bool
    ns_per_km: float = NS_PER_KM
    unproved: str | None = None
    rate_error_ratio: float = 0.0
    clocks: ClockErrors = ONE_CLOCK


@dataclass(frozen=True, slots=True)
class BreakEven:
    """How long the route may be for the limit still to hold, in km and as a factor over the great circle."""

    route_km: float
    route_factor: float


@dataclass(frozen=True, slots=True)
class Verdict:
    """A target judged. ``reason`` is one sentence in English; ``reason_key`` and ``reason_fields`` let a report say it anew.

    ``conditional``: true of the plan as typed, not of a built route: never counted as met.
    ``needs_samples``: how many attempts in all would decide it, when more samples would.
    ``summary`` is the figure that was compared, None when there was none.
    """

    target: Target
    outcome: Outcome
    conditional: bool
    break_even: BreakEven | None
    reason: str
    reason_key: str
    reason_fields: tuple[tuple[str, str], ...]
    needs_samples: int | None
    summary: Summary | None
