"""FRR's daemons of a run: four a site, in its network namespace, with files that nobody else sees and that go with the run."""

import ctypes
import os
import socket
import subprocess
import time
from pathlib import Path

from netbench.errors import CannotMeasureError, UnsupportedError
from netbench.linux import sandbox
from netbench_topologies.build import PlanNet
from netbench_topologies.frr.config import DAEMONS, configurations
from netbench_topologies.frr.convergence import await_convergence

PROGRAMS = Path("/usr/lib/frr")
HOME = Path("/etc/frr")
"""Where the run's own file system is mounted: a folder that is there wherever FRR is, seen so by this run alone."""
START_SECONDS = 120
_MOUNT_FLAGS = 0x2 | 0x4 | 0x8  # MS_NOSUID | MS_NODEV | MS_NOEXEC
# FRR writes its crash logs into /var/tmp/frr whatever it is told, and wants its user to be in the group frrvty
_OWN_PLACES = (
    "unshare",
    "--mount",
    "sh",
    "-ec",
    'mount -t tmpfs tmpfs /var/tmp; mount --bind /etc/frr/group /etc/group; exec "$@"',
    "sh",
)
_GROUPS = "root:x:0:\nfrrvty:x:0:root\n"
_ASKED = {
    "ospfd": ("show ip ospf neighbor", "show ip ospf route"),
    "ospf6d": ("show ipv6 ospf6 neighbor", "show ipv6 ospf6 route"),
    "bfdd": ("show bfd peers",),
}
_ANSWER_SECONDS = 10

_libc = ctypes.CDLL(None, use_errno=True)


def check_frr() -> None:
    """Return when this machine has what routing by FRR takes.

    :raises UnsupportedError: when it is not installed, or the run has no namespaces of its own
    """
    missing = [name for name in DAEMONS if not (PROGRAMS / name).exists()]
    if missing or not HOME.is_dir():
        raise UnsupportedError(
            f"there is no FRR here ({', '.join(missing) or HOME}); "
            "sudo apt-get install --no-install-recommends frr, or leave out --routing frr"
        )
    if not sandbox.inside():
        raise UnsupportedError("FRR runs in a run's own namespaces; run it through netbench run")


