"""What a run says of the circumstances: how busy the machine was, and under what load delay was measured."""

from collections.abc import Sequence

from netbench.campaign.document import HostEntry, LoadedLinkEntry, LoadEntry
from netbench.campaign.judging import Measurements
from netbench.campaign.load_report import LinkLoad, LoadReport
from netbench.linux.hostload import HostLoad, together
from netbench.plan.model import Plan


def host_entries(measurements: Measurements) -> dict[str, HostEntry]:
    """Return how busy the machine was, by what was measured meanwhile."""
    return phase_entries((measurements.host,) if measurements.host else (), measurements.throughput.hosts)


def phase_entries(delay: Sequence[HostLoad], throughput: Sequence[HostLoad]) -> dict[str, HostEntry]:
    """Return the same from what was watched in each phase."""
    watched = {"delay": tuple(delay), "throughput": tuple(throughput)}
    return {phase: _host_entry(together(loads)) for phase, loads in watched.items() if loads}


def load_entry(plan: Plan, report: LoadReport) -> LoadEntry:
    """Return what was asked, offered and carried while delay was measured, link by link."""
    return {
        "name": report.name,
        "during": "delay",
        "seconds": round(report.elapsed_ns / 1e9, 3),
        "demands": len(plan.demands),
        "assumed_demands": sum(demand.assumed for demand in plan.demands),
        "late_ratio": round(report.late_ratio, 6),
        "links": [_link_entry(found) for found in report.links],
    }


def _link_entry(found: LinkLoad) -> LoadedLinkEntry:
    link, scale = found.link, found.link.rate_scale
    return {
        "id": link.id,
        "direction": found.direction,
        "rate_scale": scale,
        "planned": {
            "rate_bps": link.rate_bps.towards(found.direction),
            "asked_bps": found.planned_bps,
            "offered_bps": round(found.offered_bps * scale),
            "carried_bps": round(found.carried_bps * scale),
        },
        "emulated": {
            "rate_bps": link.emulated_rate_bps(found.direction),
            "asked_bps": round(found.asked_bps),
            "offered_bps": round(found.offered_bps),
            "carried_bps": round(found.carried_bps),
        },
        "asked_utilisation": round(found.planned_utilisation, 6),
        "utilisation": round(found.utilisation, 6),
    }


def _host_entry(load: HostLoad) -> HostEntry:
    return {
        "seconds": round(load.seconds, 3),
        "cores": load.cores,
        "busy_ratio": round(load.busy, 4),
        "busiest_core_ratio": round(load.busiest_core, 4),
        "softirq_ratio": round(load.softirq, 4),
        "steal_ratio": round(load.steal, 4),
        "waiting_ratio": None if load.waiting is None else round(load.waiting, 4),
        "dropped_frames": load.dropped_frames,
        "ticks": load.ticks,
        "late_ticks": load.late_ticks,
        "max_late_ns": load.max_late_ns,
    }
