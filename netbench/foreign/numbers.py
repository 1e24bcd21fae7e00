"""Figures as platforms write them, to whole nanoseconds, ratios and counts; what is not plainly one is refused."""

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from netbench.foreign.model import UnitName
from netbench.units import shown

LONGEST_NS: Final = 10**15
"""More than eleven days: no delay."""

_NUMBER = re.compile(r"([+-]?[0-9]{1,18}(?:\.[0-9]{1,18})?(?:[eE][+-]?[0-9]{1,2})?)\s*([A-Za-zµμ%]*)")
_NANOSECONDS: Final = {"ns": Decimal(1), "us": Decimal(10**3), "ms": Decimal(10**6), "s": Decimal(10**9)}
_SPELLINGS: Final = {
    "usec": "us", "µs": "us", "μs": "us", "msec": "ms", "sec": "s", "nsec": "ns", "packets": "packets", "pkts": "packets",
}  # fmt: skip


class NoFigureError(Exception):
    """The text is no figure; the message is the sentence's end."""


@dataclass(frozen=True, slots=True)
class Duration:
    """A duration and what its last digit stands for."""

    value_ns: int
    resolution_ns: int


def duration(text: str, unit: UnitName) -> Duration:
    """Return a duration written as a number of ``unit``, which may stand behind it.

    :raises NoFigureError: when it is none, or of another unit
    """
    number = _number(text, unit)
    scale = _NANOSECONDS[unit]
    exponent = number.as_tuple().exponent
    if abs(number) * scale > LONGEST_NS or not isinstance(exponent, int):
        raise NoFigureError(f"{shown(text)} is longer than any delay")
    return Duration(round(number * scale), max(1, round(scale.scaleb(exponent))))


def ratio(text: str, unit: UnitName) -> float:
    """Return a share of 1.

    :raises NoFigureError: when it is none, or not between nothing and all
    """
    number = _number(text, unit)
    share = number / 100 if unit == "%" else number
    if not 0 <= share <= 1:
        raise NoFigureError(f"{shown(text)} is no share of a whole")
    return float(share)


def count(text: str) -> int:
    """Return a count of packets.

    :raises NoFigureError: when it is no whole number from 0 on
    """
    number = _number(text, "packets")
    if number != number.to_integral_value() or number < 0 or number > 10**15:
        raise NoFigureError(f"{shown(text)} counts nothing; a whole number is needed")
    return int(number)


def _number(text: str, unit: str) -> Decimal:
    found = _NUMBER.fullmatch(text.strip())
    if found is None:
        raise NoFigureError(f"{shown(text)} is no number")
    written = _SPELLINGS.get(found[2], found[2])
    if written and written != unit:
        raise NoFigureError(f"{shown(text)} is in another unit than the map says, which is {unit}")
    return Decimal(found[1])
