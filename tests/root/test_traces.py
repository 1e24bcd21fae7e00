"""A link that follows a trace proves it; one that follows another trace than the plan's is caught, by what is wrong with it."""

import os
from pathlib import Path

import pytest

from netbench.campaign import calibrating
from netbench.campaign.certificate import Kind, Standing
from netbench.measure.probe import Schedule
from netbench.plan.load import load_plan
from netbench.plan.model import DIRECTIONS, Plan
from tests.campaign.plans import HEAD
from tests.root.test_calibration import SITES, built_from, certified

pytestmark = [
    pytest.mark.skipif(os.geteuid() != 0, reason="needs root to make network namespaces"),
    pytest.mark.timeout(180),
]

STEPS = ((4000, 30, 0), (2500, 20, 5), (5200, 40, 0), (3100, 24, 10))
"""Of 100 ms each: delay in µs, rate in Mbit/s, loss in per cent."""
LIES = {
    "honest": STEPS,
    "later": [(delay_us + 200, rate * 0.94, loss) for delay_us, rate, loss in STEPS],
    "sooner": [(delay_us - 200, rate, loss * 8) for delay_us, rate, loss in STEPS],
    "turned": [STEPS[1], STEPS[0], STEPS[3], STEPS[2]],
}
"""By link: the steps that are built in place of the plan's."""


def plan_with(folder: Path, *, lying: bool) -> Plan:
    """A star of links, each with its own trace."""
    folder.mkdir()
    links: list[str] = []
    for place, (name, lie) in enumerate(LIES.items(), start=1):
        rows = [f"{100 * number}ms,{d}us,{round(1000 * r)}k,{p}%" for number, (d, r, p) in enumerate(lie if lying else STEPS)]
        (folder / f"{name}.csv").write_text("\n".join(["time,delay,rate,loss", *rows, ""]), "utf-8")
        shape = f"class: metro, delay: 4ms, rate: 40M, queue: 30ms, trace: {name}.csv"
        links.append(f"  - {{id: {name}, between: [a, {SITES[place]}], {shape}}}")
    sites = [f"  {site}: {{at: [26.0, {106 + place / 1000}]}}" for place, site in enumerate(SITES[: len(LIES) + 1])]
    text = [HEAD, "sites:", *sites, "links:", *links, "corridors:", "  - {id: a-b, kind: in-province, from: a, to: b}", ""]
    (folder / "plan.yaml").write_text("\n".join(text), "utf-8")
    return load_plan(folder / "plan.yaml")


def fewer_probes(_links: int) -> Schedule:
    """What links are by their own figures is not asked here."""
    return Schedule(10_000_000, 50)


def test_a_link_that_follows_another_trace_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """200 µs too late or too early, other steps, six per cent too slow, eight times the loss; the honest one is proved."""
    monkeypatch.setattr(calibrating, "calibration_schedule", fewer_probes)
    plan, built = plan_with(tmp_path / "true", lying=False), plan_with(tmp_path / "built", lying=True)

    found, faults = certified(plan, built_from(built), tmp_path / "results")

    assert {fault.split(":")[0] for fault in faults} == {
        f"link {name} {direction} {item} by its trace"
        for name, items in {
            "later": ["delay", "rate"],
            "sooner": ["delay", "loss"],
            "turned": ["delay", "rate"],
        }.items()
        for item in items
        for direction in DIRECTIONS
    }, faults
    for direction in DIRECTIONS:
        for kind in (Kind.TRACED_DELAY, Kind.TRACED_RATE, Kind.TRACED_LOSS):
            item = found["honest"].item(kind, direction)
            assert item is not None
            assert item.standing is Standing.FAITHFUL, item
