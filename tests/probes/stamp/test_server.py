"""The reflector that stands alone, over loopback: what it does when it is told to stop."""

import socket

import pytest

from netbench.clock import SystemClock
from netbench.linux.namespaces import HostVantage
from netbench.measure.probe import Control
from netbench.measure.reflector import ReflectorOptions
from netbench_probes.stamp.server import StampReflector
from tests.probes.stamp.vectors import SENDER

LOOPBACK = "127.0.0.1"


def listening(monkeypatch: pytest.MonkeyPatch, **options: object) -> StampReflector:
    """A reflector at loopback, at a port that is free."""
    monkeypatch.setattr("netbench_probes.stamp.server.PORT", 0)
    return StampReflector(HostVantage(), ReflectorOptions(bind=LOOPBACK, **options), SystemClock())  # type: ignore[arg-type]


def sender(reflector: StampReflector) -> socket.socket:
    opened = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    opened.connect((LOOPBACK, int(reflector.endpoints[0].split()[-1])))
    return opened


def stopped() -> Control:
    control = Control()
    control.stop()
    return control


def test_what_had_arrived_by_the_stop_is_answered(monkeypatch: pytest.MonkeyPatch) -> None:
    """A hundred requests wait in the queue, nonsense among them: all are dealt with before it ends."""
    reflector = listening(monkeypatch)
    with sender(reflector) as asking:
        for _ in range(100):
            asking.send(SENDER)
            asking.send(b"nonsense")
        served = reflector.serve(stopped())
        reflector.close()

        assert (served.replies, served.ignored, served.failed, served.sessions) == (100, 100, 0, 1)
        assert len([asking.recv(2000) for _ in range(100)]) == 100


def test_a_count_ends_the_draining_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """No more is answered than was asked for."""
    reflector = listening(monkeypatch, count=3)
    with sender(reflector) as asking:
        for _ in range(9):
            asking.send(SENDER)
        assert reflector.serve(stopped()).replies == 3
        reflector.close()
