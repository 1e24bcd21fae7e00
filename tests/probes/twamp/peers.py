"""Scripted ends of TWAMP over loopback, and a server of ours that is driven step by step in the test's own thread."""

import select
import socket
from collections.abc import Generator
from contextlib import contextmanager

from netbench.clock import Instant
from netbench.linux.namespaces import HostVantage
from netbench.measure.probe import Control
from netbench.measure.reflector import ReflectorOptions, Served
from netbench_probes.twamp.server import TwampServer
from netbench_probes.twamp.server_session import Limits

LOOPBACK = "127.0.0.1"
MOST_LOOKS = 400
WALL_NS = 1_800_000_000_000_000_000


class ManualClock:
    """Goes on only when told to."""

    def __init__(self) -> None:
        self.monotonic_ns = 0

    def now(self) -> Instant:
        return Instant(self.monotonic_ns, WALL_NS + self.monotonic_ns)


class Looks(Control):
    """Lets a loop look so many times and then says stop."""

    def __init__(self, looks: int) -> None:
        super().__init__()
        self._looks = looks

    @property
    def stopped(self) -> bool:
        self._looks -= 1
        return self._looks < 0


class Stepped:
    """A server on loopback. ``step`` lets it do what is there to be done."""

    def __init__(self, server: TwampServer, clock: ManualClock) -> None:
        self.server = server
        self.clock = clock
        self.clients: list[socket.socket] = []

    def step(self) -> Served:
        """What came is dealt with, what is due is tidied up."""
        self.clock.monotonic_ns += 100_000_000
        return self.server.serve(Looks(2))

    def until_readable(self, opened: socket.socket) -> None:
        """The server has worked until it has said something there."""
        for _ in range(MOST_LOOKS):
            if select.select([opened], [], [], 0)[0]:
                return
            self.server.serve(Looks(1))
        raise AssertionError("the server says nothing")

    def wait(self, seconds: float) -> None:
        self.clock.monotonic_ns += int(seconds * 1e9)
        self.step()

    def connect(self) -> socket.socket:
        client = socket.create_connection((LOOPBACK, self.server.port), timeout=10)
        self.clients.append(client)
        self.until_readable(client)
        return client

    def told(self, client: socket.socket, octets: bytes, answer: int) -> bytes:
        """Send to the server and return its answer of so many octets, which comes in one piece."""
        client.sendall(octets)
        self.until_readable(client)
        return exactly(client, answer)


@contextmanager
def stepped(limits: Limits | None = None) -> Generator[Stepped]:
    clock = ManualClock()
    server = TwampServer(HostVantage(), ReflectorOptions(LOOPBACK, socket.AF_INET, 0), clock, limits)
    bed = Stepped(server, clock)
    try:
        yield bed
    finally:
        server.close()
        for client in bed.clients:
            client.close()


def exactly(client: socket.socket, count: int) -> bytes:
    """Return so many octets; fewer where the peer closed."""
    octets = b""
    while len(octets) < count and (more := client.recv(count - len(octets))):
        octets += more
    return octets


@contextmanager
def listening() -> Generator[tuple[socket.socket, int]]:
    """A listener on loopback and its port."""
    with socket.create_server((LOOPBACK, 0)) as listener:
        listener.settimeout(20)
        yield listener, listener.getsockname()[1]


@contextmanager
def udp() -> Generator[socket.socket]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as opened:
        opened.bind((LOOPBACK, 0))
        opened.settimeout(10)
        yield opened
