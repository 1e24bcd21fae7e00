"""An emulation that lies is caught: the campaign believes one plan while the network is secretly built from another."""

import os
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from netbench.archive.writer import RunWriter
from netbench.campaign import calibrating
from netbench.campaign.calibration import LinkCalibration
from netbench.campaign.certificate import Kind, Standing
from netbench.campaign.measuring import Bench
from netbench.campaign.options import CampaignOptions
from netbench.campaign.run import run_campaign
from netbench.clock import SystemClock
from netbench.errors import RefusedError
from netbench.linux.namespaces import new_network_namespace, run_inside
from netbench.measure.network import NetworkOptions
from netbench.measure.probe import Control
from netbench.plan import routing
from netbench.plan.load import parse_plan
from netbench.plan.model import DIRECTIONS, DirectionName, Plan
from netbench_topologies.network import EmulatedNetwork
from tests.campaign.plans import HEAD, Quiet

pytestmark = [
    pytest.mark.skipif(os.geteuid() != 0, reason="needs root to make network namespaces"),
    pytest.mark.timeout(180),
]

SITES = "abcdefghij"
CHANGES = {
    "path": ("between: [a, b]", "between: [a, c]"),
    "late": ("delay: 2ms, rate: 50M", "delay: 2100us, rate: 50M"),
    "early": ("delay: 3ms, rate: 50M", "delay: 2900us, rate: 50M"),
    "slow": ("delay: 1ms, rate: 40M", "delay: 1ms, rate: 38M"),
    "fast": ("delay: 1ms, rate: 20M", "delay: 1ms, rate: 21M"),
    "turned-delay": ("{forward: 1ms, reverse: 4ms}", "{forward: 4ms, reverse: 1ms}"),
    "turned-rate": ("{forward: 30M, reverse: 10M}", "{forward: 10M, reverse: 30M}"),
    "lossy": ("loss: 1%", "loss: 3%"),
}
"""By link: what the plan says of it, and what is built instead."""


def true_text() -> str:
    """A star of sites; every link is of a shape of its own, and two are honest in every test."""
    facts = {
        "path": ("a", "b", "delay: 1500us, rate: 25M"),
        "late": ("a", "d", "delay: 2ms, rate: 50M"),
        "early": ("a", "e", "delay: 3ms, rate: 50M"),
        "slow": ("a", "f", "delay: 1ms, rate: 40M"),
        "fast": ("a", "g", "delay: 1ms, rate: 20M"),
        "turned-delay": ("a", "h", "delay: {forward: 1ms, reverse: 4ms}, rate: 35M"),
        "turned-rate": ("a", "i", "delay: 1ms, rate: {forward: 30M, reverse: 10M}"),
        "lossy": ("a", "j", "delay: 1ms, rate: 45M, loss: 1%"),
        "honest": ("a", "c", "delay: 5ms, rate: 15M, jitter: 2ms, loss: {ratio: 2%, burst: 3}"),
    }
    links = [f"  - {{id: {name}, between: [{a}, {b}], class: metro, {rest}}}" for name, (a, b, rest) in facts.items()]
    corridors = ["  - {id: honest, kind: in-province, from: a, to: c}"]
    sites = [f"  {site}: {{at: [26.0, {106 + place / 1000}]}}" for place, site in enumerate(SITES)]
    return "\n".join([HEAD, "sites:", *sites, "links:", *links, "corridors:", *corridors, ""])


def plan_of(text: str) -> Plan:
    """The plan of a text."""
    return parse_plan(text, "lies.yaml")


def built_from(built: Plan) -> type[EmulatedNetwork]:
    """A network that is built from another plan than the one it is given."""

    class Lying(EmulatedNetwork):
        def __init__(self, plan: Plan, options: NetworkOptions) -> None:  # noqa: ARG002 - believed, and not built
            super().__init__(built, options)

    return Lying


@contextmanager
def bench(plan: Plan, network_class: type[EmulatedNetwork], results: Path) -> Generator[Bench]:
    """A bench for ``plan`` over a network of that class."""
    with network_class(plan, NetworkOptions(wire="relay", seed=7)) as network:
        writer = RunWriter.create(results, plan, "emulated", SystemClock().now(), {})
        try:
            yield Bench(network, plan, writer, Control())
        finally:
            writer.abandon()


def inside(action: Callable[[], None]) -> None:
    """Run it in a network namespace of its own."""
    namespace = new_network_namespace()
    try:
        run_inside(namespace, action)
    finally:
        os.close(namespace)


def certified(plan: Plan, network_class: type[EmulatedNetwork], results: Path) -> tuple[dict[str, LinkCalibration], list[str]]:
    """The certificates of a plan's links over such a network, and all faults."""
    found: list[tuple[dict[str, LinkCalibration], list[str]]] = []

    def certify() -> None:
        with bench(plan, network_class, results) as made:
            found.append(calibrating.certify(made, routing.routes(plan), Quiet()))

    inside(certify)
    return found[0]


