"""When everything is measured: how long each phase takes, and which bulk tests may run together."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from netbench.clock import NANOSECONDS_PER_SECOND
from netbench.measure.probe import Schedule
from netbench.plan.model import DIRECTIONS, Corridor, DirectionName, Plan, Route
from netbench.plan.routing import links_of

SECOND = NANOSECONDS_PER_SECOND

LATENCY_PACKETS_PER_SECOND = 1500
"""For all corridors together: what two cores send, relay and answer without being late themselves."""
SHORTEST_INTERVAL_NS = 10_000_000

CALIBRATION_PACKETS_PER_SECOND = 3500
"""For all links together: each of these crosses one link only."""
CALIBRATION_PROBES = 370
"""A link: the fewest that give the 99th percentile an interval with two ends."""
DRIFT_PROBES = 200
"""The same after the campaign, when only the median is asked for."""

TRACE_PROBES = 200
"""A link that follows a trace, while it does: two seconds of it."""

THROUGHPUT_BUDGET_NS = 150 * SECOND
"""All bulk tests of a campaign together, set-up included."""
ROUND_LOAD_BPS = 400_000_000
"""Rate times links crossed, of all tests of a round: what the wires of two cores carry without being late themselves."""
TEST_SET_UP_NS = 900_000_000
"""What a round costs beside its traffic: starting two processes a test, the control connections, the last results."""
RAMP_UP_NS = 500_000_000
"""Left out of every test's figures: TCP finding its rate."""
SHORTEST_TRAFFIC_S = 2
LONGEST_TRAFFIC_S = 4
"""Ramp-up and test together, in seconds: iperf3 sends for whole ones."""
TEST_INTERVAL_NS = 100_000_000


@dataclass(frozen=True, slots=True)
class BulkTest:
    """One throughput test: a corridor in one direction."""

    corridor: str
    direction: DirectionName


@dataclass(frozen=True, slots=True)
class TimeTable:
    """The whole campaign: ``rounds`` of bulk tests, none of which shares a link with another of its round."""

    calibration: Schedule
    drift: Schedule
    latency: Schedule
    throughput: Schedule
    rounds: tuple[tuple[BulkTest, ...], ...]

    @property
    def throughput_ns(self) -> int:
        """All rounds, with what it takes to set each up."""
        return len(self.rounds) * (self.throughput.duration_ns + RAMP_UP_NS + TEST_SET_UP_NS)

    @property
    def measuring_ns(self) -> int:
        """From the first probe to the last."""
        return self.calibration.duration_ns + self.drift.duration_ns + self.latency.duration_ns + self.throughput_ns


def time_table(plan: Plan, routes: Mapping[str, Route], latency_ns: int) -> TimeTable:
    """Return the time table for the corridors in ``routes``, with ``latency_ns`` of delay measurement."""
    rounds = _rounds(plan, _tests(plan, routes), routes)
    links = len(plan.links)
    latency = _latency(len(routes), latency_ns)
    return TimeTable(calibration_schedule(links), drift_schedule(links), latency, _throughput(len(rounds)), rounds)


def calibration_schedule(links: int) -> Schedule:
    """Return when so many links are probed before the campaign, all at once."""
    return Schedule(_calibration_interval_ns(links), CALIBRATION_PROBES)


def drift_schedule(links: int) -> Schedule:
    """Return when they are probed after it."""
    return Schedule(_calibration_interval_ns(links), DRIFT_PROBES)


def trace_schedule(links: int) -> Schedule:
    """Return when so many links are probed while they follow their traces."""
    return Schedule(_calibration_interval_ns(links), TRACE_PROBES)


def _calibration_interval_ns(links: int) -> int:
    return max(SHORTEST_INTERVAL_NS, links * SECOND // CALIBRATION_PACKETS_PER_SECOND)


def _latency(corridors: int, duration_ns: int) -> Schedule:
    interval_ns = max(SHORTEST_INTERVAL_NS, corridors * SECOND // LATENCY_PACKETS_PER_SECOND)
    return Schedule(interval_ns, max(1, duration_ns // interval_ns))


def _throughput(rounds: int) -> Schedule:
    share_s = (THROUGHPUT_BUDGET_NS // max(1, rounds) - TEST_SET_UP_NS) // SECOND
    traffic_ns = min(LONGEST_TRAFFIC_S, max(SHORTEST_TRAFFIC_S, share_s)) * SECOND
    return Schedule(TEST_INTERVAL_NS, (traffic_ns - RAMP_UP_NS) // TEST_INTERVAL_NS)


def _tests(plan: Plan, routes: Mapping[str, Route]) -> list[BulkTest]:
    wanted = [BulkTest(name, "forward") for name in routes]
    return wanted + [BulkTest(name, "reverse") for name in routes if _needs_reverse(plan, plan.corridors[name], routes[name])]


def _needs_reverse(plan: Plan, corridor: Corridor, route: Route) -> bool:
    there, back = (_rate_bps(plan, route, direction) for direction in DIRECTIONS)
    return there != back or any(
        target.metric == "throughput" and target.measured_direction != "forward" for target in plan.targets_of(corridor)
    )


def _rate_bps(plan: Plan, route: Route, direction: DirectionName) -> int:
    return min(link.rate_bps.towards(along) for link, along in links_of(plan, route, direction))


def _rounds(plan: Plan, tests: Sequence[BulkTest], routes: Mapping[str, Route]) -> tuple[tuple[BulkTest, ...], ...]:
    """Greedy colouring, longest routes first: a test joins the first round of its direction that has room for it."""
    rounds: list[list[BulkTest]] = []
    for test in sorted(tests, key=lambda test: -len(routes[test.corridor].links)):
        home = next((members for members in rounds if _joins(plan, test, members, routes)), None)
        if home is None:
            rounds.append([test])
        else:
            home.append(test)
    return tuple(tuple(members) for members in rounds)


def _joins(plan: Plan, test: BulkTest, members: Sequence[BulkTest], routes: Mapping[str, Route]) -> bool:
    links = set(routes[test.corridor].links)
    return (
        all(member.direction == test.direction and links.isdisjoint(routes[member.corridor].links) for member in members)
        and sum(_load_bps(plan, routes[member.corridor], member.direction) for member in (*members, test)) <= ROUND_LOAD_BPS
    )


def _load_bps(plan: Plan, route: Route, direction: DirectionName) -> int:
    return min(link.emulated_rate_bps(along) for link, along in links_of(plan, route, direction)) * len(route.links)
