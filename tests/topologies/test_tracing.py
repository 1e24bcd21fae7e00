"""A wire is told what its traces say, when they say it, again and again; afterwards all is as before."""

import json
import threading
from pathlib import Path

import pytest

from netbench.errors import CannotMeasureError
from netbench.plan.load import load_plan
from netbench.plan.model import DirectionName, Plan
from netbench_topologies.plans import five_g_access
from netbench_topologies.spec import DirectionSpec, direction_spec
from netbench_topologies.tracing import TraceDriver, traced_spec

PLAN = """
netbench: 1
plan: traced
rate_scale: 10
sites:
  a: {at: [26, 106], position_error_km: 10}
  b: {at: [26, 106], position_error_km: 10}
links:
  - {id: ab, between: [a, b], class: access, delay: 5ms, rate: 100M, jitter: 0ms, queue: 50ms, loss: 0.1%, assumed: false,
     trace: {reverse: t.csv}}
corridors:
  - {id: a-b, kind: in-province, from: a, to: b}
"""
TRACE = "time,delay,rate,loss\n0s,4ms,,\n20ms,6ms,50M,1%\n"


@pytest.fixture
def plan(tmp_path: Path) -> Plan:
    """One link whose way back changes every 20 ms."""
    (tmp_path / "t.csv").write_text(TRACE, "utf-8")
    (tmp_path / "plan.yaml").write_text(PLAN, "utf-8")
    return load_plan(tmp_path / "plan.yaml")


class Wire:
    """Remembers what it is told; says when it was told ``enough`` times, and refuses from ``refuses_from`` on."""

    def __init__(self, enough: int, refuses_from: int = 1000) -> None:
        self.told: list[tuple[str, DirectionName, DirectionSpec]] = []
        self.enough = threading.Event()
        self._enough = enough
        self._refuses_from = refuses_from

    def alter(self, link: str, direction: DirectionName, spec: DirectionSpec) -> None:
        self.told.append((link, direction, spec))
        if len(self.told) >= self._enough:
            self.enough.set()
        if len(self.told) == self._refuses_from:
            raise ValueError("no room")


def test_a_point_changes_what_it_names_and_scales_the_rate(plan: Plan) -> None:
    """The emulated rate is a tenth of the trace's; a column that is empty leaves the plan's figure."""
    link = plan.links["ab"]
    trace = link.trace.reverse
    assert trace is not None
    first, second = (traced_spec(link, "reverse", point) for point in trace.points)
    assert (first.delay_ns, first.rate_bps, first.planned_rate_bps, first.loss_ratio) == (4_000_000, 10**7, 10**8, 0.001)
    assert (second.delay_ns, second.rate_bps, second.planned_rate_bps, second.loss_ratio) == (
        6_000_000,
        5 * 10**6,
        5 * 10**7,
        0.01,
    )


def test_the_trace_is_followed_from_its_beginning_and_again_and_the_link_restored(plan: Plan) -> None:
    """4 and 6 ms in turn, on the traced direction alone; the last word is the plan's own."""
    wire = Wire(enough=5)
    driver = TraceDriver(plan, wire.alter)
    driver.start()
    assert [spec.delay_ns for _, _, spec in wire.told[:1]] == [4_000_000]
    assert wire.enough.wait(30)
    driver.stop()
    driver.stop()
    assert {(link, direction) for link, direction, _ in wire.told} == {("ab", "reverse")}
    delays = [spec.delay_ns for _, _, spec in wire.told[:-1]]
    assert delays == [(4_000_000, 6_000_000)[number % 2] for number in range(len(delays))]
    assert wire.told[-1][2] == direction_spec(plan.links["ab"], "reverse")
    (evidence,) = json.loads(driver.evidence())
    assert (evidence["link"], evidence["trace"], evidence["steps"]) == ("ab", "t.csv", len(delays))
    assert evidence["max_late_ns"] >= 0


def test_a_wire_that_refuses_a_step_is_told(plan: Plan) -> None:
    """When the traces stop, with the wire's own words: nothing was measured as planned."""
    wire = Wire(enough=3, refuses_from=3)
    driver = TraceDriver(plan, wire.alter)
    driver.start()
    assert wire.enough.wait(30)
    with pytest.raises(CannotMeasureError, match="could not follow its trace: no room"):
        driver.stop()


def test_a_plan_without_traces_starts_no_thread(plan: Plan) -> None:
    """And nobody is told anything."""
    wire = Wire(enough=1)
    driver = TraceDriver(plan, wire.alter)
    driver.followed.clear()
    driver.start()
    driver.stop()
    assert wire.told == []


def test_the_shipped_traces_are_what_their_program_makes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Letter by letter: nobody edits them by hand."""
    shipped = Path(five_g_access.__file__).parent / "traces"
    (tmp_path / "traces").mkdir()
    monkeypatch.setattr(five_g_access, "__file__", str(tmp_path / "five_g_access.py"))
    five_g_access.main()
    for name in ("5g-access-down.csv", "5g-access-up.csv"):
        assert (tmp_path / "traces" / name).read_text("utf-8") == (shipped / name).read_text("utf-8")
