"""What a good plan says, what its silence means, and that nothing but ``PlanError`` ever comes out of a bad one."""

import hashlib
from collections.abc import Callable
from datetime import date
from importlib.resources import files
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netbench.errors import PlanError
from netbench.plan import catalogue
from netbench.plan.load import load_plan, parse_plan
from netbench.plan.model import (
    CorridorKind,
    Layer,
    LinkClass,
    Medium,
    PerDirection,
    Reordering,
    Source,
    Status,
    TargetDirection,
    TheoryReading,
)
from tests.plan.samples import link_with, plan_with_link

FIRST = files("netbench_topologies.plans").joinpath("first.yaml").read_text("utf-8")


def test_the_first_plan_is_read_as_written() -> None:
    """Every part of the file is found again in the values."""
    plan = parse_plan(FIRST, "first.yaml")
    assert (plan.name, plan.title.zh, plan.timezone, plan.rate_scale) == (
        "first",
        "入门演示（线路长度为演示所设）",
        "Asia/Shanghai",
        1000,
    )
    assert (plan.theory.group_index, plan.theory.reading) == (1.468, TheoryReading.GREAT_CIRCLE)
    assert list(plan.sites) == ["guian", "anshun", "zunyi", "home"]
    assert (plan.sites["guian"].latitude, plan.sites["guian"].longitude, plan.sites["guian"].position_error_km) == (
        26.42,
        106.47,
        10,
    )
    pon = plan.links["home-pon"]
    assert (pon.a, pon.b, pon.link_class, pon.medium, pon.layer) == ("anshun", "home", LinkClass.ACCESS, Medium.FIBRE, Layer.IP)
    assert pon.rate_bps == PerDirection(10_000_000_000, 2_500_000_000)
    assert (pon.emulated_rate_bps("forward"), pon.emulated_rate_bps("reverse")) == (50_000_000, 12_500_000)
    assert (pon.queue_ns.forward, pon.tolerance_ns, pon.assumed, pon.assumptions) == (10_000_000, 80_000, False, ())
    assert plan.corridors["home-guian"].kind is CorridorKind.CLASS
    assert plan.corridors["home-guian"].link_class is LinkClass.ACCESS


def test_targets_are_read_in_base_units() -> None:
    """Limits are in ns, bit/s or fractions, and selectors find their corridors."""
    plan = parse_plan(FIRST, "first.yaml")
    region = plan.targets["region-5ms"]
    assert (region.metric, region.statistic, region.comparison, region.limit, region.unit) == (
        "one_way_delay",
        "p99",
        "at_most",
        5_000_000,
        "ns",
    )
    assert (region.direction, region.status, region.due) == (TargetDirection.UNKNOWN, Status.PLAN, date(2025, 12, 31))
    download = plan.targets["home-download"]
    assert (download.limit, download.unit, download.measured_direction) == (1_000_000_000, "bit/s", "reverse")
    assert download.source == Source("演示用的虚构合同（an invented contract）", "2026-01-01", None)
    assert [target.id for target in plan.targets_of(plan.corridors["guian-zunyi"])] == ["region-5ms"]


def test_the_digest_is_that_of_the_file(tmp_path: Path) -> None:
    """``sha256sum`` of the file gives the plan's digest, line ends and byte order mark included."""
    octets = b"\xef\xbb\xbf" + FIRST.replace("\n", "\r\n").encode()
    path = tmp_path / "windows.yaml"
    path.write_bytes(octets)
    assert load_plan(path).digest == hashlib.sha256(octets).hexdigest()


def test_a_link_of_known_length_takes_the_time_of_light_and_equipment() -> None:
    """200 km at 4.8967 µs/km and 60 µs of equipment make 1039 µs."""
    assert link_with("route_km: 200, equipment: 60us").delay_ns.forward == pytest.approx(1_039_340, abs=10)


def test_a_link_that_says_nothing_is_assumed_throughout() -> None:
    """Length is 1.3 times the great circle; every default that stands for a fact is named."""
    link = link_with("medium: fibre")
    assert link.assumed
    assert link.assumptions == ("route_km", "equipment", "rate", "queue", "jitter", "loss")
    assert link.route_km == pytest.approx(152.8 * 1.3, rel=1e-3)
    assert (link.equipment_ns, link.queue_ns.forward, link.operator, link.risk) == (40_000, 5_000_000, "any", ())
    assert (link.rate_bps.forward, link.jitter_ns.forward, link.loss_ratio.forward) == (400_000_000_000, 0, 0)


@pytest.mark.parametrize(
    ("keys", "assumptions"),
    [
        ("route_km: 200, equipment: 1us, rate: 1G, queue: 5ms, jitter: 0ms, loss: 0", ()),
        ("delay: 5ms, rate: 1G, queue: 5ms, jitter: 0ms, loss: 0", ()),
        ("route_km: 200, equipment: 1us, rate: 1G, queue: 5ms, jitter: 0ms", ("loss",)),
        ("delay: 5ms, rate: 1G, queue: 5ms, jitter: 0ms, loss: 0, assumed: true", ("delay",)),
        ("route_km: 200, rate: 1G, assumed: true", ("route_km", "equipment", "queue", "jitter", "loss")),
        ("route_km: 200, rate: 1G, assumed: false", ()),
        ("delay: 5ms, rate: 1G, assumed: false", ()),
    ],
)
def test_assumptions_name_what_nobody_gave(keys: str, assumptions: tuple[str, ...]) -> None:
    """``assumed: true`` doubts the length too, ``assumed: false`` vouches for the defaults."""
    link = link_with(keys)
    assert link.assumptions == assumptions
    assert link.assumed is bool(assumptions)


