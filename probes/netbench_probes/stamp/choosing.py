"""Which of the two engines runs a measurement: the compiled one where the rate wants it and it can do what is asked."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final

from netbench.clock import Clock
from netbench.errors import UnsupportedError, UsageError
from netbench.measure.probe import Control, Schedule
from netbench.measure.samples import Columns
from netbench_probes.handover import drive
from netbench_probes.stamp.columns import columns_of
from netbench_probes.stamp.engine import Engine
from netbench_probes.stamp.fast.asked import Asked, fits, packets_per_second, window_of
from netbench_probes.stamp.flow import Flow
from netbench_probes.stamp.parameters import StampParameters

if TYPE_CHECKING:
    from netbench_probes.stamp.fast.engine import FastEngine

COMPILED_FROM_PACKETS_PER_SECOND: Final = 10_000
"""Up to here the plain engine keeps time, starts at once and gives the same samples."""

Flows = Sequence[tuple[int, Flow]]


def engine_for(flows: Flows, schedule: Schedule, control: Control, clock: Clock, asked: StampParameters) -> "Engine | FastEngine":
    """Return the engine that is asked for or, by itself, the one that suits.

    :raises UsageError: when the compiled one is asked for and cannot do what else is asked
    :raises UnsupportedError: when it is asked for and cannot be compiled here
    """
    reason = _why_plain(flows, schedule, asked)
    if asked.engine == "compiled" and reason is not None:
        raise UsageError(f"the compiled engine {reason}; choose the plain one, or leave engine out")
    slow = packets_per_second(schedule, len(flows)) < COMPILED_FROM_PACKETS_PER_SECOND
    if asked.engine == "plain" or reason is not None or (asked.engine == "auto" and slow):
        return Engine(flows, schedule, control, clock)
    try:
        return _compiled(flows, schedule, control, clock, asked)
    except Exception as error:
        # compiling can fail in many ways that are the host's; none of them changes a sample
        if asked.engine == "compiled":
            raise UnsupportedError(f"the compiled engine cannot run here: {error}; numba needs executable memory") from error
        return Engine(flows, schedule, control, clock)


def run(engine: "Engine | FastEngine", write: Callable[[Columns], None]) -> None:
    """The engine has run, and all its samples were written in the calling thread."""
    if isinstance(engine, Engine):
        drive(engine, "netbench-stamp", lambda rows: write(columns_of(rows)))
    else:
        engine.run(write)


def _why_plain(flows: Flows, schedule: Schedule, asked: StampParameters) -> str | None:
    """Return what the compiled engine cannot do of this, None when it can."""
    if asked.secret() is not None or asked.authenticated:
        return "knows no keys"
    if asked.tlvs or asked.access is not None:
        return "asks no TLVs"
    if flows[0][1].talk.rest is None:
        return "sends packets of one size"
    if asked.ssid_needed or asked.stateless:
        return "knows neither ssid_needed nor stateless"
    if not fits(schedule, len(flows), asked.timeout_ns):
        return "cannot remember so many packets"
    return None


def _compiled(flows: Flows, schedule: Schedule, control: Control, clock: Clock, asked: StampParameters) -> "FastEngine":
    from netbench_probes.stamp.fast.engine import FastEngine

    rest = flows[0][1].talk.rest or b""
    window = window_of(schedule, asked.timeout_ns)
    return FastEngine(flows, schedule, control, clock, Asked(rest, asked.timeout_ns, window, asked.ssid))
