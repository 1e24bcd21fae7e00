"""What is said of links that follow a trace, by probes and trains made up after other traces or the same one."""

from dataclasses import replace
from pathlib import Path
from typing import cast

import numpy as np
import numpy.typing as npt
import pytest

from netbench.analysis.trains import FULL_FRAME_BITS, Train
from netbench.campaign.building import link_entry
from netbench.campaign.calibration import LinkCalibration
from netbench.campaign.certificate import Item, Kind, Standing, fault, nothing
from netbench.campaign.condition import Condition
from netbench.campaign.delay_items import PROBE_BITS
from netbench.campaign.document import Document, LinkEntry
from netbench.campaign.trace_items import Crossings, Followed, crossings, delay_by_trace, loss_by_trace
from netbench.campaign.trace_steps import shortest_step_ns, steps_at
from netbench.campaign.trace_trains import TRAINS, TraceTest, rate_by_trace, trace_rounds
from netbench.measure.samples import Fate
from netbench.plan.load import load_plan
from netbench.plan.model import Link, PerDirection, Trace
from netbench.report.calibration_notes import calibration_lines
from netbench.report.language import retell
from tests.campaign.plans import HEAD
from tests.campaign.test_calibration import delay

MS = 1_000_000
FIT = Condition(frames=1_000, overrun_frames=0, late_frames=0)
TRACE = "time,delay,rate,loss\n0s,4ms,,\n100ms,6ms,20M,20%\n250ms,5ms,30M,\n"
"""Steps of 100, 150 and 150 ms; the link itself has 40 Mbit/s and loses nothing."""
PROBES = 200


@pytest.fixture
def link(tmp_path: Path) -> Link:
    """A link scaled down by ten that follows the trace, both ways."""
    (tmp_path / "t.csv").write_text(TRACE, "utf-8")
    (tmp_path / "plan.yaml").write_text(
        HEAD.replace("rate_scale: 1", "rate_scale: 10")
        + """
sites:
  a: {at: [26.0, 106.0]}
  b: {at: [26.0, 106.001]}
links:
  - {id: ab, between: [a, b], class: metro, delay: 5ms, rate: 40M, queue: 80ms, jitter: 0ms, loss: 0, trace: t.csv}
corridors:
  - {id: a-b, kind: in-province, from: a, to: b}
""",
        "utf-8",
    )
    return load_plan(tmp_path / "plan.yaml").links["ab"]


def trace_of(link: Link) -> Trace:
    """The trace of its forward direction."""
    assert link.trace.forward is not None
    return link.trace.forward


def followed(link: Link, late_ns: int = 0, steps: int = 100) -> Followed:
    """The forward direction, every step of it so late."""
    return Followed(link, "forward", trace_of(link), 0, np.full(steps, late_ns, np.int64), FIT)


