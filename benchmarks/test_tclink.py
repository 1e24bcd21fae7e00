"""Mininet's TCLink beside netem and the relay as wires, and a plain veth, in one run: how far each is off what it was asked.

All are measured alike, from the sender's call to the kernel's timestamp at the far end; so what veth shows is what the call and
the machine add. Framing is counted. It needs netem, without which TCLink drops delay, loss and jitter and says nothing.
"""

import os
import socket
import struct
import threading
import time
from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from benchmarks.link_beds import KINDS, LinkBed, Times, link_bed
from benchmarks.relay_measure import Benchmark
from netbench.linux import trials
from netbench.linux.namespaces import run_inside
from netbench_topologies.spec import direction_spec
from tests.root.wire_bed import pair
from tests.topologies.relay.bed import capturing
from tests.topologies.relay.reference import departures

TRIED = trials.in_namespace("netem")
FRAMES, JITTERED, LOSABLE = 500, 1500, 5000
BACKGROUND_OCTETS = 1000
DELAYS_MS = (0.5, 1, 5, 20)
UDP_SEGMENT = 103
PAYLOAD_OCTETS, SENDS, SEGMENTS, TRAINS = 1472, 12, 44, 3
FRAME_BITS = 8 * (1514 + 24)
HEADERS_OCTETS = 42

SendOne = Callable[[int, int], None]
Row = dict[str, str]

pytestmark = [
    pytest.mark.skipif(os.geteuid() != 0, reason="needs root to make network namespaces"),
    pytest.mark.skipif(not TRIED.ok, reason=f"needs netem, as the VM has it: {TRIED.said}"),
    pytest.mark.timeout(900),
]


def report(benchmark: Benchmark, title: str, measure: Callable[[str], str]) -> Row:
    """Measure every kind of link, one after the other, and print one row of the table."""
    row = benchmark.pedantic(lambda: {kind: _or_reason(measure, kind) for kind in KINDS}, (), rounds=1)
    benchmark.extra_info.update(row)
    print("\n| " + " | ".join([title, *row.values()]) + " |")
    return row


def _or_reason(measure: Callable[[str], str], kind: str) -> str:
    try:
        return measure(kind)
    except pytest.skip.Exception as reason:
        return str(reason)


def test_heading() -> None:
    """The table begins."""
    print("\n| error, delay in µs: median (1 % to 99 %) | " + " | ".join(KINDS) + " |\n" + "|---" * (len(KINDS) + 1) + "|")


@pytest.mark.parametrize("delay_ms", DELAYS_MS)
def test_idle_delay(benchmark: Benchmark, delay_ms: float) -> None:
    """One frame every two milliseconds."""
    asked = f"delay: {delay_ms}ms, rate: 100M, queue: 5ms"
    row = report(benchmark, f"delay {delay_ms} ms, idle", lambda kind: _spread(_idle_errors_ns(kind, asked)))
    assert len(row) == len(KINDS)


def _idle_errors_ns(kind: str, asked: str) -> NDArray[np.int64]:
    with link_bed(kind, asked) as bed:
        times = bed.cross(lambda send: _paced(send, range(FRAMES), 60, 0.002), FRAMES)
    return times.delays_ns - _idle_ns(kind, asked)


def _idle_ns(kind: str, asked: str) -> int:
    """What an idle link should take: nothing for veth, which was asked for nothing."""
    spec = direction_spec(pair(asked).links["link"], "forward")
    return 0 if kind == "veth" else spec.delay_ns + 84 * 8 * 1_000_000_000 // spec.planned_rate_bps


@pytest.mark.parametrize("delay_ms", DELAYS_MS)
def test_loaded_delay(benchmark: Benchmark, delay_ms: float) -> None:
    """The same with frames of 1000 octets between them that fill 2 Mbit/s by half, against a slow model of the queue."""
    asked = f"delay: {delay_ms}ms, rate: 2M, queue: 300ms"
    report(benchmark, f"delay {delay_ms} ms, half full", lambda kind: _spread(_loaded_errors_ns(kind, asked)))


def _loaded_errors_ns(kind: str, asked: str) -> NDArray[np.int64]:
    spec = direction_spec(pair(asked).links["link"], "forward")
    pace = 8 * (BACKGROUND_OCTETS + 24) / 1e6
    others = int(FRAMES * 0.004 / pace)
    with link_bed(kind, asked) as bed:
        times = bed.cross(lambda send: _with_background(send, others, pace), FRAMES + others)
    if kind == "veth":
        return times.delays_ns
    octets = np.where(np.arange(FRAMES + others) < FRAMES, 84, BACKGROUND_OCTETS + 24)
    sequence = np.argsort(times.sent_ns, kind="stable")
    due = departures(spec, [(int(times.sent_ns[number]), int(8 * octets[number])) for number in sequence])
    came = times.came_ns[sequence]
    return np.array([int(came[i] - time_ns) for i, time_ns in enumerate(due) if time_ns is not None and came[i]], np.int64)


def _with_background(send: SendOne, others: int, pace: float) -> None:
    background = threading.Thread(target=_paced, args=(send, range(FRAMES, FRAMES + others), BACKGROUND_OCTETS, pace))
    background.start()
    _paced(send, range(FRAMES), 60, 0.004)
    background.join()


