"""What this machine has of what netbench needs, and the command that gets the rest.

Whatever can be tried is tried, in child processes: a library that is there and cannot be loaded is missing.
"""

import json
import os
import shlex
import shutil
import sys
import sysconfig
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

from netbench.linux.attempt import Attempt, attempt, attempt_python
from netbench.linux.clockstate import ClockState, read_clock_state
from netbench.units import format_duration

OLDEST_PYTHON, NEWEST_PYTHON = (3, 11), (3, 13)
FEWEST_CORES = 2
DEBIAN_MININET = Path("/usr/lib/python3/dist-packages/mininet")
CLOCK_SOURCE = Path("/sys/devices/system/clocksource/clocksource0/current_clocksource")
SLOW_CLOCK_SOURCES = frozenset({"acpi_pm", "hpet", "jiffies", "pit", "refined-jiffies"})
"""Reading one of these is a trap into the kernel or worse: microseconds a reading, or a resolution of milliseconds."""

PROGRAMS = {"ip": "iproute2", "tc": "iproute2", "ifconfig": "net-tools", "ethtool": "ethtool", "bash": "bash"}
"""What is called by name, and the Debian package that has it."""
SYSTEM_PROGRAM_PATH = "/usr/sbin:/sbin"

_MININET = "import mininet, mininet.net; print(mininet.net.VERSION, mininet.__path__[0])"
_LIBIPERF = """
import ctypes, ctypes.util
name = ctypes.util.find_library("iperf") or "libiperf.so.0"
version = ctypes.CDLL(name).iperf_get_iperf_version
version.restype = ctypes.c_char_p
print(version().decode(), name)
"""
_BINDING = "import importlib.metadata, iperf3; iperf3.Client(); print(importlib.metadata.version('iperf3'))"
_NUMBA = """
import numba
assert numba.njit(lambda a, b: a + b)(40, 2) == 42
print(numba.__version__)
"""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked for. ``cure`` is the command that gets it, None exactly when it is there."""

    name: str
    ok: bool
    required: bool
    found: str
    cure: str | None

    def __post_init__(self) -> None:
        """Hold the promise about ``cure``."""
        if self.ok != (self.cure is None):
            raise ValueError(f"{self.name}: a cure belongs to what is missing, and to nothing else")


def examine() -> Iterator[Finding]:
    """Yield a finding for each thing that netbench needs or uses, as each becomes known; about 3 s in all."""
    yield python_version(sys.version_info[:3])
    yield _tried("mininet", attempt_python(_MININET), mininet_cure())
    yield mnexec(shutil.which("mnexec"))
    yield programs(_absent(None), _absent(SYSTEM_PROGRAM_PATH))
    yield _tried("libiperf", attempt_python(_LIBIPERF), _apt("libiperf0"))
    yield _tried("iperf3_binding", attempt_python(_BINDING), _pip("iperf3"))
    yield _tried("numba", attempt_python(_NUMBA), _pip("--force-reinstall numba"))
    yield user_namespaces(attempt(["unshare", "--user", "--map-root-user", "--net", "true"]), root=os.geteuid() == 0)
    yield from kernel_trials(_in_sandbox())
    yield tun(Path("/dev/net/tun"))
    yield clock_source(CLOCK_SOURCE)
    yield clock_state(read_clock_state())
    yield cores(len(os.sched_getaffinity(0)))
    yield text_encoding(sys.stdout.encoding or "unknown")


def python_version(version: tuple[int, int, int]) -> Finding:
    """Python is one that netbench and what it stands on are tested with."""
    ok = OLDEST_PYTHON <= version[:2] <= NEWEST_PYTHON
    return _finding("python", ok, ".".join(map(str, version)), "make setup PYTHON=python3.11")


def mininet_cure(debian: Path = DEBIAN_MININET) -> str:
    """Return the command that makes Mininet importable, which differs with whether Debian's package is there."""
    link = f"ln -sfn {debian} {shlex.quote(sysconfig.get_path('purelib'))}/mininet"
    return link if debian.is_dir() else f"{_apt('mininet')} && {link}"


def mnexec(path: str | None) -> Finding:
    """Mininet's helper, which starts commands inside its nodes, is on the path."""
    return _finding("mnexec", path is not None, path or "not on the path", _apt("mininet"))


