"""Token buckets: held to a count of tokens kept beside them, bounded in number."""

import random
from fractions import Fraction

import pytest

from netbench.measure.buckets import Buckets, client_of

SECOND_NS = 1_000_000_000


@pytest.mark.parametrize("rate", [1, 10, 50, 1000])
def test_a_bucket_holds_a_second_and_fills_at_its_rate(rate: int) -> None:
    """Ten thousand takings at random times, as a count of tokens in exact fractions has them."""
    buckets, chance, now_ns = Buckets(rate), random.Random(rate), 0
    most = Fraction(max(rate, 10))
    tokens, told = most, 0
    for _ in range(10_000):
        passed_ns = int(chance.expovariate(rate * 1.5) * SECOND_NS)
        now_ns += passed_ns
        tokens = min(most, tokens + Fraction(passed_ns * rate, SECOND_NS))
        expected = tokens >= 1
        assert buckets.take("client", now_ns) == expected
        tokens -= expected
        told += expected
    assert 5000 < told < 10_000


def test_clients_have_buckets_of_their_own() -> None:
    """One that asks too often takes nothing from another, and is answered again when its bucket has filled a little."""
    buckets = Buckets(10)

    assert [buckets.take("hasty", 0) for _ in range(12)] == [True] * 10 + [False] * 2
    assert buckets.take("patient", 0)
    assert not buckets.take("hasty", SECOND_NS // 10 - 1)
    assert buckets.take("hasty", SECOND_NS // 10)


def test_the_longest_unheard_is_forgotten() -> None:
    """Their number is bounded, and who is heard stays."""
    buckets = Buckets(10, most=100)
    for number in range(1000):
        buckets.take("hasty", 0)
        buckets.take(number, 0)

    assert len(buckets) == 100
    assert not buckets.take("hasty", 0)


def test_one_client_may_have_a_network_of_ipv6() -> None:
    """Its last 64 bits are its own to choose."""
    assert client_of("2001:db8::1") == client_of("2001:db8::ffff:1") != client_of("2001:db8:0:1::1")
    assert client_of("fe80::1%eth0") == client_of("fe80::2")
    assert client_of("192.0.2.1") != client_of("192.0.2.2")
