"""The emulated network: a plan built in Mininet, its links carried by a wire, all in this process's own namespaces."""

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from types import TracebackType
from typing import TYPE_CHECKING, ClassVar, Self

from netbench.errors import UsageError
from netbench.linux import sandbox
from netbench.linux.namespaces import NamespaceVantage
from netbench.measure.network import LinkHealth, LinkTraffic, NetworkOptions, TraceRecord
from netbench.plan.failures import How, check_ospf
from netbench.plan.model import Corridor, DirectionName, PerDirection, Plan
from netbench_topologies import wire

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from netbench_topologies.addressing import LinkEnd
    from netbench_topologies.build import PlanNet
    from netbench_topologies.frr.daemons import Daemons
    from netbench_topologies.switches import Switches
    from netbench_topologies.tracing import TraceDriver
    from netbench_topologies.wire import Wire

SitePath = tuple[str, ...]


class EmulatedNetwork:
    """A plan in Mininet (see ``netbench.measure.network.Network``).

    Between enter and exit it may be used from any thread; its wire's ends are in the network namespace of the one that entered.
    """

    API: ClassVar[int] = 1
    name: ClassVar[str] = "emulated"

    def __init__(self, plan: Plan, options: NetworkOptions) -> None:
        """Nothing is built yet.

        :raises RefusedError: when OSPF is asked for and would not keep the plan's routes
        :raises UnsupportedError: when the wire, the routing or the switches that are asked for are not there
        """
        self._plan = plan
        self._options = options
        self._wire_name = wire.chosen(options.wire, plan)
        if options.switching == "ovs":
            from netbench_topologies.switches import check_switches

            check_switches()
        if options.routing == "frr":
            from netbench_topologies.frr.daemons import check_frr

            check_ospf(plan)
            check_frr()
        self._net: PlanNet | None = None
        self._wire: Wire | None = None
        self._switches: Switches | None = None
        self._traces: TraceDriver | None = None
        self._daemons: Daemons | None = None
        self._undo = ExitStack()

    @classmethod
    def sandbox_argv(cls, argv: Sequence[str]) -> Sequence[str] | None:
        """Return the command that runs ``argv`` in namespaces of its own, or None inside them."""
        return sandbox.sandbox_argv(argv)

    def __enter__(self) -> Self:
        """Build the plan's sites and links, start the wire, and wait for the routes where a protocol finds them.

        :raises CannotMeasureError: when the kernel or Mininet does not do as told
        :raises RefusedError: when corridors contradict each other
        :raises UnsupportedError: when this machine lacks what it takes
        """
        with ExitStack() as undo:
            self._net = self._planned(undo)
            self._wire = self._prepared(self._net, undo)
            self._net.open()
            self._switches = self._switched(self._net, undo)
            self._wire.start()
            self._daemons = self._routed(self._net, undo)
            self._traces = self._followed(self._wire, undo)
            self._undo = undo.pop_all()
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None) -> None:
        """Stop the wire, delete every interface and end every process."""
        self._undo.close()
        self._traces = None
        self._net = None
        self._wire = None
        self._switches = None
        self._daemons = None

    @property
    def wire(self) -> str:
        """The backend in use."""
        return self._wire_name

    def vantage(self, site: str) -> NamespaceVantage:
        """Return the place at a site, known by its loopback addresses.

        :raises UsageError: when the plan has no such site
        """
        net = self._entered()
        if site not in net.sites:
            raise UsageError(f"plan '{self._plan.name}' has no site called '{site}'")
        return NamespaceVantage(site, net.sites[site].namespace, net.addressing.loopbacks[site])

    def link_ends(self, link: str) -> tuple[NamespaceVantage, NamespaceVantage]:
        """Return the two ends (a, b) of a link, each known by its addresses on that link.

        :raises UsageError: when the plan has no such link
        """
        net = self._entered()
        if link not in net.addressing.links:
            raise UsageError(f"plan '{self._plan.name}' has no link called '{link}'")
        names = net.addressing.links[link]
        return self._end(names.a), self._end(names.b)

    def route(self, corridor: Corridor) -> tuple[SitePath, SitePath]:
        """Return the sites that packets of both families really pass, forward and reverse.

        :raises CannotMeasureError: when a hop does not answer twice
        :raises RefusedError: when IPv4 and IPv6 take different ways
        """
        return self.routes([corridor])[corridor.id]

    def routes(self, corridors: Sequence[Corridor]) -> Mapping[str, tuple[SitePath, SitePath]]:
        """Return ``route`` of many corridors at once, by corridor id, in about the time of the slowest."""
        from netbench_topologies.taken import routes_taken

        net = self._entered()
        return routes_taken(net.addressing, self.vantage, net.hops, corridors)

    def health(self) -> Mapping[str, LinkHealth]:
        """Return, by link id, what the wire itself lost or delayed.

        :raises CannotMeasureError: when the wire or a routing daemon has failed
        """
        if self._daemons is not None:
            self._daemons.check()
        return self._running().health()

    def traffic(self) -> Mapping[str, PerDirection[LinkTraffic]]:
        """Return, by link id, what came out at the far ends of each direction since the links were built."""
        from netbench_topologies.traffic import link_traffic

        return link_traffic(self._entered())

    def forecast(self, link: str, direction: DirectionName, count: int) -> "NDArray[np.bool_] | None":
        """Return which of the next ``count`` frames that come through a link's queue will be lost; None: the wire cannot tell."""
        return self._running().forecast(link, direction, count)

    def cut(self, link: str, how: How) -> None:
        """Cut a link: ``visible``, both ends lose their carrier at once; ``silent``, everything is lost and the carrier stays.

        :raises CannotMeasureError: when the kernel does not do as told
        :raises UsageError: when the plan has no such link
        """
        from netbench_topologies.cutting import cut

        cut(self._entered(), self._running(), link, how)

    def restore(self, link: str) -> None:
        """Make a link as the plan says again; one that was not cut stays so.

        :raises CannotMeasureError: when the kernel does not do as told
        :raises UsageError: when the plan has no such link
        """
        from netbench_topologies.cutting import restore

        restore(self._entered(), self._running(), link)

    def start_traces(self) -> TraceRecord | None:
        """Links that follow a trace do so from now on, from its beginning; return what becomes of that, None where none does."""
        return self._driver().start()

    def stop_traces(self) -> None:
        """Every link is again as the plan itself says.

        :raises CannotMeasureError: when a trace was not followed
        """
        self._driver().stop()

    def evidence(self) -> Mapping[str, bytes]:
        """Return names, addresses, routes, rules, neighbours, offloads, sysctls and the wire's orders and counts, as JSON."""
        from netbench_topologies.evidence import evidence

        switches = self._switches.evidence() if self._switches is not None else {}
        traces = {"traces.json": self._driver().evidence()} if self._plan.traces else {}
        daemons = self._daemons.evidence() if self._daemons is not None else {}
        return {**evidence(self._entered(), self._running()), **switches, **traces, **daemons}

    def _planned(self, undo: ExitStack) -> "PlanNet":
        from netbench_topologies.mininet_quiet import check_machine

        check_machine()
        from netbench_topologies.addressing import Addressing
        from netbench_topologies.build import PlanNet

        net = PlanNet(
            self._plan, Addressing(self._plan), failover=self._options.failover, protocol=self._options.routing == "frr"
        )
        undo.callback(net.close)
        return net

    def _switched(self, net: "PlanNet", undo: ExitStack) -> "Switches | None":
        if self._options.switching == "none":
            return None
        from netbench_topologies.switches import Switches

        switches = Switches(net)
        undo.callback(switches.stop)
        switches.start()
        return switches

    def _routed(self, net: "PlanNet", undo: ExitStack) -> "Daemons | None":
        if self._options.routing == "static":
            return None
        from netbench_topologies.frr.daemons import Daemons

        daemons = Daemons(net)
        undo.callback(daemons.stop)
        daemons.start()
        return daemons

    def _prepared(self, net: "PlanNet", undo: ExitStack) -> "Wire":
        made = wire.make(self._wire_name, net, self._options.seed)
        undo.callback(made.stop)
        made.prepare()
        return made

    def _followed(self, running: "Wire", undo: ExitStack) -> "TraceDriver":
        from netbench_topologies.tracing import TraceDriver

        driver = TraceDriver(self._plan, running.alter)
        undo.callback(driver.end)
        return driver

    def _driver(self) -> "TraceDriver":
        if self._traces is None:
            raise UsageError("an emulated network is there only between enter and exit")
        return self._traces

    def _end(self, end: "LinkEnd") -> NamespaceVantage:
        return NamespaceVantage(end.site, self._entered().sites[end.site].namespace, end.addresses)

    def _entered(self) -> "PlanNet":
        if self._net is None:
            raise UsageError("an emulated network is there only between enter and exit")
        return self._net

    def _running(self) -> "Wire":
        if self._wire is None:
            raise UsageError("an emulated network is there only between enter and exit")
        return self._wire
