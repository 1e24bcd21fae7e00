"""A plan on live links between two hosts: whoever answers is measured, whoever does not is told with what to look at."""

import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from netbench.archive.reader import list_runs
from netbench.archive.verify import verify_archive
from netbench.campaign import document as contract
from tests.root.conftest import Host, TwoHosts

pytestmark = pytest.mark.timeout(300)
"""A busy machine takes its time to start two interpreters; nothing here is judged by it."""

NETBENCH = (sys.executable, "-m", "netbench")
SITES = ("alive", "forged", "dead", "wrong", "unknown", "unkeyed", "pinged")

PLAN = """
netbench: 1
plan: neighbours
timezone: Asia/Shanghai
sites:
  hub: {at: [26.0, 106.0]}
SITES
  remote: {at: [26.0, 106.0]}
links:
LINKS
  - {id: hub-remote, between: [hub, remote], class: metro, route_km: 1}
corridors:
CORRIDORS
  - {id: to-remote, kind: class, class: metro, from: hub, to: remote}
targets:
  - {id: near, for: {class: metro}, metric: one_way_delay, statistic: p50, at_most: 500ms, direction: unknown, layer: ip,
     status: plan, due: 2025-12-31, source: {title: A plan, date: 2022-08-02}}
"""
"""One hub and its neighbours, all at one place, so that no delay is too short for light."""

INVENTORY = """
netbench: 1
inventory: neighbours
here: hub
keys: keys.txt
limits: {packets_per_second: 100}
sites:
  hub: {source: [10.9.0.1, "fd09::1"], operator: telecom}
  alive: {address: "fd09::2", operator: telecom, protocols: {stamp: {port: 8620, key: south, ssid: 17}}}
  forged: {address: 10.9.0.2, protocols: {stamp: {port: 8620, key: north, ssid: 17}}}
  dead: {address: 10.9.0.2, protocols: {stamp: {port: 9}}}
  wrong: {address: 10.9.0.77, protocols: {stamp: {port: 8620}}}
  unknown: {address: nobody.invalid, protocols: {stamp: {port: 8620}}}
  unkeyed: {address: 10.9.0.2, protocols: {stamp: {port: 8620, key: suoth}}}
  pinged: {address: 10.9.0.2, operator: mobile, protocols: {stamp: {port: 9}, icmp: {}}}
"""
OURS = "south ssid=17 text:the south's own secret\nnorth text:a secret of somewhere else\n"
THEIRS = "clients ssid=17 text:the south's own secret\n"


def plan() -> str:
    """The plan with all its neighbours."""
    return (
        PLAN.replace("SITES", "\n".join(f"  {site}: {{at: [26.0, 106.0]}}" for site in SITES))
        .replace(
            "LINKS", "\n".join(f"  - {{id: hub-{site}, between: [hub, {site}], class: metro, route_km: 1}}" for site in SITES)
        )
        .replace(
            "CORRIDORS", "\n".join(f"  - {{id: to-{site}, kind: class, class: metro, from: hub, to: {site}}}" for site in SITES)
        )
    )


@dataclass(frozen=True)
class Finished:
    """A run that has ended: where it is archived, its exit code, what it wrote."""

    results: Path
    code: int
    document: dict[str, Any]
    errors: str

    def corridor(self, site: str) -> dict[str, Any]:
        """The corridor to one of the neighbours."""
        corridors: list[dict[str, Any]] = self.document["corridors"]
        return next(entry for entry in corridors if entry["id"] == f"to-{site}")


@pytest.fixture
def finished(two_hosts: TwoHosts, tmp_path: Path) -> Iterator[Finished]:
    """One run from the near host, with a reflector at the far one that answers under a key."""
    near, far = two_hosts
    (tmp_path / "neighbours.yaml").write_text(plan(), "utf-8")
    (tmp_path / "inventory.yaml").write_text(INVENTORY, "utf-8")
    reflector = far.vantage.popen([*NETBENCH, "reflect", "--port", "8620", "--keys", str(secret(tmp_path / "theirs", THEIRS))])
    secret(tmp_path / "keys.txt", OURS)
    try:
        assert reflector.stderr is not None
        assert b"reflecting" in reflector.stderr.readline()
        yield run(near, tmp_path)
    finally:
        reflector.terminate()
        reflector.communicate()


