"""The relay carries real frames between real interfaces as its specs say."""

import os
import select
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import pytest

from netbench.errors import CannotMeasureError, RefusedError, UnsupportedError
from netbench.linux.namespaces import run_inside
from netbench.plan.model import DIRECTIONS, DirectionName
from netbench_topologies.relay import predicted_losses, predicted_reordering
from tests.topologies.relay.bed import Bed, numbered_frame, numbers_captured, relay_bed, sending
from tests.topologies.relay.directions import plain_spec
from tests.topologies.relay.reference import departures

FIRST_TWO = 2


@pytest.fixture(autouse=True)
def _root() -> None:
    if os.geteuid() != 0:
        pytest.skip("needs root to make network namespaces: run as root or under `unshare -Urn`")


@pytest.fixture
def bed() -> Iterator[Bed]:
    """Asymmetric delays, otherwise generous."""
    with relay_bed(plain_spec(delay_ns=3_000_000), plain_spec(delay_ns=9_000_000)) as standing:
        yield standing


def iter_octets(connection: socket.socket, wanted: int) -> Iterator[bytes]:
    while wanted > 0 and (data := connection.recv(1 << 20)):
        wanted -= len(data)
        yield data


def send_numbers(bed: Bed, place: int, count: int, *, octets: int = 60, gap_seconds: float = 0.0) -> None:
    def act(raw: socket.socket) -> None:
        for number in range(count):
            raw.send(numbered_frame(number, octets))
            if gap_seconds:
                time.sleep(gap_seconds)

    sending(bed.namespaces[place], act)


@pytest.mark.parametrize(("direction", "near", "far", "delay_ns"), [("forward", 0, 2, 3_000_000), ("reverse", 2, 0, 9_000_000)])
def test_delay_of_each_direction(bed: Bed, direction: DirectionName, near: int, far: int, delay_ns: int) -> None:
    """Between the kernel's timestamps on both hosts lies the direction's delay: never less, and the relay says if it was more."""
    with bed.capture(near, "host", outgoing=True) as before, bed.capture(far, "host") as after:
        send_numbers(bed, near, 200, gap_seconds=0.001)
        left = {number: stamp for number, stamp, _ in numbers_captured(before, 200, outgoing=True)}
        came = numbers_captured(after, 200)

    delays = np.array([stamp - left[number] for number, stamp, _ in came])
    counters = bed.relay.counters()["link"].towards(direction)
    assert len(came) == 200
    assert delays.min() >= delay_ns
    assert np.median(delays) <= delay_ns + max(1_000_000, counters.max_late_ns)


def test_both_families_cross(bed: Bed) -> None:
    """Addresses are resolved (ARP, neighbour discovery) and datagrams cross, checksums left to the far end included."""
    for family in (socket.AF_INET, socket.AF_INET6):
        with bed.left.socket(family, socket.SOCK_DGRAM) as sender, bed.right.socket(family, socket.SOCK_DGRAM) as receiver:
            receiver.bind((bed.right.address(family), 9000))
            receiver.settimeout(5)
            sender.sendto(b"hello", (bed.right.address(family), 9000))

            assert receiver.recv(100) == b"hello"


def test_broadcast_crosses(bed: Bed) -> None:
    """A broadcast datagram reaches the other host."""
    with (
        bed.left.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender,
        bed.right.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver,
    ):
        sender.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        receiver.bind(("10.8.0.255", 9000))
        receiver.settimeout(5)
        sender.sendto(b"all", ("10.8.0.255", 9000))

        assert receiver.recv(100) == b"all"


