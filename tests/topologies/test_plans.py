"""The plan of Anshun: that it holds every place, network and figure it is meant to, and what its emulation needs."""

from collections import Counter
from datetime import date
from importlib.resources import files

import networkx as nx
import pytest

from netbench.plan import catalogue, links, load, sections, targets
from netbench.plan.model import CorridorKind, LinkClass, Medium, Plan, Status, TargetDirection
from netbench.plan.physics import great_circle_km, theoretical_latency_ns
from netbench.plan.routing import bottleneck, route_delay_ns, route_km, routes
from tests.plan.test_physics import GEOGRAPHY

PREFECTURES = {"anshun", "guiyang", "zunyi", "liupanshui", "bijie", "tongren", "kaili", "duyun", "xingyi"}
DISTRICTS = {"xixiu", "pingba", "puding", "zhenning", "guanling", "ziyun", "huangguoshu", "development-zone"}
HUBS = {"shaoguan", "chengdu", "chongqing", "zhangjiakou", "horinger", "zhongwei", "qingyang", "wuhu", "qingpu"}


@pytest.fixture(scope="module")
def anshun() -> Plan:
    """The plan as it ships."""
    return catalogue.find("anshun")


@pytest.mark.parametrize(("name", "latitude", "longitude"), [row[:3] for row in GEOGRAPHY])
def test_every_place_is_where_the_table_has_it(anshun: Plan, name: str, latitude: float, longitude: float) -> None:
    """Coordinates are those of the published list, and each place has a name in each language."""
    site = anshun.sites[name]
    assert (site.latitude, site.longitude) == (latitude, longitude)
    assert site.name.en.isascii()
    assert not site.name.zh.isascii()


def test_anshuns_own_districts_are_there(anshun: Plan) -> None:
    """Article 5 begins with the city's own networks."""
    assert set(anshun.sites) >= DISTRICTS


def test_every_kind_of_corridor_is_there(anshun: Plan) -> None:
    """Inside the cluster, to every prefecture, to every hub and city around, and each network as such."""
    reached = {(corridor.kind, corridor.destination) for corridor in anshun.corridors.values() if corridor.source == "guian"}
    assert {name for kind, name in reached if kind is CorridorKind.IN_PROVINCE} == PREFECTURES
    assert {name for kind, name in reached if kind is CorridorKind.OUT_OF_PROVINCE} == {row[0] for row in GEOGRAPHY} - PREFECTURES
    kinds = Counter(corridor.kind for corridor in anshun.corridors.values())
    assert kinds[CorridorKind.INTRA_CLUSTER] == 3
    measured = {corridor.link_class for corridor in anshun.corridors.values() if corridor.kind is CorridorKind.CLASS}
    assert measured == {LinkClass.BACKBONE, LinkClass.METRO, LinkClass.ACCESS}
    assert 38 <= len(anshun.corridors) <= 50


def test_every_class_and_medium_of_link_is_there(anshun: Plan) -> None:
    """Backbone, metro, access and fabric; fibre and mobile; and access differs by direction."""
    assert {link.link_class for link in anshun.links.values()} == set(LinkClass)
    assert {link.medium for link in anshun.links.values()} == {Medium.FIBRE, Medium.MOBILE}
    for link in anshun.links.values():
        if link.link_class is LinkClass.ACCESS:
            assert link.rate_bps.forward > link.rate_bps.reverse
        if link.medium is Medium.MOBILE:
            assert link.jitter_ns.forward > 0


def test_no_length_is_passed_off_as_known(anshun: Plan) -> None:
    """Nobody has published a route: every link says so, and lies between the great circle and 1.7 times of it."""
    for link in anshun.links.values():
        assert link.assumed
        assert link.route_km is not None
        direct_km = great_circle_km(anshun.sites[link.a], anshun.sites[link.b])
        if link.link_class is LinkClass.BACKBONE:
            assert 1.25 <= link.route_km / direct_km <= 1.7, link.id


def test_the_network_is_meshed(anshun: Plan) -> None:
    """No single backbone or metro link cuts a site off but the users' own access, and Gui'an has several uplinks."""
    graph: nx.MultiGraph[str] = nx.MultiGraph()
    for link in anshun.links.values():
        graph.add_edge(link.a, link.b, key=link.id)
    bridges = {frozenset(ends) for ends in nx.bridges(nx.Graph(graph))}
    classes = {link.link_class for link in anshun.links.values() if frozenset((link.a, link.b)) in bridges}
    assert classes <= {LinkClass.ACCESS, LinkClass.FABRIC, LinkClass.BACKBONE}
    uplinks = [link for link in anshun.links.values() if "guian" in (link.a, link.b) and link.link_class is LinkClass.BACKBONE]
    assert 4 <= len(uplinks) <= 10
    assert 50 <= len(anshun.links) <= 75


def test_two_cores_can_carry_it(anshun: Plan) -> None:
    """No emulated rate is above 200 Mbit/s, and none below 5."""
    for link in anshun.links.values():
        for rate_bps in (link.emulated_rate_bps("forward"), link.emulated_rate_bps("reverse")):
            assert 5_000_000 <= rate_bps <= 200_000_000, link.id


def test_planned_delays_are_possible_and_near_the_targets(anshun: Plan) -> None:
    """No route is shorter than theory, and none to a far hub is more than twice as long."""
    for corridor, route in routes(anshun).items():
        theory_ns = theoretical_latency_ns(anshun, route.sites[0], route.sites[-1])
        assert route_delay_ns(anshun, route, "forward") > theory_ns, corridor
        if route.sites[-1] in HUBS:
            assert route_delay_ns(anshun, route, "forward") < 1.5 * theory_ns, corridor
        assert route_km(anshun, route) is not None


