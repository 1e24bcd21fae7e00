"""The live network: real links, reached by the addresses of an inventory, from the sites at which this host is."""

import json
import os
from collections import Counter
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from types import TracebackType
from typing import TYPE_CHECKING, ClassVar, NoReturn, Self

from netbench.clock import NANOSECONDS_PER_SECOND
from netbench.errors import NetbenchError, RefusedError, UsageError
from netbench.linux.namespaces import HostVantage
from netbench.live import reach
from netbench.live.addresses import Found, anonymous, find, sources_of
from netbench.live.load import check_sites, load_inventory
from netbench.live.model import BULK_PROTOCOL, Protocol, ProtocolName
from netbench.live.reach import Ends
from netbench.live.whereabouts import whereabouts
from netbench.measure import plugins
from netbench.measure.keys import Key, Keys
from netbench.measure.network import LinkHealth, LinkTraffic, NetworkOptions
from netbench.measure.probe import Pair
from netbench.measure.sessions import BulkSession, InventoryFacts, Reached, Session, Unreached
from netbench.measure.vantage import RemoteEnd
from netbench.plan import routing
from netbench.plan.failures import How
from netbench.plan.model import Corridor, DirectionName, PerDirection, Plan

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_MOST_RESOLVERS = 32


class LiveNetwork:
    """A plan's links as they are (see ``netbench.measure.network.Network`` and ``netbench.measure.sessions.FarEnds``).

    Nothing is built and nothing can be cut, foretold or counted: what a link does is what is to be found out.
    """

    API: ClassVar[int] = 1
    name: ClassVar[str] = "live"

    def __init__(self, plan: Plan, options: NetworkOptions) -> None:
        """The inventory is read and checked against the plan; no packet is sent, no name asked for.

        :raises UsageError: without an inventory that fits the plan, or when nobody says at which site this host is
        """
        if options.inventory is None:
            raise UsageError("live links need an inventory: --inventory FILE; `netbench inventory new PLAN FILE` begins one")
        self._plan = plan
        self._options = options
        self._inventory = load_inventory(options.inventory)
        check_sites(self._inventory, plan, str(options.inventory))
        self._here = whereabouts(self._inventory, options.here)
        self._reach = reach.reach(plan, self._inventory, self._here)
        self._found: Mapping[str, Found | str] = {}

    @classmethod
    def sandbox_argv(cls, argv: Sequence[str]) -> None:  # noqa: ARG003 - the contract's argument
        """Return None: real links are outside of any sandbox."""
        return

    def __enter__(self) -> Self:
        """Ask for the addresses of the far ends, many at once."""
        ends = self._reach.ends
        if ends:
            with ThreadPoolExecutor(min(_MOST_RESOLVERS, len(ends)), thread_name_prefix="netbench-resolver") as threads:
                found = threads.map(find, [each.here for each in ends], [each.far for each in ends])
                self._found = dict(zip((each.corridor.id for each in ends), found, strict=True))
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None) -> None:
        """Nothing was built."""

    @property
    def wire(self) -> str:
        """No wire of ours."""
        return "none"

    def unreached(self) -> Mapping[str, Unreached]:
        """Return, by corridor id, why it has not both ends here."""
        return self._reach.unreached

    def reached(self, now: datetime) -> Sequence[Reached]:
        """Return the corridors that have both ends, with the ways to measure them."""
        routes = routing.routes(self._plan)
        share = Counter(self._endpoint(ends) for ends in self._reach.ends)
        return [
            Reached(
                corridor=ends.corridor.id,
                here=ends.here.id,
                turned=ends.turned,
                layer=reach.layer(self._plan, routes[ends.corridor.id], ends),
                operators=reach.operators(self._plan, routes[ends.corridor.id], ends),
                delays=tuple(self._session(ends, name, share[self._endpoint(ends)]) for name in ends.delay_protocols),
                bulk=self._bulk(ends, now),
                no_bulk=self._no_bulk(ends, now),
            )
            for ends in self._reach.ends
        ]

    def vantage(self, site: str) -> HostVantage:
        """Return this host, where it is at that site.

        :raises RefusedError: elsewhere
        """
        if site not in self._here:
            raise RefusedError(f"{site} is not where this host is ({', '.join(self._here)}); run netbench there")
        return HostVantage(sources_of(self._inventory.sites[site]))

    def link_ends(self, link: str) -> NoReturn:
        """The ends of live links are routers of somebody's.

        :raises RefusedError: always
        """
        raise RefusedError(f"the ends of live link {link} are not at hand: live networks are measured corridor by corridor")

    def route(self, corridor: Corridor) -> NoReturn:
        """Which sites live packets pass is not to be seen from their ends.

        :raises RefusedError: always
        """
        raise RefusedError(
            f"which sites corridor {corridor.id} passes on live links is not known: routers tell addresses, not sites"
        )

    def start_traces(self) -> None:
        """Live links follow nothing."""

    def stop_traces(self) -> None:
        """Live links followed nothing."""

    def traffic(self) -> Mapping[str, PerDirection[LinkTraffic]]:
        """Return nothing: no link's counters are at hand."""
        return {}

    def health(self) -> Mapping[str, LinkHealth]:
        """Return nothing: no link is carried by an instrument of ours."""
        return {}

    def forecast(self, link: str, direction: DirectionName, count: int) -> "NDArray[np.bool_] | None":  # noqa: ARG002
        """Return None: nobody can know."""
        return None

    def cut(self, link: str, how: How) -> NoReturn:  # noqa: ARG002 - the contract's argument
        """Live links are not cut.

        :raises RefusedError: always
        """
        raise RefusedError(f"link {link} is a live one and is not cut; cut it in the emulation (--on emulated)")

    def restore(self, link: str) -> None:
        """It was not cut."""

    def evidence(self) -> Mapping[str, bytes]:
        """Return nothing: all that is known of live ends is private."""
        return {}

    def private(self) -> Mapping[str, bytes]:
        """Return the inventory and the addresses in use, by corridor."""
        used = {
            ends.corridor.id: {
                "here": ends.here.id,
                "far": ends.far.id,
                "given": ends.far.address,
                **_used(self._found[ends.corridor.id]),
            }
            for ends in self._reach.ends
        }
        document = json.dumps(used, ensure_ascii=False, indent=1, sort_keys=True)
        return {"inventory.yaml": self._inventory.text.encode(), "addresses.json": document.encode()}

    def facts(self) -> InventoryFacts:
        """Return the inventory's name and digest, and where this host is."""
        return InventoryFacts(self._inventory.name, self._inventory.digest, self._here)

    def anonymous(self, sentence: str) -> str:
        """Return the sentence with sites in the place of their addresses."""
        known = {source: site.id for site in self._inventory.sites.values() for source in site.sources}
        for ends in self._reach.ends:
            found = self._found.get(ends.corridor.id)
            known |= {found.address: ends.far.id} if isinstance(found, Found) else {}
            known |= {ends.far.address: ends.far.id} if ends.far.address else {}
        return anonymous(sentence, known)

    def _endpoint(self, ends: Ends) -> str:
        """Corridors that lead to one address share what may be asked of it."""
        found = self._found[ends.corridor.id]
        return found.address if isinstance(found, Found) else ends.far.id

    def _session(self, ends: Ends, name: ProtocolName, sharing: int) -> Session:
        protocol, found = ends.far.protocols[name], self._found[ends.corridor.id]
        key, reason = self._key(protocol)
        not_ready = found if isinstance(found, str) else _not_installed(name) or reason
        interval_ns = sharing * NANOSECONDS_PER_SECOND // ends.far.limits.packets_per_second
        return Session(name, self._pair(ends, protocol), interval_ns, key, protocol.ssid, not_ready)

    def _key(self, protocol: Protocol) -> tuple[Key | None, str | None]:
        if protocol.key is None:
            return None, None
        try:
            return Keys.known(self._inventory.keys, os.environ).by_name(protocol.key), None
        except NetbenchError as error:
            return None, str(error)

    def _bulk(self, ends: Ends, now: datetime) -> BulkSession | None:
        if self._no_bulk(ends, now) is not None:
            return None
        return BulkSession(self._pair(ends, ends.far.protocols[BULK_PROTOCOL]), ends.throughput_bps)

    def _no_bulk(self, ends: Ends, now: datetime) -> str | None:
        if BULK_PROTOCOL not in ends.far.protocols:
            return f"the inventory names no {BULK_PROTOCOL} server there"
        found = self._found[ends.corridor.id]
        if isinstance(found, str):
            return found
        for site in (ends.here, ends.far):
            refusal = site.limits.bulk_refusal(site.id, now, asked=self._options.bulk)
            if refusal is not None:
                return refusal
        return _not_installed(BULK_PROTOCOL)

    def _pair(self, ends: Ends, protocol: Protocol) -> Pair:
        found = self._found[ends.corridor.id]
        host = found.address if isinstance(found, Found) else ends.far.id
        return Pair(ends.corridor.id, self.vantage(ends.here.id), RemoteEnd(host, protocol.port))


def _not_installed(probe: str) -> str | None:
    return None if probe in plugins.names(plugins.PROBES) else f"this netbench has no probe '{probe}'"


def _used(found: Found | str) -> Mapping[str, str | None]:
    return {"problem": found} if isinstance(found, str) else {"address": found.address, "source": found.source}