def test_stream_with_superpackets_is_intact(bed: Bed) -> None:
    """Eight megabytes of TCP with segmentation offload on arrive as they were sent."""
    payload = os.urandom(1 << 20) * 8
    with bed.right.socket(socket.AF_INET, socket.SOCK_STREAM) as listener:
        listener.bind(("10.8.0.2", 9000))
        listener.listen()
        with bed.left.socket(socket.AF_INET, socket.SOCK_STREAM) as sender:
            sender.connect(("10.8.0.2", 9000))
            connection, _ = listener.accept()
            with connection:
                thread = threading.Thread(target=sender.sendall, args=[payload])
                thread.start()
                received = b"".join(iter_octets(connection, len(payload)))
                thread.join()

    assert received == payload


def test_shortest_and_jumbo_frames() -> None:
    """Frames of 14 octets and of an MTU of 9000 come out as long as they went in, in order."""
    with relay_bed(plain_spec(), plain_spec(), mtu=9000, quiet=True) as bed, bed.capture(2, "host") as after:
        send_numbers(bed, 0, 20, octets=18)
        send_numbers(bed, 0, 20, octets=9014)
        came = numbers_captured(after, 40)

    assert [octets for _, _, octets in came] == [18] * 20 + [9014] * 20
    assert [number for number, _, _ in came] == list(range(20)) * FIRST_TWO


def test_jitter_keeps_order() -> None:
    """With a jitter as large as the delay every frame comes, none before one sent earlier."""
    spec = plain_spec(delay_ns=5_000_000, jitter_ns=5_000_000)
    with relay_bed(spec, spec, quiet=True) as bed, bed.capture(2, "host") as after:
        send_numbers(bed, 0, 1000)
        came = numbers_captured(after, 1000)

    assert [number for number, _, _ in came] == list(range(1000))


def test_rate_and_queue_follow_the_model() -> None:
    """A burst into 10 Mbit/s with a 20 ms queue: those that a slow model lets through arrive, at the rate, the others drop."""
    spec = plain_spec(rate_bps=10**7, planned_rate_bps=10**7, queue_ns=20_000_000)
    with relay_bed(spec, spec, quiet=True) as bed, bed.capture(1, "left") as arriving, bed.capture(2, "host") as after:
        send_numbers(bed, 0, 100, octets=1000)
        arrivals = [(stamp, 8 * (octets + 24)) for _, stamp, octets in numbers_captured(arriving, 100)]
        came = numbers_captured(after, 100, timeout=1)
        counters = bed.relay.counters()["link"].forward

    expected = departures(spec, arrivals)
    survivors = [number for number, due in enumerate(expected) if due is not None]
    assert [number for number, _, _ in came] == survivors
    assert counters.queue_drops == 100 - len(survivors) > 0
    for (_, stamp, _), number in zip(came, survivors, strict=True):
        due = expected[number]
        assert due is not None
        assert -2000 <= stamp - due <= counters.max_late_ns + 1_000_000
    spacing = [later[1] - earlier[1] for earlier, later in pairwise(came)]
    assert np.median(spacing) == pytest.approx(8 * 1024 * 100, rel=0.05)


def survivors(bed: Bed, count: int, near: int = 0) -> list[int]:
    """Numbers of the frames that come out at the far end when ``count`` are sent at the near one."""
    with bed.capture(2 - near, "host") as after:
        send_numbers(bed, near, count)
        return [number for number, _, _ in numbers_captured(after, count, timeout=0.5)]


@pytest.mark.parametrize("burst", [None, 4.0], ids=["independent", "bursty"])
def test_lost_frames_are_the_predicted_ones(burst: float | None) -> None:
    """Both directions lose exactly the frames that the seed foretells, in two runs the same, and count them."""
    spec = plain_spec(loss_ratio=0.1, loss_burst=burst, queue_ns=10**9)
    for _ in range(2):
        with relay_bed(spec, spec, seed=42, quiet=True) as bed:
            for direction, near in zip(DIRECTIONS, (0, 2), strict=True):
                lost = predicted_losses(42, "link", direction, 0.1, 1000, burst=burst)

                assert survivors(bed, 1000, near) == np.flatnonzero(~lost).tolist()
                assert bed.relay.counters()["link"].towards(direction).loss_drops == lost.sum()