def test_a_phones_rate_is_limited_by_the_radio(anshun: Plan) -> None:
    """The measured rate of a phone's corridor is the radio's, in both directions."""
    for name in ("access-phone-xixiu", "access-phone-huangguoshu"):
        route = routes(anshun)[name]
        assert bottleneck(anshun, route, "forward").medium is Medium.MOBILE
        assert bottleneck(anshun, route, "reverse").medium is Medium.MOBILE


def test_every_corridor_has_a_target_and_every_target_its_source(anshun: Plan) -> None:
    """Nothing is measured that nothing is said of, and nothing is said that nobody wrote."""
    assert all(anshun.targets_of(corridor) for corridor in anshun.corridors.values())
    assert all(target.source.title for target in anshun.targets.values())


PUBLISHED = [
    ("cluster-1ms", 1e6, TargetDirection.ONE_WAY, Status.PLAN, date(2027, 12, 31), "2025-10-16"),
    ("region-5ms", 5e6, TargetDirection.UNKNOWN, Status.PLAN, date(2025, 12, 31), "2023-12-25"),
    ("province-3ms", 3e6, TargetDirection.UNKNOWN, Status.CLAIM, None, "2025-12-04"),
    ("gba-20ms", 20e6, TargetDirection.ONE_WAY, Status.PLAN, None, "2022-08-02"),
    ("gba-10ms", 10e6, TargetDirection.UNKNOWN, Status.CLAIM, None, "2024-06-14"),
    ("chengyu-20ms", 20e6, TargetDirection.ONE_WAY, Status.PLAN, None, "2022-08-02"),
    ("chengyu-6ms", 6e6, TargetDirection.UNKNOWN, Status.CLAIM, None, "2023-08-23"),
    ("around-20ms", 20e6, TargetDirection.ONE_WAY, Status.PLAN, None, "2022-08-02"),
    ("around-6ms", 6e6, TargetDirection.UNKNOWN, Status.CLAIM, None, "2023-08-23"),
    ("hubs-20ms", 20e6, TargetDirection.UNKNOWN, Status.PLAN, date(2025, 12, 31), "2023-12-25"),
    ("hubs-20ms-one-way", 20e6, TargetDirection.ONE_WAY, Status.PLAN, None, "2021-05"),
    ("hubs-ratio", 1.5, TargetDirection.ONE_WAY, Status.PLAN, date(2025, 12, 31), "2023-10-08"),
    ("delta-15ms", 15e6, TargetDirection.UNKNOWN, Status.CLAIM, None, "2023-08-23"),
    ("north-20ms", 20e6, TargetDirection.UNKNOWN, Status.CLAIM, None, "2023-08-23"),
    ("metro-1ms", 1e6, TargetDirection.UNKNOWN, Status.PLAN, date(2027, 12, 31), "2025-10-16"),
    ("terminal-10ms", 10e6, TargetDirection.UNKNOWN, Status.PLAN, date(2027, 12, 31), "2025-10-16"),
    ("mobile-download", 220e6, TargetDirection.ONE_WAY, Status.PLAN, date(2025, 12, 31), "2023"),
    ("mobile-upload", 45e6, TargetDirection.ONE_WAY, Status.PLAN, date(2025, 12, 31), "2023"),
    ("mobile-share", 0.95, TargetDirection.ONE_WAY, Status.PLAN, date(2025, 12, 31), "2023"),
    ("fixed-1g", 1e9, TargetDirection.ONE_WAY, Status.REFERENCE, None, ""),
    ("outer-loss", 1e-3, TargetDirection.ONE_WAY, Status.REFERENCE, None, ""),
    ("outer-jitter", 50e6, TargetDirection.ONE_WAY, Status.REFERENCE, None, ""),
]


@pytest.mark.parametrize("row", PUBLISHED, ids=lambda row: row[0])
def test_a_target_says_what_was_published(
    anshun: Plan, row: tuple[str, float, TargetDirection, Status, date | None, str]
) -> None:
    """Value, direction, status, due date and the date of the source."""
    target = anshun.targets[row[0]]
    assert (target.limit, target.direction, target.status, target.due, target.source.date) == row[1:]


def test_the_theory_ratio_is_asked_of_hub_clusters_alone(anshun: Plan) -> None:
    """1.5 times theory was said of clusters of hub nodes, not of prefectures or other cities."""
    assert set(anshun.targets["hubs-ratio"].selector.destinations) == HUBS


def test_the_first_plan_is_small_and_plain() -> None:
    """Four sites, three corridors, nothing assumed, no delay too short to emulate."""
    first = catalogue.find("first")
    assert (len(first.sites), len(first.corridors)) == (4, 3)
    assert not any(link.assumed for link in first.links.values())
    assert min(link.delay_ns.forward for link in first.links.values()) >= 500_000


def test_the_format_is_described_in_full() -> None:
    """Every key that the reader knows stands in the description beside the plans."""
    described = files("netbench_topologies.plans").joinpath("README.md").read_text("utf-8")
    known = {*load.KEYS, *sections.SITE_KEYS, *links.KEYS, *sections.CORRIDOR_KEYS, *targets.KEYS, *sections.DEMAND_KEYS}
    words = {*known, *targets.METRICS, *targets.STATISTICS}
    assert sorted(word for word in words if f"`{word}`" not in described) == []
