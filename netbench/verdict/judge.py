"""The rules by which a target is judged, in the order in which they speak: the first that has something to say decides."""

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Final

from netbench.analysis.summary import Summary
from netbench.plan.model import Layer, Target, TargetDirection
from netbench.units import format_duration
from netbench.verdict import reasons
from netbench.verdict.break_even import break_even
from netbench.verdict.compare import Finding, found
from netbench.verdict.figures import DELAYS
from netbench.verdict.model import CorridorFacts, Outcome, Verdict
from netbench.verdict.readings import read
from netbench.verdict.reasons import Reason

_ABOVE: Final = {Layer.OPTICAL: {Layer.IP, Layer.INTERNET}, Layer.RADIO: {Layer.IP, Layer.INTERNET}}
"""Layers that a packet measured there must cross: its delay and loss contain theirs."""


def judge(  # noqa: PLR0917 - what is judged, by what, when and where, in the order in which one would say it
    target: Target,
    facts: CorridorFacts,
    summaries: Sequence[Summary],
    today: date,
    measured_layer: Layer,
    shares: Sequence[Summary] = (),
) -> Verdict:
    """Return the verdict on one target of one corridor.

    ``summaries`` are the corridor's, rates in the plan's terms. ``shares`` are, for a target on ``share_at_least``, the shares
    of intervals that reach this target's ``of``, one a direction (``netbench.analysis.intervals.share_at_least``).

    :raises ValueError: when one figure is given twice
    """
    finding = _find(target, facts, summaries, measured_layer, shares)
    finding = _told_of_layer(_told_of_due_date(finding, target, today), target, measured_layer)
    conditional = facts.emulated and bool(facts.assumed_links) and finding.outcome is not Outcome.VOID
    summary = finding.figure.widened if finding.figure else None
    return Verdict(
        target=target,
        outcome=finding.outcome,
        conditional=conditional,
        break_even=break_even(target, facts, summary) if conditional and summary else None,
        reason=finding.reason.sentence(),
        reason_key=finding.reason.key,
        reason_fields=finding.reason.fields,
        needs_samples=finding.needs_samples,
        summary=summary,
    )


def _find(
    target: Target, facts: CorridorFacts, summaries: Sequence[Summary], measured_layer: Layer, shares: Sequence[Summary]
) -> Finding:
    if facts.void is not None:
        return Finding(Outcome.VOID, Reason.of(reasons.VOID, cause=facts.void))
    if facts.unproved is not None:
        return Finding(Outcome.INCONCLUSIVE, Reason.of(reasons.UNPROVED, cause=facts.unproved))
    if target.statistic == "busy_hour_mean":
        return Finding(Outcome.INCONCLUSIVE, Reason.of(reasons.BUSY_HOUR))
    if _says_nothing(target.layer, measured_layer, emulated=facts.emulated):
        words = {"measured": measured_layer.value, "layer": target.layer.value}
        return Finding(Outcome.INCONCLUSIVE, Reason.of(reasons.OTHER_LAYER, **words))
    if target.metric in DELAYS:
        impossible = _contradicted(target, facts) or next(_below_theory(target, facts, summaries), None)
        impossible = impossible or _theory_too_short(target, facts)
        if impossible:
            return impossible
    return read(target, facts, shares if target.statistic == "share_at_least" else summaries)


def _says_nothing(stated: Layer, measured: Layer, *, emulated: bool) -> bool:
    """Whether a measurement there neither contains the layer of the target nor is at it; an emulation has one packet layer."""
    if stated is measured or measured in _ABOVE.get(stated, set()):
        return False
    return not (emulated and {stated, measured} == {Layer.IP, Layer.INTERNET})


def _contradicted(target: Target, facts: CorridorFacts) -> Finding | None:
    """What cannot be true of two clocks voids one-way delays alone: a round trip begins and ends at one."""
    if facts.clocks.void is None or _of_round_trip(target):
        return None
    return Finding(Outcome.VOID, Reason.of(reasons.VOID, cause=facts.clocks.void))


def _of_round_trip(target: Target) -> bool:
    return target.metric == "round_trip_delay" or target.direction is TargetDirection.ROUND_TRIP


def _below_theory(target: Target, facts: CorridorFacts, summaries: Sequence[Summary]) -> Iterator[Finding]:
    """A delay that light in glass cannot have, whatever the errors that are known: the round trip is free of the clocks'."""
    least_ns = facts.theory_ns - facts.theory_error_ns
    together = _of_round_trip(target)
    for summary in summaries:
        if summary.value is None or summary.metric not in ({"round_trip_delay"} if together else DELAYS):
            continue
        ways = 2 if summary.metric == "round_trip_delay" else 1
        error_ns = 2 * facts.error_ns if ways == 2 else facts.error_ns + facts.clocks.one_way_ns
        if summary.value + error_ns < ways * least_ns:
            words = {"value": format_duration(summary.value), "direction": summary.direction}
            theory = format_duration(ways * facts.theory_ns)
            yield Finding(Outcome.VOID, Reason.of(reasons.BELOW_THEORY, **words, theory=theory))


def _theory_too_short(target: Target, facts: CorridorFacts) -> Finding | None:
    if target.metric != "theory_ratio" or facts.theory_ns > facts.theory_error_ns:
        return None
    words = {"theory": format_duration(facts.theory_ns), "error": format_duration(facts.theory_error_ns)}
    return Finding(Outcome.INCONCLUSIVE, Reason.of(reasons.THEORY_TOO_SHORT, **words))


def _told_of_layer(finding: Finding, target: Target, measured: Layer) -> Finding:
    """A miss at a higher layer says nothing of the lower one."""
    if finding.outcome is not Outcome.FAIL or finding.figure is None or measured not in _ABOVE.get(target.layer, set()):
        return finding
    template, layer = reasons.LOWER_LAYER, target.layer.value
    return found(Outcome.INCONCLUSIVE, template, finding.figure, target, measured=measured.value, layer=layer)


def _told_of_due_date(finding: Finding, target: Target, today: date) -> Finding:
    if finding.outcome is not Outcome.FAIL or finding.figure is None or target.due is None or target.due <= today:
        return finding
    return found(Outcome.FAIL, reasons.NOT_DUE, finding.figure, target, due=target.due.isoformat())
