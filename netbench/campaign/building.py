"""Builds the result document from what a campaign found."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from netbench.campaign.calibration import LinkCalibration
from netbench.campaign.document import (
    SCHEMA,
    BreakEvenEntry,
    ClocksEntry,
    CorridorEntry,
    Document,
    LinkAsked,
    LinkEntry,
    MetricEntry,
    Name,
    OutcomeName,
    PlanEntry,
    TargetEntry,
)
from netbench.campaign.figuring import Figure
from netbench.campaign.link_entries import bounds_of, link_drift, link_followed, link_got, link_unproved
from netbench.clock import NANOSECONDS_PER_SECOND, Instant
from netbench.plan.model import DIRECTIONS, Corridor, Link, Plan, Route, Text
from netbench.verdict.model import BreakEven, CorridorFacts, Outcome, Verdict


@dataclass(frozen=True, slots=True)
class CorridorFindings:
    """Everything that was found out about one corridor."""

    corridor: Corridor
    route: Route
    facts: CorridorFacts
    figures: tuple[Figure, ...]
    verdicts: tuple[Verdict, ...]
    outcome: Outcome
    timestamps: str | None
    not_measured: Mapping[str, str]
    clocks: ClocksEntry | None = None


def plan_entry(plan: Plan) -> PlanEntry:
    """Return which plan was measured."""
    return {
        "name": plan.name,
        "title": _name(plan.title),
        "timezone": plan.timezone,
        "digest": plan.digest,
        "rate_scale": plan.rate_scale,
    }


def site_names(plan: Plan) -> dict[str, Name]:
    """Return every site's names by id."""
    return {name: _name(site.name) for name, site in plan.sites.items()}


@dataclass(frozen=True, slots=True)
class Judgement:
    """What is said of every corridor, and of all of them together; ``conditional``: it rests on assumed links."""

    findings: tuple[CorridorFindings, ...]
    outcome: Outcome
    conditional: bool
    exit_code: int


@dataclass(frozen=True, slots=True)
class Heading:
    """Which run it was, where, over which wire, and when."""

    run: str
    network: str
    wire: str
    started: Instant
    ended: Instant


def document(
    heading: Heading,
    plan: Plan,
    judgement: Judgement,
    calibrations: Sequence[LinkCalibration],
) -> Document:
    """Return the whole document."""
    return {
        "schema": SCHEMA,
        "run": heading.run,
        "plan": plan_entry(plan),
        "network": heading.network,
        "wire": heading.wire,
        "started": heading.started.iso(),
        "seconds": round(heading.ended.since_ns(heading.started) / NANOSECONDS_PER_SECOND, 3),
        "verdict": outcome_name(judgement.outcome),
        "conditional": judgement.conditional,
        "sites": site_names(plan),
        "links": [link_entry(calibration) for calibration in calibrations],
        "corridors": [corridor_entry(found) for found in judgement.findings],
    }


def link_entry(calibration: LinkCalibration) -> LinkEntry:
    """Return what was asked of a link and what was got."""
    link = calibration.link
    return {
        "id": link.id,
        "a": link.a,
        "b": link.b,
        "class": link.link_class.value,
        "assumed": link.assumed,
        "assumptions": list(link.assumptions),
        "rate_scale": link.rate_scale,
        "tolerance_ns": link.tolerance_ns,
        "asked": _asked(link),
        "got": link_got(calibration),
        "faithful": calibration.faithful,
        "calibrated": calibration.calibrated,
        "faults": calibration.faults() if calibration.calibrated else [],
        "unproved": link_unproved(calibration),
        "followed": link_followed(calibration),
        "drift": link_drift(calibration),
    }


def corridor_entry(found: CorridorFindings) -> CorridorEntry:
    """Return one corridor: its route, its figures, its targets."""
    corridor, facts = found.corridor, found.facts
    entry: CorridorEntry = {
        "id": corridor.id,
        "kind": corridor.kind.value,
        "class": corridor.link_class.value if corridor.link_class else None,
        "from": corridor.source,
        "to": corridor.destination,
        "route": list(found.route.sites),
        "route_km": facts.route_km,
        "great_circle_km": facts.great_circle_km,
        "theory_ns": facts.theory_ns,
        "assumed_links": list(facts.assumed_links),
        "error_ns": facts.error_ns,
        "rate_error_ratio": round(facts.rate_error_ratio, 6),
        "timestamps": found.timestamps,
        "metrics": [metric_entry(figure) for figure in found.figures],
        "targets": [target_entry(verdict) for verdict in found.verdicts],
        "not_measured": dict(found.not_measured),
        "verdict": outcome_name(found.outcome),
        "conditional": any(verdict.conditional for verdict in found.verdicts),
    }
    if found.clocks is not None:
        entry["clocks"] = found.clocks
    return entry


def metric_entry(figure: Figure) -> MetricEntry:
    """Return one figure; a rate says what was measured on the scaled link too."""
    summary = figure.summary
    entry: MetricEntry = {
        "metric": summary.metric,
        "direction": summary.direction,
        "statistic": summary.statistic,
        "value": summary.value,
        "low": summary.low,
        "high": summary.high,
        "unit": summary.unit,
        "count": summary.count,
        "method": summary.method,
    }
    if figure.emulated is not None and figure.rate_scale is not None:
        entry["emulated"] = bounds_of(figure.emulated)
        entry["rate_scale"] = figure.rate_scale
    if figure.reason is not None:
        entry["reason"] = figure.reason
    return entry


def target_entry(verdict: Verdict) -> TargetEntry:
    """Return one target and what is said of it."""
    target = verdict.target
    return {
        "id": target.id,
        "metric": target.metric,
        "statistic": target.statistic,
        "comparison": target.comparison,
        "limit": target.limit,
        "unit": target.unit,
        "of": target.of,
        "direction": target.direction.value,
        "toward": target.measured_direction,
        "layer": target.layer.value,
        "status": target.status.value,
        "due": target.due.isoformat() if target.due else None,
        "source": {"title": target.source.title, "date": target.source.date, "url": target.source.url},
        "verdict": outcome_name(verdict.outcome),
        "conditional": verdict.conditional,
        "break_even": _break_even(verdict.break_even),
        "reason": verdict.reason,
        "reason_key": verdict.reason_key,
        "reason_fields": dict(verdict.reason_fields),
        "needs": None if verdict.needs_samples is None else {"samples": verdict.needs_samples},
    }


def outcome_name(outcome: Outcome) -> OutcomeName:
    """Return the word for an outcome."""
    names: dict[Outcome, OutcomeName] = {
        Outcome.PASS: "pass",
        Outcome.FAIL: "fail",
        Outcome.INCONCLUSIVE: "inconclusive",
        Outcome.VOID: "void",
    }
    return names[outcome]


def _asked(link: Link) -> LinkAsked:
    return {
        "delay_ns": [link.delay_ns.towards(direction) for direction in DIRECTIONS],
        "rate_bps": [link.rate_bps.towards(direction) for direction in DIRECTIONS],
        "loss_ratio": [link.loss_ratio.towards(direction) for direction in DIRECTIONS],
        "jitter_ns": [link.jitter_ns.towards(direction) for direction in DIRECTIONS],
        "queue_ns": [link.queue_ns.towards(direction) for direction in DIRECTIONS],
    }


def _break_even(found: BreakEven | None) -> BreakEvenEntry | None:
    return None if found is None else {"route_km": found.route_km, "route_factor": found.route_factor}


def _name(text: Text) -> Name:
    return {"en": text.en, "zh": text.zh}
