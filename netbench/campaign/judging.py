"""From everything measured to what is said of every corridor."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date

from netbench.campaign import figuring
from netbench.campaign.building import CorridorFindings, Judgement
from netbench.campaign.calibration import LinkCalibration
from netbench.campaign.condition import LATE_SHARE_OF_DELAY, LATE_SHARE_OF_RATE, Condition
from netbench.campaign.facts import corridor_facts, drifted, unproved_rate, untraced
from netbench.campaign.load_report import LoadReport
from netbench.campaign.measuring import Measured, Throughput
from netbench.campaign.sinks import of_pair
from netbench.linux.hostload import HostLoad
from netbench.measure.samples import INTERVALS, PACKETS, Columns
from netbench.plan.model import Corridor, Layer, Plan, Route, Target
from netbench.verdict.aggregate import corridor_outcome, exit_code, is_conditional, run_outcome
from netbench.verdict.judge import judge

NOT_CALIBRATED = "the links were not calibrated (--no-calibrate), so nothing says that they are as planned"


@dataclass(frozen=True, slots=True)
class Measurements:
    """Everything measured, before anything is judged; ``conditions`` is how the instrument fared by corridor, for delay.

    ``host`` is how busy the machine was while delay was measured, ``load`` what was offered meanwhile.
    """

    links: Mapping[str, LinkCalibration]
    latency: Measured
    conditions: Mapping[str, Condition]
    throughput: Throughput
    host: HostLoad | None = None
    load: LoadReport | None = None


def judge_corridors(plan: Plan, routes: Mapping[str, Route], measurements: Measurements, today: date) -> Judgement:
    """Return the findings on every corridor and what they say together."""
    findings = tuple(_find(plan, plan.corridors[name], route, measurements, today) for name, route in routes.items())
    verdicts = [verdict for found in findings for verdict in found.verdicts]
    return Judgement(findings, run_outcome(verdicts, today), is_conditional(verdicts, today), exit_code(verdicts, today))


def _find(plan: Plan, corridor: Corridor, route: Route, measurements: Measurements, today: date) -> CorridorFindings:
    latency = measurements.latency
    unfit = _unfit(measurements, route, corridor.id)
    intervals = _fit_intervals(measurements.throughput, corridor.id, unfit)
    facts = corridor_facts(
        plan,
        corridor,
        route,
        measurements.links,
        timestamp_error_ns=latency.report.error_ns.get(corridor.id, 0),
        void=unfit.get("stamp"),
    )
    figures = (*_delay_figures(measurements, corridor.id, unfit), *figuring.rate_figures(plan, route, intervals))
    verdicts = tuple(
        judge(
            target,
            replace(
                facts,
                void=unfit.get("iperf3" if target.metric == "throughput" else "stamp"),
                unproved=_unproved(target, plan, route, measurements),
            ),
            [figure.summary for figure in figures],
            today,
            Layer.IP,
            figuring.target_shares(target, plan, route, intervals, facts.rate_error_ratio),
        )
        for target in plan.targets_of(corridor)
    )
    return CorridorFindings(
        corridor=corridor,
        route=route,
        facts=facts,
        figures=figures,
        verdicts=verdicts,
        outcome=corridor_outcome(verdicts, today),
        timestamps=latency.report.timestamps.get(corridor.id),
        not_measured=_not_measured(measurements, corridor.id) | unfit,
    )


def _unproved(target: Target, plan: Plan, route: Route, measurements: Measurements) -> str | None:
    """Why nothing measured can decide this target, when nothing can."""
    rate = target.metric == "throughput"
    doubt = _uncalibrated(measurements, route) or untraced(plan, route, measurements.links)
    return doubt or (unproved_rate(plan, route, measurements.links) if rate else None)


def _uncalibrated(measurements: Measurements, route: Route) -> str | None:
    return None if all(measurements.links[name].calibrated for name in route.links) else NOT_CALIBRATED


def _delay_figures(measurements: Measurements, corridor: str, unfit: Mapping[str, str]) -> tuple[figuring.Figure, ...]:
    """The figures of delay and loss; none where the instrument was unfit, so that no value is shown as if it were one."""
    if "stamp" in unfit:
        return ()
    latency = measurements.latency
    return figuring.delay_figures(of_pair(latency.memory.columns(PACKETS), latency.pairs.index(corridor)))


def _fit_intervals(throughput: Throughput, corridor: str, unfit: Mapping[str, str]) -> Columns:
    """The intervals of the corridor's tests; none where the instrument was unfit, or the probe itself doubts what it measured."""
    measured = throughput.measured
    mine = of_pair(measured.memory.columns(INTERVALS), measured.pairs.index(corridor))
    doubted = corridor in measured.report.not_measured or "iperf3" in unfit
    kept = slice(0, 0) if doubted else slice(None)
    return {name: column[kept] for name, column in mine.items()}


def _unfit(measurements: Measurements, route: Route, corridor: str) -> dict[str, str]:
    """By probe, why what it measured of this corridor may not be judged."""
    drift = drifted(route, measurements.links)
    delay = _unfit_delay(measurements, corridor) or drift
    rate = _unfit_rate(measurements.throughput, corridor) or drift
    return {probe: reason for probe, reason in (("stamp", delay), ("iperf3", rate)) if reason}


def _unfit_delay(measurements: Measurements, corridor: str) -> str | None:
    unfit = measurements.conditions[corridor].unfit(LATE_SHARE_OF_DELAY)
    return unfit or (measurements.load.unfit if measurements.load else None)


def _unfit_rate(throughput: Throughput, corridor: str) -> str | None:
    mine = (fared for test, fared in throughput.conditions.items() if test.corridor == corridor)
    return next((reason for reason in (fared.unfit(LATE_SHARE_OF_RATE) for fared in mine) if reason), None)


def _not_measured(measurements: Measurements, corridor: str) -> dict[str, str]:
    reasons = {"stamp": measurements.latency.report.not_measured, "iperf3": measurements.throughput.measured.report.not_measured}
    return {probe: by_corridor[corridor] for probe, by_corridor in reasons.items() if corridor in by_corridor}
