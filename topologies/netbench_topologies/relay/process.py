"""Starting, watching and stopping the relay: one child process for all links, which never outlives its parent."""

import os
import select
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from netbench.errors import CannotMeasureError, RefusedError, UnsupportedError, UsageError
from netbench.linux.native.cache import cache_folder
from netbench.plan.model import DIRECTIONS, DirectionName, PerDirection
from netbench_topologies.relay.capacity import chunks_of, store_chunks
from netbench_topologies.relay.fate import predicted_losses
from netbench_topologies.relay.layout import (
    ACCEPTED,
    HEADER_CHUNKS,
    HEADER_REALTIME,
    LAST_LOST,
    OVERRUNS,
    SharedMemory,
    map_shared,
    shared_bytes,
    write_spec,
    write_specs,
)
from netbench_topologies.relay.model import DirectionCounters, RelayLink
from netbench_topologies.relay.sockets import bind_port, close_ports, open_port, take_overruns
from netbench_topologies.spec import DirectionSpec

if TYPE_CHECKING:
    import socket

START_SECONDS = 600  # compiling for the first time takes eight, and minutes where the machine is emulated
STOP_SECONDS = 5


class Relay:
    """A wire for every link, in one process.

    Nothing happens before ``prepare`` or ``start``. Everything it holds is gone after ``stop``, and when the parent ends in
    whatever way.
    """

    def __init__(
        self, links: Sequence[RelayLink], seed: int, largest: Mapping[tuple[str, DirectionName], DirectionSpec] | None = None
    ) -> None:
        """``seed`` decides which frames are lost and how delay varies; ``largest`` is what directions may be altered to.

        :raises UsageError: when there is no link, or two have one id
        """
        if not links or len({link.id for link in links}) != len(links):
            raise UsageError("a relay carries at least one link, and each has an id of its own")
        self._links = tuple(links)
        self._seed = seed
        self._largest = dict(largest or {})
        self._specs: dict[tuple[str, DirectionName], DirectionSpec] = {
            (link.id, direction): link.specs().towards(direction) for link in links for direction in DIRECTIONS
        }
        self._ports: list[socket.socket] = []
        self._socket_overruns: list[int] = []
        self._shared: SharedMemory | None = None
        self._child: subprocess.Popen[bytes] | None = None
        self._stop_writer = -1
        self._errors = -1
        self._ready = -1
        self._lock = threading.Lock()

    def prepare(self) -> None:
        """The process is on its way, for interfaces of the caller's network namespace that need not be there yet.

        What it takes until it can forward passes beside whatever the caller does before ``start``.

        :raises UnsupportedError: when this machine cannot; nothing is left then
        """
        try:
            self._open_ports()
            self._start_child()
        except BaseException:
            self.stop()
            raise

    def start(self) -> None:
        """The links forward, between interfaces of the caller's network namespace; both ends of each must be up.

        :raises UnsupportedError: when this machine cannot; nothing is left then
        """
        if self._child is None:
            self.prepare()
        try:
            self._await_ready()
            for port, name in zip(self._ports, self._interfaces(), strict=True):
                bind_port(port, name)
        except BaseException:
            self.stop()
            raise

    def counters(self) -> Mapping[str, PerDirection[DirectionCounters]]:
        """Return, by link id, what became of its frames so far. The relay is not disturbed.

        :raises CannotMeasureError: when it was not started
        """
        with self._lock:
            shared = self._started()
            self._take_socket_overruns()
            rows = [_counters(row.tolist(), lost) for row, lost in zip(shared.counters, self._socket_overruns, strict=True)]
        return {link.id: PerDirection(*rows[2 * index : 2 * index + 2]) for index, link in enumerate(self._links)}

    def alter(self, link: str, direction: DirectionName, spec: DirectionSpec) -> None:
        """Frames that arrive from now on are treated as ``spec`` says; those on their way keep their time.

        One that arrives at this very moment may see some of the old values and some of the new.

        :raises CannotMeasureError: when it was not started
        :raises RefusedError: when more frames would be on their way than there is room for
        """
        with self._lock:
            shared = self._started()
            specs = self._specs.copy()
            specs[link, direction] = spec
            self._check_room(shared, specs, link)
            write_spec(shared.specs[self._row(link, direction)], spec)
            self._specs = specs

    def forecast(self, link: str, direction: DirectionName, count: int) -> NDArray[np.bool_]:
        """Return which of the next ``count`` frames that come through the queue will be lost, shape (count,).

        :raises CannotMeasureError: when it was not started
        """
        accepted, last_lost = self._standing(link, direction)
        spec = self._specs[link, direction]
        return predicted_losses(
            self._seed, link, direction, spec.loss_ratio, count, burst=spec.loss_burst, first=accepted, last_lost=last_lost
        )

    @property
    def alive(self) -> bool:
        """Whether the relay is running."""
        return self._child is not None and self._child.poll() is None

    @property
    def process_id(self) -> int:
        """The relay's process, for whoever wants to know what it costs.

        :raises CannotMeasureError: when it was not started
        """
        if self._child is None:
            raise CannotMeasureError("the relay was not started: it has no process")
        return self._child.pid

    @property
    def realtime(self) -> bool:
        """Whether the kernel lets the relay run before all ordinary processes; without it frames are late more often."""
        return self._shared is not None and bool(self._shared.header[HEADER_REALTIME])

    def check(self) -> None:
        """The relay is running.

        :raises CannotMeasureError: when it is not; the links are cut then
        """
        if not self.alive:
            raise CannotMeasureError(f"the relay has ended and every link is cut: {self._last_words()}")

    def stop(self) -> None:
        """The relay has ended and its sockets are closed; a second call does nothing. Counters stay readable."""
        self._end_child()
        with self._lock:
            self._take_socket_overruns()
            close_ports(self._ports)
            self._ports.clear()
        for descriptor in (self._stop_writer, self._errors, self._ready):
            if descriptor >= 0:
                os.close(descriptor)
        self._stop_writer = self._errors = self._ready = -1

    def _started(self) -> SharedMemory:
        if self._shared is None:
            raise CannotMeasureError("the relay was not started: it has carried and counted nothing")
        return self._shared

    def _standing(self, link: str, direction: DirectionName) -> tuple[int, bool]:
        """Return how many frames came through the queue and whether the last of them was lost: of one moment."""
        counters = self._started().counters[self._row(link, direction)]
        while True:
            accepted, last_lost = int(counters[ACCEPTED]), bool(counters[LAST_LOST])
            if accepted == counters[ACCEPTED]:
                return accepted, last_lost

    def _check_room(self, shared: SharedMemory, specs: Mapping[tuple[str, DirectionName], DirectionSpec], link: str) -> None:
        if sum(map(chunks_of, specs.values())) > shared.header[HEADER_CHUNKS]:
            raise RefusedError(
                f"link '{link}' would hold more frames on their way than the running relay has room for; "
                "start it with the larger delay, rate or queue"
            )

    def _row(self, link: str, direction: DirectionName) -> int:
        return 2 * [known.id for known in self._links].index(link) + DIRECTIONS.index(direction)

    def _take_socket_overruns(self) -> None:
        for index, port in enumerate(self._ports):
            self._socket_overruns[index] += take_overruns(port)

    def _interfaces(self) -> list[str]:
        return [interface for link in self._links for interface in (link.interface_a, link.interface_b)]

    def _open_ports(self) -> None:
        for _ in self._interfaces():
            self._ports.append(open_port())
        self._socket_overruns = [0] * len(self._ports)

    def _start_child(self) -> None:
        directions = len(self._ports)
        memory = os.memfd_create("relay")
        self._ready, ready = os.pipe()
        stop, self._stop_writer = os.pipe()
        parent = os.pidfd_open(os.getpid())
        self._errors = os.memfd_create("relay-errors")
        try:
            os.ftruncate(memory, shared_bytes(directions))
            self._shared = map_shared(memory, directions)
            self._shared.header[HEADER_CHUNKS] = store_chunks({**self._specs, **self._largest}.values())
            write_specs(self._shared, self._links, self._seed, [port.fileno() for port in self._ports])
            self._child = self._spawn((memory, directions, ready, stop, parent), (memory, ready, stop, parent))
        finally:
            for descriptor in (memory, ready, stop, parent):
                os.close(descriptor)

    def _spawn(self, arguments: Sequence[int], descriptors: Sequence[int]) -> "subprocess.Popen[bytes]":
        return subprocess.Popen(
            [sys.executable, "-P", "-m", "netbench_topologies.relay", *map(str, arguments)],
            pass_fds=[*descriptors, *(port.fileno() for port in self._ports)],
            env={**os.environ, "NUMBA_CACHE_DIR": str(cache_folder("relay", Path(__file__).parent))},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=self._errors,
        )

    def _await_ready(self) -> None:
        readable, _, _ = select.select([self._ready], [], [], START_SECONDS)
        if not readable:
            raise UnsupportedError(f"the relay did not start within {START_SECONDS} s; this machine is too slow or too busy")
        if not os.read(self._ready, 1):
            self._end_child()
            raise UnsupportedError(f"the relay cannot run here: {self._last_words()}")

    def _end_child(self) -> None:
        if self._child is None:
            return
        if self._stop_writer >= 0:
            os.close(self._stop_writer)
            self._stop_writer = -1
        try:
            self._child.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._child.kill()
            self._child.wait()

    def _last_words(self) -> str:
        said = os.pread(self._errors, 4096, 0).decode(errors="replace").strip() if self._errors >= 0 else ""
        status = self._child.returncode if self._child is not None else None
        return said.splitlines()[-1] if said else f"it said nothing, exit status {status}"


def _counters(row: Sequence[int], lost_in_socket: int) -> DirectionCounters:
    values = list(row)
    values[OVERRUNS] += lost_in_socket
    return DirectionCounters(*values[:LAST_LOST])
