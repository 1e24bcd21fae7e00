"""Open vSwitch in front of every site's router: each of its links is a port of a bridge there, as at a carrier's SDN edge.

The switches are this run's own: a database server and a switch daemon in the run's namespaces, their files in a file system of
their own that nobody else sees and that goes away with the run. The machine's own Open vSwitch, if it has one, is not touched.
There is no controller: flows are pushed by ovs-ofctl, and what no flow is for is dropped (``fail_mode=secure``).
"""

import ctypes
import os
import shutil
import subprocess
import time
from pathlib import Path

from netbench.errors import CannotMeasureError, UnsupportedError
from netbench.linux import sandbox
from netbench.linux.offload import one_packet_a_frame
from netbench_topologies.addressing import LinkEnd
from netbench_topologies.build import PlanNet
from netbench_topologies.sysctls import keep_silent

PROGRAMS = ("ovsdb-tool", "ovsdb-server", "ovs-vswitchd", "ovs-vsctl", "ovs-ofctl")
SCHEMA = Path("/usr/share/openvswitch/vswitch.ovsschema")
HOME = Path("/var/lib/openvswitch")
"""Where the run's own file system is mounted: a folder that is there wherever Open vSwitch is, seen so by this run alone."""
START_SECONDS = 60
_PATH = f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"
_MOUNT_FLAGS = 0x2 | 0x4 | 0x8  # MS_NOSUID | MS_NODEV | MS_NOEXEC

_libc = ctypes.CDLL(None, use_errno=True)


def check_switches() -> None:
    """Return when this machine has what Open vSwitch takes.

    :raises UnsupportedError: when it is not installed, or the run has no namespaces of its own
    """
    missing = [name for name in PROGRAMS if shutil.which(name, path=_PATH) is None]
    if missing or not SCHEMA.exists() or not HOME.is_dir():
        raise UnsupportedError(
            f"there is no Open vSwitch here ({', '.join(missing) or SCHEMA}); "
            "sudo apt-get install --no-install-recommends openvswitch-switch, or leave out --switching ovs"
        )
    if not sandbox.inside():
        raise UnsupportedError("switches are made in a run's own namespaces; run it through netbench run")


