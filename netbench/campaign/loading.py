"""The busy hour's traffic, offered to the emulated links while something else is measured.

What is offered are full-size UDP datagrams at random (Poisson) times that the run's seed decides, from one process for all flows.
Their receivers are sockets that only count. What a link carried is read from the kernel's counters at its far end.
"""

import json
import math
import os
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from types import TracebackType
from typing import Any, Self

from netbench.campaign.load_report import WIRE_BITS, FlowLoad, LoadName, LoadReport, link_loads
from netbench.clock import NANOSECONDS_PER_SECOND
from netbench.errors import CannotMeasureError, RefusedError, UsageError
from netbench.linux.sink import CountingSink
from netbench.measure.network import LinkTraffic, Network
from netbench.measure.vantage import Vantage
from netbench.plan.model import PerDirection, Plan
from netbench.plan.segments import Flow, Segment, busy_hour_flows
from netbench.units import format_rate

LOADS: tuple[LoadName, ...] = ("busy-hour",)

LARGEST_LOAD_BPS = 300_000_000
"""Emulated rate times links crossed, of all flows together: what two cores send and relay while they also measure delay."""
SETTLING_S = 1.0
"""From the first datagram to the first probe: queues find their level, and the sender's start-up is over."""
ENDING_S = 10.0


def flows_of(plan: Plan, load: str) -> tuple[Flow, ...]:
    """Return what has to be offered.

    :raises RefusedError: when it is more than this machine can carry, with the scale that would do
    :raises UsageError: when the plan has no demands
    """
    flows = busy_hour_flows(plan)
    if not flows:
        raise UsageError(
            f"plan {plan.name} has no demands, so there is no load {load!r} to offer; give it some, or leave --load out"
        )
    total = sum(flow.emulated_bps * len(flow.segment.hops) for flow in flows)
    if total > LARGEST_LOAD_BPS:
        factor = math.ceil(total / LARGEST_LOAD_BPS * 10) / 10
        raise RefusedError(
            f"the load {load!r} of plan {plan.name} is {format_rate(total)} over all emulated links together, and "
            f"{format_rate(LARGEST_LOAD_BPS)} is what the machine can offer while it measures; multiply rate_scale by {factor:g}"
        )
    return flows


class Loading:
    """Offers flows between enter and exit; ``report`` says afterwards what came of it."""

    def __init__(self, network: Network, load: LoadName, flows: Sequence[Flow], seed: int) -> None:
        """Nothing is sent yet.

        :raises UsageError: on links that are not emulated: the busy hour of real ones is not ours to make
        """
        if network.wire == "none":
            raise UsageError("a load is offered to emulated links only; real ones carry their own")
        self._network = network
        self._load: LoadName = load
        self._flows = tuple(flows)
        self._seed = seed
        self._open = ExitStack()
        self._sinks: list[CountingSink] = []
        self._before: Mapping[str, PerDirection[LinkTraffic]] = {}
        self._report: LoadReport | None = None

    @property
    def report(self) -> LoadReport:
        """What was asked, offered and carried.

        :raises CannotMeasureError: before it has ended
        """
        if self._report is None:
            raise CannotMeasureError("the load has not ended yet: nobody knows what it was")
        return self._report

    def __enter__(self) -> Self:
        """Traffic flows, and has settled.

        :raises CannotMeasureError: when the sender does not run
        """
        with ExitStack() as opening:
            pairs = [_open(self._network, flow.segment, opening) for flow in self._flows]
            sockets = [sender for _, sender in pairs]
            self._sinks = [sink for sink, _ in pairs]
            self._before = self._network.traffic()
            self._process, self._stop = _start(self._streams(sockets), sockets, opening)
            self._open = opening.pop_all()
        time.sleep(SETTLING_S)
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None) -> None:
        """No more is sent, what was under way has arrived, and ``report`` is there.

        :raises CannotMeasureError: when the sender failed
        """
        with self._open:
            os.close(self._stop)
            output, _ = self._process.communicate(timeout=ENDING_S)
            after = self._network.traffic()
            time.sleep(_longest_stay_s(self._flows))
            if kind is None:
                self._report = self._reported(_said(output, self._process.returncode), after)

    def _streams(self, sockets: Sequence[socket.socket]) -> str:
        rates = [flow.emulated_bps / WIRE_BITS for flow in self._flows]
        seeds = [f"{self._seed}/load/{flow.segment.name}" for flow in self._flows]
        return json.dumps([(sender.fileno(), rate, seed) for sender, rate, seed in zip(sockets, rates, seeds, strict=True)])

    def _reported(self, said: Mapping[str, Any], after: Mapping[str, PerDirection[LinkTraffic]]) -> LoadReport:
        arrived = [sink.count() for sink in self._sinks]
        flows = tuple(
            FlowLoad(flow, int(said["sent"][number]), int(said["refused"][number]), arrived[number])
            for number, flow in enumerate(self._flows)
        )
        elapsed_ns = int(said["elapsed_ns"])
        links = tuple(link_loads(flows, elapsed_ns, self._before, after))
        return LoadReport(self._load, elapsed_ns, int(said["late"]), int(said["max_late_ns"]), flows, links)


def _open(network: Network, segment: Segment, opening: ExitStack) -> tuple[CountingSink, socket.socket]:
    source, destination = _ends(network, segment)
    receiver = opening.enter_context(destination.socket(socket.AF_INET, socket.SOCK_DGRAM))
    receiver.bind((destination.address(socket.AF_INET), 0))
    sender = opening.enter_context(source.socket(socket.AF_INET, socket.SOCK_DGRAM))
    sender.bind((source.address(socket.AF_INET), 0))
    sink = CountingSink(receiver)
    sender.connect((destination.address(socket.AF_INET), sink.port))
    return sink, sender


def _ends(network: Network, segment: Segment) -> tuple[Vantage, Vantage]:
    """Where a segment begins and ends: a single link's own addresses, else the sites'."""
    (link, direction), *others = segment.hops
    if others:
        return network.vantage(segment.source), network.vantage(segment.destination)
    a, b = network.link_ends(link.id)
    return (a, b) if direction == "forward" else (b, a)


def _start(streams: str, sockets: Sequence[socket.socket], opening: ExitStack) -> "tuple[subprocess.Popen[bytes], int]":
    reader, stop = os.pipe()
    try:
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", "netbench.linux.sender", str(reader), streams],
            pass_fds=[reader, *(sender.fileno() for sender in sockets)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
        )
    except BaseException:
        os.close(stop)
        raise
    finally:
        os.close(reader)
    opening.enter_context(process)
    opening.callback(process.kill)
    return process, stop


def _said(output: bytes, status: int) -> Mapping[str, Any]:
    if status != 0:
        raise CannotMeasureError(f"the process that offers the load ended with status {status}; nothing was measured under load")
    said: Mapping[str, Any] = json.loads(output)
    return said


def _longest_stay_s(flows: Sequence[Flow]) -> float:
    """How long a datagram may still be under way: the longest route's delays and full queues."""
    stays_ns = (
        sum(
            link.delay_ns.towards(direction) + link.jitter_ns.towards(direction) + link.queue_ns.towards(direction)
            for link, direction in flow.segment.hops
        )
        for flow in flows
    )
    return max(stays_ns) / NANOSECONDS_PER_SECOND + 0.05
