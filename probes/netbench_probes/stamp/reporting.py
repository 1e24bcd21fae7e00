"""What the probes that send STAMP's packets say of their own work: who took the times, how well, and what went wrong here."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Protocol

from netbench.measure.probe import Pair, Report, TimestampClass
from netbench_probes.stamp.engine import Pace
from netbench_probes.stamp.flow import Flow

KERNEL_ERROR_NS = 10_000
"""Kernel stamps at both ends: within 4 µs of a capture at p99 and 9 µs at p99.9, whatever the load."""
REMOTE_ERROR_NS = 300_000
"""Ours from the kernel, the far end's T3 as it claims it: written before its send, up to 260 µs early at p99.9."""
USER_ERROR_NS = 10_000_000
"""The user's clock: a woken process may be milliseconds late."""


class Paced(Protocol):
    """An engine that has run: which one, and how well it kept its schedule."""

    @property
    def kind(self) -> str:
        """``plain`` or ``compiled``."""
        ...

    @property
    def pace(self) -> Pace:
        """Its own account."""
        ...


def report(
    name: str, pairs: Sequence[Pair], flows: Sequence[tuple[int, Flow]], not_measured: Mapping[str, str], engine: Paced
) -> Report:
    """Return the report of the probe called ``name``; its evidence is in ``NAME.json``."""
    by_id = {pairs[index].id: flow for index, flow in flows}
    return Report(
        timestamps={pair: _timestamps(flow) for pair, flow in by_id.items()},
        error_ns={pair: _error_ns(flow) for pair, flow in by_id.items()},
        far_clock_error_ns={pair: flow.session.claim.error_ns for pair, flow in by_id.items() if flow.reflector is None},
        not_measured=not_measured,
        remarks={pair: said for pair, flow in by_id.items() if (said := flow.remarks())},
        evidence={f"{name}.json": _self_report(by_id, engine)},
    )


def _timestamps(flow: Flow) -> TimestampClass:
    """A pair is called by the worst of its stamps."""
    return "kernel" if flow.stamped and flow.session.tally.user_stamps == 0 else "user"


def _error_ns(flow: Flow) -> int:
    if _timestamps(flow) == "user":
        return USER_ERROR_NS
    followed = flow.talk.asking.follows_up and flow.session.tally.claimed_departures == 0
    return KERNEL_ERROR_NS if flow.reflector is not None or followed else REMOTE_ERROR_NS


def _self_report(flows: Mapping[str, Flow], engine: Paced) -> bytes:
    document = {
        "loop": {"engine": engine.kind} | asdict(engine.pace),
        "pairs": {
            pair: asdict(flow.session.tally)
            | {"socket_drops": flow.drops(), "send_errors": flow.send_errors, "icmp_errors": flow.icmp_errors}
            | {"tlvs": asdict(flow.talk.asking.notes)}
            for pair, flow in flows.items()
        },
    }
    return json.dumps(document, indent=1, sort_keys=True).encode()
