"""What ran, and on what: the facts that a reader months later needs beside the samples."""

import os
import platform
import sys
from collections.abc import Mapping
from dataclasses import asdict
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from netbench import __version__
from netbench.analysis.engine import kernels
from netbench.campaign.options import CampaignOptions
from netbench.linux.clockstate import ClockState

_LIBRARIES = ("numpy", "numba", "scipy", "pyarrow", "pyroute2", "iperf3", "networkx")
_KERNEL_FACTS = {
    "clock_source": "/sys/devices/system/clocksource/clocksource0/current_clocksource",
    "congestion_control": "/proc/sys/net/ipv4/tcp_congestion_control",
    "tcp_rmem": "/proc/sys/net/ipv4/tcp_rmem",
    "tcp_wmem": "/proc/sys/net/ipv4/tcp_wmem",
}

Json = str | int | float | bool | None | Mapping[str, "Json"] | list["Json"]


def manifest_facts(options: CampaignOptions, clock: ClockState) -> Mapping[str, Json]:
    """Return the host, kernel, clock, versions and options of this run, and which kernels compute its statistics."""
    return {
        "netbench": __version__,
        "host": {
            "kernel": platform.release(),
            "machine": platform.machine(),
            "cores": os.cpu_count(),
            "python": sys.version.split()[0],
        },
        "clock": asdict(clock),
        "kernel": {name: _first_line(path) for name, path in _KERNEL_FACTS.items()},
        "statistics": kernels().NAME,
        "libraries": {name: _version(name) for name in _LIBRARIES},
        "options": {
            "seed": options.seed,
            "calibrate": options.calibrate,
            "wire": options.wire,
            "latency_ns": options.latency_ns,
            "only": list(options.only),
            "load": options.load,
            "routing": options.routing,
            "cuts": [
                {
                    "links": {timed.cut.name: timed.at_ns for timed in event.cuts},
                    "restore_ns": event.restore_ns,
                    "how": event.how,
                }
                for event in options.events
            ],
        },
    }


def _first_line(path: str) -> str | None:
    try:
        return Path(path).read_text(encoding="ascii").strip()
    except OSError:
        return None  # a kernel that does not say: recorded as unknown


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None
