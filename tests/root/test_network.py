"""A plan built in Mininet: routes, delays, silence, evidence, and nothing left."""

import gc
import json
import os
import re
import socket
import statistics
import threading
import time
from collections.abc import Generator, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

import pytest
from pyroute2 import IPRoute

from netbench.errors import CannotMeasureError, RefusedError
from netbench.linux.namespaces import NamespaceVantage, new_network_namespace, run_inside
from netbench.measure.network import Network, NetworkOptions
from netbench.plan.model import Corridor, Plan
from netbench.plan.routing import route_delay_ns, routes
from netbench_topologies.network import EmulatedNetwork
from tests.root.wire_bed import OpenedNetwork
from tests.topologies.plans import DIRECT, PINNED, USUAL, square

PLAN = square(PINNED, USUAL)
FAMILIES = (socket.AF_INET, socket.AF_INET6)
GENEROUS_NS = 1_000_000
ROUNDS = 50

pytestmark = [
    pytest.mark.skipif(os.geteuid() != 0, reason="needs root to make network namespaces: run as root or under `unshare -Urn`"),
    pytest.mark.timeout(180),  # the relay compiles when it is used for the first time
]


@contextmanager
def emulated(plan: Plan, namespace: int) -> Generator[OpenedNetwork]:
    """An emulated network whose main namespace is a private one, held by a thread of its own."""
    entered: Future[OpenedNetwork] = Future()
    leave = threading.Event()

    def hold() -> None:
        try:
            with OpenedNetwork(plan, NetworkOptions()) as network:
                entered.set_result(network)
                leave.wait()
        except BaseException as error:
            if entered.done():
                raise
            entered.set_exception(error)

    with ThreadPoolExecutor(1) as pool:
        held = pool.submit(run_inside, namespace, hold)
        try:
            yield entered.result()
        finally:
            leave.set()
            held.result()


@pytest.fixture(scope="module")
def network() -> Iterator[EmulatedNetwork]:
    """The square, with one corridor pinned to its longer side."""
    namespace = new_network_namespace()
    with emulated(PLAN, namespace) as built:
        yield built
    os.close(namespace)


def test_it_is_a_network(network: EmulatedNetwork) -> None:
    """It fulfils the contract, as the type checker and its attributes say."""
    fulfilled: Network = network

    assert (fulfilled.API, fulfilled.name, fulfilled.wire) == (1, "emulated", "relay")


@pytest.mark.parametrize("corridor", PLAN.corridors.values(), ids=lambda corridor: corridor.id)
def test_packets_take_the_planned_route(network: EmulatedNetwork, corridor: Corridor) -> None:
    """Both ways, both families, pinned or not."""
    planned = routes(PLAN)[corridor.id].sites

    assert network.route(corridor) == (planned, planned[::-1])


def one_way_ns(sender: NamespaceVantage, receiver: NamespaceVantage, family: socket.AddressFamily) -> list[int]:
    """Delays of datagrams as the application sees them: one clock serves both ends."""
    with sender.socket(family, socket.SOCK_DGRAM) as out, receiver.socket(family, socket.SOCK_DGRAM) as into:
        out.bind((sender.address(family), 0))
        into.bind((receiver.address(family), 9000))
        into.settimeout(5)
        return [_one(out, into, (receiver.address(family), 9000)) for _ in range(ROUNDS)]


def _one(out: socket.socket, into: socket.socket, destination: tuple[str, int]) -> int:
    out.sendto(str(time.monotonic_ns()).encode(), destination)
    return -int(into.recv(100)) + time.monotonic_ns()


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("corridor", PLAN.corridors.values(), ids=lambda corridor: corridor.id)
def test_a_corridor_takes_its_time(network: EmulatedNetwork, corridor: Corridor, family: socket.AddressFamily) -> None:
    """The median datagram is as late as the plan says, never early, and less than a millisecond too late."""
    asked = route_delay_ns(PLAN, routes(PLAN)[corridor.id], "forward")
    delays = one_way_ns(network.vantage(corridor.source), network.vantage(corridor.destination), family)

    assert min(delays) >= asked
    assert statistics.median(delays) - asked < GENEROUS_NS