def _paced(send: SendOne, numbers: range, octets: int, pace_seconds: float) -> None:
    due = time.monotonic()
    for number in numbers:
        send(number, octets)
        due += pace_seconds
        time.sleep(max(0.0, due - time.monotonic()))


def _spread(errors_ns: NDArray[np.int64]) -> str:
    low, median, high = (round(float(np.quantile(errors_ns, share)) / 1000) for share in (0.01, 0.5, 0.99))
    return f"{median:+} ({low:+} to {high:+})"


@pytest.mark.parametrize("rate_mbps", [10, 100, 1000])
def test_rate(benchmark: Benchmark, rate_mbps: int) -> None:
    """Trains of 528 full frames, cut by the sender's kernel; veth shows what this machine can send at all."""
    asked = f"delay: 1ms, rate: {rate_mbps}M, queue: 2s"
    report(benchmark, f"rate {rate_mbps} Mbit/s", lambda kind: _rate(kind, asked, rate_mbps))


def _rate(kind: str, asked: str, rate_mbps: int) -> str:
    with link_bed(kind, asked) as bed:
        got = float(np.median([_train_bps(bed) for _ in range(TRAINS)])) / 1e6
    return f"{got:.0f} Mbit/s" if kind == "veth" else f"{100 * (got / rate_mbps - 1):+.2f} % ({got:.4g} Mbit/s)"


def _train_bps(bed: LinkBed) -> float:
    """Return the rate between the first tenth of a train and its end, framing counted, however many packets came as one."""
    with (
        run_inside(bed.far.namespace, lambda: capturing(bed.interfaces[1], outgoing=False)) as after,
        bed.near.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender,
    ):
        sender.setsockopt(socket.IPPROTO_UDP, UDP_SEGMENT, PAYLOAD_OCTETS)
        sender.sendto(b"", (bed.far.address(socket.AF_INET), 9))  # finds the neighbour
        time.sleep(0.1)
        for _ in range(SENDS):
            sender.sendto(bytes(SEGMENTS * PAYLOAD_OCTETS), (bed.far.address(socket.AF_INET), 9))
        came_ns, frames = _arrivals(after)
    first = int(np.count_nonzero(np.cumsum(frames) < 0.1 * int(frames.sum())))
    return float(frames[first + 1 :].sum()) * FRAME_BITS * 1e9 / float(came_ns[-1] - came_ns[first])


def _arrivals(after: socket.socket) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return when full datagrams came and how many each was, all of them or those before a silence."""
    came = list[tuple[int, int]]()
    after.settimeout(1)
    while sum(frames for _, frames in came) < SENDS * SEGMENTS:
        try:
            data, ancillary, _, _ = after.recvmsg(1 << 17, 64)
        except TimeoutError:
            break
        if len(data) > PAYLOAD_OCTETS:
            seconds, nanoseconds = struct.unpack("=qq", ancillary[0][2])
            came.append((seconds * 1_000_000_000 + nanoseconds, (len(data) - HEADERS_OCTETS) // PAYLOAD_OCTETS))
    both = np.array(came, np.int64).reshape(-1, 2)
    return both[:, 0], both[:, 1]


@pytest.mark.parametrize("loss", ["1%", "{ratio: 1%, burst: 5}"], ids=["independent", "bursty"])
def test_loss(benchmark: Benchmark, loss: str) -> None:
    """Of 5000 frames 50 should be lost, ± 14 by chance (95 %) where each is lost by itself."""
    asked = f"delay: 1ms, rate: 100M, queue: 1s, loss: {loss}"
    report(
        benchmark, f"50 of 5000 lost, {'in runs of 5' if 'burst' in loss else 'each by itself'}", lambda kind: _lost(kind, asked)
    )


def _lost(kind: str, asked: str) -> str:
    with link_bed(kind, asked) as bed:
        times = bed.cross(lambda send: _paced(send, range(LOSABLE), 60, 0.0003), LOSABLE)
    lost = times.came_ns == 0
    runs = int(lost[0]) + np.count_nonzero(np.diff(lost.astype(int)) == 1)
    return f"{lost.sum()} in {runs} runs" if lost.any() else "0"


def test_jitter(benchmark: Benchmark) -> None:
    """10 ± 4 ms, a frame a millisecond: how far the extremes are off, and how many came after a later one."""
    asked = "delay: 10ms, jitter: 4ms, rate: 100M, queue: 5ms"
    row = report(benchmark, "jitter 10 ± 4 ms: lowest, highest 1 ‰; overtaken", lambda kind: _jitter(kind, asked))
    assert row["netem"].endswith("; 0")
    assert row["relay"].endswith("; 0")


def _jitter(kind: str, asked: str) -> str:
    if kind == "veth":
        return "none"
    with link_bed(kind, asked) as bed:
        times = bed.cross(lambda send: _paced(send, range(JITTERED), 60, 0.001), JITTERED)
    low, high = (round(float(np.quantile(times.delays_ns, share)) / 1000) for share in (0.001, 0.999))
    return f"{low - 6000:+}, {high - 14_000:+}; {_overtaken(times)}"


def _overtaken(times: Times) -> int:
    return int((np.maximum.accumulate(times.order) > times.order).sum())
