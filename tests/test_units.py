"""Durations, rates and ratios: what people write is read exactly, and what is written can be read again."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netbench.errors import UsageError
from netbench.units import (
    format_duration,
    format_rate,
    format_ratio,
    parse_duration_ns,
    parse_rate_bps,
    parse_ratio,
    shown,
)

SECOND = 1_000_000_000


@pytest.mark.parametrize(
    ("text", "expected_ns"),
    [
        ("200ms", 200_000_000),
        ("40us", 40_000),
        ("40µs", 40_000),
        ("40\u03bcs", 40_000),
        ("5ns", 5),
        ("1m30s", 90 * SECOND),
        ("1min 30s", 90 * SECOND),
        ("1h", 3600 * SECOND),
        ("2d", 2 * 86_400 * SECOND),
        ("0.1ms", 100_000),
        ("5.39 ms", 5_390_000),
        ("0s", 0),
        ("PT10S", 10 * SECOND),
        ("pt1.5s", 1_500_000_000),
        ("P1DT2H3M4.5S", (86_400 + 2 * 3600 + 3 * 60) * SECOND + 4_500_000_000),
        ("123456789.123456789s", 123_456_789_123_456_789),
    ],
)
def test_a_duration_is_read_exactly(text: str, expected_ns: int) -> None:
    """Every way of writing a duration gives its whole nanoseconds."""
    assert parse_duration_ns(text) == expected_ns


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("5", "'5' has no unit; write a duration like 200ms, 40us or 1m30s"),
        ("-5ms", "'-5ms' is no duration; write it like 200ms, 40us or 1m30s"),
        ("", "'' is no duration; write it like 200ms, 40us or 1m30s"),
        ("P", "'P' is no duration; write it like 200ms, 40us or 1m30s"),
        ("PT", "'PT' is no duration; write it like 200ms, 40us or 1m30s"),
        ("P1DT", "'P1DT' is no duration; write it like 200ms, 40us or 1m30s"),
        ("5ms later", "'5ms later' is no duration; write it like 200ms, 40us or 1m30s"),
        ("٥ms", "'٥ms' is no duration; write it like 200ms, 40us or 1m30s"),
        ("nan", "'nan' is no duration; write it like 200ms, 40us or 1m30s"),
        ("1e3ms", "'1e3ms' is no duration; write it like 200ms, 40us or 1m30s"),
        ("0.5ns", "'0.5ns' is finer than a nanosecond"),
    ],
)
def test_what_is_no_duration_is_refused_in_one_sentence(text: str, sentence: str) -> None:
    """The sentence shows what was written and how to write it."""
    with pytest.raises(UsageError) as refused:
        parse_duration_ns(text)
    assert str(refused.value) == sentence


@pytest.mark.parametrize(
    ("text", "expected_bps"),
    [
        ("400G", 400_000_000_000),
        ("10Mbit/s", 10_000_000),
        ("2.5G", 2_500_000_000),
        ("2.5 Gbps", 2_500_000_000),
        ("64kb/s", 64_000),
        ("64Kbit/s", 64_000),
        ("1.6T", 1_600_000_000_000),
        ("300bit/s", 300),
        ("0G", 0),
    ],
)
def test_a_rate_is_read_in_bits_with_decimal_prefixes(text: str, expected_bps: int) -> None:
    """A prefix is a power of a thousand, the unit is the bit."""
    assert parse_rate_bps(text) == expected_bps


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("400", "'400' has no unit; write a rate like 400G, 2.5G or 10Mbit/s"),
        ("400GB/s", "'400GB/s' is no rate; write it in bits, like 400G, 2.5G or 10Mbit/s"),
        ("400Gi", "'400Gi' is no rate; write it in bits, like 400G, 2.5G or 10Mbit/s"),
        ("400m", "'400m' is no rate; write it in bits, like 400G, 2.5G or 10Mbit/s"),
        ("-1G", "'-1G' is no rate; write it in bits, like 400G, 2.5G or 10Mbit/s"),
        ("1.5bit/s", "'1.5bit/s' is finer than one bit per second"),
    ],
)
def test_what_is_no_rate_is_refused_in_one_sentence(text: str, sentence: str) -> None:
    """Bytes, binary prefixes and bare numbers are no rates."""
    with pytest.raises(UsageError) as refused:
        parse_rate_bps(text)
    assert str(refused.value) == sentence


@pytest.mark.parametrize(
    ("text", "expected"), [("0.1%", 0.001), ("1e-5", 1e-5), ("0.5", 0.5), ("100%", 1.0), ("0", 0.0), ("2.5 %", 0.025)]
)
def test_a_ratio_is_read_as_a_fraction(text: str, expected: float) -> None:
    """Per cent and fractions give the float that is nearest to what was written."""
    assert parse_ratio(text) == expected


@pytest.mark.parametrize("text", ["101%", "1.1", "-1%", "nan", "inf", "", "%", "1e999", "one"])
def test_what_is_no_ratio_is_refused(text: str) -> None:
    """A ratio is a number from 0 to 1."""
    with pytest.raises(UsageError):
        parse_ratio(text)


@pytest.mark.parametrize(
    ("duration_ns", "expected"),
    [
        (0, "0 ns"),
        (5, "5 ns"),
        (999, "999 ns"),
        (40_000, "40 µs"),
        (999_499, "999 µs"),
        (999_500, "1 ms"),
        (5_386_400, "5.39 ms"),
        (20_000_000, "20 ms"),
        (1_500_000_000, "1.5 s"),
        (90 * SECOND, "90 s"),
        (3600 * SECOND, "3600 s"),
        (-5_386_400, "-5.39 ms"),
    ],
)
def test_a_duration_is_written_with_three_digits(duration_ns: int, expected: str) -> None:
    """The unit is the largest that leaves a figure of at least one."""
    assert format_duration(duration_ns) == expected


@pytest.mark.parametrize(
    ("rate_bps", "expected"),
    [(400_000_000_000, "400 Gbit/s"), (12_500_000, "12.5 Mbit/s"), (999_999, "1 Mbit/s"), (0, "0 bit/s"), (61e12, "61 Tbit/s")],
)
def test_a_rate_is_written_with_three_digits(rate_bps: float, expected: str) -> None:
    """Rates are written in bit/s with a decimal prefix."""
    assert format_rate(rate_bps) == expected


@pytest.mark.parametrize(
    ("ratio", "expected"), [(0, "0%"), (0.001, "0.1%"), (1e-5, "0.001%"), (1e-6, "1e-06"), (1, "100%"), (0.99999, "100%")]
)
def test_a_ratio_is_written_in_per_cent_or_powers_of_ten(ratio: float, expected: str) -> None:
    """Where per cent would be mostly zeros a power of ten is shorter."""
    assert format_ratio(ratio) == expected


@given(st.integers(0, 10**18))
def test_a_written_duration_reads_back_within_its_three_digits(duration_ns: int) -> None:
    """Writing loses no more than half a unit of the third digit."""
    assert abs(parse_duration_ns(format_duration(duration_ns)) - duration_ns) <= duration_ns * Fraction(1, 199)


@given(st.integers(0, 10**15))
def test_a_written_rate_reads_back_within_its_three_digits(rate_bps: int) -> None:
    """The same holds for rates."""
    assert abs(parse_rate_bps(format_rate(rate_bps)) - rate_bps) <= rate_bps * Fraction(1, 199)


@given(st.decimals("0", "1", places=9))
def test_a_written_ratio_reads_back_within_its_three_digits(ratio: Decimal) -> None:
    """The same holds for ratios."""
    assert parse_ratio(format_ratio(float(ratio))) == pytest.approx(float(ratio), rel=1 / 199)


@given(st.text())
def test_any_text_is_read_or_refused_on_one_line(text: str) -> None:
    """No text makes a parser fail in another way, and no refusal spills over its line."""
    for parse in (parse_duration_ns, parse_rate_bps, parse_ratio):
        sentence, value = "read", 0.0
        try:
            value = parse(text)
        except UsageError as refused:
            sentence = str(refused)
        assert value >= 0
        assert "\n" not in sentence


def test_what_is_shown_is_cut_before_it_fills_the_screen() -> None:
    """A refusal quotes sixty characters at most."""
    assert shown("x" * 1000) == "'" + "x" * 59 + "…'"