@pytest.mark.parametrize("family", FAMILIES)
def test_the_ends_of_a_link_are_one_hop_apart(network: EmulatedNetwork, family: socket.AddressFamily) -> None:
    """Between a link's own addresses a hop limit of 1 suffices, and the delay is the link's alone, in both directions."""
    for a, b in (network.link_ends("west-south"), network.link_ends("west-south")[::-1]):
        delays = one_way_ns(a, b, family)

        assert {a.name, b.name} == {"west", "south"}
        assert 3_000_000 <= statistics.median(delays) < 3_000_000 + GENEROUS_NS


def test_every_frame_carries_one_packet(network: EmulatedNetwork) -> None:
    """ethtool sees no offload that joins packets, at a site's end of a link."""
    (interface,) = [name for name in _interfaces(network.vantage("tail")) if name != "lo"]
    with network.vantage("tail").popen(["ethtool", "-k", interface]) as process:
        said = process.communicate()[0].decode()

    for offload in ("tcp-segmentation-offload", "generic-segmentation-offload", "generic-receive-offload"):
        assert re.search(rf"^{offload}: off$", said, re.MULTILINE), said
    assert not re.search(r"^\s*tx-udp-segmentation: on", said, re.MULTILINE)


def test_a_pure_rate_is_carried_in_superpackets() -> None:
    """Where nothing counts packets segmentation is left on, at the site's end and at the wire's, and the evidence says so."""
    links = dict(square(USUAL).links)
    links["east-south"] = replace(links["east-south"], rate_scale=1)
    namespace = new_network_namespace()
    with emulated(replace(square(USUAL), links=links), namespace) as network:
        shown = {name: json.loads(content) for name, content in network.evidence().items()}
    os.close(namespace)

    ends = {end["interface"]: end["wire_interface"] for end in shown["names.json"]["links"]["east-south"]}
    told = {link["id"]: link["offload"] for link in shown["wire.json"]}
    site_ends = {name: on for site in shown["offloads.json"].values() for name, on in site.items()}
    assert {link for link, offload in told.items() if offload == "on"} == {"east-south"}
    assert {name for name, on in site_ends.items() if on["tx-tcp-segmentation"]} >= set(ends)
    assert {name for name, on in shown["offloads-wire.json"].items() if on["tx-tcp-segmentation"]} == set(ends.values())


def _interfaces(place: NamespaceVantage) -> list[str]:
    with place.popen(["ip", "-json", "link"]) as process:
        return [link["ifname"] for link in json.loads(process.communicate()[0])]


def test_evidence_shows_what_was_built(network: EmulatedNetwork) -> None:
    """Names, routes with their source, rules of the pinned corridor, permanent neighbours, sysctls and the wire's orders."""
    shown = {name: json.loads(content) for name, content in network.evidence().items()}
    north = shown["nodes.json"]["north"]
    addresses = {site: known["addresses"] for site, known in shown["names.json"]["sites"].items()}

    assert {link["id"]: link["forward"]["delay_ns"] for link in shown["wire.json"]}["west-south"] == 3_000_000
    assert {link["offload"] for link in shown["wire.json"]} == {"off"}
    assert {route.get("prefsrc") for route in north["routes_ipv4"] if "gateway" in route} == {addresses["north"][0]}
    assert [(rule["src"], rule["dst"]) for rule in north["rules_ipv6"] if rule["table"] == "1000"] == [
        (addresses["north"][1], addresses["south"][1])
    ]
    assert {tuple(neighbour["state"]) for neighbour in north["neighbours"]} == {("PERMANENT",)}
    assert shown["sysctls.json"]["tail"]["net.ipv4.ip_forward"] == "1"
    assert set(shown["offloads.json"]) == set(PLAN.sites)


def test_nothing_travels_unasked() -> None:
    """A network that nobody uses carries no frame: no ARP, no neighbour discovery, no multicast reports."""
    namespace = new_network_namespace()
    with emulated(PLAN, namespace) as network:
        network.route(PLAN.corridors["pinned"])
        time.sleep(1.5)  # multicast reports come at random within a second
        counted = json.loads(network.evidence()["wire-counters.json"])
    os.close(namespace)

    assert counted["north-west"]["forward"]["received"] > 0
    for idle in ("north-east", "east-south", "south-tail"):
        assert counted[idle]["forward"]["received"] == counted[idle]["reverse"]["received"] == 0