class Daemons:
    """Nothing happens before ``start``, which expects the plan's links and their wire to carry frames."""

    def __init__(self, net: PlanNet) -> None:
        """Nothing runs yet.

        :raises RefusedError: when OSPF's costs cannot keep the plan's order of routes
        """
        self._net = net
        self._told = configurations(net.plan, net.addressing)
        self._running: dict[tuple[str, str], subprocess.Popen[bytes]] = {}
        self.converged_ns: int | None = None

    def start(self) -> None:
        """Every site sends to every other as planned, by routes that OSPF found.

        :raises CannotMeasureError: when a daemon ends
        :raises RefusedError: when a route is still missing after a minute and a half
        :raises UnsupportedError: when FRR does not run here
        """
        _mount_home()
        begun_ns = time.monotonic_ns()
        for site, told in self._told.items():
            folder = self._folder(site)
            folder.mkdir()
            for daemon, text in told.items():
                (folder / f"{daemon}.conf").write_text(text, "ascii")
        for daemon in DAEMONS:
            for site in self._told:
                self._spawn(site, daemon)
            for site in self._told:
                self._await(site, daemon)
        await_convergence(self._net, self.check)
        self.converged_ns = time.monotonic_ns() - begun_ns

    def stop(self) -> None:
        """The daemons have ended; a second call does nothing."""
        for daemon in self._running.values():
            daemon.kill()  # all they know is in memory, and their tables go with the namespaces
        for daemon in self._running.values():
            daemon.wait()
        self._running.clear()

    def check(self) -> None:
        """Return when all of them run.

        :raises CannotMeasureError: naming one that has ended, with the last that it said
        """
        for (site, name), daemon in self._running.items():
            if daemon.poll() is not None:
                raise CannotMeasureError(f"FRR's {name} at site '{site}' has ended: {self._last_words(site, name)}")

    def evidence(self) -> dict[str, bytes]:
        """Return what the daemons were told, what they say of themselves now, and what they have logged."""
        parts = [(site, daemon) for site in self._told for daemon in DAEMONS]
        return {
            "frr-configuration.txt": _joined([f"=== {site} {daemon}\n{self._told[site][daemon]}" for site, daemon in parts]),
            "frr-state.txt": _joined(
                [
                    f"converged after {self.converged_ns} ns",
                    *(self._said(*part, words) for part in parts for words in _asked(part)),
                ]
            ),
            "frr-log.txt": _joined([f"=== {site} {daemon}\n{self._log(site, daemon)}" for site, daemon in parts]),
        }

    def _folder(self, site: str) -> Path:
        return HOME / self._net.addressing.nodes[site]

    def _spawn(self, site: str, daemon: str) -> None:
        folder = self._folder(site)
        argv = [
            *_OWN_PLACES,
            str(PROGRAMS / daemon),
            *("--user", "root", "--group", "root", "--vty_port", "0", "--vty_socket", str(folder)),
            *("--config_file", str(folder / f"{daemon}.conf"), "--pid_file", str(folder / f"{daemon}.pid")),
            *("--socket", str(folder / "zserv"), "--log", f"file:{folder / daemon}.log", "--log-level", "informational"),
        ]
        argv += ["--bfdctl", str(folder / "bfdd.sock")] if daemon == "bfdd" else []
        with (folder / f"{daemon}.err").open("wb") as errors:
            self._running[site, daemon] = self._net.sites[site].run(
                lambda: subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=errors, stderr=errors)
            )

    def _await(self, site: str, daemon: str) -> None:
        """A daemon answers: those that start after it would else try again only after ten seconds."""
        folder = self._folder(site)
        expected = [folder / f"{daemon}.vty", *([folder / "zserv"] if daemon == "zebra" else [])]
        deadline = time.monotonic() + START_SECONDS
        while not all(path.exists() for path in expected):
            if self._running[site, daemon].poll() is not None or time.monotonic() > deadline:
                raise UnsupportedError(
                    f"FRR's {daemon} does not run here: {self._last_words(site, daemon)}; leave out --routing frr"
                )
            time.sleep(0.02)

    def _log(self, site: str, daemon: str) -> str:
        files = (self._folder(site) / f"{daemon}{ending}" for ending in (".err", ".log"))
        return "".join(file.read_text("utf-8", "replace") for file in files if file.exists())

    def _last_words(self, site: str, daemon: str) -> str:
        lines = self._log(site, daemon).strip().splitlines()
        return lines[-1] if lines else "it said nothing"

    def _said(self, site: str, daemon: str, words: str) -> str:
        try:
            return f"=== {site} {words}\n{_ask(self._folder(site) / f'{daemon}.vty', words)}"
        except OSError as error:
            raise CannotMeasureError(f"FRR's {daemon} at site '{site}' does not answer: {error}") from error


def _asked(part: tuple[str, str]) -> tuple[str, ...]:
    return _ASKED.get(part[1], ())


def _ask(path: Path, words: str) -> str:
    """Return a daemon's answer: on its socket a question ends with a null, an answer with three and a result code."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as daemon:
        daemon.settimeout(_ANSWER_SECONDS)
        daemon.connect(str(path))
        for each in ("enable", words):
            daemon.sendall(each.encode("ascii") + b"\0")
            answer = b""
            while not answer[:-1].endswith(b"\0\0\0") and (more := daemon.recv(65536)):
                answer += more
    return answer[:-4].decode("utf-8", "replace")


def _joined(parts: list[str]) -> bytes:
    return ("\n".join(parts) + "\n").encode()


def _mount_home() -> None:
    if _libc.mount(b"tmpfs", os.fsencode(HOME), b"tmpfs", ctypes.c_ulong(_MOUNT_FLAGS), None) != 0:
        raise UnsupportedError(f"cannot give FRR a file system of its own: {os.strerror(ctypes.get_errno())}")
    (HOME / "group").write_text(_GROUPS, "ascii")
