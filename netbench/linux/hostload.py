"""How busy this host is while something is measured on it, noticed while it happens.

A thread wakes at fixed times and notes how late it was; a few times a second it reads the kernel's own counts: what each core
did (``/proc/stat``), frames that the kernel dropped for want of time (``/proc/net/softnet_stat``) and how long runnable tasks
stood waiting (``/proc/pressure/cpu``). What a kernel does not tell is None.
"""

import itertools
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

TICK_NS = 20_000_000
TICKS_A_READING = 15
LATE_NS = 20_000_000
"""A tick later than this: for so long the machine ran something else, or stood still."""

_USER, _NICE, _SYSTEM, _IDLE, _IOWAIT, _IRQ, _SOFTIRQ, _STEAL = range(8)


@dataclass(frozen=True, slots=True)
class CoreTimes:
    """What one core has done since it started, in the kernel's clock ticks."""

    busy: int
    softirq: int
    steal: int
    whole: int


@dataclass(frozen=True, slots=True)
class Reading:
    """The kernel's counts at one moment: cores in their order, frames dropped, time that some task waited for a core."""

    cores: tuple[CoreTimes, ...]
    dropped_frames: int | None
    waiting_us: int | None


@dataclass(frozen=True, slots=True)
class HostLoad:
    """How busy the host was during one measurement; shares are of all cores' time, ``busiest_core`` of that core's.

    ``waiting`` is the share of the time in which some task waited for a core. ``late_ticks`` of ``ticks`` came more than 20 ms
    after their time, the worst ``max_late_ns``.
    """

    seconds: float
    cores: int
    busy: float
    busiest_core: float
    softirq: float
    steal: float
    waiting: float | None
    dropped_frames: int | None
    ticks: int
    late_ticks: int
    max_late_ns: int


class HostWatch:
    """Watches between enter and exit; ``load`` says how it was."""

    def __init__(self, read: "Callable[[], Reading] | None" = None) -> None:
        """``read`` tells the kernel's counts; the kernel itself does when not given."""
        self._read = read or reading
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="netbench-host-watch", daemon=True)
        self._lateness_ns: list[int] = []
        self._readings: list[Reading] = []
        self._started_ns = self._ended_ns = 0

    def __enter__(self) -> Self:
        """It watches."""
        self._readings.append(self._read())
        self._started_ns = time.monotonic_ns()
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None) -> None:
        """It has ended."""
        self._stopped.set()
        self._thread.join()
        self._ended_ns = time.monotonic_ns()
        self._readings.append(self._read())

    @property
    def load(self) -> HostLoad:
        """How busy the host was from enter to exit."""
        return host_load(self._readings, self._lateness_ns, self._ended_ns - self._started_ns)

    def _watch(self) -> None:
        due_ns = self._started_ns
        while True:
            due_ns += TICK_NS
            if self._stopped.wait(max(0, due_ns - time.monotonic_ns()) / 1e9):
                return
            self._lateness_ns.append(late_ns := time.monotonic_ns() - due_ns)
            due_ns += late_ns // TICK_NS * TICK_NS  # what was slept through is not slept again
            if len(self._lateness_ns) % TICKS_A_READING == 0:
                self._readings.append(self._read())


def host_load(readings: list[Reading], lateness_ns: list[int], elapsed_ns: int) -> HostLoad:
    """Return what the readings and the watch's own lateness say together."""
    first, last = readings[0], readings[-1]
    every = _since(first, last)
    whole = sum(core.whole for core in every) or 1
    spans = [core for earlier, later in itertools.pairwise(readings) for core in _since(earlier, later)]
    return HostLoad(
        seconds=elapsed_ns / 1e9,
        cores=len(every),
        busy=sum(core.busy for core in every) / whole,
        busiest_core=max((core.busy / core.whole for core in spans if core.whole), default=0.0),
        softirq=sum(core.softirq for core in every) / whole,
        steal=sum(core.steal for core in every) / whole,
        waiting=_waiting(first, last, elapsed_ns),
        dropped_frames=_grown(first.dropped_frames, last.dropped_frames),
        ticks=len(lateness_ns),
        late_ticks=sum(late > LATE_NS for late in lateness_ns),
        max_late_ns=max(lateness_ns, default=0),
    )


def together(loads: Sequence[HostLoad]) -> HostLoad:
    """Return several measurements as one: shares over their whole time, counts added up, the worst of what has a worst."""
    seconds = sum(load.seconds for load in loads)

    def share(of: Callable[[HostLoad], float]) -> float:
        return sum(of(load) * load.seconds for load in loads) / (seconds or 1)

    dropped = [load.dropped_frames for load in loads if load.dropped_frames is not None]
    return HostLoad(
        seconds=seconds,
        cores=max(load.cores for load in loads),
        busy=share(lambda load: load.busy),
        busiest_core=max(load.busiest_core for load in loads),
        softirq=share(lambda load: load.softirq),
        steal=share(lambda load: load.steal),
        waiting=None if any(load.waiting is None for load in loads) else share(lambda load: load.waiting or 0.0),
        dropped_frames=sum(dropped) if len(dropped) == len(loads) else None,
        ticks=sum(load.ticks for load in loads),
        late_ticks=sum(load.late_ticks for load in loads),
        max_late_ns=max(load.max_late_ns for load in loads),
    )


def reading() -> Reading:
    """Return the kernel's counts now."""
    return Reading(
        cores=tuple(_core(line.split()[1:]) for line in _lines("/proc/stat") if line.startswith("cpu") and line[3].isdigit()),
        dropped_frames=_dropped(_lines("/proc/net/softnet_stat")),
        waiting_us=_waited(_lines("/proc/pressure/cpu")),
    )


def _core(words: list[str]) -> CoreTimes:
    times = [int(word) for word in words[: _STEAL + 1]]
    whole = sum(times)
    return CoreTimes(whole - times[_IDLE] - times[_IOWAIT], times[_SOFTIRQ], times[_STEAL], whole)


def _dropped(lines: list[str]) -> int | None:
    return sum(int(line.split()[1], 16) for line in lines) if lines else None


def _waited(lines: list[str]) -> int | None:
    return next((int(line.rsplit("total=", 1)[1]) for line in lines if line.startswith("some ")), None)


def _lines(path: str) -> list[str]:
    try:
        return Path(path).read_text(encoding="ascii").splitlines()
    except OSError:
        return []  # this kernel does not say: the figure is None


def _since(earlier: Reading, later: Reading) -> list[CoreTimes]:
    return [
        CoreTimes(
            after.busy - before.busy, after.softirq - before.softirq, after.steal - before.steal, after.whole - before.whole
        )
        for before, after in zip(earlier.cores, later.cores, strict=False)
    ]


def _grown(before: int | None, after: int | None) -> int | None:
    return None if before is None or after is None else after - before


def _waiting(first: Reading, last: Reading, elapsed_ns: int) -> float | None:
    waited_us = _grown(first.waiting_us, last.waiting_us)
    return None if waited_us is None else waited_us * 1000 / max(1, elapsed_ns)