def secret(path: Path, text: str) -> Path:
    """A file for nobody else."""
    path.write_text(text, "utf-8")
    path.chmod(0o600)
    return path


def run(near: Host, folder: Path) -> Finished:
    """Run the plan."""
    results = folder / "results"
    where = ["--on", "live", "--inventory", str(folder / "inventory.yaml"), "--results", str(results)]
    process = near.vantage.popen([*NETBENCH, "run", str(folder / "neighbours.yaml"), *where, "--duration", "1s", "--json", "-"])
    output, errors = process.communicate(timeout=240)
    return Finished(results, process.returncode, json.loads(output or b"{}"), errors.decode())


def test_a_plan_is_measured_on_live_links(finished: Finished) -> None:
    """One run, all its corridors: a run is what takes the time."""
    schema = json.loads((Path(contract.__file__).parent / "result.schema.json").read_text("utf-8"))
    jsonschema.validate(finished.document, schema, jsonschema.Draft202012Validator)
    assert finished.code == 4, finished.errors
    assert (finished.document["network"], finished.document["wire"]) == ("live", "none")
    _who_answers_is_measured(finished)
    _who_does_not_is_told(finished)
    _nothing_is_given_away(finished)


def _who_answers_is_measured(finished: Finished) -> None:
    alive, pinged = finished.corridor("alive"), finished.corridor("pinged")
    assert (alive["conditional"], alive["live"]["probe"], alive["timestamps"]) == (False, "stamp", "kernel")
    assert (pinged["live"]["probe"], pinged["live"]["operators"]) == ("icmp", ["telecom", "mobile"])
    if _unfit(alive):
        assert {alive["verdict"], pinged["verdict"]} == {"void"}
        return
    assert alive["verdict"] == "pass"
    assert _value(alive, "round_trip_delay") > 0
    assert _value(alive, "one_way_delay") is None
    assert _value(pinged, "round_trip_delay") > 0


def _unfit(alive: dict[str, Any]) -> bool:
    """Whether this machine was too busy to judge by: then no figure is shown, by the stated rules."""
    reason: str = alive["not_measured"].get("stamp", "")
    return reason.startswith(("the machine", "the kernel dropped"))


def _value(corridor: dict[str, Any], metric: str) -> Any:
    found = [entry["value"] for entry in corridor["metrics"] if (entry["metric"], entry["statistic"]) == (metric, "p50")]
    return found[0]


def _who_does_not_is_told(finished: Finished) -> None:
    told = {site: finished.corridor(site)["not_measured"].get("stamp") for site in SITES}
    listening = "is its address right, is a reflector listening there (netbench reflect), and does no firewall stand between?"
    assert told == {
        "alive": told["alive"] if _unfit(finished.corridor("alive")) else None,
        "forged": f"forged did not answer one of 10 packets, with key 'north'; {listening}",
        "dead": f"dead did not answer one of 10 packets; {listening}",
        "wrong": f"wrong did not answer one of 10 packets; {listening}",
        "unknown": told["unknown"],
        "unkeyed": told["unkeyed"],
        "pinged": f"pinged did not answer one of 10 packets; {listening}",
    }
    assert told["unknown"].startswith("the address of unknown in the inventory does not resolve (")
    assert told["unkeyed"].startswith("there is no key 'suoth' in ")
    assert all(finished.corridor(site)["metrics"] == [] for site in SITES if site not in ("alive", "pinged"))
    assert [entry["id"] for entry in finished.document["live"]["unreached"]] == ["to-remote"]


def _nothing_is_given_away(finished: Finished) -> None:
    """Addresses are in private/ alone, keys nowhere, and the run is whole."""
    [archived] = list_runs(finished.results)
    holding = [path for path in archived.folder.rglob("*") if path.is_file() and _gives_away(path)]
    assert {path.relative_to(archived.folder).parts[0] for path in holding} == {"private"}
    assert not [path for path in holding if b"secret" in path.read_bytes()]
    assert not verify_archive(finished.results, ()).damaged


def _gives_away(path: Path) -> bool:
    content = path.read_bytes()
    return any(word in content for word in (b"10.9.0.", b"fd09::", b"nobody.invalid", b"secret of", b"own secret"))
