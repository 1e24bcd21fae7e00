"""The iperf3 server that stands alone, until it is told to stop: ``netbench_probes.iperf3.standing`` in a process of its own."""

import json
import os
import select
import socket
import subprocess
import sys
from collections.abc import Sequence
from typing import Any, Final

from netbench.clock import Clock
from netbench.errors import CannotMeasureError, UsageError
from netbench.measure.probe import Control
from netbench.measure.reflector import ReflectorOptions, Served
from netbench.measure.vantage import Vantage

PORT: Final = 5201
_LOOK_SECONDS: Final = 0.05
_START_UP_NS: Final = 20_000_000_000
_READ_OCTETS: Final = 1 << 16
_EVERYWHERE: Final = {None: None, socket.AF_INET: "0.0.0.0", socket.AF_INET6: "::"}


class Iperf3Server:
    """Listens from birth (see ``netbench.measure.reflector.Reflector``); a reply is a test that went to its end."""

    def __init__(self, vantage: Vantage, options: ReflectorOptions, clock: Clock) -> None:
        """It listens.

        :raises UsageError: when the options ask for what iperf3 does not have
        :raises CannotMeasureError: when the address or the port cannot be had
        """
        _check(options)
        self._options = options
        self._clock = clock
        self._tests = self._failed = 0
        self._partial = b""
        self._host = options.bind or _EVERYWHERE[options.family]
        self._port = options.port or PORT
        self._process = vantage.popen([sys.executable, "-m", "netbench_probes.iperf3.standing", json.dumps(self._order())])
        try:
            self._await_listening()
        except BaseException:
            self.close()
            raise

    @property
    def endpoints(self) -> Sequence[str]:
        """What it serves."""
        return [f"tcp {self._host or '::'} port {self._port}"]

    def serve(self, control: Control) -> Served:
        """Serve until ``control`` says stop, or the count or the duration of the options is reached.

        A test that then runs is ended: nothing of it has arrived that could still be answered.

        :raises CannotMeasureError: when the server ended
        """
        begun_ns = self._clock.now().monotonic_ns
        while not control.stopped and not self._done(begun_ns):
            for event in self._events(_LOOK_SECONDS):
                self._take(event)
        return Served(self._tests, 0, self._failed, self._tests + self._failed)

    def close(self) -> None:
        """Stop listening."""
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdout, self._process.stderr):
            if pipe is not None:
                pipe.close()

    def _order(self) -> dict[str, Any]:
        allow = self._options.allow
        listed = None if allow is None else [str(network) for network in allow]
        return {"bind": self._host, "port": self._port, "allow": listed}

    def _await_listening(self) -> None:
        until_ns = self._clock.now().monotonic_ns + _START_UP_NS
        while self._clock.now().monotonic_ns < until_ns:
            for event in self._events(_LOOK_SECONDS):
                if event["event"] == "listening":
                    return
                self._take(event)
        raise self._unable("it did not start in time")

    def _events(self, timeout_s: float) -> list[dict[str, Any]]:
        output = self._process.stdout
        if output is None:
            raise subprocess.SubprocessError("a vantage's popen must give its output and errors as pipes")
        if not select.select([output], [], [], timeout_s)[0]:
            return []
        octets = os.read(output.fileno(), _READ_OCTETS)
        if not octets:
            raise self._unable(self._last_words())
        *lines, self._partial = (self._partial + octets).split(b"\n")
        return [json.loads(line) for line in lines]

    def _take(self, event: dict[str, Any]) -> None:
        if event["event"] == "unable":
            raise self._unable(event["reason"])
        if event["event"] == "tested":
            self._tests += event["failure"] is None
            self._failed += event["failure"] is not None

    def _last_words(self) -> str:
        said = self._process.stderr.read() if self._process.stderr is not None else b""
        return (said.decode(errors="replace").strip().splitlines() or ["its process ended"])[-1]

    def _unable(self, reason: str) -> CannotMeasureError:
        where = f"cannot serve iperf3 at {self._host or '::'} port {self._port}"
        return CannotMeasureError(f"{where}: {reason}; choose another port with --iperf3-port")

    def _done(self, begun_ns: int) -> bool:
        count, duration_ns = self._options.count, self._options.duration_ns
        enough = count is not None and self._tests >= count
        return enough or (duration_ns is not None and self._clock.now().monotonic_ns - begun_ns >= duration_ns)


def _check(options: ReflectorOptions) -> None:
    if options.authenticated or options.keys or options.key or options.ptp or options.stateless or options.compiled:
        raise UsageError("iperf3 is served without keys, timestamps and numbers of its own; leave out what asks for more")
