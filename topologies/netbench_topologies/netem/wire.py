"""netem as the wire of a plan (see ``netbench_topologies.wire.Wire``)."""

import json
import platform
import re
import socket
from collections import defaultdict
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from functools import partial
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from netbench.errors import RefusedError, UnsupportedError
from netbench.linux.namespaces import run_inside
from netbench.linux.offload import one_packet_a_frame
from netbench.measure.network import LinkHealth
from netbench.plan.model import DIRECTIONS, DirectionName
from netbench_topologies.addressing import LinkEnd
from netbench_topologies.netem import kernel, messages
from netbench_topologies.netem.echo import echoed
from netbench_topologies.netem.orders import DirectionOrder, direction_order
from netbench_topologies.netem.readback import Difference, Said, queue_differences, way_differences
from netbench_topologies.offloading import offloading
from netbench_topologies.spec import DirectionSpec, direction_spec

if TYPE_CHECKING:
    from netbench_topologies.build import PlanNet

T = TypeVar("T")
Key = tuple[str, DirectionName]
Place = str | None
"""A site, or None: where the wire's own ends are."""

FIRST_SEEDED_KERNEL = (6, 6)
NO_NETEM = "this kernel cannot carry links with netem ({reason}); sudo modprobe sch_netem, or use --wire relay"


@dataclass(frozen=True, slots=True)
class Way:
    """One direction of a link: its queue is at ``near``'s site, the frames arrive at ``near`` and leave by ``far``."""

    link: str
    direction: DirectionName
    near: LinkEnd
    far: LinkEnd

    @property
    def name(self) -> str:
        """What an error calls it."""
        return f"link {self.link} {self.direction}"


class NetemWire:
    """Every link of a plan, carried by the kernel."""

    name = "netem"

    def __init__(self, net: "PlanNet", seed: int) -> None:
        """Nothing is carried before ``start``.

        :raises RefusedError: when the plan asks for what netem cannot do
        """
        self._net = net
        self._seed = seed if _kernel_version() >= FIRST_SEEDED_KERNEL else None
        self._ways: dict[Key, Way] = {(way.link, way.direction): way for way in _ways(net)}
        self._orders: dict[Key, DirectionOrder] = {
            key: self._order(way, direction_spec(net.plan.links[way.link], way.direction)) for key, way in self._ways.items()
        }
        self._started = False

    def prepare(self) -> None:
        """Do nothing: the kernel needs no time to get ready."""

    def start(self) -> None:
        """Every link carries frames, and the kernel has said that it does so as asked.

        :raises RefusedError: when it says otherwise
        :raises UnsupportedError: when it cannot
        """
        self._started = True
        self._part_superpackets()
        self._create()
        self._verify()

    def stop(self) -> None:
        """Nothing is carried any more."""
        if self._started:
            self._started = False
            self._at(None, self._detach)

    def health(self) -> Mapping[str, LinkHealth]:
        """Return, by link id, what crossed it and what the kernel lost on the way, both directions together.

        How late frames left is not known: netem does not say.

        :raises CannotMeasureError: when tc does not answer
        """
        said = self._said()
        dropped = {place: self._at(place, _dropped) for place in said}
        return {link: self._link_health(link, said, dropped) for link in self._net.plan.links}

    def alter(self, link: str, direction: DirectionName, spec: DirectionSpec) -> None:
        """Frames that arrive from now on are treated as ``spec`` says; those on their way keep their time.

        :raises RefusedError: when netem cannot do that, or says that it does not
        """
        way = self._ways[link, direction]
        order = self._orders[link, direction] = self._order(way, spec)
        near, far = way.near.interface, way.far.wire_interface
        said = {
            way.near.site: {near: self._changed(way.near.site, near, partial(messages.queue, order=order.queue))},
            None: {far: self._changed(None, far, partial(messages.way, order=order.way))},
        }
        _refuse(_faults(way, order, said))

    def forecast(self, link: str, direction: DirectionName, count: int) -> None:
        """Return None: which frames will be lost is known to the kernel alone."""

    def evidence(self) -> Mapping[str, bytes]:
        """Return what the kernel was asked for, link by link, and all that tc says of it, as JSON."""
        orders = [{"link": link, "direction": direction, **asdict(order)} for (link, direction), order in self._orders.items()]
        said = {place or "wire": list(known.values()) for place, known in self._said().items()}
        return {
            "wire.json": _json(
                {
                    "wire": self.name,
                    "losses_can_be_repeated": self._seed is not None,
                    "offloads": {link.id: offloading(link).told() for link in self._net.plan.links.values()},
                    "orders": orders,
                }
            ),
            "wire-qdiscs.json": _json(said),
        }

    def _part_superpackets(self) -> None:
        """Superpackets that the plan would leave whole are parted: TBF would count the framing of one frame for each."""
        ways = [way for way in self._ways.values() if offloading(self._net.plan.links[way.link]).on]
        self._at(None, lambda: one_packet_a_frame([way.near.wire_interface for way in ways]))
        for way in ways:
            self._at(way.near.site, partial(one_packet_a_frame, [way.near.interface]))

    def _order(self, way: Way, spec: DirectionSpec) -> DirectionOrder:
        return direction_order(way.name, spec, None if self._seed is None else _seed(self._seed, way))

    def _create(self) -> None:
        """The queues are made in their sites' namespaces, the rest in the wire's own, one call each."""
        by_site: dict[str, list[Way]] = defaultdict(list)
        for way in self._ways.values():
            by_site[way.near.site].append(way)
        with _unsupported():
            self._at(None, lambda: kernel.create(self._wire_requests()))
            for site, leaving in by_site.items():
                self._at(site, partial(self._create_queues, leaving))

    def _wire_requests(self) -> list[kernel.Request]:
        requests: list[kernel.Request] = []
        for key, way in self._ways.items():
            near, far = (socket.if_nametoindex(end.wire_interface) for end in (way.near, way.far))
            requests.append((messages.NEW_QDISC, messages.way(far, self._orders[key].way)))
            requests.append((messages.NEW_QDISC, messages.ingress(near)))
            requests.append((messages.NEW_FILTER, messages.redirect(near, far)))
        return requests

    def _create_queues(self, ways: Sequence[Way]) -> None:
        orders = {way.near.interface: self._orders[way.link, way.direction].queue for way in ways}
        kernel.create(
            [(messages.NEW_QDISC, messages.queue(socket.if_nametoindex(name), order)) for name, order in orders.items()]
        )

    def _changed(self, place: Place, interface: str, message: Callable[[int], bytes]) -> Said:
        """The interface's queue discipline is told to change; return what the kernel says that it does now."""

        def change() -> list[bytes]:
            return kernel.change([(messages.NEW_QDISC, message(socket.if_nametoindex(interface)))])

        with _unsupported():
            return echoed(self._at(place, change)[0])

    def _verify(self) -> None:
        said = self._said()
        _refuse([fault for key, way in self._ways.items() for fault in _faults(way, self._orders[key], said)])

    def _said(self) -> dict[Place, dict[str, Said]]:
        """What tc says, by place and interface."""
        places: list[Place] = [None, *self._net.sites]
        return {place: {str(said["dev"]): said for said in self._at(place, _roots)} for place in places}

    def _link_health(
        self, link: str, said: Mapping[Place, Mapping[str, Said]], dropped: Mapping[Place, Mapping[str, int]]
    ) -> LinkHealth:
        ways = [self._ways[link, direction] for direction in DIRECTIONS]
        overruns = sum(dropped[None][way.near.wire_interface] + dropped[way.near.site][way.near.interface] for way in ways)
        for way in ways:
            # what netem lost by plan and what found it full is one count; by its limit it is never full
            if not self._orders[link, way.direction].way.loss_ratio:
                overruns += int(said[None][way.far.wire_interface]["drops"])
        frames = sum(int(said[None][way.far.wire_interface]["packets"]) for way in ways)
        return LinkHealth(frames=frames, overrun_frames=overruns, late_frames=None)

    def _detach(self) -> None:
        indices = [socket.if_nametoindex(way.near.wire_interface) for way in self._ways.values()]
        kernel.remove([(messages.DELETE_QDISC, messages.ingress(index)) for index in indices])

    def _at(self, place: Place, action: Callable[[], T]) -> T:
        return run_inside(self._net.home, action) if place is None else self._net.sites[place].run(action)


