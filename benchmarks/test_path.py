"""How near the round trips of hops are to the wire's, beside Debian's traceroute on the same routers in the same run.

Figures are printed and kept, not asserted: a busy machine moves them. What is asserted is that both find the same hops, and that
the probe's median error is within what it states of itself.
"""

import shutil
from pathlib import Path

import numpy as np
import pytest

from benchmarks.path_measure import Errors, path_errors, traceroute_errors
from benchmarks.relay_measure import Benchmark
from netbench_probes.path.probe import KERNEL_ERROR_NS
from tests.root.routers import chain

ROUNDS = 200


def test_hops_beside_traceroute(benchmark: Benchmark, tmp_path: Path) -> None:
    """Error against a capture on the sender's veth, three hops of a chain of routers."""
    program = shutil.which("traceroute") or shutil.which("traceroute.db")
    if program is None:
        pytest.skip("there is no traceroute: sudo apt-get install --no-install-recommends traceroute")
    with chain() as net:
        mine, my_hops = benchmark.pedantic(path_errors, (net, ROUNDS, tmp_path), rounds=1)
        peer, peer_hops = traceroute_errors(net, ROUNDS, tmp_path, program)

    print("\nerror against the capture, µs      count   median      p99      max")
    for name, errors in (("path", mine), ("traceroute", peer)):
        for hop, series in sorted(errors.items()):
            print(_line(f"{name}, hop {hop}", series))
            benchmark.extra_info[f"{name} hop {hop} median_ns"] = float(np.median(series))
    assert my_hops == peer_hops == ["10.7.1.2", "10.7.2.2", "10.7.3.2"]
    assert _median(mine) <= KERNEL_ERROR_NS


def _median(errors: Errors) -> float:
    return float(np.median(np.abs([error for series in errors.values() for error in series])))


def _line(name: str, series: list[int]) -> str:
    size = np.abs(series)
    figures = (float(np.median(series)), float(np.quantile(size, 0.99)), float(size.max()))
    return f"{name:30} {len(series):7} " + " ".join(f"{value / 1e3:8.2f}" for value in figures)
