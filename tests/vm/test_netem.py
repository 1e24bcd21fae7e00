"""What a kernel that has netem really does with what it is told: run inside the VM by ``make vm-test``, as root."""

import os
import socket
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from typing import Any

import pytest

from netbench.linux.namespaces import new_network_namespace, run_inside
from netbench.linux.trials import in_namespace
from netbench_topologies.netem import kernel, messages
from netbench_topologies.netem.echo import echoed
from netbench_topologies.netem.orders import DirectionOrder, direction_order
from netbench_topologies.netem.readback import Said, queue_differences, way_differences
from netbench_topologies.spec import DirectionSpec

TRIED = in_namespace("netem")
pytestmark = pytest.mark.skipif(not TRIED.ok, reason=f"run by make vm-test, where the kernel has netem: {TRIED.said}")

SPEC = DirectionSpec(
    delay_ns=5_123_000, rate_bps=20_000_000, planned_rate_bps=10**11, queue_ns=20_000_000, jitter_ns=0, loss_ratio=0.0
)
ALTERED: dict[str, dict[str, Any]] = {
    "as it is": {},
    "with jitter": {"jitter_ns": 2_000_000},
    "with loss": {"loss_ratio": 0.001},
    "with loss in runs": {"loss_ratio": 0.02, "loss_burst": 4.0},
    "with nothing but a rate": {"delay_ns": 0},
    "cut": {"loss_ratio": 1.0},
    "at 100 Gbit/s": {"rate_bps": 10**11},
}


@pytest.fixture
def namespace() -> Iterator[int]:
    """A network namespace with one veth pair, ``near`` and ``far``, both up."""
    made = new_network_namespace()
    for line in ("add near type veth peer name far", "set near up", "set far up"):
        run_inside(made, partial(subprocess.run, ["ip", "link", *line.split()], check=True))
    yield made
    os.close(made)


def requests(order: DirectionOrder) -> list[kernel.Request]:
    """The queue is at ``near`` and the way at ``far``."""
    near, far = socket.if_nametoindex("near"), socket.if_nametoindex("far")
    return [(messages.NEW_QDISC, messages.queue(near, order.queue)), (messages.NEW_QDISC, messages.way(far, order.way))]


def created(order: DirectionOrder) -> None:
    """Both are there."""
    kernel.create(requests(order))


def changed(order: DirectionOrder) -> list[str]:
    """Both are changed; the fields that the kernel's echo has otherwise."""
    queue, way = map(echoed, kernel.change(requests(order)))
    return named(order, queue, way)


def differing(order: DirectionOrder) -> list[str]:
    """The fields that tc finds otherwise."""
    said: dict[str, Any] = {entry["dev"]: entry for entry in kernel.queue_disciplines() if entry.get("root")}
    return named(order, said["near"], said["far"])


def named(order: DirectionOrder, queue: Said, way: Said) -> list[str]:
    """The fields that are not as ordered."""
    return [difference.field for difference in (*queue_differences(order.queue, queue), *way_differences(order.way, way))]


def test_the_kernel_does_as_told_through_every_change(namespace: int) -> None:
    """Each of these is told after the other, and nothing of the one before is left, by the kernel's echo and by tc."""
    other = direction_order("link", replace(SPEC, delay_ns=7_000_000, loss_ratio=0.3, rate_bps=19_000_000), None)
    run_inside(namespace, lambda: created(other))
    for changes in ALTERED.values():
        order = direction_order("link", replace(SPEC, **changes), None)
        assert run_inside(namespace, partial(changed, order)) == []
        assert run_inside(namespace, partial(differing, order)) == []
    assert set(run_inside(namespace, lambda: differing(other))) >= {"delay", "loss", "rate"}


@pytest.mark.parametrize(
    ("command", "field"),
    [
        ("change dev far root netem limit 5000 delay 4123us rate 100gbit 24", "delay"),
        ("change dev far root netem limit 5000 delay 5123us rate 90gbit 24", "rate"),
        ("change dev far root netem limit 5000 delay 5123us loss 1% rate 100gbit 24", "loss"),
        ("change dev near root tbf rate 19mbit burst 3076 limit 49219 overhead 24 mpu 84", "rate"),
        ("change dev near root tbf rate 20mbit burst 3076 limit 49219", "overhead"),
    ],
)
def test_a_lie_of_the_kernel_is_named(namespace: int, command: str, field: str) -> None:
    """What somebody else changed behind our back is found by reading it back."""
    order = direction_order("link", SPEC, None)
    run_inside(namespace, lambda: created(order))

    run_inside(namespace, lambda: subprocess.run(["tc", "qdisc", *command.split()], check=True))

    assert field in run_inside(namespace, partial(differing, order))
