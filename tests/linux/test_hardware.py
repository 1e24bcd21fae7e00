"""Stamps by interfaces: what this machine's say of themselves, and the arithmetic of their clocks on made answers."""

import struct

import pytest

from netbench.errors import UnsupportedError
from netbench.linux.hardware import Offset, Stamping, offset_from, offset_of, stamping_of, turn_on

SECOND = 1_000_000_000


def answer(*instants: int) -> bytes:
    """As the kernel lays it out: the number of readings, then seconds, nanoseconds and padding, system and interface in turn."""
    head = struct.pack("@4I", len(instants) // 2, 0, 0, 0)
    return head + b"".join(struct.pack("@qII", *divmod(instant, SECOND), 0) for instant in instants)


def test_offset_is_by_the_quickest_reading() -> None:
    """Of readings that took 4000, 200 and 3000 ns the second counts, and half of it is what is not known."""
    start = 1_800_000_000 * SECOND - 1500
    readings = (start, start + 99_000, start + 4_000, start + 54_100, start + 4_200, start + 88_000, start + 7_200)

    assert offset_from(answer(*readings)) == Offset(ahead_ns=50_000, error_ns=100)


def test_loopback_stamps_nothing_itself() -> None:
    """Loopback has software stamps alone, cannot be told otherwise, and a clock that is not there is refused by name."""
    assert stamping_of("lo") == Stamping("lo", hardware=False, clock=None)
    with pytest.raises(UnsupportedError, match="interface lo stamps no packets itself here"):
        turn_on("lo")
    with pytest.raises(UnsupportedError, match="/dev/ptp999 cannot be read"):
        offset_of(999)
    with pytest.raises(UnsupportedError, match="interface nowhere0"):
        stamping_of("nowhere0")
