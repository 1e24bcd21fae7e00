"""Before a live corridor is measured: a few packets by each protocol that its far end is said to speak, best first."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from netbench.archive.writer import RunWriter
from netbench.campaign.live_sessions import Brought, Pace, measure
from netbench.campaign.sinks import of_pair
from netbench.measure.probe import Control
from netbench.measure.samples import PACKETS, Fate
from netbench.measure.sessions import Reached, Session
from netbench.plan.model import Plan

TRIAL = Pace(duration_ns=0, least=10)
"""Ten packets: none of them answered is no accident on any link that is worth measuring."""

_HINTS: Mapping[str, str] = {
    "stamp": "is a reflector listening there (netbench reflect), and does no firewall stand between?",
    "twamp": "is a TWAMP server listening there, and does no firewall stand between?",
    "icmp": "does it answer pings?",
}


@dataclass(frozen=True, slots=True)
class Choice:
    """By corridor: the session by which it is measured, and by probe why a better one is not, or why there is none at all."""

    chosen: Mapping[str, Session]
    refusals: Mapping[str, Mapping[str, str]]


def choose(plan: Plan, reached: Sequence[Reached], writer: RunWriter, control: Control) -> Choice:
    """Return how each corridor is measured; the packets of each trial are kept as samples ``trial-…``."""
    chosen: dict[str, Session] = {}
    refusals: dict[str, dict[str, str]] = {each.corridor: {} for each in reached}
    for probe in dict.fromkeys(session.probe for each in reached for session in each.delays):
        waiting = {each.corridor: each for each in reached if each.corridor not in chosen}
        offered = [session for each in waiting.values() for session in each.delays if session.probe == probe]
        for session in offered:
            if session.not_ready is not None:
                refusals[session.pair.id][probe] = session.not_ready
        ready = [session for session in offered if session.not_ready is None]
        if not ready:
            continue
        sink = writer.sink(f"trial-{probe}", [session.pair.id for session in ready])
        brought = measure(probe, ready, TRIAL, sink, control)
        for session in ready:
            reason = _silence(plan, waiting[session.pair.id], session, brought)
            if reason is None:
                chosen[session.pair.id] = session
            else:
                refusals[session.pair.id][probe] = reason
    return Choice(chosen, refusals)


def _silence(plan: Plan, reached: Reached, session: Session, brought: Brought) -> str | None:
    """Why nothing can be measured by this session; None when it was answered."""
    told = brought.report.not_measured.get(session.pair.id)
    if told is not None:
        return told
    packets = of_pair(brought.memory.columns(PACKETS), brought.corridors.index(session.pair.id))
    if np.any(np.asarray(packets["fate"]) == Fate.ANSWERED):
        return None
    corridor = plan.corridors[session.pair.id]
    far = corridor.source if reached.turned else corridor.destination
    with_key = f", with key '{session.key.name}'" if session.key else ""
    hint = _HINTS.get(session.probe, "does it answer?")
    return f"{far} did not answer one of {len(packets['fate'])} packets{with_key}; is its address right, {hint}"
