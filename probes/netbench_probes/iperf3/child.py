"""A worker process as its parent sees it: started in a vantage, read as it tells, ended and reaped in every case."""

import json
import os
import selectors
import subprocess
import sys
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import IO, Any, Self

from netbench.measure.vantage import Vantage

_READ_BYTES = 1 << 16
_COMPLAINT_BYTES = 4096

Event = Mapping[str, Any]


class Child:
    """One worker. A context manager: on exit the process is gone and reaped, whatever it was doing."""

    def __init__(self, vantage: Vantage, order: Mapping[str, Any]) -> None:
        """Start it in that place with that order (see ``netbench_probes.iperf3.worker``)."""
        argv = [sys.executable, "-m", "netbench_probes.iperf3.worker", json.dumps(dict(order))]
        self.process = vantage.popen(argv)
        self.result: Event | None = None
        self._partial = b""
        self._complaint = b""
        self._open = {_descriptor(self.process.stdout): "stdout", _descriptor(self.process.stderr): "stderr"}
        for descriptor in self._open:
            os.set_blocking(descriptor, False)

    def __enter__(self) -> Self:
        """Nothing more happens."""
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None) -> None:
        """End it and reap it."""
        self.process.kill()
        self.process.wait()
        for pipe in (self.process.stdout, self.process.stderr):
            if pipe is not None:
                pipe.close()

    @property
    def has_ended(self) -> bool:
        """Whether everything it will ever tell has been read."""
        return not self._open

    @property
    def descriptors(self) -> Sequence[int]:
        """What can still be read from."""
        return tuple(self._open)

    def ending(self) -> str:
        """How a process that told no result ended, in words; it is waited for."""
        code = self.process.wait()
        last_words = self._complaint.decode(errors="replace").strip().splitlines()[-1:]
        how = f"was ended by signal {-code}" if code < 0 else f"ended with status {code}"
        return ": ".join([how, *last_words])

    def take(self, descriptor: int) -> list[Event]:
        """Return the events that are there to be read at that descriptor now; never blocks."""
        data = os.read(descriptor, _READ_BYTES)
        if not data:
            del self._open[descriptor]
            return []
        if self._open[descriptor] == "stderr":
            self._complaint = (self._complaint + data)[-_COMPLAINT_BYTES:]
            return []
        *lines, self._partial = (self._partial + data).split(b"\n")
        return [self._understood(line) for line in lines]

    def _understood(self, line: bytes) -> Event:
        event: Event = json.loads(line)
        if event["event"] == "result":
            self.result = event
        return event


def pump(children: Sequence[Child], timeout_s: float) -> list[tuple[Child, Event]]:
    """Return what any of the children told, waiting at most ``timeout_s`` for the first of it."""
    with selectors.DefaultSelector() as selector:
        for child in children:
            for descriptor in child.descriptors:
                selector.register(descriptor, selectors.EVENT_READ, child)
        ready = selector.select(timeout_s)
    return [(key.data, event) for key, _ in ready for event in key.data.take(key.fd)]


def _descriptor(pipe: IO[bytes] | None) -> int:
    if pipe is None:
        raise subprocess.SubprocessError("a vantage's popen must give its output and errors as pipes")
    return pipe.fileno()
