"""Instants as platforms write them, to nanoseconds since 1970."""

from datetime import UTC, datetime, tzinfo
from decimal import Decimal, InvalidOperation
from zoneinfo import ZoneInfo

from netbench.foreign.numbers import NoFigureError
from netbench.units import shown

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LATEST = Decimal(4_102_444_800)  # the year 2100


def instant_ns(text: str, form: str, zone: str | None) -> int:
    """Return the instant; ``zone`` is that of a time which says none.

    :raises NoFigureError: when it is not of the form, or says no zone and there is none for it
    """
    if form in ("epoch", "epoch-ms"):
        return _epoch_ns(text, 1000 if form == "epoch-ms" else 1)
    try:
        when = datetime.fromisoformat(text) if form == "iso" else datetime.strptime(text, form)  # noqa: DTZ007 - checked below
    except ValueError as error:
        raise NoFigureError(f"{shown(text)} is no time of the form {form}") from error
    if when.tzinfo is None and zone is None:
        raise NoFigureError(f"{shown(text)} says no time zone; give 'timezone' in the map")
    return ns_since_1970(when if when.tzinfo else when.replace(tzinfo=_zone(zone)))


def ns_since_1970(when: datetime) -> int:
    """Return an aware instant in nanoseconds, exactly."""
    passed = when - _EPOCH
    return ((passed.days * 86_400 + passed.seconds) * 1_000_000 + passed.microseconds) * 1000


def _zone(name: str | None) -> tzinfo:
    return ZoneInfo(name) if name else UTC


def _epoch_ns(text: str, per_second: int) -> int:
    try:
        seconds = Decimal(text) / per_second
    except InvalidOperation as error:
        raise NoFigureError(f"{shown(text)} is no number of seconds since 1970") from error
    if not seconds.is_finite() or not 0 < seconds < _LATEST:
        raise NoFigureError(f"{shown(text)} is no time of this century")
    return int(seconds * 1_000_000_000)