def test_a_stated_delay_is_the_whole_delay() -> None:
    """Such a link has no length, and nothing is added for equipment."""
    link = link_with(
        "delay: {forward: 5ms, reverse: 6ms}, jitter: {forward: 1ms, reverse: 0ms}, loss: {forward: 0.1%, reverse: 1e-5}"
    )
    assert (link.route_km, link.equipment_ns) == (None, 0)
    assert link.delay_ns == PerDirection(5_000_000, 6_000_000)
    assert link.jitter_ns == PerDirection(1_000_000, 0)
    assert link.loss_ratio == PerDirection(0.001, 1e-5)


@pytest.mark.parametrize(
    ("rate_scale", "queue_ns"), [(1, 5_000_000), (1000, 5_000_000), (10_000, 13_000_000), (100_000, 122_000_000)]
)
def test_the_default_queue_holds_ten_frames_at_the_emulated_rate(rate_scale: int, queue_ns: int) -> None:
    """At 100G over 10,000 ten frames of 1514 octets take 12.1 ms: the default becomes 13 ms."""
    link = link_with("rate: 100G", rate_scale=rate_scale)
    assert link.queue_ns == PerDirection(queue_ns, queue_ns)
    assert link.queue_ns.forward * link.emulated_rate_bps("forward") >= 10 * 1514 * 8 * 10**9


def test_a_queue_may_be_given_in_bytes_and_by_direction() -> None:
    """4 MB at 1 Gbit/s drain in 32 ms, at 500 Mbit/s in 64 ms, whatever the rate is divided by: queues keep their time."""
    link = link_with("rate: {forward: 1G, reverse: 500M}, rate_scale: 10, queue: 4MB")
    assert link.queue_ns == PerDirection(32_000_000, 64_000_000)
    assert link_with("rate: 1G, queue: {forward: 5ms, reverse: 1MB}").queue_ns == PerDirection(5_000_000, 8_000_000)


def test_loss_may_come_in_runs_and_packets_may_be_overtaken() -> None:
    """Each direction by itself; a plain ratio is independent loss, and nothing is overtaken unless it is asked for."""
    link = link_with("loss: {forward: {ratio: 1%, burst: 5}, reverse: 0.1%}, reorder: {ratio: 2%, late: 3ms}")
    assert link.loss_ratio == PerDirection(0.01, 0.001)
    assert link.loss_burst == PerDirection(5, None)
    assert link.reorder == PerDirection(Reordering(0.02, 3_000_000), Reordering(0.02, 3_000_000))
    plain = link_with("route_km: 200")
    assert (plain.reorder.forward, plain.loss_burst.forward) == (None, None)


def test_a_link_may_have_its_own_scale() -> None:
    """The link's ``rate_scale`` stands in place of the plan's."""
    assert link_with("rate: 300M, rate_scale: 6", rate_scale=1000).emulated_rate_bps("forward") == 50_000_000


def test_routes_and_positions_may_lie_at_their_limits() -> None:
    """The great circle less the positions' errors is refused below, and not at, its limit."""
    assert link_with("route_km: 142.9").route_km == 142.9
    with pytest.raises(PlanError, match="shorter than the great circle"):
        link_with("route_km: 142.7")


@pytest.mark.parametrize("word", ["NO", "no", "off", "1e3", "1:30", "0x10", "010", "null", "2022-01-01", "1_000"])
def test_no_word_of_yaml_becomes_something_else(word: str) -> None:
    """YAML 1.1's booleans, sexagesimals, octals and dates stay the text they are."""
    text = FIRST.replace("plan: first", f"plan: {word}", 1) if ":" not in word else FIRST
    assert parse_plan(text, "word").name == (word if ":" not in word else "first")
    assert plan_with_link(f"route_km: 200, operator: '{word}'").links["ab"].operator == word


_NASTY = st.sampled_from(
    [
        "", " ", "\n", ":", "- ", "[", "]", "{", "}", "'", '"', "#", "&a ", "*a", "!!int ", "---\n", "...\n", "null", "~", "NO",
        ".nan", "-1", "0", "1e999", "9" * 5000, "x" * 3000, "\x00", "\ud800", "\u2028", "１", "5ms", "10G", "%", "<<: ", "\t",
    ]
)  # fmt: skip


def _mutations() -> st.SearchStrategy[list[tuple[int, int, str]]]:
    place = st.integers(0, len(FIRST))
    return st.lists(st.tuples(place, st.integers(0, 40), st.one_of(_NASTY, st.text(max_size=5))), min_size=1, max_size=4)


@given(_mutations())
def test_a_mutilated_plan_is_read_or_refused(mutations: list[tuple[int, int, str]]) -> None:
    """Whatever is cut out of a plan or put into it, the only failure is ``PlanError``, on one line."""
    text = FIRST
    for place, length, replacement in mutations:
        text = text[:place] + replacement + text[place + length :]
    _read_or_refused(lambda: parse_plan(text, "mutilated"))


_TOKENS = sorted({word for word in FIRST.replace(",", " ").split() if len(word) > 2})


@given(st.sampled_from(_TOKENS), st.one_of(_NASTY, st.sampled_from(_TOKENS)))
def test_a_plan_with_one_word_exchanged_is_read_or_refused(word: str, other: str) -> None:
    """The same when a word takes the place of another, which leaves the text well-formed more often."""
    _read_or_refused(lambda: parse_plan(FIRST.replace(word, other), "exchanged"))


def _read_or_refused(read: Callable[[], object]) -> None:
    sentence = "read"
    try:
        read()
    except PlanError as refused:
        sentence = str(refused)
    assert "\n" not in sentence


def test_the_catalogue_reads_what_it_lists() -> None:
    """Each built-in plan is found by its name and bears it."""
    for name in catalogue.names():
        assert catalogue.find(name).name == name
