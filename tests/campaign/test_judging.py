"""From samples to findings: what the instrument spoiled is void and shows no figure; the rest is judged in the plan's terms."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from netbench.campaign.building import CorridorFindings
from netbench.campaign.calibrating import unproved
from netbench.campaign.calibration import LinkCalibration
from netbench.campaign.certificate import Item, Kind, Standing, nothing
from netbench.campaign.condition import Condition
from netbench.campaign.judging import Measurements, judge_corridors
from netbench.campaign.load_report import LoadReport
from netbench.campaign.measuring import Measured, Throughput
from netbench.campaign.schedule import BulkTest
from netbench.measure.collect import MemorySink
from netbench.measure.probe import Report
from netbench.measure.samples import INTERVALS, PACKETS, Fate, Turn
from netbench.plan import routing
from netbench.plan.model import PerDirection, Plan
from netbench.verdict.model import Outcome
from tests.campaign.plans import chain
from tests.campaign.test_calibration import delay

FIT = Condition(frames=10_000, overrun_frames=0, late_frames=0)
OVERRUN = Condition(frames=10_000, overrun_frames=1, late_frames=0)
TODAY = date(2026, 6, 1)
COUNT = 1_000
MEGABIT_A_TENTH = 12_500  # bytes in 0.1 s at 1 Mbit/s


def exact(link: str) -> LinkCalibration:
    """A link measured exactly as planned."""
    asked = chain().links[link]
    there, back = delay("forward", asked.delay_ns.forward, 0), delay("reverse", asked.delay_ns.reverse, 0)
    return LinkCalibration(asked, PerDirection(there, back))


def found(
    delay_condition: Condition = FIT,
    rate_condition: Condition = FIT,
    *,
    doubt: str = "",
    load: LoadReport | None = None,
    calibrated: Callable[[str], LinkCalibration] = exact,
    plan: Plan | None = None,
) -> Mapping[str, CorridorFindings]:
    """The findings when every packet takes 2 ms each way and the home receives 47 Mbit/s over a link scaled down by 10."""
    plan = plan or chain()
    routes = routing.routes(plan)
    names = tuple(routes)
    packets, intervals = MemorySink(), MemorySink()
    for number in range(len(names)):
        packets.write(PACKETS, packet_columns(number))
    intervals.write(INTERVALS, interval_columns(names.index("home")))
    tests = {BulkTest("home", "forward"): FIT, BulkTest("home", "reverse"): rate_condition}
    measurements = Measurements(
        links={link.id: calibrated(link.id) for link in plan.links.values()},
        latency=Measured(
            names, packets, Report(timestamps=dict.fromkeys(names, "kernel"), error_ns=dict.fromkeys(names, 10_000))
        ),
        conditions=dict.fromkeys(names, delay_condition),
        throughput=Throughput(Measured(names, intervals, Report(not_measured={"home": doubt} if doubt else {})), tests),
        load=load,
    )
    return {finding.corridor.id: finding for finding in judge_corridors(plan, routes, measurements, TODAY).findings}


def packet_columns(pair: int) -> dict[str, np.ma.MaskedArray[tuple[int, ...], np.dtype[np.int64]]]:
    """Answered packets, 2 ms each way."""
    values = {
        "pair": pair,
        "sequence": 0,
        "fate": int(Fate.ANSWERED),
        "sent_ns": 0,
        "forward_ns": 2_000_000,
        "residence_ns": 20_000,
        "reverse_ns": 2_000_000,
        "reordered": 0,
        "send_late_ns": 0,
        "forward_ttl": 255,
        "reverse_ttl": 255,
        "forward_tos": 0,
        "reverse_tos": 0,
    }
    columns = {name: np.ma.MaskedArray(np.full(COUNT, value, np.int64), mask=False) for name, value in values.items()}
    return columns | {"sequence": np.ma.MaskedArray(np.arange(COUNT), mask=False)}


def interval_columns(pair: int) -> dict[str, np.ma.MaskedArray[tuple[int, ...], np.dtype[np.int64]]]:
    """Thirty intervals of a tenth of a second at 47 Mbit/s towards the home."""
    values = {
        "pair": pair,
        "turn": int(Turn.REVERSE),
        "start_ns": 0,
        "duration_ns": 100_000_000,
        "received_bytes": 47 * MEGABIT_A_TENTH,
        "retransmits": 0,
        "round_trip_ns": 4_000_000,
        "congestion_window_bytes": 100_000,
    }
    return {name: np.ma.MaskedArray(np.full(30, value, np.int64), mask=False) for name, value in values.items()}


def test_a_fit_instrument_gives_verdicts_and_figures() -> None:
    """2 ms meets 5 ms, and the error of timestamps is the corridor's own where every link is exact."""
    west_east = found()["west-east"]

    assert [verdict.outcome for verdict in west_east.verdicts] == [Outcome.PASS]
    assert west_east.facts.error_ns == 10_000
    assert west_east.not_measured == {}


