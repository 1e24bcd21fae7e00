"""The reflector that stands alone, over loopback: what it does when it is told to stop."""

import socket
from ipaddress import ip_network

import pytest

from netbench.clock import SystemClock
from netbench.linux.namespaces import HostVantage
from netbench.measure.keys import Key, Keys
from netbench.measure.probe import Control
from netbench.measure.reflector import ReflectorOptions
from netbench_probes.stamp.authentication import Authenticated
from netbench_probes.stamp.server import StampReflector
from netbench_probes.stamp.talk import Talk
from tests.probes.stamp.vectors import SENDER

LOOPBACK = "127.0.0.1"
SOUTH, NORTH = Key("south", b"southern secret"), Key("north", b"northern secret")


def listening(monkeypatch: pytest.MonkeyPatch, **options: object) -> StampReflector:
    """A reflector at loopback, at a port that is free."""
    monkeypatch.setattr("netbench_probes.stamp.server.PORT", 0)
    return StampReflector(HostVantage(), ReflectorOptions(bind=LOOPBACK, **options), SystemClock())  # type: ignore[arg-type]


def sender(reflector: StampReflector, host: str = LOOPBACK) -> socket.socket:
    opened = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    opened.bind((host, 0))
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


def test_the_kernel_drops_what_is_not_to_be_answered(monkeypatch: pytest.MonkeyPatch) -> None:
    """Elsewhere, too short, or an identifier that has no key: none of it is read, all of it is counted."""
    keys = Keys([SOUTH], {17: SOUTH})
    reflector = listening(monkeypatch, keys=keys, authenticated=True, allow=(ip_network("127.0.0.2/31"),))
    known, unknown = (Talk(mode=Authenticated(SOUTH.secret), ssid=ssid).request(0, 0, 0) for ssid in (17, 18))
    for host, octets in (("127.0.0.2", known), ("127.0.0.2", unknown), ("127.0.0.3", known[:-1]), ("127.0.0.4", known)):
        with sender(reflector, host) as asking:
            asking.send(octets)
    served = reflector.serve(stopped())
    reflector.close()

    assert (served.replies, served.ignored, served.dropped) == (1, 0, 3)


def test_any_identifier_may_have_the_key_of_all_others(monkeypatch: pytest.MonkeyPatch) -> None:
    """Then the kernel looks at the length alone, and the key decides."""
    reflector = listening(monkeypatch, keys=Keys([SOUTH], {17: SOUTH}), key=NORTH, authenticated=True)
    with sender(reflector) as asking:
        for key, ssid in ((SOUTH, 17), (NORTH, 18), (SOUTH, 18)):
            asking.send(Talk(mode=Authenticated(key.secret), ssid=ssid).request(0, 0, 0))
        served = reflector.serve(stopped())
        reflector.close()

    assert (served.replies, served.ignored, served.dropped) == (2, 1, 0)
