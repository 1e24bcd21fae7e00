"""A server at a vantage of ours, for as long as something is measured to it."""

import socket
import threading
from collections.abc import Generator
from contextlib import contextmanager

from netbench.clock import Clock
from netbench.measure.probe import Control
from netbench.measure.reflector import ReflectorOptions
from netbench.measure.vantage import RemoteEnd, Vantage
from netbench_probes.twamp.server import TwampServer


@contextmanager
def serving_at(vantage: Vantage, family: socket.AddressFamily, port: int, clock: Clock) -> Generator[RemoteEnd]:
    """Yield the far end that a server in a thread of its own is; it has ended afterwards.

    :raises CannotMeasureError: when the address or the port cannot be had
    """
    server = TwampServer(vantage, ReflectorOptions(vantage.address(family), family, port), clock)
    control = Control()
    thread = threading.Thread(target=server.serve, args=(control,), name="netbench-twamp-server")
    thread.start()
    try:
        yield RemoteEnd(vantage.address(family), server.port)
    finally:
        control.stop()
        thread.join()
        server.close()
