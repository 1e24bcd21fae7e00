"""One link between two hosts, four ways: plain veth, both wires, and Mininet's TCLink; for ``test_tclink``."""

import os
import socket
import threading
import time
from collections.abc import Callable, Generator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass

import numpy as np
import pytest
from numpy.typing import NDArray

from netbench.linux.namespaces import NamespaceVantage, new_network_namespace, run_inside
from netbench_topologies.spec import DirectionSpec, direction_spec
from tests.root.wire_bed import available, pair, wire_bed
from tests.topologies.relay.bed import capturing, numbered_frame, numbers_captured, sending

Hosts = tuple[NamespaceVantage, NamespaceVantage]
KINDS = ("veth", "relay", "netem", "tclink")


@dataclass(frozen=True)
class Times:
    """Frames by number: ``sent_ns`` before the sender's call, ``came_ns`` by the kernel at the far end, 0 for never.

    ``order`` are the numbers that came, in order of arrival.
    """

    sent_ns: NDArray[np.int64]
    came_ns: NDArray[np.int64]
    order: NDArray[np.int64]

    @property
    def delays_ns(self) -> NDArray[np.int64]:
        """How long those that came were on their way, the sender's call included."""
        return self.came_ns[self.order] - self.sent_ns[self.order]


@dataclass(frozen=True)
class LinkBed:
    """Two hosts, and the interface by which each reaches the other."""

    near: NamespaceVantage
    far: NamespaceVantage
    interfaces: tuple[str, str]

    def cross(self, send: Callable[[Callable[[int, int], None]], None], count: int) -> Times:
        """Let ``send`` send frames of a number and so many octets, numbers below ``count``; return when each left and came."""
        sent_ns, came_ns = np.zeros(count, np.int64), np.zeros(count, np.int64)

        def one(number: int, octets: int, raw: socket.socket) -> None:
            sent_ns[number] = clock_ns()
            raw.send(numbered_frame(number, octets))

        with run_inside(self.far.namespace, lambda: capturing(self.interfaces[1], outgoing=False)) as after:
            sending(self.near.namespace, lambda raw: send(lambda number, octets: one(number, octets, raw)), self.interfaces[0])
            came = numbers_captured(after, count, timeout=1)
        for number, stamp, _ in came:
            came_ns[number] = stamp
        return Times(sent_ns, came_ns, np.array([number for number, _, _ in came], np.int64))


def clock_ns() -> int:
    """Return the time by the clock of kernel timestamps."""
    return time.clock_gettime_ns(time.CLOCK_REALTIME)


@contextmanager
def link_bed(kind: str, asked: str) -> Generator[LinkBed]:
    """The link that is asked for, in a plan's words, or as near to it as this kind comes; veth does nothing."""
    if kind in {"relay", "netem"}:
        with wire_bed(available(kind), asked) as bed:
            near, far = bed.network.link_ends("link")
            yield LinkBed(near, far, bed.interfaces)
        return
    spec = direction_spec(pair(asked).links["link"], "forward")
    with _held(lambda: _mininet(_shaped(spec) if kind == "tclink" else {})) as (near, far):
        yield LinkBed(near, far, ("h1-eth0", "h2-eth0"))


def _shaped(spec: DirectionSpec) -> Mapping[str, object]:
    """What TCLink is told; its queue is left as it is, 1000 packets on their way and waiting."""
    told: dict[str, object] = {"bw": spec.planned_rate_bps / 1e6, "delay": f"{spec.delay_ns // 1000}us"}
    if spec.jitter_ns:
        told["jitter"] = f"{spec.jitter_ns // 1000}us"
    if spec.loss_burst:
        pytest.skip("TCLink does not lose in bursts")
    if spec.loss_ratio:
        told["loss"] = 100 * spec.loss_ratio
    return told


@contextmanager
def _mininet(shaped: Mapping[str, object]) -> Generator[Hosts]:
    """Two hosts in plain Mininet, made in the calling thread's network namespace."""
    from mininet.link import Link, TCLink
    from mininet.log import setLogLevel
    from mininet.net import Mininet

    setLogLevel("critical")
    Mininet.inited = True  # or it would set sysctls of the whole machine
    link: type[Link] = TCLink if shaped else Link
    net = Mininet(controller=None, link=link)
    hosts = [net.addHost(f"h{number}", ip=f"10.7.0.{number}/24") for number in (1, 2)]
    net.addLink(hosts[0], hosts[1], **shaped)
    net.start()
    namespaces = [os.open(f"/proc/{host.pid}/ns/net", os.O_RDONLY) for host in hosts]
    addresses = [{socket.AF_INET: f"10.7.0.{number}"} for number in (1, 2)]
    near, far = map(NamespaceVantage, ("h1", "h2"), namespaces, addresses)
    try:
        yield near, far
    finally:
        for namespace in namespaces:
            os.close(namespace)
        net.stop()


@contextmanager
def _held(enter: Callable[[], AbstractContextManager[Hosts]]) -> Generator[Hosts]:
    """What ``enter`` makes is made, and held, by a thread in a network namespace of its own."""
    namespace, entered, leave = new_network_namespace(), Future[Hosts](), threading.Event()

    def hold() -> None:
        try:
            with enter() as hosts:
                entered.set_result(hosts)
                leave.wait()
        except BaseException as error:
            if entered.done():
                raise
            entered.set_exception(error)

    try:
        with ThreadPoolExecutor(1) as pool:
            held = pool.submit(run_inside, namespace, hold)
            try:
                yield entered.result()
            finally:
                leave.set()
                held.result()
    finally:
        os.close(namespace)
