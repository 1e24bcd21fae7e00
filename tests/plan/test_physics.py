"""Distances and light, against a published table and another formula."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from netbench.errors import UsageError
from netbench.plan.load import parse_plan
from netbench.plan.model import Medium, Route, Site, Text
from netbench.plan.physics import (
    EARTH_RADIUS_KM,
    great_circle_km,
    group_index_of,
    propagation_ns,
    shortest_possible_km,
    theoretical_latency_ns,
    theory_error_ns,
)

# from Gui'an (26.420, 106.470): place, latitude, longitude, km and one-way ms in fibre of index 1.468, and km from Anshun
GEOGRAPHY = [
    ("anshun", 26.250, 105.933, 57, 0.28, 0),
    ("guiyang", 26.583, 106.717, 31, 0.15, 86),
    ("zunyi", 27.687, 106.907, 147, 0.72, 187),
    ("liupanshui", 26.594, 104.833, 164, 0.80, 116),
    ("bijie", 27.302, 105.286, 153, 0.75, 133),
    ("tongren", 27.717, 109.185, 305, 1.49, 361),
    ("kaili", 26.586, 107.980, 151, 0.74, 207),
    ("duyun", 26.267, 107.517, 106, 0.52, 158),
    ("xingyi", 25.096, 104.906, 215, 1.05, 164),
    ("shaoguan", 24.800, 113.583, 736, 3.60, 784),
    ("guangzhou", 23.117, 113.250, 777, 3.80, 817),
    ("shenzhen", 22.546, 114.068, 881, 4.31, 921),
    ("hongkong", 22.278, 114.175, 906, 4.44, 945),
    ("macao", 22.201, 113.546, 857, 4.19, 893),
    ("chengdu", 30.667, 104.067, 527, 2.58, 524),
    ("chongqing", 29.560, 106.558, 349, 1.71, 373),
    ("kunming", 25.039, 102.718, 406, 1.99, 349),
    ("nanning", 22.817, 108.317, 442, 2.16, 451),
    ("changsha", 28.199, 112.971, 672, 3.29, 729),
    ("guilin", 25.280, 110.296, 403, 1.98, 450),
    ("qujing", 25.483, 103.783, 288, 1.41, 231),
    ("baise", 23.890, 106.627, 282, 1.38, 272),
    ("luzhou", 28.890, 105.426, 293, 1.44, 298),
    ("huaihua", 27.563, 110.004, 373, 1.82, 429),
    ("hechi", 24.693, 108.084, 251, 1.23, 277),
    ("zhangjiakou", 40.783, 114.871, 1774, 8.69, 1814),
    ("horinger", 40.380, 111.820, 1629, 7.98, 1663),
    ("zhongwei", 37.511, 105.191, 1239, 6.07, 1254),
    ("qingyang", 35.710, 107.645, 1039, 5.09, 1064),
    ("wuhu", 31.353, 118.429, 1286, 6.30, 1342),
    ("qingpu", 31.154, 121.114, 1520, 7.44, 1576),
]


def place(latitude: float, longitude: float, error_km: float = 0.0) -> Site:
    """Return a nameless site."""
    return Site("x", Text("x", "x"), latitude, longitude, "city", error_km)


GUIAN = place(26.420, 106.470)
ANSHUN = place(26.250, 105.933)


@pytest.mark.parametrize("row", GEOGRAPHY, ids=lambda row: row[0])
def test_distances_and_theory_are_those_of_the_table(row: tuple[str, float, float, float, float, float]) -> None:
    """Kilometres agree within their rounding, theoretical latency to the last printed digit."""
    _, latitude, longitude, km, ms, from_anshun_km = row
    there = place(latitude, longitude)
    assert great_circle_km(GUIAN, there) == pytest.approx(km, abs=0.75)
    assert great_circle_km(ANSHUN, there) == pytest.approx(from_anshun_km, abs=0.75)
    assert propagation_ns(great_circle_km(GUIAN, there), 1.468) / 1e6 == pytest.approx(ms, abs=0.006)


def _unit_vector(site: Site) -> "np.ndarray[tuple[int], np.dtype[np.float64]]":
    latitude, longitude = math.radians(site.latitude), math.radians(site.longitude)
    return np.array(
        [math.cos(latitude) * math.cos(longitude), math.cos(latitude) * math.sin(longitude), math.sin(latitude)], dtype=np.float64
    )


LATITUDES = st.floats(-90, 90)
LONGITUDES = st.floats(-180, 180)


@given(LATITUDES, LONGITUDES, LATITUDES, LONGITUDES)
def test_great_circles_agree_with_vectors(latitude_a: float, longitude_a: float, latitude_b: float, longitude_b: float) -> None:
    """The angle between two unit vectors, by atan2 of cross and dot product, is the same distance anywhere on the sphere."""
    a, b = place(latitude_a, longitude_a), place(latitude_b, longitude_b)
    u, v = _unit_vector(a), _unit_vector(b)
    angle = math.atan2(float(np.linalg.norm(np.cross(u, v))), float(np.dot(u, v)))
    # the haversine loses digits near the antipode: half a metre there is still nothing
    assert great_circle_km(a, b) == pytest.approx(EARTH_RADIUS_KM * angle, abs=5e-4)


def test_light_in_fibre_takes_4_8967_us_a_km() -> None:
    """The figure for n = 1.468, and c in vacuum for n = 1."""
    assert propagation_ns(1000, 1.468) == 4_896_721
    assert propagation_ns(299_792.458, 1) == 1_000_000_000
    assert group_index_of(Medium.COPPER, 1.468) == 1.468
    assert group_index_of(Medium.MOBILE, 1.468) < 1.001


def test_positions_may_be_wrong_at_both_ends() -> None:
    """The shortest possible distance is less by both errors, and never negative."""
    assert shortest_possible_km(place(26.42, 106.47, 10), place(26.25, 105.933, 5)) == pytest.approx(56.8 - 15, abs=0.1)
    assert shortest_possible_km(place(26.42, 106.47, 10), place(26.42, 106.48, 5)) == 0


PLAN = """
netbench: 1
plan: readings
theory: {reading: READING}
sites:
  a: {at: [26.420, 106.470], position_error_km: 10}
  b: {at: [26.250, 105.933], position_error_km: 5}
links:
  - {id: ab, between: [a, b], class: backbone, route_km: 100}
corridors:
  - {id: a-b, kind: in-province, from: a, to: b}
"""


def test_theory_follows_the_plans_reading() -> None:
    """Over the great circle it depends on the places and their errors, along the route on the route alone."""
    direct = parse_plan(PLAN.replace("READING", "great-circle"), "direct")
    assert theoretical_latency_ns(direct, "a", "b") == pytest.approx(278_000, abs=1000)
    assert theory_error_ns(direct, "a", "b") == propagation_ns(15, 1.468)
    along = parse_plan(PLAN.replace("READING", "route"), "along")
    assert theoretical_latency_ns(along, "a", "b", Route(("a", "b"), ("ab",))) == propagation_ns(100, 1.468)
    assert theory_error_ns(along, "a", "b") == 0
    with pytest.raises(UsageError, match="whose length is not known"):
        theoretical_latency_ns(along, "a", "b")
