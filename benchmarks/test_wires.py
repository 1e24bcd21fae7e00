"""How far each wire is off what it was asked, beside a plain veth in the same run: delay idle and loaded, rate, loss, jitter."""

import contextlib
import os
import socket
import struct
import threading
import time
from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from benchmarks.relay_measure import Benchmark, End, crossing_times_ns, error_figures
from netbench.linux.namespaces import run_inside
from netbench_topologies.spec import direction_spec
from tests.root.conftest import TwoHosts, two_hosts
from tests.root.wire_bed import WIRES, WireBed, available, pair, wire_bed
from tests.topologies.relay.bed import capturing, numbered_frame, numbers_captured, sending
from tests.topologies.relay.reference import departures

FRAMES = 1500
BACKGROUND = 1_000_000  # numbers from here on are not measured
PACE_SECONDS = 0.002
DELAYS_MS = (0.5, 1, 5, 20)
GENEROUS_NS = 1_000_000
UDP_SEGMENT = 103
PAYLOAD_OCTETS = 1472
TRAIN_SENDS, TRAIN_SEGMENTS = 12, 44

__all__ = ["two_hosts"]

pytestmark = [
    pytest.mark.skipif(os.geteuid() != 0, reason="needs root to make network namespaces: run as root or under `unshare -Urn`"),
    pytest.mark.timeout(300),
]


@pytest.fixture(params=WIRES)
def name(request: pytest.FixtureRequest) -> str:
    """Each wire that this kernel can carry links by."""
    return available(request.param)


def report(benchmark: Benchmark, title: str, **figures: object) -> None:
    benchmark.extra_info.update(figures)
    print(f"\n{title}: {figures}")


@pytest.mark.parametrize("delay_ms", DELAYS_MS)
def test_idle_delay(benchmark: Benchmark, two_hosts: TwoHosts, name: str, delay_ms: float) -> None:
    """Far kernel timestamp − near one − asked delay − the frame's own time on the wire; one frame a millisecond."""
    near, far = (End(host.namespace, host.interface) for host in two_hosts)
    with wire_bed(name, f"delay: {delay_ms}ms, rate: 1G, queue: 5ms") as bed:
        veth_ns = crossing_times_ns(near, far, FRAMES)
        crossing = benchmark.pedantic(lambda: bed.cross(FRAMES, gap_seconds=0.001), (), rounds=1)

    errors_ns = crossing.delays_ns - int(delay_ms * 1_000_000) - 84 * 8
    report(benchmark, f"{name} idle {delay_ms} ms", error=error_figures(errors_ns), veth=error_figures(veth_ns))
    assert len(crossing.numbers) == FRAMES
    assert np.median(errors_ns) < GENEROUS_NS


@pytest.mark.parametrize("delay_ms", DELAYS_MS)
def test_loaded_delay(benchmark: Benchmark, name: str, delay_ms: float) -> None:
    """The same on 20 Mbit/s that are half full: the error against a slow model of the queue, fed with what really was sent."""
    asked = f"delay: {delay_ms}ms, rate: 20M, queue: 50ms"
    with wire_bed(name, asked) as bed:
        errors_ns = benchmark.pedantic(loaded_errors_ns, (bed, asked, name), rounds=1)

    report(benchmark, f"{name} half full {delay_ms} ms", error=error_figures(errors_ns), frames=len(errors_ns))
    assert len(errors_ns) > FRAMES / 2
    assert np.median(errors_ns) < GENEROUS_NS


def loaded_errors_ns(bed: WireBed, asked: str, name: str) -> NDArray[np.int64]:
    """How late the measured frames came, with others of 1000 octets a millisecond apart on average between them."""
    (left, right), (near, far) = bed.namespaces, bed.interfaces
    with (
        run_inside(left, lambda: capturing(near, outgoing=True)) as before,
        run_inside(right, lambda: capturing(far, outgoing=False)) as after,
    ):
        background = threading.Thread(target=_send_background, args=(left, near))
        background.start()
        sending(left, lambda raw: _send_paced(raw.send, 0, FRAMES, 60, PACE_SECONDS), near)
        background.join()
        sent = numbers_captured(before, 1 << 30, timeout=0.5, outgoing=True)
        came = {number: stamp for number, stamp, _ in numbers_captured(after, 1 << 30, timeout=0.5)}
    due = _due_ns(asked, sent) if name == "relay" else _due_behind_the_queue_ns(asked, sent)
    return np.array([came[number] - time_ns for number, time_ns in due.items() if number in came and number < BACKGROUND])


def _due_ns(asked: str, sent: list[tuple[int, int, int]]) -> dict[int, int]:
    """When each frame should arrive: the relay stands behind the interface where frames were seen to leave."""
    arrivals = [(stamp, 8 * max(octets + 24, 84)) for _, stamp, octets in sent]
    expected = departures(direction_spec(pair(asked).links["link"], "forward"), arrivals)
    return {number: int(due) for (number, _, _), due in zip(sent, expected, strict=True) if due is not None}