def asked(link: Link, elapsed_ns: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """What a probe meets that is sent then."""
    steps = steps_at(link, "forward", trace_of(link), elapsed_ns)
    return steps.delay_ns + PROBE_BITS * 1_000_000_000 // steps.planned_bps


def probes(link: Link, error_ns: int = 0, behind_ns: int = 0) -> Crossings:
    """Probes every 10 ms over a link that is late with its trace by ``behind_ns``, and off by ``error_ns``."""
    elapsed_ns = np.arange(PROBES, dtype=np.int64) * 10 * MS + 3 * MS
    delays_ns = asked(link, np.maximum(0, elapsed_ns - behind_ns)) + error_ns
    return Crossings(elapsed_ns, delays_ns, np.zeros(PROBES, np.bool_))


def test_a_moment_has_its_step(link: Link) -> None:
    """Each holds until the next, the last as long as the one before it, then all begin anew; a gap is the link's own."""
    moments = np.array([0, 99, 100, 249, 250, 399, 400, 905], np.int64) * MS
    steps = steps_at(link, "forward", trace_of(link), moments)

    assert list(steps.number) == [0, 0, 1, 1, 2, 2, 3, 7]
    assert list(steps.delay_ns // MS) == [4, 4, 6, 6, 5, 5, 4, 6]
    assert list(steps.rate_bps) == [4_000_000, 4_000_000, 2_000_000, 2_000_000, 3_000_000, 3_000_000, 4_000_000, 2_000_000]
    assert list(steps.planned_bps) == [10 * rate for rate in steps.rate_bps]
    assert list(steps.loss_ratio) == [0, 0, 0.2, 0.2, 0, 0, 0, 0.2]
    assert list(steps.held_ns // MS) == [0, 99, 0, 149, 0, 149, 0, 5]
    assert list(steps.left_ns // MS) == [100, 1, 150, 1, 150, 1, 100, 145]
    assert shortest_step_ns(trace_of(link)) == 100 * MS


@pytest.mark.parametrize(
    ("error_ns", "standing"),
    [(0, "faithful"), (70_000, "faithful"), (200_000, "off"), (-200_000, "off")],
)
def test_a_trace_off_by_200_us_is_off(link: Link, error_ns: int, standing: str) -> None:
    """Either way; the tolerance is the link's."""
    assert delay_by_trace(followed(link), probes(link, error_ns)).standing.value == standing


def test_another_trace_is_off_though_the_median_is_right(link: Link) -> None:
    """Wrong in a third of the time, later or earlier, is named; a few late steps are the machine's."""

    def standing(wrong: npt.NDArray[np.bool_], error_ns: int) -> Standing:
        seen = probes(link)
        return delay_by_trace(followed(link), replace(seen, delay_ns=seen.delay_ns + error_ns * wrong)).standing

    number = steps_at(link, "forward", trace_of(link), probes(link).elapsed_ns).number
    assert standing(number % 3 == 1, 2 * MS) is Standing.OFF
    assert standing(number % 3 == 1, -2 * MS) is Standing.OFF
    assert standing(number < 2, 2 * MS) is Standing.FAITHFUL
    assert standing(number >= 0, 0) is Standing.FAITHFUL


def test_what_a_late_step_spoils_says_nothing(link: Link) -> None:
    """Steps 60 ms late are seen through when the network tells; else they are not the trace's; 140 are too many."""
    late = probes(link, behind_ns=60 * MS)

    assert delay_by_trace(followed(link, 61 * MS), late).standing is Standing.FAITHFUL
    assert delay_by_trace(followed(link), late).standing is Standing.OFF
    item = delay_by_trace(followed(link, 140 * MS), probes(link, behind_ns=140 * MS))
    assert item.standing is Standing.UNMEASURABLE
    assert "140 ms late" in item.reason
    assert "本机改变链路最多迟了 140 ms" in retell(item.reason, "zh")
    assert delay_by_trace(followed(link, steps=2), late).standing is Standing.UNMEASURABLE


def test_losses_are_those_of_the_steps_that_were_met(link: Link) -> None:
    """A fifth in one step of three: none and all of them lost are off, every fifth of those is not."""
    seen = probes(link)
    steps = steps_at(link, "forward", trace_of(link), seen.elapsed_ns)
    lossy = steps.loss_ratio > 0
    fifth = lossy & (np.arange(PROBES) % 5 == 0)

    assert loss_by_trace(followed(link), replace(seen, lost=fifth)).standing is Standing.FAITHFUL
    assert loss_by_trace(followed(link), replace(seen, lost=np.arange(PROBES) % 2 == 0)).standing is Standing.OFF
    overrun = replace(followed(link), fared=replace(FIT, overrun_frames=1))
    assert loss_by_trace(overrun, replace(seen, lost=fifth)).standing is Standing.UNMEASURABLE


def test_a_probe_meets_the_way_back_when_it_is_answered() -> None:
    """After its way there and its stay; what never got there meets nothing."""
    packets = {
        "fate": np.array([Fate.ANSWERED, Fate.LOST_FORWARD, Fate.LOST_REVERSE, Fate.NOT_SENT]),
        "sent_ns": np.array([1_000, 2_000, 3_000, 4_000]),
        "forward_ns": np.ma.MaskedArray([100, 0, 200, 0], mask=[False, True, False, True]),
        "residence_ns": np.ma.MaskedArray([10, 0, 20, 0], mask=[False, True, False, True]),
        "reverse_ns": np.ma.MaskedArray([300, 0, 0, 0], mask=[False, True, True, True]),
    }
    there, back = crossings(packets, "forward", 500), crossings(packets, "reverse", 500)

    assert (list(there.elapsed_ns), list(there.lost)) == ([500, 1_500, 2_500], [False, True, False])
    assert (list(back.elapsed_ns), list(back.lost), back.delay_ns[0]) == ([610, 2_720], [False, True], 300)
    assert list(crossings(packets, "forward", 2_500).elapsed_ns) == [500]


def trains_at(link: Link, factor: float = 1.0, test: TraceTest | None = None) -> list[Train]:
    """Trains over a link whose rate is ``factor`` of what its trace asks when each begins."""
    test = test or trace_rounds([link])[0][0]
    found: list[Train] = []
    for begins_ns in range(2 * MS, TRAINS * test.interval_ns, test.interval_ns):
        index = np.arange(test.frames, dtype=np.int64)
        sent_ns = begins_ns + index * 10_000
        rate_bps = steps_at(link, "forward", trace_of(link), sent_ns[:1]).rate_bps[0] * factor
        arrived_ns = (begins_ns + 5 * MS + (index + 1) * FULL_FRAME_BITS * 1e9 / rate_bps).astype(np.int64)
        found.append(Train(index, sent_ns, arrived_ns, sent_ns, test.frames))
    return found


@pytest.mark.parametrize(("factor", "standing"), [(1.0, "faithful"), (0.99, "faithful"), (0.95, "off"), (1.05, "off")])
def test_a_rate_is_its_steps_own(link: Link, factor: float, standing: str) -> None:
    """Five per cent are always off, at whatever rate the trace is just then."""
    wide = replace(link, rate_scale=1)

    assert rate_by_trace(followed(wide), trains_at(wide, factor)).standing.value == standing


def test_too_few_trains_within_a_step_are_not_judged(link: Link) -> None:
    """A link of 4 Mbit/s carries too few frames in 0.1 s; what cannot be proved here decides no rate, and is said."""
    item = rate_by_trace(followed(link, 90 * MS), trains_at(link))

    assert item.standing is Standing.UNMEASURABLE
    assert "too few to judge a rate" in item.reason
    assert "轨迹的一步之内" in retell(item.reason, "zh")
    assert "could not be proved here" in (calibrated(link, item).rate_doubt("forward") or "")
    assert calibrated(link, item).trace_doubt("forward") is None


def calibrated(link: Link, item: Item) -> LinkCalibration:
    """A certificate of one item."""
    asked_ns = link.delay_ns
    exact = PerDirection(delay("forward", asked_ns.forward, 0), delay("reverse", asked_ns.reverse, 0))
    return LinkCalibration(link, exact, (item,))


def test_the_error_of_a_trace_is_the_links(link: Link) -> None:
    """Its delay and its rate widen what is judged over it; a doubt about its delay decides nothing at all."""
    late = calibrated(link, delay_by_trace(followed(link), probes(link, 70_000)))
    wide = replace(link, rate_scale=1)
    slow = calibrated(link, rate_by_trace(followed(wide), trains_at(wide, 0.99)))

    assert late.error_ns("forward") == 70_000
    unknown = Item(Kind.RATE, "forward", 4e7, nothing("link_rate", "forward", "bit/s"), 8e5, Standing.UNMEASURABLE, "why")
    assert replace(slow, items=(unknown, *slow.items)).rate_doubt("forward") is None
    assert slow.rate_error_ratio("forward") == pytest.approx(0.01, abs=1e-4)
    off = delay_by_trace(followed(link), probes(link, 200_000))
    assert fault(link, off).startswith("link ab forward delay by its trace: off by 200 µs, tolerance 80 µs: in ")
    doubted = calibrated(link, replace(off, standing=Standing.UNMEASURABLE, reason="why"))
    assert doubted.trace_doubt("forward") == "that link ab follows its trace could not be proved here: why"
    assert doubted.trace_doubt("reverse") is None


def test_what_was_proved_of_a_trace_is_told(link: Link) -> None:
    """In the result, and in the report's notes, in both languages."""
    items = (delay_by_trace(followed(link), probes(link, 20_000)), loss_by_trace(followed(link), probes(link)))
    wide = replace(link, rate_scale=1)
    entry = link_entry(replace(calibrated(link, items[0]), items=(*items, rate_by_trace(followed(wide), trains_at(wide, 0.99)))))
    (told,) = entry.get("followed", [])

    assert (told["direction"], told["delay_ns"]["value"], told["loss_ratio"]["value"]) == ("forward", 20_000, 0)
    (note,) = [line for line in calibration_lines(document([entry]), "en") if "trace" in line]
    assert note == "Beside its trace, ab forward: delay +20 µs, rate 99%, loss 0% / 7.5%"
    assert any("与轨迹相比，ab " in line and "：时延 +20" in line for line in calibration_lines(document([entry]), "zh"))


def document(links: list[LinkEntry]) -> Document:
    """As much of a result as the notes read."""
    return cast("Document", {"links": links})


def test_links_without_a_traced_rate_are_sent_no_trains(link: Link) -> None:
    """Rates that never change were proved before."""
    steady = tuple(replace(point, rate_bps=None) for point in trace_of(link).points)
    traces = replace(trace_of(link), points=steady)

    assert trace_rounds([replace(link, trace=PerDirection(traces, None))]) == ()
    assert [(test.direction, test.rate_bps) for test in trace_rounds([link])[0]] == [
        ("forward", 4_000_000),
        ("reverse", 4_000_000),
    ]
    assert {Kind.TRACED_DELAY, Kind.TRACED_LOSS} == {
        delay_by_trace(followed(link), probes(link)).kind,
        loss_by_trace(followed(link), probes(link)).kind,
    }
