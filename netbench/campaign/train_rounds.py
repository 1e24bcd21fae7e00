"""Which trains are sent over which links, and which of them at once."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from netbench.analysis.trains import FULL_FRAME_BITS
from netbench.campaign.schedule import ROUND_LOAD_BPS
from netbench.clock import NANOSECONDS_PER_SECOND
from netbench.measure.probe import Schedule
from netbench.plan.model import DIRECTIONS, DirectionName, Link

TRAINS: Final = 15
"""A direction: of them six must be sent fast enough for a median with an interval."""
PACED_TRAINS: Final = 9
"""The same where a train keeps the queue full for long."""
LEAVING_OUT: Final = 0.25
"""Of what the queue holds, the first: what a shaper's burst lets through at once."""
HELD: Final = 0.8
"""Of what the queue should hold: up to there nothing is dropped even if it is somewhat shorter or slower than asked."""
FEWEST_HELD: Final = 4
"""Fewer frames between the two and the train is paced instead, as where jitter spreads arrivals."""
OVERFILLED: Final = 1.75
OVERFILLED_FRAMES: Final = 8
OVERLOAD: Final = 1.25
"""How much faster than the link the paced part of a train is sent."""
PACED_FOR_JITTERS: Final = 75
"""A paced train lasts this many times the jitter: its two ends then blur the rate by less than two per cent."""
SHORTEST_PACED_NS: Final = 100_000_000
LONGEST_PACED_NS: Final = 2_000_000_000
LARGEST_BLUR: Final = 0.012
"""Of the rate by one paced train, by chance in its losses: what decides how long it lasts."""
WIDE_TOLERANCE_NS: Final = 1_000_000
"""Whoever states one as wide as this says that the machine is late by as much: trains then last longer."""
SLOPE_OF_A_WALK: Final = 1.2
"""The variance of the slope through a random walk, as the count of losses is one, to that of the line between its two ends."""
SPREAD_OF_ENDS: Final = 0.67
"""Of the time between a train's two ends, in jitters: the standard deviation."""
CERTAINTY: Final = 3 * 1.25
"""Three standard errors of a median, in standard errors of a mean."""
SHARE_NS: Final = 2_500_000
"""Of an interval between trains, for each pair: what sending and reading one takes."""
REST_NS: Final = 3_000_000
"""Between a train that has left the queue and the next."""
SET_UP_NS: Final = 120_000_000
"""What a round takes beside its trains."""


@dataclass(frozen=True, slots=True)
class TrainTest:
    """One direction of a link: what is sent over it, and which of its packets tell the rate.

    ``first`` to ``last`` are packets that the queue holds whole; ``paced`` trains keep the queue full for longer instead, by
    sending a packet every ``pace_ns`` after the ``burst``. ``blur`` is the share of the rate by which the median of such trains
    may be off by chance, where jitter and losses blur each of them.
    """

    link: str
    direction: DirectionName
    rate_bps: int
    queue_ns: int
    frame_ns: int
    frames: int
    burst: int
    pace_ns: int
    first: int
    last: int
    interval_ns: int
    timeout_ns: int
    blur: float

    @property
    def paced(self) -> bool:
        """Whether the train keeps the queue full after its burst."""
        return self.frames > self.burst

    @property
    def name(self) -> str:
        """What its pair is called in the archive: link and direction."""
        return f"{self.link} {self.direction}"


@dataclass(frozen=True, slots=True)
class TrainRound:
    """Tests that run at once."""

    tests: tuple[TrainTest, ...]

    @property
    def schedule(self) -> Schedule:
        """When trains are sent."""
        longest_ns = max(test.interval_ns for test in self.tests)
        trains = PACED_TRAINS if self.tests[0].paced else TRAINS
        return Schedule(max(longest_ns, SHARE_NS * len(self.tests)), trains)

    @property
    def timeout_ns(self) -> int:
        """When a packet that has not arrived was dropped."""
        return max(test.timeout_ns for test in self.tests)

    @property
    def duration_ns(self) -> int:
        """How long the round takes, about."""
        return self.schedule.duration_ns + self.timeout_ns + SET_UP_NS


