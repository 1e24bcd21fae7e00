"""How long 100 sites and 150 links take from nothing to every neighbour's answer, and to nothing again, beside plain Mininet."""

import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

import pytest

from benchmarks.relay_measure import Benchmark

WAYS = ("netbench", "tclink", "nodes")
ROUNDS = 3
START_GOAL = 1 / 2
STOP_GOAL_SECONDS = 2
FOLDER = Path(__file__).parents[1]

Seconds = tuple[float, float]

pytestmark = [
    pytest.mark.skipif(os.geteuid() != 0, reason="needs root to make network namespaces"),
    pytest.mark.timeout(300),
]


def start_and_stop(way: str) -> Seconds:
    """How long the whole program took to start, from its birth, and to stop."""
    begun = time.monotonic()
    with subprocess.Popen(
        [sys.executable, "-m", "benchmarks.startup_program", way],
        cwd=FOLDER,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as program:
        assert program.stdin is not None
        assert program.stdout is not None
        assert program.stdout.readline() == "up\n"
        up = time.monotonic()
        program.stdin.write("\n")
        program.stdin.flush()
        assert program.stdout.readline() == "down\n"
        return up - begun, time.monotonic() - up


def in_turn() -> dict[str, list[Seconds]]:
    """Every way, one after the other, in each round."""
    start_and_stop("netbench")  # the relay may have to be compiled
    measured: dict[str, list[Seconds]] = {way: [] for way in WAYS}
    for _ in range(ROUNDS):
        for way in WAYS:
            measured[way].append(start_and_stop(way))
    return measured


def test_start_and_stop(benchmark: Benchmark) -> None:
    """netbench starts in at most half of TCLink's time, and stops in under two seconds."""
    measured = benchmark.pedantic(in_turn, (), rounds=1)

    start = {way: [seconds[0] for seconds in measured[way]] for way in WAYS}
    stop = {way: [seconds[1] for seconds in measured[way]] for way in WAYS}
    print()
    for way in WAYS:
        line = f"{way:8} starts in {_spread(start[way])}, stops in {_spread(stop[way])}"
        benchmark.extra_info[way] = line
        print(line)
    share = statistics.median(start["netbench"]) / statistics.median(start["tclink"])
    print(f"netbench starts in {share:.2f} of TCLink's time")
    assert share <= START_GOAL
    assert statistics.median(stop["netbench"]) < STOP_GOAL_SECONDS


def _spread(seconds: list[float]) -> str:
    return f"{statistics.median(seconds):.2f} s ({min(seconds):.2f} to {max(seconds):.2f})"