def programs(absent: Collection[str], absent_everywhere: Collection[str]) -> Finding:
    """Every program that is called by name is on the path; what is not may still be where Debian hides it from users."""
    if not absent:
        return _finding("programs", True, " ".join(PROGRAMS), "")
    found = f"not on the path: {', '.join(absent)}"
    packages = sorted({PROGRAMS[name] for name in absent_everywhere})
    return _finding("programs", False, found, _apt(*packages) if packages else f"export PATH=$PATH:{SYSTEM_PROGRAM_PATH}")


def user_namespaces(tried: Attempt, *, root: bool) -> Finding:
    """An ordinary user can make network namespaces; root needs no such leave."""
    found = "made one with a network namespace inside" if tried.ok else tried.said
    cure = "sudo sysctl -w user.max_user_namespaces=10000 kernel.apparmor_restrict_unprivileged_userns=0"
    return _finding("user_namespaces", tried.ok, found, cure, required=not root)


def kernel_trials(tried: Attempt) -> Iterator[Finding]:
    """Yield what the trials in a sandbox found; where there was no sandbox, nothing in it could be tried."""
    results: dict[str, tuple[bool, str]] = json.loads(tried.said) if tried.ok else {}

    def trial(name: str, cure: str, *, required: bool = True) -> Finding:
        ok, found = results.get(name, (False, tried.said))
        return _finding(name, ok, found, cure, required=required)

    yield _finding("sandbox", tried.ok, "made one" if tried.ok else tried.said, "run netbench as root")
    yield trial("packet_sockets", "use a kernel of 4.20 or later with CONFIG_PACKET")
    yield trial("netem", "sudo modprobe sch_netem", required=False)
    yield trial("tx_timestamps", "use a kernel of 4.17 or later", required=False)


def tun(device: Path) -> Finding:
    """TAP interfaces can be opened."""
    try:
        os.close(os.open(device, os.O_RDWR | os.O_CLOEXEC))
    except OSError as error:
        cure = "run netbench as root" if isinstance(error, PermissionError) else "sudo modprobe tun"
        return _finding("tun", False, f"{device}: {error.strerror}", cure, required=False)
    return _finding("tun", True, str(device), "")


def clock_source(file: Path) -> Finding:
    """The kernel's clock is one that is read in nanoseconds."""
    try:
        source = file.read_text(encoding="ascii").strip()
    except OSError as error:
        return _finding(
            "clock_source", False, f"{file}: {error.strerror}", f"mount -t sysfs sysfs {file.parents[4]}", required=False
        )
    cure = "boot with the kernel parameter clocksource=tsc"
    return _finding("clock_source", source not in SLOW_CLOCK_SOURCES, source, cure, required=False)


def clock_state(state: ClockState) -> Finding:
    """Somebody keeps the wall clock and bounds its error, which then bounds one-way delays on live links."""
    if state.error_ns is None:
        told = "synchronised, to an error unknown" if state.synchronised else "not synchronised"
        return _finding("clock_state", False, f"{told}, says {state.source}", _apt("chrony"), required=False)
    to = f" to {state.reference}" if state.reference else ""
    found = f"within {format_duration(state.error_ns)} of UTC by {state.source}{to}"
    return _finding("clock_state", True, found, "", required=False)


def cores(count: int) -> Finding:
    """There is a core for the probes beside the one that is the network."""
    return _finding("cores", count >= FEWEST_CORES, str(count), f"give this machine {FEWEST_CORES} cores or more", required=False)


def text_encoding(encoding: str) -> Finding:
    """What is printed can be Chinese."""
    ok = encoding.lower().replace("-", "") == "utf8"
    return _finding("text_encoding", ok, encoding, "export LC_ALL=C.UTF-8", required=False)


def _absent(path: str | None) -> list[str]:
    return [name for name in PROGRAMS if shutil.which(name, path=path) is None]


def _in_sandbox() -> Attempt:
    python = [sys.executable, "-P", "-m"]
    return attempt([*python, "netbench.linux.sandbox", "--", *python, "netbench.linux.trials"])


def _tried(name: str, tried: Attempt, cure: str) -> Finding:
    return _finding(name, tried.ok, tried.said, cure)


def _finding(name: str, ok: bool, found: str, cure: str, *, required: bool = True) -> Finding:
    return Finding(name, ok, required, found, None if ok else cure)


def _apt(*packages: str) -> str:
    return f"sudo apt-get install --no-install-recommends {' '.join(packages)}"


def _pip(arguments: str) -> str:
    return f"{shlex.quote(sys.executable)} -m pip install {arguments}"
