"""What a good inventory says, and what its silence means."""

import json
import re
from datetime import datetime
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from netbench.live import load
from netbench.live.load import check_sites, load_inventory, parse_inventory
from netbench.live.model import PROTOCOLS, Limits, Protocol
from netbench.live.reach import reach
from netbench.live.starter import starter
from netbench.plan import catalogue
from tests.live.samples import FIRST, first

SCHEMA: dict[str, Any] = json.loads(files("netbench.live").joinpath("inventory.schema.json").read_text("utf-8"))
BAD = Path(__file__).parent / "bad"

BEYOND_A_SCHEMA = {
    "empty", "not-yaml", "two-documents", "site-given-twice", "here-unknown", "family-other", "source-twice", "source-name",
    "address-with-port", "address-six-with-port", "address-network", "address-no-name", "address-four-octets",
    "address-unspecified", "address-multicast", "key-itself-bare", "throughput-zero",
}  # fmt: skip
"""Bad inventories whose fault is not one of structure."""


def test_an_inventory_says_what_it_says() -> None:
    """Every key has its place."""
    inventory = first()
    zunyi = inventory.sites["zunyi"]

    assert (inventory.name, inventory.here, inventory.keys) == ("first", ("guian",), None)
    assert inventory.sites["guian"].sources == ("127.0.0.1", "::1")
    assert inventory.sites["anshun"].protocols["stamp"] == Protocol("stamp", 8620, "south", 17)
    assert (zunyi.address, zunyi.operator, zunyi.layer) == ("::1", "mobile", "internet")
    assert list(zunyi.protocols) == ["stamp", "twamp"]  # best first, whatever the order in the file


def test_limits_are_the_routers_unless_somebody_says_more() -> None:
    """Ten packets a second; what all sites say together is each site's unless it has its own."""
    inventory = first()
    zunyi = inventory.sites["zunyi"].limits

    assert inventory.sites["anshun"].limits == Limits(10, 1_000_000_000, "asked", ())
    assert (zunyi.packets_per_second, zunyi.throughput_bps, zunyi.bulk) == (40, 100_000_000, "hours")


@pytest.mark.parametrize(
    ("bulk", "clock", "asked", "refusal"),
    [
        ("asked", "12:00", False, "bulk tests over live links are made when they are asked for (--throughput)"),
        ("asked", "12:00", True, None),
        ("always", "12:00", False, None),
        ("never", "12:00", True, "the inventory allows no bulk test at a"),
        ("22:00-05:00", "23:59", False, None),
        ("22:00-05:00", "04:59", False, None),
        ("22:00-05:00", "05:00", True, "the inventory allows bulk tests at a at 22:00-05:00, and it is 05:00"),
        (
            "[01:00-02:00, 03:00-04:00]",
            "02:30",
            True,
            "the inventory allows bulk tests at a at 01:00-02:00, 03:00-04:00, and it is 02:30",
        ),
    ],
)
def test_bulk_tests_wait_for_their_hours(bulk: str, clock: str, asked: bool, refusal: str | None) -> None:
    """Asking does not open a door that the inventory keeps shut; hours may go over midnight."""
    text = f"netbench: 1\ninventory: x\nsites:\n  a: {{limits: {{bulk: {bulk}}}}}\n"
    limits = parse_inventory(text, "x.yaml", Path()).sites["a"].limits

    assert limits.bulk_refusal("a", datetime.fromisoformat(f"2026-01-01T{clock}:00"), asked=asked) == refusal


def test_the_key_file_lies_beside_the_inventory() -> None:
    """Unless its path begins at the root."""
    relative, absolute = (first(FIRST.replace("here:", f"keys: {path}\nhere:")).keys for path in ("keys.txt", "/etc/keys.txt"))

    assert (relative, absolute) == (Path("/somewhere/keys.txt"), Path("/etc/keys.txt"))


@pytest.mark.parametrize("address", ["router-1.example", "r1", "192.0.2.1", "2001:db8::1", "fe80::1%eth0", "a_b.example."])
def test_addresses_and_names_are_taken_as_they_are(address: str) -> None:
    """Nothing is asked of a resolver yet."""
    text = f'netbench: 1\ninventory: x\nsites:\n  a: {{address: "{address}", protocols: {{icmp: {{}}}}}}\n'
    assert parse_inventory(text, "x.yaml", Path()).sites["a"].address == address


@pytest.mark.parametrize("plan", ["first", "anshun"])
def test_what_is_begun_for_a_plan_holds(plan: str) -> None:
    """The starter passes the reader and the schema, with its sites commented in too."""
    text = starter(catalogue.find(plan))
    whole = re.sub(r"(?m)^  # (.+: \{address: )", r"  \1r.example", text)
    for each in (text, whole):
        check_sites(parse_inventory(each, "starter.yaml", Path()), catalogue.find(plan), "starter.yaml")
        jsonschema.validate(yaml.safe_load(each), SCHEMA)
    assert len(parse_inventory(whole, "starter.yaml", Path()).sites) == len(_ends(plan))


def _ends(plan: str) -> set[str]:
    corridors = catalogue.find(plan).corridors.values()
    return {site for corridor in corridors for site in (corridor.source, corridor.destination)}


def test_the_example_holds_and_reaches_corridors() -> None:
    """What ships passes the reader and the schema, and gives corridors of its plan both ends from either of its hosts."""
    path = Path(str(files("netbench_topologies"))) / "inventories" / "anshun.yaml"
    plan = catalogue.find("anshun")
    inventory = load_inventory(path)

    check_sites(inventory, plan, str(path))
    jsonschema.validate(_plain(path.read_text("utf-8")), SCHEMA)
    far = {ends.corridor.id: ends.far.id for ends in reach(plan, inventory, ("guian",)).ends}
    assert set(far.values()) == {"anshun", "zunyi", "guangzhou", "shenzhen"}
    assert {ends.far.id for ends in reach(plan, inventory, ("anshun",)).ends} == {"guian"}


def test_the_schema_is_one_and_takes_the_sample() -> None:
    """It is valid JSON Schema, and a whole inventory fits it."""
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    jsonschema.validate(_plain(FIRST), SCHEMA)


@pytest.mark.parametrize("path", sorted(BAD.glob("*.yaml")), ids=lambda path: path.stem)
def test_what_a_schema_can_see_it_refuses(path: Path) -> None:
    """Faults of structure are refused by the schema as by the reader."""
    if path.stem in BEYOND_A_SCHEMA:
        return
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(_plain(path.read_text("utf-8")), SCHEMA)


def _plain(text: str) -> Any:
    return yaml.safe_load(text)


def test_schema_and_reader_know_the_same_keys() -> None:
    """No key can be added to one of them alone."""
    definitions = SCHEMA["$defs"]
    assert set(SCHEMA["properties"]) == set(load.KEYS)
    assert set(definitions["site"]["properties"]) == set(load.SITE_KEYS)
    assert set(definitions["limits"]["properties"]) == set(load.LIMIT_KEYS)
    assert tuple(definitions["protocols"]["properties"]) == PROTOCOLS
    for name in PROTOCOLS:
        assert set(definitions["protocols"]["properties"][name]["properties"]) == set(load.PROTOCOL_KEYS[name])