def train_rounds(links: Iterable[Link]) -> tuple[TrainRound, ...]:
    """Return the rounds for all links both ways: tests of like length together, as many as the machine carries at once."""
    tests = [train_test(link, direction) for link in links for direction in DIRECTIONS]
    rounds: list[list[TrainTest]] = []
    for test in sorted(tests, key=lambda test: (-test.interval_ns, -test.rate_bps, test.name)):
        home = next((members for members in rounds if _joins(test, members)), None)
        if home is None:
            rounds.append([test])
        else:
            home.append(test)
    return tuple(TrainRound(tuple(members)) for members in rounds)


def train_test(link: Link, direction: DirectionName) -> TrainTest:
    """Return the test of one direction."""
    rate_bps, queue_ns = link.emulated_rate_bps(direction), link.queue_ns.towards(direction)
    frame_ns = -(-FULL_FRAME_BITS * NANOSECONDS_PER_SECOND // rate_bps)
    held = queue_ns // frame_ns
    burst = int(OVERFILLED * (held + OVERFILLED_FRAMES))
    first, last = int(LEAVING_OUT * held), int(HELD * held)
    jitter_ns = link.jitter_ns.towards(direction)
    paced_ns = _paced_ns(link, direction, frame_ns) if _unsteadiness_ns(link, direction) or last - first < FEWEST_HELD else 0
    pace_ns = int(frame_ns / OVERLOAD) if paced_ns else 0
    return TrainTest(
        link=link.id,
        direction=direction,
        rate_bps=rate_bps,
        queue_ns=queue_ns,
        frame_ns=frame_ns,
        frames=burst + (paced_ns // pace_ns if pace_ns else 0),
        burst=burst,
        pace_ns=pace_ns,
        first=first,
        last=last,
        interval_ns=paced_ns + queue_ns + frame_ns * OVERFILLED_FRAMES + REST_NS,
        timeout_ns=link.delay_ns.towards(direction) + jitter_ns + queue_ns + 50_000_000,
        blur=_blur(link, direction, frame_ns, paced_ns) if paced_ns else 0.0,
    )


def _paced_ns(link: Link, direction: DirectionName, frame_ns: int) -> int:
    """How long a train must keep the queue full for jitter and losses not to blur the rate."""
    for_losses_ns = int(_loss_variance(link, direction) / LARGEST_BLUR**2 * frame_ns)
    for_jitter_ns = PACED_FOR_JITTERS * _unsteadiness_ns(link, direction)
    return min(LONGEST_PACED_NS, max(SHORTEST_PACED_NS, for_jitter_ns, for_losses_ns))


def _blur(link: Link, direction: DirectionName, frame_ns: int, paced_ns: int) -> float:
    by_losses = _loss_variance(link, direction) * frame_ns / paced_ns
    by_jitter = (SPREAD_OF_ENDS * _unsteadiness_ns(link, direction) / paced_ns) ** 2
    return CERTAINTY * math.sqrt((by_losses + by_jitter) / PACED_TRAINS)


def _unsteadiness_ns(link: Link, direction: DirectionName) -> int:
    """How far packets' arrivals vary: by the plan's jitter, or by a machine that needs a wide tolerance."""
    late_ns = link.tolerance_ns // 2 if link.tolerance_ns >= WIDE_TOLERANCE_NS else 0
    return max(link.jitter_ns.towards(direction), late_ns)


def _loss_variance(link: Link, direction: DirectionName) -> float:
    """What losses add to the variance of a rate, for each frame: bursts of them vary more than single ones."""
    ratio, burst = link.loss_ratio.towards(direction), link.loss_burst.towards(direction) or 1.0
    return SLOPE_OF_A_WALK * ratio * (1 - ratio) * (2 * burst - 1)


def _joins(test: TrainTest, members: Sequence[TrainTest]) -> bool:
    load_bps = test.rate_bps + sum(member.rate_bps for member in members)
    return members[0].paced == test.paced and load_bps <= ROUND_LOAD_BPS