def test_every_lie_is_named_and_nothing_is_judged(tmp_path: Path) -> None:
    """One refusal names each link that was tampered with, by what is wrong with it, and no other."""
    text = true_text()
    tampered = text
    for truth, lie in CHANGES.values():
        assert tampered.count(truth) == 1, truth
        tampered = tampered.replace(truth, lie)
    options = CampaignOptions(results=tmp_path, wire="relay", seed=7)

    def campaign() -> None:
        run_campaign(plan_of(text), built_from(plan_of(tampered)), options, SystemClock(), Quiet())

    with pytest.raises(RefusedError) as refused:
        inside(campaign)

    told = str(refused.value).removeprefix("the emulation is not as planned, so nothing was judged: ").split("; ")
    expected = {
        "link path: it does not end at b",
        "link late forward: asked 2 ms, got 2.1",
        "link late reverse: asked 2 ms, got 2.1",
        "link early forward: asked 3 ms, got 2.9",
        "link early reverse: asked 3 ms, got 2.9",
        "link slow forward rate: asked 40 Mbit/s, got 38",
        "link slow reverse rate: asked 40 Mbit/s, got 38",
        "link fast forward rate: asked 20 Mbit/s, got 21",
        "link fast reverse rate: asked 20 Mbit/s, got 21",
        "link turned-delay: its two directions are exchanged, by their delay",
        "link turned-rate: its two directions are exchanged, by their rate",
        "link lossy forward loss: asked 1%",
        "link lossy reverse loss: asked 1%",
    }
    assert [start for start in sorted(expected) if not any(sentence.startswith(start) for sentence in told)] == []
    assert {sentence.split(":")[0].split()[1] for sentence in told} == set(CHANGES)
    (run,) = tmp_path.glob("2*")
    assert (run / "calibration.parquet").exists()
    assert not (run / "result.json").exists()


class Fickle(EmulatedNetwork):
    """A wire whose forecast differs in one frame of hundreds."""

    def forecast(self, link: str, direction: DirectionName, count: int) -> NDArray[np.bool_] | None:
        """The hundredth frame of one link is said to have the other fate."""
        foretold = super().forecast(link, direction, count)
        assert foretold is not None
        if (link, direction) == ("lossy", "reverse"):
            foretold = foretold.copy()
            foretold[99] ^= True
        return foretold


@pytest.fixture(scope="module")
def fickle(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, LinkCalibration], list[str]]:
    """Certificates and faults over that wire, else built as planned; one link is faster than any machine sends."""
    text = true_text().replace("delay: 2ms, rate: 50M", "delay: 2ms, rate: 30G, queue: 1ms")
    return certified(plan_of(text), Fickle, tmp_path_factory.mktemp("fickle"))


Certificates = tuple[dict[str, LinkCalibration], list[str]]


def test_honest_links_are_faithful_and_their_losses_foretold(fickle: Certificates) -> None:
    """Every item of every link but one direction's loss is faithful, and each probe's fate is the seed's."""
    found, _ = fickle

    assert set(found) == set(plan_of(true_text()).links)
    assert {name for name, link in found.items() if not link.faithful} == {"lossy"}
    assert {item.kind for item in found["honest"].items} >= {Kind.DELAY, Kind.RATE, Kind.LOSS, Kind.JITTER, Kind.QUEUE}
    for link in found.values():
        losses = [item for item in link.items if item.kind is Kind.LOSS and item.standing is Standing.FAITHFUL]
        assert all("frames are those that the seed gives" in item.reason for item in losses)
    lost = found["honest"].item(Kind.LOSS, "forward")
    assert lost is not None
    assert lost.got.value


def test_a_fate_that_the_seed_does_not_give_is_named(fickle: Certificates) -> None:
    """A wire that loses another frame than it said does not do what it says."""
    (fault,) = fickle[1]

    assert "link lossy reverse loss" in fault
    assert "the fate of frame 100 of" in fault


def test_what_the_machine_cannot_drive_is_not_the_links_fault(fickle: Certificates) -> None:
    """A link of 30 Gbit/s is neither called off its plan nor proved: its rate is not measurable here, and why is said."""
    fast = fickle[0]["late"]

    for direction in DIRECTIONS:
        item = fast.item(Kind.RATE, direction)
        assert item is not None
        assert item.standing is Standing.UNMEASURABLE
        assert item.reason
        assert fast.rate_doubt(direction)


def test_without_calibration_nothing_is_decided(tmp_path: Path) -> None:
    """Every verdict is inconclusive, with that reason, and no link is called faithful."""
    text = true_text() + TARGET
    options = CampaignOptions(results=tmp_path, wire="relay", latency_ns=1_000_000_000, calibrate=False)
    codes: list[int] = []

    def campaign() -> None:
        result = run_campaign(plan_of(text), EmulatedNetwork, options, SystemClock(), Quiet())
        codes.append(result.exit_code)
        (corridor,) = result.document["corridors"]
        assert [target["verdict"] for target in corridor["targets"]] == ["inconclusive"]
        assert "--no-calibrate" in corridor["targets"][0]["reason"]
        assert not any(link["faithful"] for link in result.document["links"])

    inside(campaign)
    assert codes == [4]


TARGET = """targets:
  - {id: delay, for: {kind: in-province}, metric: one_way_delay, statistic: p50, at_most: 50ms, direction: one-way, layer: ip,
     status: plan, source: {title: A plan, date: 2022-08-02}}
"""
