"""What a packet says of its clock."""

import threading

from hypothesis import given
from hypothesis import strategies as some

from netbench.linux.clockstate import UNKNOWN, ClockState
from netbench_probes.stamp.estimate import ClockWord, error_estimate, kept_true
from netbench_probes.stamp.wire import clock_error_ns


def within(error_ns: int | None) -> ClockState:
    return ClockState(synchronised=True, error_ns=error_ns, source="chrony")


@given(some.integers(0, 10**15))
def test_an_estimate_is_never_less_than_the_bound_and_hardly_more(error_ns: int) -> None:
    """Read back, it is the bound, a little rounded up: by one part in 128 and a nanosecond at most."""
    claimed = clock_error_ns(error_estimate(within(error_ns), ptp=False))

    assert claimed is not None
    assert error_ns <= claimed <= error_ns * (1 + 1 / 127) + 2


def test_known_estimates() -> None:
    """1 µs is 4294.97 * 2^-32 s: 135 * 2^5 rounded up; the Z bit says PTP."""
    assert error_estimate(within(1000), ptp=False) == 0x8000 | 5 << 8 | 135
    assert error_estimate(within(1000), ptp=True) == 0xC000 | 5 << 8 | 135
    assert error_estimate(within(0), ptp=False) == 0x8001


def test_a_clock_that_nobody_bounds_promises_nothing() -> None:
    """Without synchronisation or without a bound the S bit is down and the error the largest."""
    for state in (UNKNOWN, within(None)):
        assert error_estimate(state, ptp=False) == 0x3FFF
        assert error_estimate(state, ptp=True) == 0x7FFF


def test_a_clock_is_asked_anew_while_packets_go_out() -> None:
    """What a thread reads is what the next packets say; nothing is read any more once they end."""
    word, asked = ClockWord(within(1000), ptp=False), threading.Event()

    def read() -> ClockState:
        asked.set()
        return UNKNOWN

    with kept_true(word, read, every_s=0.001):
        assert asked.wait(30)
    assert word.estimate == 0x3FFF
    assert word.state == UNKNOWN