def test_rates_are_told_in_the_terms_of_the_plan() -> None:
    """47 Mbit/s over a link emulated at a tenth of its rate are 470 Mbit/s, and both figures stand side by side."""
    home = found()["home"]
    mean = next(figure for figure in home.figures if (figure.summary.metric, figure.summary.statistic) == ("throughput", "mean"))

    assert mean.summary.value == 470_000_000
    assert (mean.emulated.value if mean.emulated else None, mean.rate_scale) == (47_000_000, 10)
    assert [verdict.outcome for verdict in home.verdicts] == [Outcome.PASS]
    assert home.verdicts[0].conditional


def test_delay_measured_by_an_unfit_instrument_is_void_and_not_shown() -> None:
    """A frame lost by the machine voids the delay targets of the corridor; no delay or loss is given as if it were measured."""
    west_east = found(delay_condition=OVERRUN)["west-east"]

    assert [verdict.outcome for verdict in west_east.verdicts] == [Outcome.VOID]
    assert west_east.figures == ()
    assert "lost 1 frames" in west_east.not_measured["stamp"]


def test_a_rate_measured_by_an_unfit_instrument_is_void_and_the_delay_stands() -> None:
    """Throughput is void by its own tests' condition, not by the delay's, and the other way round."""
    home = found(rate_condition=OVERRUN)["home"]

    assert [verdict.outcome for verdict in home.verdicts] == [Outcome.VOID]
    assert {figure.summary.metric for figure in home.figures}.isdisjoint({"throughput"})
    assert any(figure.summary.metric == "one_way_delay" for figure in home.figures)
    assert "lost 1 frames" in home.not_measured["iperf3"]


def test_a_link_that_drifted_voids_what_crossed_it() -> None:
    """mid-east is 1 ms later after the campaign: corridors over it are void in delay and in rate, the others stand."""

    def drifted(link: str) -> LinkCalibration:
        before = exact(link)
        late = delay("forward", before.link.delay_ns.forward + 1_000_000, 0)
        return before.measured_again(PerDirection(late, before.got.reverse)) if link == "mid-east" else before

    by_corridor = found(calibrated=drifted)

    assert [verdict.outcome for verdict in by_corridor["west-east"].verdicts] == [Outcome.VOID]
    assert by_corridor["west-east"].figures == ()
    assert "link mid-east forward drifted" in by_corridor["west-east"].verdicts[0].reason
    assert [verdict.outcome for verdict in by_corridor["west-mid"].verdicts] == [Outcome.PASS]


def test_a_rate_over_a_link_whose_own_rate_is_unknown_decides_nothing() -> None:
    """Where the machine could not drive the link, a throughput that would pass is inconclusive, with the reason."""
    unknown = nothing("link_rate", "reverse", "bit/s")
    item = Item(Kind.RATE, "reverse", 50e6, unknown, 1e6, Standing.UNMEASURABLE, "this machine sends too little")

    by_corridor = found(calibrated=lambda link: replace(exact(link), items=(item,)) if link == "home-east" else exact(link))

    assert [verdict.outcome for verdict in by_corridor["home"].verdicts] == [Outcome.INCONCLUSIVE]
    assert "the rate of link home-east could not be proved here" in by_corridor["home"].verdicts[0].reason


def test_without_calibration_no_verdict_is_more_than_inconclusive() -> None:
    """Delay and rate alike, and the figures are still shown."""
    by_corridor = found(calibrated=lambda link: unproved([chain().links[link]])[link])

    outcomes = {verdict.outcome for finding in by_corridor.values() for verdict in finding.verdicts}
    assert outcomes == {Outcome.INCONCLUSIVE}
    assert all(finding.figures for finding in by_corridor.values())


def test_a_rate_that_its_probe_doubts_is_not_shown_and_not_judged() -> None:
    """A test that broke off or contradicts itself leaves its samples in the archive, and here only the reason."""
    home = found(doubt="the server ended half way")["home"]

    assert [verdict.outcome for verdict in home.verdicts] == [Outcome.INCONCLUSIVE]
    assert {figure.summary.metric for figure in home.figures}.isdisjoint({"throughput"})
    assert home.not_measured == {"iperf3": "the server ended half way"}


@pytest.mark.parametrize(("of_bps", "outcome"), [(430_000_000, Outcome.PASS), (460_000_000, Outcome.INCONCLUSIVE)])
def test_a_share_is_judged_with_its_links_error(of_bps: int, outcome: Outcome) -> None:
    """All intervals reach 470 Mbit/s over a link that may be 5 % too fast: 430 were reached anyhow, 460 perhaps not."""

    def too_fast(link: str) -> LinkCalibration:
        got = replace(nothing("link_rate", "reverse", "bit/s"), value=52_500_000, low=52_500_000, high=52_500_000)
        return replace(exact(link), items=(Item(Kind.RATE, "reverse", 50_000_000, got, 1_000_000, Standing.FAITHFUL),))

    plan = chain()
    down = replace(plan.targets["down"], statistic="share_at_least", limit=0.8, unit="1", of=of_bps)
    home = found(calibrated=too_fast, plan=replace(plan, targets={"down": down}))["home"]

    assert [verdict.outcome for verdict in home.verdicts] == [outcome]
