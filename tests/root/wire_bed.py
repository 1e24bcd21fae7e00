"""A plan of one link, carried by a wire of one's choice: what every wire must do is tested between its ends."""

import errno
import os
import threading
import time
from collections.abc import Callable, Generator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from netbench.errors import UnsupportedError
from netbench.linux.namespaces import new_network_namespace, run_inside
from netbench.measure.network import NetworkOptions
from netbench.plan.load import parse_plan
from netbench.plan.model import Plan
from netbench_topologies import wire
from netbench_topologies.build import PlanNet
from netbench_topologies.network import EmulatedNetwork
from netbench_topologies.wire import Wire
from tests.topologies.relay.bed import capturing, numbered_frame, numbers_captured, sending

WIRES = ("relay", "netem")

_PLAN = """
netbench: 1
plan: pair
title: {{en: A pair, zh: 一对}}
timezone: Asia/Shanghai
theory: {{group_index: 1.468, reading: great-circle}}
sites:
  left: {{name: {{en: Left, zh: 左}}, at: [26.50, 106.50], role: city}}
  right: {{name: {{en: Right, zh: 右}}, at: [26.49, 106.51], role: city}}
links:
  - {{id: link, between: [left, right], class: metro, {asked}}}
corridors:
  - {{id: corridor, kind: in-province, from: left, to: right}}
"""


@dataclass(frozen=True)
class Crossing:
    """Frames that came out at the far end: ``numbers`` in order of arrival, ``sent_ns`` and ``came_ns`` by the kernel's clock.

    ``sending_ns`` is how long the sender took for all; ``dropped`` how many the machine, not the link, may have lost.
    """

    numbers: NDArray[np.int64]
    sent_ns: NDArray[np.int64]
    came_ns: NDArray[np.int64]
    sending_ns: int
    dropped: int

    @property
    def delays_ns(self) -> NDArray[np.int64]:
        """How long each was on its way, in order of arrival."""
        return self.came_ns - self.sent_ns

    @property
    def soon_ns(self) -> float:
        """What the swiftest tenth stayed below: a machine that is late now and then does not change it."""
        return float(np.quantile(self.delays_ns, 0.1))


class OpenedNetwork(EmulatedNetwork):
    """An emulated network that shows what it is made of."""

    def parts(self) -> tuple[PlanNet, Wire]:
        """Return its sites and links, and what carries them."""
        assert self._net is not None
        assert self._wire is not None
        return self._net, self._wire


@dataclass(frozen=True)
class WireBed:
    """A link between ``left`` and ``right``, and the wire that carries it in the namespace ``home``."""

    network: EmulatedNetwork
    wire: Wire
    home: int
    namespaces: tuple[int, int]
    interfaces: tuple[str, str]

    def cross(
        self, count: int, *, octets: int = 60, gap_seconds: float = 0.0, at_once: int = 1, patience: float = 1.0
    ) -> Crossing:
        """Send numbered frames forward, ``at_once`` and then a gap, or all at once; return those that came before a silence."""
        (left, right), (near, far) = self.namespaces, self.interfaces
        dropped = self._dropped()
        with (
            run_inside(left, lambda: capturing(near, outgoing=True)) as before,
            run_inside(right, lambda: capturing(far, outgoing=False)) as after,
        ):
            began_ns = time.monotonic_ns()
            sending(left, lambda raw: _send(raw.send, count, octets, gap_seconds, at_once), near)
            sending_ns = time.monotonic_ns() - began_ns
            came = numbers_captured(after, count, timeout=patience)
            left_at = {number: stamp for number, stamp, _ in numbers_captured(before, count, timeout=patience, outgoing=True)}
        numbers, came_ns = (np.array([row[column] for row in came], np.int64) for column in (0, 1))
        sent_ns = np.array([left_at[int(number)] for number in numbers], np.int64)
        return Crossing(numbers, sent_ns, came_ns, sending_ns, self._dropped() - dropped)

    def _dropped(self) -> int:
        """What interfaces could not hand over, as a machine that is behind does, and what the relay could not take in or send."""
        overruns = self.wire.health()["link"].overrun_frames if self.wire.name == "relay" else 0
        places = (*self.namespaces, self.home)
        return overruns + sum(run_inside(place, _refused_frames) for place in places)


def _refused_frames() -> int:
    """The twelfth count of every interface of the calling thread's namespace; what a queue discipline drops is not in it."""
    lines = Path("/proc/thread-self/net/dev").read_text(encoding="ascii").splitlines()[2:]
    return sum(int(line.partition(":")[2].split()[11]) for line in lines)


def available(name: str) -> str:
    """Return the wire's name, or skip the test with what the kernel lacks."""
    try:
        return wire.chosen(name, pair("delay: 1ms, rate: 100M"))
    except UnsupportedError as error:
        pytest.skip(str(error))


def pair(asked: str) -> Plan:
    """Return the plan of one link of which this is asked."""
    return parse_plan(_PLAN.format(asked=asked), "pair.yaml")


@contextmanager
def wire_bed(name: str, asked: str, seed: int = 1) -> Generator[WireBed]:
    """The link is carried, in namespaces of its own that are held by a thread of their own."""
    namespace, entered, leave = new_network_namespace(), Future[OpenedNetwork](), threading.Event()

    def hold() -> None:
        try:
            with OpenedNetwork(pair(asked), NetworkOptions(wire=name, seed=seed)) as network:
                entered.set_result(network)
                leave.wait()
        except BaseException as error:
            if entered.done():
                raise
            entered.set_exception(error)

    try:
        with ThreadPoolExecutor(1) as pool:
            held = pool.submit(run_inside, namespace, hold)
            try:
                yield bed_of(entered.result())
            finally:
                leave.set()
                held.result()
    finally:
        os.close(namespace)


def bed_of(network: OpenedNetwork) -> WireBed:
    """Return the link called ``link`` of an open network with sites ``left`` and ``right``."""
    net, carrying = network.parts()
    ends = net.addressing.links["link"]
    sites = net.sites["left"].namespace, net.sites["right"].namespace
    return WireBed(network, carrying, net.home, sites, (ends.a.interface, ends.b.interface))


def _send(send: Callable[[bytes], int], count: int, octets: int, gap_seconds: float, at_once: int) -> None:
    """A sender that was held up does not catch up: no burst follows."""
    for number in range(count):
        try:
            send(numbered_frame(number, octets))
        except OSError as error:
            if error.errno != errno.ENOBUFS:  # what a queue at the sender's own interface says when it is full
                raise
        if gap_seconds and (number + 1) % at_once == 0:
            time.sleep(gap_seconds)