def test_forecast_goes_on_from_what_has_passed() -> None:
    """After any traffic, and after the loss was altered, the next losses are foretold."""
    spec = plain_spec(loss_ratio=0.3, loss_burst=3.0, queue_ns=10**9)
    with relay_bed(spec, spec, seed=9, quiet=True) as bed:
        survivors(bed, 137)
        for altered in (spec, plain_spec(loss_ratio=0.5, loss_burst=20.0), plain_spec(loss_ratio=0.05)):
            bed.relay.alter("link", "forward", altered)
            lost = bed.relay.forecast("link", "forward", 300)

            assert survivors(bed, 300) == np.flatnonzero(~lost).tolist()


def test_reordered_frames_are_those_asked_for() -> None:
    """The foretold share comes 20 ms after its time, everything else in order and in time."""
    spec = plain_spec(reorder_ratio=0.1, reorder_ns=20_000_000, queue_ns=10**9)
    with (
        relay_bed(spec, spec, seed=3, quiet=True) as bed,
        bed.capture(1, "left") as before,
        bed.capture(2, "host") as after,
    ):
        send_numbers(bed, 0, 500, gap_seconds=0.0005)
        arrived = {number: stamp for number, stamp, _ in numbers_captured(before, 500)}
        came = numbers_captured(after, 500)
        counters = bed.relay.counters()["link"].forward

    late = set(np.flatnonzero(predicted_reordering(3, "link", "forward", 0.1, 500)).tolist())
    delays = {number: stamp - arrived[number] for number, stamp, _ in came}
    assert len(came) == 500
    assert [number for number, _, _ in came if number not in late] == sorted(set(range(500)) - late)
    assert counters.reordered == len(late) > 0
    assert min(delays[number] for number in late) >= 21_000_000
    assert np.median([delays[number] for number in late]) <= 21_000_000 + max(1_000_000, counters.max_late_ns)
    assert np.median([delays[number] for number in set(range(500)) - late]) <= 1_000_000 + max(1_000_000, counters.max_late_ns)


def test_alter_takes_effect_for_frames_that_arrive_later(bed: Bed) -> None:
    """A running link is cut silently, mended, and made 50 ms long; the other direction stays as it was."""
    bed.relay.alter("link", "forward", plain_spec(loss_ratio=1.0))
    cut = survivors(bed, 50)
    bed.relay.alter("link", "forward", plain_spec(delay_ns=50_000_000))
    with bed.capture(1, "left") as before, bed.capture(2, "host") as after:
        send_numbers(bed, 0, 20, gap_seconds=0.001)
        arrived = {number: stamp for number, stamp, _ in numbers_captured(before, 20)}
        came = numbers_captured(after, 20)

    assert cut == []
    assert [number for number, _, _ in came] == list(range(20))
    assert min(stamp - arrived[number] for number, stamp, _ in came) >= 50_000_000
    assert len(survivors(bed, 20, near=2)) == 20


def test_alter_refuses_what_there_is_no_room_for(bed: Bed) -> None:
    """A link that would hold gigabytes of frames is refused by name, and stays as it was."""
    with pytest.raises(RefusedError, match="link 'link' would hold more frames"):
        bed.relay.alter("link", "forward", plain_spec(rate_bps=10**10, planned_rate_bps=10**10, queue_ns=10 * 10**9))

    assert len(survivors(bed, 20)) == 20


def test_rate_is_what_was_asked() -> None:
    """Trains of 100 frames leave 10 Mbit/s within 2 % of the rate, framing counted: the median of five."""
    spec = plain_spec(rate_bps=10**7, planned_rate_bps=10**7, queue_ns=10**9)
    with relay_bed(spec, spec, quiet=True) as bed:
        rates = list[float]()
        for _ in range(5):
            with bed.capture(2, "host") as after:
                send_numbers(bed, 0, 100, octets=1000)
                came = numbers_captured(after, 100)
            rates.append(99 * 8 * 1024 * 1e9 / (came[-1][1] - came[0][1]))

    assert np.median(rates) == pytest.approx(1e7, rel=0.02)


