"""Durations, rates and ratios as people write them, to integers and back.

Reading is exact: decimal digits never pass through binary floating point, and what cannot be held in whole nanoseconds or
bit/s is refused. What is written by the ``format`` functions is rounded to three digits and can be read again.
"""

import re
from decimal import Decimal

from netbench.errors import UsageError

_NANOSECONDS = {
    "ns": 1,
    "us": 1_000,
    "µs": 1_000,  # U+00B5, the micro sign
    "μs": 1_000,  # U+03BC, the Greek letter that keyboards give
    "ms": 1_000_000,
    "s": 1_000_000_000,
    "m": 60_000_000_000,
    "min": 60_000_000_000,
    "h": 3_600_000_000_000,
    "d": 86_400_000_000_000,
}
_PREFIXES = {"": 1, "k": 10**3, "K": 10**3, "M": 10**6, "G": 10**9, "T": 10**12}

_NUMBER = r"[0-9]{1,18}(?:\.[0-9]{1,18})?"
_TERM = re.compile(rf"\s*({_NUMBER})\s*(ns|us|µs|μs|ms|min|s|m|h|d)")
_ISO = re.compile(
    rf"P(?:(?P<d>{_NUMBER})D)?(?:T(?=[0-9])(?:(?P<h>{_NUMBER})H)?(?:(?P<m>{_NUMBER})M)?(?:(?P<s>{_NUMBER})S)?)?", re.IGNORECASE
)
_RATE = re.compile(rf"({_NUMBER})\s*([kKMGT]?)(bit/s|bps|b/s)?")
_OCTETS = re.compile(rf"({_NUMBER})\s*([kKMGT]?)B")
_RATIO = re.compile(r"([0-9]{1,18}(?:\.[0-9]{0,18})?(?:[eE][+-]?[0-9]{1,3})?)\s*(%?)")
_BARE = re.compile(rf"[+-]?{_NUMBER}")

_DURATION_STEPS = ((10**9, "s"), (10**6, "ms"), (10**3, "µs"), (1, "ns"))
_RATE_STEPS = ((10**12, "Tbit/s"), (10**9, "Gbit/s"), (10**6, "Mbit/s"), (10**3, "kbit/s"), (1, "bit/s"))


def parse_duration_ns(text: str) -> int:
    """Return ``200ms``, ``1m30s``, ``40us``, ``5ns`` or ISO 8601's ``PT10S`` in nanoseconds.

    :raises UsageError: when it is no duration, has no unit, or is finer than a nanosecond
    """
    stripped = text.strip()
    total = _iso_ns(stripped) if stripped[:1] in {"P", "p"} else _terms_ns(stripped)
    if total is None:
        raise UsageError(_no_duration(stripped))
    if total != int(total):
        raise UsageError(f"{shown(stripped)} is finer than a nanosecond")
    return int(total)


def parse_rate_bps(text: str) -> int:
    """Return ``400G``, ``10Mbit/s`` or ``2.5G`` in bit/s; prefixes are decimal, the unit is the bit.

    :raises UsageError: when it is no rate, has no unit, counts bytes, or is finer than a bit per second
    """
    stripped = text.strip()
    match = _RATE.fullmatch(stripped)
    if match is None:
        raise UsageError(f"{shown(stripped)} is no rate; write it in bits, like 400G, 2.5G or 10Mbit/s")
    number, prefix, unit = match.groups()
    if not prefix and not unit:
        raise UsageError(f"{shown(stripped)} has no unit; write a rate like 400G, 2.5G or 10Mbit/s")
    rate = Decimal(number) * _PREFIXES[prefix]
    if rate != int(rate):
        raise UsageError(f"{shown(stripped)} is finer than one bit per second")
    return int(rate)


def parse_octets(text: str) -> int:
    """Return ``64kB``, ``2.5MB`` or ``1500B`` in octets; prefixes are decimal.

    :raises UsageError: when it is no size, or finer than an octet
    """
    stripped = text.strip()
    match = _OCTETS.fullmatch(stripped)
    if match is None:
        raise UsageError(f"{shown(stripped)} is no size; write it in bytes, like 64kB or 2.5MB")
    octets = Decimal(match[1]) * _PREFIXES[match[2]]
    if octets != int(octets):
        raise UsageError(f"{shown(stripped)} is finer than one byte")
    return int(octets)


def parse_ratio(text: str) -> float:
    """Return ``0.1%``, ``1e-5`` or ``0.001`` as a fraction of 1.

    :raises UsageError: when it is no number, or lies outside 0 to 1
    """
    stripped = text.strip()
    match = _RATIO.fullmatch(stripped)
    if match is None:
        raise UsageError(f"{shown(stripped)} is no ratio; write it like 0.1% or 1e-5")
    ratio = Decimal(match[1]) / (100 if match[2] else 1)
    if ratio > 1:
        raise UsageError(f"{shown(stripped)} is more than the whole; a ratio lies between 0 and 1 (100%)")
    return float(ratio)


def format_duration(duration_ns: float) -> str:
    """Return a duration with at most three digits and the unit that suits it: ``5.39 ms``, ``40 µs``."""
    return _format_scaled(duration_ns, _DURATION_STEPS)


def format_rate(rate_bps: float) -> str:
    """Return a rate with at most three digits: ``400 Gbit/s``, ``12.5 Mbit/s``."""
    return _format_scaled(rate_bps, _RATE_STEPS)


def format_ratio(ratio: float) -> str:
    """Return a ratio in per cent, or as a power of ten where per cent would be all zeros: ``0.1%``, ``1e-06``."""
    return f"{_digits(ratio * 100)}%" if ratio == 0 or abs(ratio) >= 1e-5 else f"{ratio:.3g}"


def shown(text: str) -> str:
    """Return what somebody wrote in quotes, for a refusal: on one line, cut where it would fill the screen."""
    return repr(text if len(text) <= 60 else text[:59] + "…")


def _terms_ns(text: str) -> Decimal | None:
    total, position = Decimal(0), 0
    while match := _TERM.match(text, position):
        total += Decimal(match[1]) * _NANOSECONDS[match[2]]
        position = match.end()
    return total if position and position == len(text) else None


def _iso_ns(text: str) -> Decimal | None:
    match = _ISO.fullmatch(text)
    parts = {unit: number for unit, number in match.groupdict().items() if number} if match else {}
    return sum((Decimal(number) * _NANOSECONDS[unit] for unit, number in parts.items()), Decimal(0)) if parts else None


def _no_duration(text: str) -> str:
    if _BARE.fullmatch(text):
        return f"{shown(text)} has no unit; write a duration like 200ms, 40us or 1m30s"
    return f"{shown(text)} is no duration; write it like 200ms, 40us or 1m30s"


def _format_scaled(value: float, steps: tuple[tuple[int, str], ...]) -> str:
    # 0.9995: what three digits would round up to the next unit belongs to that unit
    size, unit = next((step for step in steps if abs(value) >= step[0] * 0.9995), steps[-1])
    return f"{_digits(value / size)} {unit}"


def _digits(value: float) -> str:
    if abs(value) >= 999.5:
        return f"{value:.0f}"
    shown = f"{value:.3g}"
    return f"{value:.12f}".rstrip("0").rstrip(".") if "e" in shown else shown