@pytest.mark.parametrize("family", FAMILIES)
def test_only_data_is_counted(family: socket.AddressFamily) -> None:
    """Of a fresh network's links each counts exactly the datagrams that crossed it: nobody asks for his neighbour first."""
    namespace = new_network_namespace()
    with emulated(square(USUAL), namespace) as network:
        one_way_ns(*network.link_ends("east-south"), family)
        counted = json.loads(network.evidence()["wire-counters.json"])
    os.close(namespace)

    assert counted["east-south"]["forward"]["received"] == ROUNDS
    assert counted["east-south"]["reverse"]["received"] == 0


def test_an_idle_wire_is_healthy(network: EmulatedNetwork) -> None:
    """Every link is reported, and nothing was lost by the wire itself."""
    health = network.health()

    assert set(health) == set(PLAN.links)
    assert all(link.overrun_frames == 0 for link in health.values())


def test_nothing_is_left_and_nothing_outside_is_touched() -> None:
    """After exit: no interface, no descriptor, no child process; this host's settings are as they were."""
    namespace = new_network_namespace()
    before = (_descriptors(), _children(), _settings())
    with emulated(PLAN, namespace) as network:
        assert len(_left_in(namespace)) == 1 + 2 * len(PLAN.links)
        assert network.wire == "relay"
    after = (_descriptors(), _children(), _settings())

    assert _left_in(namespace) == ["lo"]
    assert after == before
    os.close(namespace)


def _left_in(namespace: int) -> list[str]:
    def names() -> list[str]:
        with IPRoute() as route:
            return [link.get_attr("IFLA_IFNAME") for link in route.get_links()]

    return run_inside(namespace, names)


def _descriptors() -> int:
    gc.collect()
    return len(list(Path("/proc/self/fd").iterdir()))


def _children() -> set[str]:
    """The living processes whose parent is this one, whichever of its threads started them."""
    parents: dict[str, str] = {}
    for place in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):  # it ended while we looked
            parents[place.parent.name] = place.read_text().rpartition(")")[2].split()[1]
    return {process for process, parent in parents.items() if parent == str(os.getpid())}


def _settings() -> dict[str, str]:
    """Every sysctl below /proc/sys/net of this process's own namespace that may be read and stays put by itself."""
    moving = re.compile(r"tcp_fastopen_key|nf_conntrack_count|/neigh/|secret|icmp_msgs")
    found: dict[str, str] = {}
    for path in Path("/proc/sys/net").rglob("*"):
        if path.is_file() and os.access(path, os.R_OK) and not moving.search(str(path)):
            try:
                found[str(path)] = path.read_text()
            except OSError:  # write-only in spite of its mode, or gone: not a setting that can be compared
                continue
    return found


def test_corridors_that_contradict_each_other_are_refused() -> None:
    """Nothing is built for a plan whose corridors cannot be told apart."""
    namespace = new_network_namespace()
    with pytest.raises(RefusedError, match="take different routes"), emulated(square(PINNED, DIRECT), namespace):
        pass

    assert _left_in(namespace) == ["lo"]
    os.close(namespace)


def test_a_second_network_in_one_namespace_is_told_why() -> None:
    """Their interfaces would have the same names: the second says so, and the first stays whole."""
    namespace = new_network_namespace()
    with emulated(PLAN, namespace) as first:
        with pytest.raises(CannotMeasureError, match="another emulated network up in this namespace"), emulated(PLAN, namespace):
            pass

        assert first.route(PLAN.corridors["usual"])[0] == ("north", "east", "south", "tail")
    os.close(namespace)


def test_a_site_has_a_shell_when_one_is_asked_for() -> None:
    """Mininet's way of running things works in every node: its interfaces, and a /sys that shows them; nothing before that."""
    namespace = new_network_namespace()
    before = _children()
    with emulated(PLAN, namespace) as network:
        node = network.parts()[0].sites["north"]
        assert node.shell is None
        assert len(_children() - before) == 1

        assert node.cmd("ls /sys/class/net").split() == ["lo", "n0-eth0", "n0-eth1"]
        assert "ttl=64 " in node.cmd(f"ping -c 1 -W 5 {network.vantage('east').address(socket.AF_INET)}")
        assert node.pid == int(node.cmd("echo $$"))
    assert _children() == before
    os.close(namespace)
