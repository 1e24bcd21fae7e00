"""Sizes and fillings of packets."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as some

from netbench.errors import UsageError
from netbench_probes.stamp import tlv
from netbench_probes.stamp.patterns import Pattern, Sizes, filling, octets_of


def test_a_mix_keeps_its_weights_and_spreads_them() -> None:
    """Twelve packets of the Internet mix are seven small, four middle, one large, and no three small ones in a row."""
    sizes = Sizes("imix")
    cycle = [sizes.of(number) for number in range(24)]

    assert Counter(cycle) == {44: 14, 548: 8, 1472: 2}
    assert all({44} != set(cycle[place : place + 3]) for place in range(22))
    assert (sizes.all_alike, sizes.smallest) == (False, 44)


def test_one_size_is_every_size() -> None:
    """Without a mix all packets are alike."""
    assert [Sizes("100").of(number) for number in (0, 1, 2**32 - 1)] == [100, 100, 100]
    assert Sizes("100x3").all_alike


@pytest.mark.parametrize("mix", ["", "44,", "x", "44x0", "-1", "65508", "44x7;548"])
def test_what_is_no_mix_is_refused(mix: str) -> None:
    """The sentence shows how one is written."""
    with pytest.raises(UsageError, match="write imix, or sizes up to 65507 octets with their weights as 44x7,548x4,1472"):
        Sizes(mix)


patterns: some.SearchStrategy[Pattern] = some.sampled_from(["random", "zeros", "ones", "alternating", "counter"])


@given(patterns, some.integers(0, 2000), some.booleans())
def test_padding_fills_its_room_and_reads_as_padding(pattern: Pattern, room: int, bare: bool) -> None:
    """It is zeros behind a bare packet, or one TLV of padding; only where no head fits behind TLVs is there nothing."""
    octets = filling(pattern, room, bare=bare)
    read = tlv.parse(octets)

    assert len(octets) == room or (not bare and room < 4 and octets == b"")
    assert read is None or ([each.type for each in read.tlvs] == [1] and not read.broken)


def test_patterns_are_what_they_are_called() -> None:
    """Each pattern gives its octets, and random ones that no link compresses, the same each time."""
    assert octets_of("ones", 3) == b"\xff\xff\xff"
    assert octets_of("alternating", 2) == b"\xaa\xaa"
    assert octets_of("counter", 258) == bytes(range(256)) + b"\0\1"
    assert octets_of("random", 1000) == octets_of("random", 1000)
    assert len(set(octets_of("random", 1000))) > 200
