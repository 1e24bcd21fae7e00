"""What this host can hold by STAMP: over loopback, against a reflector in a process of its own.

Nothing on that way loses or delays a packet but this host and its sockets: what is lost is the tool's own loss, and the time from
one kernel timestamp to the next bounds the error of both.
"""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager, suppress
from importlib import import_module
from typing import Final, Literal

import numpy as np

from netbench.errors import CannotMeasureError, NetbenchError, UnsupportedError
from netbench.linux.hardware import offset_of, stampings
from netbench.linux.namespaces import HostVantage
from netbench.linux.punctual import punctual
from netbench.measure.collect import MemorySink
from netbench.measure.probe import Control, Pair, Report, Schedule
from netbench.measure.samples import PACKETS, Columns, Fate
from netbench.measure.selftest import Held, InterfaceClock, SelfTest
from netbench.measure.vantage import RemoteEnd
from netbench_probes.stamp.parameters import StampParameters
from netbench_probes.stamp.probe import StampProbe

RATES: Final = (1_000, 10_000, 20_000, 50_000, 100_000, 150_000, 200_000)
SESSIONS: Final = (100, 1_000, 2_000)
SESSION_RATE: Final = 10
OWN_LOSS: Final = 1e-4
"""The loss of the tool's own below which it holds a load."""
SECONDS: Final = 1.0
_TIMEOUT_NS: Final = 500_000_000
_HOST: Final = "127.0.0.1"
_START_SECONDS: Final = 120

Engine = Literal["compiled", "plain"]


def self_test(control: Control) -> SelfTest:
    """Return what this host can hold (see ``netbench.measure.selftest``).

    :raises CannotMeasureError: when there is no loopback, or nothing could be measured over it
    """
    engine = _engine()
    with _reflector(engine) as port:
        _load(engine, port, 1, RATES[0] // 10, control)  # whatever is done once is done
        columns, report, first = _load(engine, port, 1, RATES[0], control)
        one = (first, *_held(engine, port, [(1, rate) for rate in RATES[1:]], control))
        many = tuple(_held(engine, port, [(count, count * SESSION_RATE) for count in SESSIONS], control))
    forward = columns["forward_ns"][columns["fate"] == Fate.ANSWERED]
    if not len(forward):
        raise CannotMeasureError("no packet came back over loopback; is it up, and does a firewall let it be?")
    error_ns = int(np.quantile(np.abs(np.ma.filled(forward, 0)), 0.99))
    return SelfTest(engine, report.timestamps["0"], error_ns, _realtime(), one, many, _interfaces())


def _engine() -> Engine:
    """The compiled engine where code may be compiled: it is loaded here, so that no load waits for it."""
    try:
        for name in ("engine", "standing"):
            import_module(f"netbench_probes.stamp.fast.{name}")
    except Exception:  # noqa: BLE001 - whatever keeps code from being compiled, the plain engine measures
        return "plain"
    return "compiled"


def _held(engine: Engine, port: int, loads: list[tuple[int, int]], control: Control) -> Iterator[Held]:
    """Give loads up to the first that this host does not hold, that one too."""
    for sessions, rate in loads:
        if control.stopped:
            return
        try:
            _, _, held = _load(engine, port, sessions, rate, control)
        except NetbenchError:
            return  # too many files for this user
        yield held
        if held.loss_ratio >= OWN_LOSS:
            return


def _load(engine: Engine, port: int, sessions: int, rate: int, control: Control) -> tuple[Columns, Report, Held]:
    sink, source = MemorySink(), HostVantage({socket.AF_INET: _HOST})
    pairs = [Pair(str(number), source, RemoteEnd(_HOST, port)) for number in range(sessions)]
    schedule = Schedule(sessions * 1_000_000_000 // rate, max(1, int(rate * SECONDS / sessions)))
    probe = StampProbe(StampParameters(timeout_ns=_TIMEOUT_NS, engine=engine))
    begun_ns = time.process_time_ns()
    report = probe.measure(pairs, schedule, sink, control)
    spent_ns = time.process_time_ns() - begun_ns
    if report.not_measured:
        raise CannotMeasureError(next(iter(report.not_measured.values())))
    columns = sink.columns(PACKETS)
    packets = schedule.count * sessions
    answered = int((columns["fate"] == Fate.ANSWERED).sum())
    return columns, report, Held(sessions, rate, packets, packets - answered, round(spent_ns / 1000 / packets, 1))


@contextmanager
def _reflector(engine: Engine) -> Generator[int]:
    """While inside, a reflector listens on loopback, at the port given."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind((_HOST, 0))
        port = int(probe.getsockname()[1])
    argv = [sys.executable, "-P", "-m", "netbench", "reflect", "--bind", _HOST, "--port", str(port)]
    argv += ["--compiled"] if engine == "compiled" else []
    with subprocess.Popen(argv, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL) as process:
        try:
            said = process.stderr.readline().decode() if process.stderr is not None else ""
            if "reflecting" not in said:
                raise CannotMeasureError(f"no reflector could be started over loopback: {said.strip()}")
            yield port
        finally:
            with suppress(ProcessLookupError):
                process.terminate()


def _interfaces() -> tuple[InterfaceClock, ...]:
    return tuple(_clock_of(found.interface, found.clock) for found in stampings() if found.hardware)


def _clock_of(interface: str, clock: int | None) -> InterfaceClock:
    if clock is None:
        return InterfaceClock(interface, None, None)
    try:
        offset = offset_of(clock)
    except UnsupportedError:
        return InterfaceClock(interface, None, None)
    return InterfaceClock(interface, offset.ahead_ns, offset.error_ns)


def _realtime() -> bool:
    before = os.sched_getscheduler(0)
    with punctual() as realtime:
        pass
    assert os.sched_getscheduler(0) == before
    return realtime
