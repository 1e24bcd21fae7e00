"""A campaign on live links: who is measured by what and how fast, what is said of it, and what is never written down."""

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from netbench.archive.reader import list_runs
from netbench.archive.verify import verify_archive
from netbench.campaign import document as contract
from netbench.campaign.document import ClocksEntry, CorridorEntry, LiveCorridorEntry
from netbench.campaign.result import CampaignResult
from netbench.errors import UsageError
from netbench.linux.clockstate import ClockState
from netbench.plan.load import parse_plan
from netbench.report.table import render
from tests.campaign.live_bed import MS, Answers, Bed, make_bed

PLAN = """
netbench: 1
plan: star
timezone: Asia/Shanghai
sites:
  hub:   {at: [26.00, 105.0], position_error_km: 0}
  east:  {at: [26.00, 107.0], position_error_km: 0}
  south: {at: [25.00, 105.0], position_error_km: 0}
  far:   {at: [22.54, 114.0], position_error_km: 0}
links:
  - {id: hub-east, between: [hub, east], class: backbone, rate: 1G, rate_scale: 10, operator: telecom}
  - {id: hub-south, between: [hub, south], class: backbone, rate: 1G, rate_scale: 10, layer: internet}
  - {id: hub-far, between: [hub, far], class: backbone, rate: 1G, rate_scale: 10}
corridors:
  - {id: to-east, kind: in-province, from: hub, to: east}
  - {id: from-south, kind: in-province, from: south, to: hub}
  - {id: to-far, kind: out-of-province, from: hub, to: far}
targets:
  - {id: near, for: {kind: in-province}, metric: one_way_delay, statistic: p95, at_most: 5ms, direction: one-way, layer: ip,
     status: plan, due: 2025-12-31, source: {title: A plan, date: 2022-08-02}}
  - {id: rate, for: {corridors: to-east}, metric: throughput, statistic: mean, at_least: 450Mbit/s, layer: ip,
     status: reference, source: {title: A reference, date: 2025-01-01}}
"""
INVENTORY = """
netbench: 1
inventory: star
here: hub
limits: {packets_per_second: 50}
sites:
  hub: {operator: telecom}
  east: {address: 192.0.2.1, operator: telecom, protocols: {stamp: {}, icmp: {}, iperf3: {}}, limits: {throughput: 1G}}
  south: {address: 192.0.2.2, operator: mobile, layer: ip, protocols: {stamp: {}}, limits: {packets_per_second: 20}}
"""
NEAR = {"192.0.2.1": (1_100_000, 1_000_000), "192.0.2.2": (700_000, 900_000)}
SCHEMA: dict[str, Any] = json.loads((Path(contract.__file__).parent / "result.schema.json").read_text())


@pytest.fixture
def answers() -> Answers:
    """Both far ends answer."""
    return Answers(delays_ns=NEAR, bytes_a_tenth={"192.0.2.1": (6_250_000, 3_750_000)})


@pytest.fixture
def bed(tmp_path: Path, answers: Answers, monkeypatch: pytest.MonkeyPatch) -> Bed:
    """The star."""
    return make_bed(parse_plan(PLAN, "star.yaml"), tmp_path, answers, monkeypatch)


def corridor(result: CampaignResult, name: str) -> CorridorEntry:
    """One corridor of the document."""
    return next(entry for entry in result.document["corridors"] if entry["id"] == name)


def live(entry: CorridorEntry) -> LiveCorridorEntry:
    """How it was measured."""
    assert "live" in entry
    return entry["live"]


def clocks_of(entry: CorridorEntry) -> ClocksEntry:
    """What was found out of the two clocks."""
    assert "clocks" in entry
    return entry["clocks"]


def value(entry: CorridorEntry, metric: str, direction: str, statistic: str) -> float | int | None:
    """One figure's value."""
    found = [
        each
        for each in entry["metrics"]
        if (each["metric"], each["direction"], each["statistic"]) == (metric, direction, statistic)
    ]
    assert len(found) == 1
    return found[0]["value"]


def test_a_live_run_is_a_document_like_any_other(bed: Bed) -> None:
    """It keeps the schema, says that there was no wire, shows as a table in both languages, and is sealed."""
    result = bed.run(INVENTORY)

    jsonschema.validate(result.document, SCHEMA, jsonschema.Draft202012Validator)
    assert (result.document["network"], result.document["wire"], result.document["links"]) == ("live", "none", [])
    for language, words in (("en", "between operators"), ("zh", "网间")):
        assert words in render(result.document, language, 160)
    [run] = list_runs(bed.folder / "results")
    assert run.folder == result.folder
    assert not verify_archive(bed.folder / "results", ()).damaged