class Switches:
    """One bridge a site. Nothing happens before ``start``, which expects the plan's links to be made and no wire to run."""

    def __init__(self, net: PlanNet) -> None:
        self._net = net
        self._daemons: dict[str, subprocess.Popen[bytes]] = {}
        self._ends = [end for names in net.addressing.links.values() for end in (names.a, names.b)]

    def start(self) -> None:
        """Every frame between a site and its links crosses the site's switch; the wire interfaces have the names they had.

        :raises CannotMeasureError: when a switch does not do as told
        :raises UnsupportedError: when Open vSwitch does not run here
        """
        self._insert_ports()
        _mount_home()
        _run("ovsdb-tool", "create", str(HOME / "conf.db"), str(SCHEMA))
        self._spawn("ovsdb-server", str(HOME / "conf.db"), f"--remote=punix:{_database()}")
        self._await("ovsdb-server", _database())
        _configure("--no-wait", "init")
        self._spawn("ovs-vswitchd", f"unix:{_database()}")
        self._await("ovs-vswitchd", HOME / "ovs-vswitchd.ctl")
        _configure(f"--timeout={START_SECONDS}", *self.bridges())
        for bridge, flows in self.flows().items():
            _run("ovs-ofctl", "add-flows", _management(bridge), "-", stdin="\n".join(flows))

    def stop(self) -> None:
        """The daemons have ended; a second call does nothing."""
        for daemon in reversed(self._daemons.values()):
            daemon.terminate()
            daemon.wait()
        self._daemons.clear()

    def evidence(self) -> dict[str, bytes]:
        """Return what the switches say of themselves: ports, flows and how many frames each flow carried."""
        shown = [_configure("show"), *(_run("ovs-ofctl", "dump-flows", _management(bridge)) for bridge in self.flows())]
        return {"switches.txt": "\n".join(shown).encode()}

    def _insert_ports(self) -> None:
        """What was the wire's interface is the site's port; a new pair leads from the link's port to the wire."""
        for end in self._ends:
            _run("ip", "link", "set", end.wire_interface, "down")
            _run("ip", "link", "set", end.wire_interface, "name", _site_port(end))
            _run("ip", "link", "add", end.wire_interface, "type", "veth", "peer", "name", _link_port(end))
        for interface in (name for end in self._ends for name in (end.wire_interface, _link_port(end), _site_port(end))):
            keep_silent(interface)
            _run("ip", "link", "set", interface, "group", str(self._net.group), "arp", "off", "multicast", "off", "up")
        one_packet_a_frame([name for end in self._ends for name in (end.wire_interface, _link_port(end))])

    def bridges(self) -> list[str]:
        """The arguments that make every bridge and its ports; a port's number is its place in ``ports``."""
        arguments: list[str] = []
        for site, ports in self.ports().items():
            bridge = self._bridge(site)
            arguments += ["--", "add-br", bridge, "--", "set-fail-mode", bridge, "secure"]
            for number, port in enumerate(ports, start=1):
                arguments += ["--", "add-port", bridge, port, "--", "set", "interface", port, f"ofport_request={number}"]
        return arguments[1:]

    def ports(self) -> dict[str, list[str]]:
        """Each site's ports: for each of its links that of the router, then that of the link."""
        ports: dict[str, list[str]] = {site: [] for site in self._net.plan.sites}
        for end in self._ends:
            ports[end.site] += [_site_port(end), _link_port(end)]
        return ports

    def flows(self) -> dict[str, list[str]]:
        """By bridge: what comes from the router's port leaves by the link's, and the other way round."""
        return {
            self._bridge(site): [_flow_from(number) for number in range(1, len(ports) + 1)]
            for site, ports in self.ports().items()
        }

    def _bridge(self, site: str) -> str:
        return f"s{self._net.addressing.nodes[site]}"

    def _spawn(self, program: str, *arguments: str) -> None:
        control = f"--unixctl={HOME / program}.ctl"
        argv = [_found(program), *arguments, control]
        with _log(program).open("wb") as log:
            self._daemons[program] = subprocess.Popen(argv, env=_environment(), stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def _await(self, program: str, path: Path) -> None:
        deadline = time.monotonic() + START_SECONDS
        while not path.exists():
            if self._daemons[program].poll() is not None or time.monotonic() > deadline:
                raise UnsupportedError(f"Open vSwitch does not run here: {_last_words(program)}; sudo modprobe openvswitch")
            time.sleep(0.02)


def _site_port(end: LinkEnd) -> str:
    return f"p{end.wire_interface[1:]}"


def _link_port(end: LinkEnd) -> str:
    return f"q{end.wire_interface[1:]}"


def _flow_from(number: int) -> str:
    """Ports come in pairs, 1 with 2 and so on."""
    return f"in_port={number},actions=output:{number + 1 if number % 2 else number - 1}"


def _database() -> Path:
    return HOME / "db.sock"


def _management(bridge: str) -> str:
    return f"unix:{HOME / bridge}.mgmt"


def _mount_home() -> None:
    if _libc.mount(b"tmpfs", os.fsencode(HOME), b"tmpfs", _MOUNT_FLAGS, None) != 0:
        raise UnsupportedError(f"cannot give Open vSwitch a file system of its own: {os.strerror(ctypes.get_errno())}")


def _configure(*arguments: str) -> str:
    return _run("ovs-vsctl", f"--db=unix:{_database()}", *arguments)


def _run(program: str, *arguments: str, stdin: str | None = None) -> str:
    """Return what a program said.

    :raises CannotMeasureError: when it failed
    """
    done = subprocess.run(
        [_found(program), *arguments], env=_environment(), input=stdin or "", capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise CannotMeasureError(f"{program} {' '.join(arguments[:3])} failed: {done.stderr.strip()}")
    return done.stdout


def _found(program: str) -> str:
    return shutil.which(program, path=_PATH) or program


def _environment() -> dict[str, str]:
    return {**os.environ, **dict.fromkeys(("OVS_RUNDIR", "OVS_LOGDIR", "OVS_DBDIR"), str(HOME))}


def _log(program: str) -> Path:
    return HOME / f"{program}.log"


def _last_words(program: str) -> str:
    lines = _log(program).read_text(encoding="utf-8", errors="replace").strip().splitlines()
    return lines[-1] if lines else "it said nothing"
