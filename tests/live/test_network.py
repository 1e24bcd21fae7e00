"""Which corridors have both ends, how they may be measured, and what a live network refuses."""

import json
import socket
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest

from netbench.errors import RefusedError, UsageError
from netbench.live.addresses import Found, anonymous, find
from netbench.live.network import LiveNetwork
from netbench.live.reach import Reach, reach
from netbench.measure import plugins
from netbench.measure.network import Network, NetworkOptions
from netbench.measure.probe import Pair
from netbench.measure.sessions import FarEnds, Reached
from netbench.measure.vantage import RemoteEnd
from netbench.plan import catalogue
from tests.live.samples import FIRST, first

NOON = datetime(2026, 1, 1, 12, 0)  # noqa: DTZ001 - the caller has brought it into the plan's timezone
NIGHT = NOON.replace(hour=23)
PLAN = catalogue.find("first")


@pytest.fixture(autouse=True)
def _probes(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if no more than these were installed; and the key that the inventory names is in the environment."""

    def names(_group: str) -> list[str]:
        return ["iperf3", "stamp"]

    monkeypatch.setattr(plugins, "names", names)
    monkeypatch.setenv("NETBENCH_KEY_SOUTH", "text:a key of some length")


@pytest.fixture
def network(tmp_path: Path) -> Callable[..., LiveNetwork]:
    """A live network of ``first`` with an inventory."""

    def make(text: str = FIRST, *, here: tuple[str, ...] = (), bulk: bool = False) -> LiveNetwork:
        path = tmp_path / "inventory.yaml"
        path.write_text(text, "utf-8")
        return LiveNetwork(PLAN, NetworkOptions(inventory=path, here=here, bulk=bulk))

    return make


def reached(network: LiveNetwork, now: datetime = NOON) -> dict[str, Reached]:
    """What it reaches, by corridor."""
    with network:
        return {each.corridor: each for each in network.reached(now)}


def reasons(found: Reach) -> dict[str, str]:
    """Why corridors have not both ends."""
    return {corridor: why.reason for corridor, why in found.unreached.items()}


def remote(pair: Pair) -> RemoteEnd:
    """The far end of a pair."""
    assert isinstance(pair.destination, RemoteEnd)
    return pair.destination


def test_it_fulfils_both_contracts() -> None:
    """A network, and one whose far ends answer for themselves."""
    kind: type[Network] = LiveNetwork
    assert issubclass(kind, FarEnds)


def test_corridors_need_one_end_here_and_one_that_answers() -> None:
    """Every other corridor says why not."""
    found = reach(PLAN, first(), ("guian",))
    both = reach(PLAN, first(), ("guian", "anshun"))
    elsewhere = reach(PLAN, first(), ("anshun",))

    assert [ends.corridor.id for ends in found.ends] == ["guian-anshun", "guian-zunyi"]
    assert reasons(found) == {"home-guian": "the inventory gives no address at home"}
    assert reasons(both)["guian-anshun"] == ("this host is at both guian and anshun, and what it sends itself crosses no link")
    assert reasons(elsewhere) == {
        "guian-anshun": "the inventory gives no address at guian",
        "guian-zunyi": "neither guian nor zunyi is where this host is; run netbench at one of them",
        "home-guian": "neither home nor guian is where this host is; run netbench at one of them",
    }


def test_a_corridor_measured_from_its_destination_is_turned(network: Callable[..., LiveNetwork]) -> None:
    """The host is at zunyi, and the cluster answers."""
    text = FIRST.replace("guian: {operator", "guian: {address: 127.0.0.9, protocols: {stamp: {}}, operator")
    found = reached(network(text, here=("zunyi",)))

    assert list(found) == ["guian-zunyi"]
    assert (found["guian-zunyi"].here, found["guian-zunyi"].turned) == ("zunyi", True)
    assert remote(found["guian-zunyi"].delays[0].pair).host == "127.0.0.9"


def test_the_best_protocol_comes_first_and_what_is_not_installed_says_so(network: Callable[..., LiveNetwork]) -> None:
    """STAMP before TWAMP before ICMP, each with its port, its key and its reason not to be used."""
    found = reached(network())
    anshun, zunyi = found["guian-anshun"].delays, found["guian-zunyi"].delays

    assert [session.probe for session in anshun] == ["stamp", "icmp"]
    assert [session.not_ready for session in anshun] == [None, "this netbench has no probe 'icmp'"]
    assert (remote(anshun[0].pair).host, remote(anshun[0].pair).port) == ("127.0.0.2", 8620)
    assert anshun[0].key is not None
    assert (anshun[0].key.secret, anshun[0].ssid) == (b"a key of some length", 17)
    assert [session.probe for session in zunyi] == ["stamp", "twamp"]
    assert remote(zunyi[0].pair).port is None


def test_a_key_that_is_not_there_is_the_corridors_own_trouble(
    network: Callable[..., LiveNetwork], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other corridor is as ready as before."""
    monkeypatch.delenv("NETBENCH_KEY_SOUTH")
    found = reached(network())

    assert found["guian-anshun"].delays[0].not_ready == (
        "there is no key 'south' in the environment; add it there or set NETBENCH_KEY_SOUTH"
    )
    assert found["guian-zunyi"].delays[0].not_ready is None


def test_limits_are_shared_by_corridors_to_one_address(network: Callable[..., LiveNetwork]) -> None:
    """A router that answers ten a second answers ten, whoever asks."""
    found = reached(network())
    assert [found[name].delays[0].interval_ns for name in ("guian-anshun", "guian-zunyi")] == [100_000_000, 25_000_000]

    text = FIRST.replace('address: "::1"', "address: 127.0.0.2")
    shared = reached(network(text))
    assert [shared[name].delays[0].interval_ns for name in ("guian-anshun", "guian-zunyi")] == [200_000_000, 50_000_000]


def test_layers_and_operators_are_told(network: Callable[..., LiveNetwork]) -> None:
    """The inventory overrides the plan's layer; a corridor from one operator to another has both names."""
    found = reached(network())

    assert (found["guian-anshun"].layer, found["guian-zunyi"].layer) == ("ip", "internet")
    assert (found["guian-anshun"].operators, found["guian-zunyi"].operators) == (("telecom",), ("telecom", "mobile"))


def test_bulk_tests_keep_to_the_lower_limit_and_their_hours(network: Callable[..., LiveNetwork]) -> None:
    """Asked for, allowed, and with a server there: else a reason."""
    asked, unasked = reached(network(bulk=True)), reached(network())
    served = FIRST.replace("twamp: {}", "iperf3: {port: 5300}")
    night, noon = (reached(network(served, bulk=True), now)["guian-zunyi"] for now in (NIGHT, NOON))

    bulk = asked["guian-anshun"].bulk
    assert bulk is not None
    assert bulk.rate_bps == 1_000_000_000
    assert unasked["guian-anshun"].no_bulk == ("bulk tests over live links are made when they are asked for (--throughput)")
    assert asked["guian-zunyi"].no_bulk == "the inventory names no iperf3 server there"
    assert night.bulk is not None
    assert (night.bulk.rate_bps, remote(night.bulk.pair).port) == (100_000_000, 5300)
    assert noon.no_bulk == "the inventory allows bulk tests at zunyi at 22:00-05:00, and it is 12:00"


def test_addresses_are_in_the_private_files_alone(network: Callable[..., LiveNetwork]) -> None:
    """Everything else that a network says of itself has none, and sentences can be rid of them."""
    live = network()
    with live:
        private, facts = live.private(), live.facts()
        sentence = live.anonymous("cannot reach 127.0.0.2 port 8620 (not 127.0.0.21) from 127.0.0.1: ::1 is near.")

    assert private["inventory.yaml"] == FIRST.encode()
    assert json.loads(private["addresses.json"])["guian-anshun"] == {
        "here": "guian", "far": "anshun", "given": "127.0.0.2", "address": "127.0.0.2", "source": "127.0.0.1",
    }  # fmt: skip
    assert "127.0.0" not in repr(facts)
    assert (facts.name, facts.here) == ("first", ("guian",))
    assert sentence.startswith("cannot reach anshun port 8620 (not 127.0.0.21) from guian: ")
    assert sentence.endswith(("zunyi is near.", "guian is near."))


def test_what_live_links_cannot_do_is_refused(network: Callable[..., LiveNetwork]) -> None:
    """Nothing is cut, seen or foretold; where nothing was counted there is nothing."""
    live = network()
    refused: list[Callable[[], object]] = [
        lambda: live.cut("guian-anshun", "visible"),
        lambda: live.link_ends("guian-anshun"),
        lambda: live.route(PLAN.corridors["guian-anshun"]),
        lambda: live.vantage("anshun"),
    ]
    for each in refused:
        with pytest.raises(RefusedError):
            each()
    live.start_traces()
    live.restore("guian-anshun")
    live.stop_traces()
    assert (live.health(), live.traffic(), live.evidence(), live.wire) == ({}, {}, {}, "none")
    assert live.forecast("guian-anshun", "forward", 10) is None
    assert LiveNetwork.sandbox_argv(["x"]) is None


@pytest.mark.parametrize(
    ("text", "here", "sentence"),
    [
        (
            FIRST.replace("here: guian\n", ""),
            (),
            "nobody says at which site this host is; add 'here: SITE' to the inventory, or --here SITE",
        ),
        (FIRST, ("zunji",), "--here zunji: the inventory has no such site; it has guian, anshun, zunyi"),
    ],
)
def test_somebody_must_say_where_this_host_is(
    network: Callable[..., LiveNetwork], text: str, here: tuple[str, ...], sentence: str
) -> None:
    """In the inventory or on the command line, of the sites that are there."""
    with pytest.raises(UsageError) as refused:
        network(text, here=here)
    assert str(refused.value) == sentence


def test_live_links_need_an_inventory() -> None:
    """The sentence says how to begin one."""
    with pytest.raises(UsageError, match=r"^live links need an inventory: --inventory FILE; `netbench inventory new PLAN FILE`"):
        LiveNetwork(PLAN, NetworkOptions())


def test_a_name_that_does_not_resolve_names_the_site_and_no_address() -> None:
    """Nor does a source that is another host's, or of the other family."""
    sites = first().sites

    def unknown(_host: str, _family: socket.AddressFamily | None) -> list[tuple[socket.AddressFamily, str]]:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    def six(_host: str, _family: socket.AddressFamily | None) -> list[tuple[socket.AddressFamily, str]]:
        return [(socket.AF_INET6, "2001:db8::1")]

    four_only = replace(sites["guian"], sources=("127.0.0.1",))
    strange = replace(sites["guian"], sources=("192.0.2.77",))
    assert find(sites["guian"], sites["anshun"], unknown) == (
        "the address of anshun in the inventory does not resolve (Name or service not known); correct sites.anshun.address"
    )
    assert find(four_only, sites["anshun"], six) == "the inventory gives guian no IPv6 source; add one to sites.guian.source"
    assert find(strange, sites["anshun"]) == (
        "the source of guian cannot be used on this host (Cannot assign requested address); correct sites.guian.source"
    )


def test_of_a_names_addresses_the_first_with_a_source_is_used() -> None:
    """And the kernel chooses where no source is pinned."""

    def both(_host: str, _family: socket.AddressFamily | None) -> list[tuple[socket.AddressFamily, str]]:
        return [(socket.AF_INET6, "2001:db8::1"), (socket.AF_INET, "127.0.0.3")]

    sites = first().sites
    four_only, free = (replace(sites["guian"], sources=sources) for sources in (("127.0.0.1",), ()))
    assert find(four_only, sites["anshun"], both) == Found(socket.AF_INET, "127.0.0.3", "127.0.0.1")
    assert find(free, sites["anshun"], both) == Found(socket.AF_INET6, "2001:db8::1", None)


def test_the_longest_address_is_taken_out_first() -> None:
    """An address within another, or within a name, is another address."""
    known = {"10.0.0.1": "a", "10.0.0.10": "b", "r1.example": "c"}
    told = anonymous("10.0.0.10, 10.0.0.1:862, r1.example, my-r1.example and 10.0.0.1.", known)
    assert told == "b, a:862, c, my-r1.example and a."