def _due_behind_the_queue_ns(asked: str, sent: list[tuple[int, int, int]]) -> dict[int, int]:
    """The same where the queue is in that interface, so that frames were seen after it."""
    spec = direction_spec(pair(asked).links["link"], "forward")
    return {
        number: stamp + spec.delay_ns + 8 * max(octets + 24, 84) * 1_000_000_000 // spec.planned_rate_bps
        for number, stamp, octets in sent
    }


def _send_background(namespace: int, interface: str) -> None:
    count = int(FRAMES * PACE_SECONDS * 10e6 / (8 * 1024))
    pace = FRAMES * PACE_SECONDS / count
    sending(namespace, lambda raw: _send_paced(raw.send, BACKGROUND, count, 1000, pace), interface)


def _send_paced(send: Callable[[bytes], int], first: int, count: int, octets: int, pace_seconds: float) -> None:
    due = time.monotonic()
    for number in range(first, first + count):
        send(numbered_frame(number, octets))
        due += pace_seconds
        time.sleep(max(0.0, due - time.monotonic()))


@pytest.mark.parametrize("rate_mbps", [10, 100, 1000])
def test_rate(benchmark: Benchmark, name: str, rate_mbps: int) -> None:
    """Trains of 528 full frames: arrivals from the fiftieth on against the rate, framing counted; the median of five."""
    with wire_bed(name, f"delay: 1ms, rate: {rate_mbps}M, queue: 2s") as bed:
        rates = benchmark.pedantic(lambda: [_train_bps(bed) for _ in range(5)], (), rounds=1)

    error = float(np.median(rates)) / (rate_mbps * 1e6) - 1
    report(benchmark, f"{name} rate {rate_mbps} Mbit/s", error_percent=round(100 * error, 3))
    assert abs(error) < 0.05


def _train_bps(bed: WireBed) -> float:
    """Return the rate at which datagrams come that the sender's kernel cut from large ones, faster than any of these links."""
    near, far = bed.network.link_ends("link")
    with (
        run_inside(bed.namespaces[1], lambda: capturing(bed.interfaces[1], outgoing=False)) as after,
        near.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender,
    ):
        sender.setsockopt(socket.IPPROTO_UDP, UDP_SEGMENT, PAYLOAD_OCTETS)
        for _ in range(TRAIN_SENDS):
            sender.sendto(bytes(TRAIN_SEGMENTS * PAYLOAD_OCTETS), (far.address(socket.AF_INET), 9))
        came_ns = _arrivals_ns(after, TRAIN_SENDS * TRAIN_SEGMENTS)
    return (len(came_ns) - 51) * 8 * (1514 + 24) * 1e9 / (came_ns[-1] - came_ns[50])


def _arrivals_ns(capture: socket.socket, wanted: int) -> list[int]:
    """Return the kernel's times of so many frames, or of those before a silence."""
    capture.settimeout(1)
    stamps = list[int]()
    with contextlib.suppress(TimeoutError):
        while len(stamps) < wanted:
            _, ancillary, _, _ = capture.recvmsg(65536, 64)
            seconds, nanoseconds = struct.unpack("=qq", ancillary[0][2])
            stamps.append(seconds * 1_000_000_000 + nanoseconds)
    return stamps


@pytest.mark.parametrize("loss", ["1%", "{ratio: 1%, burst: 5}"], ids=["independent", "bursty"])
def test_loss(benchmark: Benchmark, name: str, loss: str) -> None:
    """Of 20000 frames 1 % is lost: how far from that, and how many other ones than foretold."""
    with wire_bed(name, f"delay: 1ms, rate: 1G, queue: 1s, loss: {loss}") as bed:
        foretold = bed.wire.forecast("link", "forward", 20_000)
        crossing = benchmark.pedantic(lambda: bed.cross(20_000, gap_seconds=0.00005), (), rounds=1)

    lost = np.ones(20_000, bool)
    lost[crossing.numbers] = False
    wrong = None if foretold is None else int((lost ^ foretold).sum())
    report(benchmark, f"{name} loss {loss}", lost=int(lost.sum()), otherwise_than_foretold=wrong)
    assert not wrong


def test_jitter(benchmark: Benchmark, name: str) -> None:
    """10 ± 4 ms, a frame a millisecond: how far the extremes and the median are off, and what came out of order."""
    with wire_bed(name, "delay: 10ms, jitter: 4ms, rate: 1G, queue: 5ms") as bed:
        crossing = benchmark.pedantic(lambda: bed.cross(4000, gap_seconds=0.001), (), rounds=1)

    low, median, high = (float(np.quantile(crossing.delays_ns, share)) / 1000 for share in (0.001, 0.5, 0.999))
    disorder = int((np.diff(crossing.numbers) < 0).sum())
    off = {"low_us": round(low - 6000), "median_us": round(median - 10_000), "high_us": round(high - 14_000)}
    report(benchmark, f"{name} jitter", **off, out_of_order=disorder)
    assert disorder == 0