def _ways(net: "PlanNet") -> list[Way]:
    names = net.addressing.links
    return [
        way
        for link in net.plan.links
        for way in (
            Way(link, "forward", names[link].a, names[link].b),
            Way(link, "reverse", names[link].b, names[link].a),
        )
    ]


def _differences(way: Way, order: DirectionOrder, said: Mapping[Place, Mapping[str, Said]]) -> list[Difference]:
    nothing: Said = {}
    return [
        *queue_differences(order.queue, said[way.near.site].get(way.near.interface, nothing)),
        *way_differences(order.way, said[None].get(way.far.wire_interface, nothing)),
    ]


def _faults(way: Way, order: DirectionOrder, said: Mapping[Place, Mapping[str, Said]]) -> list[str]:
    return [f"{way.name}: {_fault(difference)}" for difference in _differences(way, order, said)]


def _fault(difference: Difference) -> str:
    got = "nothing of the kind" if difference.got is None else f"{difference.got:.9g}"
    return f"{difference.field}: asked {difference.asked:.9g}, got {got}"


def _refuse(faults: list[str]) -> None:
    if faults:
        raise RefusedError(f"the kernel does not do as asked, so nothing was measured: {'; '.join(faults)}")


@contextmanager
def _unsupported() -> Generator[None]:
    """What the kernel refuses is told with what can be done about it."""
    try:
        yield
    except OSError as error:
        raise UnsupportedError(NO_NETEM.format(reason=error.strerror)) from error


def _roots() -> list[Said]:
    return [said for said in kernel.queue_disciplines() if said.get("root")]


def _dropped() -> dict[str, int]:
    """What each interface of the calling thread's namespace could not hand over: the twelfth count of its line."""
    lines = Path("/proc/thread-self/net/dev").read_text(encoding="ascii").splitlines()[2:]
    return {name.strip(): int(counts.split()[11]) for name, _, counts in (line.partition(":") for line in lines)}


def _seed(seed: int, way: Way) -> int:
    return int.from_bytes(blake2b(f"{seed} {way.link} {way.direction}".encode(), digest_size=8).digest(), "big")


def _kernel_version() -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"\d+", platform.release())[:2])


def _json(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, indent=1, sort_keys=True).encode() + b"\n"
