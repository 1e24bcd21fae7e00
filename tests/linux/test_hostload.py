"""What the kernel's counts say of a host, from readings made up for the purpose, and from this kernel's own."""

import threading

import pytest

from netbench.linux.hostload import CoreTimes, HostLoad, HostWatch, Reading, host_load, reading, together


def _reading(first: CoreTimes, second: CoreTimes, dropped: int | None = 0, waiting_us: int | None = 0) -> Reading:
    return Reading((first, second), dropped, waiting_us)


IDLE = CoreTimes(busy=1000, softirq=10, steal=5, whole=9000)


def test_shares_are_of_all_cores_between_the_first_reading_and_the_last() -> None:
    """One core worked 60 of 100 ticks and then 100 of 100, of which 20 were stolen and 10 were softirq; the other slept."""
    half = CoreTimes(1060, 10, 5, 9100)
    full = CoreTimes(1160, 20, 25, 9200)
    later = CoreTimes(1000, 10, 5, 9200)
    load = host_load(
        [_reading(IDLE, IDLE, 7, 100), _reading(half, IDLE, 7, 200), _reading(full, later, 9, 500_100)],
        [1_000, 20_000_001, 3_000],
        2_000_000_000,
    )
    assert load == HostLoad(
        seconds=2.0, cores=2, busy=0.4, busiest_core=1.0, softirq=0.025, steal=0.05, waiting=0.25, dropped_frames=2, ticks=3,
        late_ticks=1, max_late_ns=20_000_001,
    )  # fmt: skip


def test_what_the_kernel_does_not_tell_has_no_value() -> None:
    """No pressure file, no softnet counts: None, not zero."""
    load = host_load([_reading(IDLE, IDLE, None, None)] * 2, [], 1_000_000_000)
    assert (load.waiting, load.dropped_frames, load.busy) == (None, None, 0.0)


def test_several_measurements_count_by_how_long_they_took() -> None:
    """A second at one half and three seconds idle are an eighth; drops add up, the worst stays the worst."""
    busy = HostLoad(1.0, 2, 0.5, 1.0, 0.1, 0.2, 0.4, 3, 50, 2, 9)
    idle = HostLoad(3.0, 2, 0.0, 0.2, 0.0, 0.0, None, 0, 150, 0, 4)
    assert together([busy, idle]) == HostLoad(4.0, 2, 0.125, 1.0, 0.025, 0.05, None, 3, 200, 2, 9)


def test_this_kernel_is_understood() -> None:
    """Every core has a time, which does not run backwards."""
    before, after = reading(), reading()
    assert before.cores
    assert all(core.whole > 0 and core.busy <= core.whole for core in before.cores)
    assert all(later.whole >= earlier.whole for earlier, later in zip(before.cores, after.cores, strict=True))


def test_a_watch_reads_while_it_watches_and_ends_when_told() -> None:
    """At least at enter, several times meanwhile, and at exit; its thread is gone afterwards."""
    enough, readings = threading.Event(), list[Reading]()

    def read() -> Reading:
        readings.append(reading())
        if len(readings) == 3:
            enough.set()
        return readings[-1]

    with HostWatch(read) as watch:
        assert enough.wait(30)
    assert len(readings) >= 4
    assert watch.load.ticks >= 30
    assert watch.load.seconds == pytest.approx(watch.load.ticks * 0.02, rel=0.5)
    assert not any(thread.name == "netbench-host-watch" for thread in threading.enumerate())