def test_every_frame_is_accounted_for() -> None:
    """received = sent + queue drops + losses + overruns once the link is quiet."""
    spec = plain_spec(rate_bps=10**8, planned_rate_bps=10**8, queue_ns=1_000_000, loss_ratio=0.05)
    with relay_bed(spec, spec, quiet=True) as bed, bed.capture(2, "host") as after:
        send_numbers(bed, 0, 2000, octets=500)
        came = numbers_captured(after, 2000, timeout=0.5)
        counted = bed.relay.counters()["link"].forward

    assert counted.received == 2000
    assert counted.sent == len(came)
    assert counted.received == counted.sent + counted.queue_drops + counted.loss_drops + counted.overruns
    assert min(counted.queue_drops, counted.loss_drops) > 0


def test_missing_interface_is_named() -> None:
    """A link on an interface that is not there is refused by name, and nothing is left running."""
    with (
        relay_bed(plain_spec(), plain_spec(), start=False) as bed,
        pytest.raises(UnsupportedError, match="to left: No such device"),
    ):
        run_inside(bed.namespaces[0], bed.relay.start)


def test_counters_before_start_are_refused() -> None:
    """A relay that never ran has counted nothing: no zeros."""
    with relay_bed(plain_spec(), plain_spec(), start=False) as bed, pytest.raises(CannotMeasureError, match="counted nothing"):
        bed.relay.counters()


def test_death_of_the_relay_is_noticed(bed: Bed) -> None:
    """``check`` says so when the relay was killed."""
    bed.relay.check()

    os.kill(bed.relay.process_id, signal.SIGKILL)
    while bed.relay.alive:
        time.sleep(0.01)

    with pytest.raises(CannotMeasureError, match="every link is cut"):
        bed.relay.check()


def test_link_survives_its_interface_going_down_and_up(bed: Bed) -> None:
    """Frames to an interface that is down are counted as not sendable; when it is up again they cross."""
    run_inside(bed.namespaces[1], lambda: subprocess.run(["ip", "link", "set", "right", "down"], check=True))
    send_numbers(bed, 0, 5)
    while bed.relay.counters()["link"].forward.send_errors < 5:
        time.sleep(0.01)
    run_inside(bed.namespaces[1], lambda: subprocess.run(["ip", "link", "set", "right", "up"], check=True))

    with bed.capture(2, "host") as after:
        send_numbers(bed, 0, 5)

        assert [number for number, _, _ in numbers_captured(after, 5)] == [0, 1, 2, 3, 4]


PARENT = """
import sys, time
from netbench_topologies.relay import Relay
from tests.topologies.relay.bed import relay_bed
from tests.topologies.relay.directions import plain_spec
with relay_bed(plain_spec(), plain_spec()) as bed:
    print(bed.relay.process_id, flush=True)
    time.sleep(60)
"""


def test_relay_ends_with_its_killed_parent() -> None:
    """SIGKILL of the parent ends the relay, though its start was in a thread that is long gone."""
    with subprocess.Popen([sys.executable, "-c", PARENT], stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        relay = os.pidfd_open(int(parent.stdout.readline()))
        parent.send_signal(signal.SIGKILL)

    ended, _, _ = select.select([relay], [], [], 10)
    os.close(relay)
    assert ended


def test_without_the_rights_of_root() -> None:
    """Inside ``unshare -Urn``, where nothing of the host's root is left, the relay starts and ends as well."""
    script = PARENT.replace("time.sleep(60)", "bed.relay.check()")
    argv = ["unshare", "-Urn", sys.executable, "-c", script]

    result = subprocess.run(argv, capture_output=True, check=False)

    assert result.returncode == 0, result.stderr.decode()
