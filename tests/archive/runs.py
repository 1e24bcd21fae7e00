"""Runs made for tests: small, complete, the same every time."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from netbench.archive.writer import RunWriter
from netbench.clock import Instant
from netbench.measure.samples import PACKETS, Columns, Fate
from netbench.plan.defaults import ROUTING
from netbench.plan.model import Plan, Text, Theory, TheoryReading

STARTED = Instant(monotonic_ns=0, wall_ns=1_764_000_000_000_000_000)
DOCUMENT: Mapping[str, Any] = {"schema": 1, "verdict": "pass", "seconds": 1.5}
PAIRS = ("guian-shenzhen", "guian-guiyang")


def empty_plan(name: str = "first") -> Plan:
    return Plan(
        name=name,
        title=Text("First", "第一"),
        timezone="Asia/Shanghai",
        theory=Theory(1.468, TheoryReading.GREAT_CIRCLE),
        rate_scale=1,
        routing=ROUTING,
        sites={},
        links={},
        corridors={},
        targets={},
        demands=(),
        text="netbench: 1\n",
        digest="0" * 64,
    )


def packets(count: int, first: int = 0) -> Columns:
    """Rows of both pairs in turn; every tenth is lost and lacks its times."""
    number = np.arange(first, first + count)
    lost = number % 10 == 9
    delay = np.ma.MaskedArray(5_000_000 + number * 7, mask=lost)
    return {
        "pair": number % len(PAIRS),
        "sequence": number // len(PAIRS),
        "fate": np.where(lost, Fate.LOST, Fate.ANSWERED),
        "sent_ns": STARTED.wall_ns + number * 10_000_000,
        "forward_ns": delay,
        "residence_ns": np.ma.MaskedArray(30_000 + number % 5, mask=lost),
        "reverse_ns": delay + 1,
        "reordered": np.zeros(count, dtype=np.uint8),
        "send_late_ns": np.ma.MaskedArray(number % 3, mask=lost),
        "forward_ttl": np.ma.MaskedArray(np.full(count, 254, np.uint8), mask=lost),
        "reverse_ttl": np.ma.MaskedArray(np.full(count, 253, np.uint8), mask=lost),
        "forward_tos": np.ma.MaskedArray(np.zeros(count, np.uint8), mask=True),
        "reverse_tos": np.ma.MaskedArray(np.full(count, 184, np.uint8), mask=lost),
        "round_trip_ns": np.ma.MaskedArray(np.zeros(count, np.int64), mask=True),
    }


def open_writer(root: Path) -> RunWriter:
    return RunWriter.create(root, empty_plan(), "emulated", STARTED, {"host": {"kernel": "6.1"}})


def measured_writer(root: Path) -> RunWriter:
    """A run with three batches of samples and every kind of file, not sealed yet."""
    writer = open_writer(root)
    sink = writer.sink("stamp", PAIRS)
    for first in (0, 100, 200):
        sink.write(PACKETS, packets(100, first))
    writer.evidence("routes.txt", b"10.0.0.0/31 dev a\n")
    writer.private("addresses.txt", b"guian 10.0.0.1\n")
    writer.write_table("summaries", [{"corridor": PAIRS[0], "metric": "one_way_delay", "value": 5_000_000, "low": None}])
    return writer


def sealed_run(root: Path) -> Path:
    writer = measured_writer(root)
    writer.seal(DOCUMENT, STARTED)
    return writer.folder