def test_what_meets_its_limit_both_ways_is_met_and_on_no_condition(bed: Bed) -> None:
    """Live corridors do not rest on the links that the plan assumes; light over 111 km bounds each way, and its clocks."""
    result = bed.run(INVENTORY, only=("from-south",))
    entry = corridor(result, "from-south")

    assert (result.exit_code, result.document["verdict"], result.document["conditional"]) == (0, "pass", False)
    assert entry["targets"][0]["reason"] == "800 µs (244 µs – 1.36 ms) forward meets the limit of 5 ms"
    assert (entry["assumed_links"], entry["conditional"]) == ([], False)
    assert value(entry, "one_way_delay", "forward", "p50") == 800_000
    assert value(entry, "round_trip_delay", "both", "p50") == 1_600_000
    clocks = clocks_of(entry)
    assert (clocks["footing"], clocks["reason"], clocks["least_ns"]) == ("bounded", None, entry["theory_ns"])
    assert clocks["error_ns"] == pytest.approx((1_600_000 - 2 * entry["theory_ns"]) / 2, abs=2)


def test_clocks_that_light_contradicts_void_one_way_alone(bed: Bed, answers: Answers, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both ends claim to be right to 10 µs, and 1.5 ms back of 1.6 ms would leave the way there faster than light."""
    answers.delays_ns = {**NEAR, "192.0.2.2": (100_000, 1_500_000)}
    answers.far_clock_error_ns = {"192.0.2.2": 10_000}
    monkeypatch.setattr("netbench.campaign.live_run.read_clock_state", lambda: ClockState(True, 10_000, "chrony"))
    entry = corridor(bed.run(INVENTORY, only=("from-south",)), "from-south")

    assert (clocks_of(entry)["footing"], clocks_of(entry)["contradiction"]) == ("variation", True)
    assert entry["targets"][0]["verdict"] == "void"
    assert entry["targets"][0]["reason"].startswith("not fit to be judged: a clock that claims to be right is wrong")
    assert value(entry, "one_way_delay", "forward", "p50") is None
    assert value(entry, "round_trip_delay", "both", "p50") == 1_600_000


def test_clocks_that_claim_little_error_give_delays_as_good(bed: Bed, answers: Answers, monkeypatch: pytest.MonkeyPatch) -> None:
    """50 µs each: one way is what the stamps say, to 100 µs."""
    answers.far_clock_error_ns = {"192.0.2.2": 50_000}
    monkeypatch.setattr("netbench.campaign.live_run.read_clock_state", lambda: ClockState(True, 50_000, "chrony"))
    result = bed.run(INVENTORY, only=("from-south",))
    entry = corridor(result, "from-south")

    assert (clocks_of(entry)["here_error_ns"], clocks_of(entry)["far_error_ns"]) == (50_000, 50_000)
    assert (clocks_of(entry)["error_ns"] or 0) <= 100_001
    assert value(entry, "one_way_delay", "forward", "p50") == pytest.approx(900_000, abs=100_001)
    assert "clock" in result.document
    assert result.document["clock"]["end"]["source"] == "chrony"


def test_a_round_trip_beyond_the_limit_decides_nothing_about_one_way(bed: Bed, answers: Answers) -> None:
    """6 ms both ways may be 3 ms each, or nearly all of it one way."""
    answers.delays_ns = {**NEAR, "192.0.2.2": (3 * MS, 3 * MS)}
    entry = corridor(bed.run(INVENTORY, only=("from-south",)), "from-south")

    assert entry["targets"][0]["verdict"] == "inconclusive"
    assert entry["targets"][0]["reason"].startswith("3 ms forward is within the measurement's own error, 2.76 ms")
    assert clocks_of(entry)["footing"] == "variation"
    assert value(entry, "one_way_delay", "forward", "p50") is None


def test_faster_than_light_is_no_pass(bed: Bed, answers: Answers) -> None:
    """South is 111 km away: 1.09 ms both ways at least, less twice the stamps' error on each."""
    answers.delays_ns = {**NEAR, "192.0.2.2": (100_000, 100_000)}
    result = bed.run(INVENTORY, only=("from-south",))

    assert corridor(result, "from-south")["targets"][0]["verdict"] == "void"
    assert result.exit_code == 4


def test_a_corridor_measured_from_its_destination_keeps_its_own_directions(bed: Bed, answers: Answers) -> None:
    """From the hub to the south is the corridor's way back: what is lost there is lost in reverse."""
    answers.lost_forward = {"192.0.2.2": 8}
    entry = corridor(bed.run(INVENTORY, only=("from-south",)), "from-south")

    assert value(entry, "loss_ratio", "reverse", "ratio") == 8 / 800
    assert value(entry, "loss_ratio", "forward", "ratio") == 0
    assert live(entry)["here"] == "hub"


def test_every_far_end_is_asked_at_its_own_pace(bed: Bed, answers: Answers) -> None:
    """Ten packets first to see who answers, then for the whole time, fifty a second to one and twenty to the other."""
    result = bed.run(INVENTORY)
    asked = sorted((probe, pairs, schedule.interval_ns, schedule.count) for probe, pairs, schedule, _ in answers.asked)

    assert asked == [
        ("stamp", ("from-south",), 50 * MS, 10),
        ("stamp", ("from-south",), 50 * MS, 800),
        ("stamp", ("to-east",), 20 * MS, 10),
        ("stamp", ("to-east",), 20 * MS, 2000),
    ]
    assert live(corridor(result, "from-south"))["packets_per_second"] == 20


def test_where_the_reflector_is_dead_icmp_knows_the_round_trip(bed: Bed, answers: Answers) -> None:
    """The better probe's silence is told beside it, with what to look at."""
    answers.only_icmp = ("192.0.2.1",)
    entry = corridor(bed.run(INVENTORY, only=("to-east",)), "to-east")

    assert live(entry)["probe"] == "icmp"
    assert entry["not_measured"]["stamp"] == (
        "east did not answer one of 10 packets; is its address right, is a reflector listening there (netbench reflect), "
        "and does no firewall stand between?"
    )
    assert value(entry, "round_trip_delay", "both", "p50") == 2_100_000


def test_where_nobody_answers_nothing_was_measured(bed: Bed, answers: Answers) -> None:
    """No figure, not even a loss; the run is sealed all the same and its exit code says that nothing could be measured."""
    answers.delays_ns = {}
    result = bed.run(INVENTORY)

    assert result.exit_code == 1
    assert all(entry["metrics"] == [] and set(entry["not_measured"]) >= {"stamp"} for entry in result.document["corridors"])
    assert {target["verdict"] for entry in result.document["corridors"] for target in entry["targets"]} == {"inconclusive"}
    assert json.loads((result.folder / "manifest.json").read_text())["state"] == "sealed"


def test_one_that_does_not_answer_leaves_the_others_their_verdicts(bed: Bed, answers: Answers) -> None:
    """And the run is not met."""
    answers.delays_ns = {"192.0.2.2": NEAR["192.0.2.2"]}
    result = bed.run(INVENTORY)

    assert result.exit_code == 4
    assert corridor(result, "from-south")["verdict"] == "pass"
    assert corridor(result, "to-east")["metrics"] == []


def test_what_a_host_that_stood_still_measured_is_void(bed: Bed, answers: Answers) -> None:
    """No figure is shown, and that is not the far ends' fault: inconclusive's exit code, not that of nothing measured."""
    answers.late_ticks = 10
    result = bed.run(INVENTORY, only=("from-south",))
    entry = corridor(result, "from-south")

    assert (entry["verdict"], entry["metrics"], result.exit_code) == ("void", [], 4)
    assert entry["not_measured"]["stamp"].startswith("the machine stood still")


def test_what_has_not_both_ends_is_told_and_weighs_nothing(bed: Bed) -> None:
    """It is in the document with its reason, not among the corridors."""
    result = bed.run(INVENTORY)

    assert [entry["id"] for entry in result.document["corridors"]] == ["to-east", "from-south"]
    assert "live" in result.document
    assert result.document["live"]["unreached"] == [
        {"id": "to-far", "from": "hub", "to": "far", "lack": "no-address", "reason": "the inventory gives no address at far"}
    ]
    assert "no address at the far end in the inventory: hub → far" in render(result.document, "en", 160)


def test_a_run_without_any_corridor_is_refused_before_anything_is_kept(bed: Bed) -> None:
    """With the reasons."""
    with pytest.raises(UsageError) as refused:
        bed.run(INVENTORY, only=("to-far",))
    assert str(refused.value) == (
        "no corridor that was asked for has both ends here: to-far: the inventory gives no address at far"
    )
    assert not (bed.folder / "results").exists()


def test_addresses_stay_in_the_private_folder(bed: Bed, answers: Answers) -> None:
    """No sentence of a probe, no evidence, no time server carries one outside; what is inside is hashed in the manifest."""
    answers.only_icmp = ("192.0.2.1",)
    result = bed.run(INVENTORY.replace("address: 192.0.2.2", "address: secret.invalid"))
    files = [path for path in result.folder.rglob("*") if path.is_file()]
    holding = {path.relative_to(result.folder).parts[0] for path in files if _holds_an_address(path)}
    manifest = json.loads((result.folder / "manifest.json").read_text())

    assert holding == {"private"}
    assert {"private/inventory.yaml", "private/addresses.json", "private/clock.json", "private/icmp/icmp.json"} <= {
        file["path"] for file in manifest["files"]
    }
    assert manifest["inventory"] == {"name": "star", "digest": manifest["inventory"]["digest"], "here": ["hub"]}
    assert corridor(result, "from-south")["not_measured"]["stamp"] == (
        "the address of south in the inventory does not resolve (Name or service not known); correct sites.south.address"
    )


def _holds_an_address(path: Path) -> bool:
    content = path.read_bytes()
    return b"192.0.2." in content or b"secret.invalid" in content


def test_layers_are_the_inventorys_else_the_plans(bed: Bed) -> None:
    """A limit for the private IP network says nothing of the public internet."""
    as_planned = bed.run(INVENTORY.replace("layer: ip, ", ""), only=("from-south",))
    entry = corridor(as_planned, "from-south")

    assert live(entry)["layer"] == "internet"
    assert entry["targets"][0]["reason"] == "measured at layer internet, which says nothing of a limit for layer ip"


def test_operators_along_the_corridor_are_told(bed: Bed) -> None:
    """East is the hub's own operator's; south is another's."""
    result = bed.run(INVENTORY)

    assert live(corridor(result, "to-east"))["operators"] == ["telecom"]
    assert live(corridor(result, "from-south"))["operators"] == ["mobile", "telecom"]


def test_bulk_tests_are_made_when_asked_for_and_judged_as_they_are(bed: Bed, answers: Answers) -> None:
    """Both ways, held to the inventory's rate, in the links' own rates and not a scaled one's."""
    silent = corridor(bed.run(INVENTORY, only=("to-east",)), "to-east")
    entry = corridor(bed.run(INVENTORY, only=("to-east",), bulk=True), "to-east")
    parameters = next(parameters for probe, _, _, parameters in answers.asked if probe == "iperf3")

    assert silent["not_measured"]["iperf3"] == "bulk tests over live links are made when they are asked for (--throughput)"
    assert (parameters.turns, parameters.rate_bps) == (("forward", "reverse"), 1_000_000_000)
    assert value(entry, "throughput", "forward", "mean") == 500_000_000
    assert value(entry, "throughput", "reverse", "mean") == 300_000_000
    assert entry["targets"][1]["verdict"] == "fail"  # a reference: told, and no exit code's matter
    assert "iperf3" not in entry["not_measured"]


def test_a_rate_that_the_inventory_holds_down_proves_nothing(bed: Bed) -> None:
    """450 Mbit/s cannot be seen through 400."""
    result = bed.run(INVENTORY.replace("throughput: 1G", "throughput: 400M"), only=("to-east",), bulk=True)
    target = corridor(result, "to-east")["targets"][1]

    assert (target["verdict"], target["reason"]) == (
        "inconclusive",
        "not proved: the inventory holds bulk tests to 400 Mbit/s, too little to tell",
    )


def test_keys_go_to_probes_that_take_them_and_nowhere_else(bed: Bed, answers: Answers, monkeypatch: pytest.MonkeyPatch) -> None:
    """The key's name is in the inventory, its value in no file of the run."""
    monkeypatch.setenv("NETBENCH_KEY_EAST", "text:open sesame, please")
    keyed = INVENTORY.replace("operator: telecom, protocols: {stamp: {}", "operator: telecom, protocols: {stamp: {key: east}")
    result = bed.run(keyed)
    used = {pairs: parameters.key and parameters.key.secret for _, pairs, _, parameters in answers.asked}

    assert used == {("to-east",): b"open sesame, please", ("from-south",): None}
    assert not any(b"sesame" in path.read_bytes() for path in result.folder.rglob("*") if path.is_file())


def test_a_key_that_is_not_there_stops_its_corridor_alone(bed: Bed) -> None:
    """Nothing is sent without it: the inventory wants it used."""
    result = bed.run(INVENTORY.replace("{stamp: {}, icmp: {}, iperf3: {}}", "{stamp: {key: est}}"))

    assert corridor(result, "to-east")["not_measured"]["stamp"] == (
        "there is no key 'est' in the environment; add it there or set NETBENCH_KEY_EST"
    )
    assert corridor(result, "from-south")["verdict"] == "pass"


def test_every_reason_is_told_in_chinese_too(bed: Bed, answers: Answers) -> None:
    """No English sentence is left in the table of a run in which much went wrong."""
    answers.delays_ns = {}
    result = bed.run(INVENTORY.replace("address: 192.0.2.2", "address: secret.invalid"))
    table = render(result.document, "zh", 160)

    for english in ("did not answer", "does not resolve", "asked for", "no address at"):
        assert english not in table
