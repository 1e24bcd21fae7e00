"""A file of others becomes a run: judged by the same rules, with no interval that nobody measured, or nothing at all."""

import hashlib
import json
import re
from importlib.resources import files
from pathlib import Path
from typing import Any, cast

import jsonschema
import pytest

from netbench.archive import reader
from netbench.archive.verify import verify_archive
from netbench.campaign.document import CorridorEntry, TargetEntry
from netbench.campaign.import_assigning import Assignment, parse_assignment
from netbench.campaign.import_run import ImportOptions, import_file
from netbench.campaign.result import CampaignResult
from netbench.clock import Instant
from netbench.errors import InputError, UsageError
from netbench.foreign import maps
from netbench.plan.load import parse_plan
from netbench.plan.model import Plan
from netbench.report.table import render
from tests.campaign.plans import CHAIN

NOW_NS = 1_796_000_000 * 10**9
MORE = """  - {id: worst, for: {corridors: [west-east]}, metric: round_trip_delay, statistic: max, at_most: 20ms, layer: ip,
     status: plan, source: {title: A plan, date: 2022-08-02}}
  - {id: best, for: {corridors: [west-east]}, metric: round_trip_delay, statistic: min, at_most: 6ms, layer: ip,
     status: plan, source: {title: A plan, date: 2022-08-02}}
  - {id: mean, for: {corridors: [west-east]}, metric: round_trip_delay, statistic: mean, at_most: 8ms, layer: ip,
     status: plan, source: {title: A plan, date: 2022-08-02}}
  - {id: loss, for: {corridors: [west-east]}, metric: loss_ratio, at_most: 1%, layer: ip,
     status: plan, source: {title: A plan, date: 2022-08-02}}
"""
TABLE = (
    "corridor,time,sent,lost,round_trip_min_ms,round_trip_mean_ms,round_trip_p99_ms,round_trip_max_ms\n"
    "west-east,2026-11-25 08:00,1000,0,5.51,7.02,9.50,{worst}\n"
    "west-east,2026-11-25 08:05,1000,0,5.49,7.04,9.60,11.00\n"
)


class Still:
    """A clock that stands."""

    def now(self) -> Instant:
        """Always the same."""
        return Instant(NOW_NS, NOW_NS)


def plan() -> Plan:
    """The chain with more targets of its longest corridor."""
    return parse_plan(CHAIN + MORE, "chain.yaml")


def imported(folder: Path, text: str, map_name: str, *corridors: str, at_ns: int | None = None) -> CampaignResult:
    """What comes of importing some text."""
    file = folder / "given.txt"
    file.write_text(text, "utf-8")
    assignments = tuple(parse_assignment(each, plan()) for each in corridors)
    return import_file(plan(), ImportOptions(folder / "results", file, maps.find(map_name), assignments, at_ns), Still())


def corridor_of(result: CampaignResult) -> CorridorEntry:
    """The one corridor of a run."""
    (corridor,) = result.document["corridors"]
    return corridor


def target_of(result: CampaignResult, name: str) -> TargetEntry:
    """One target of the one corridor."""
    return next(target for target in corridor_of(result)["targets"] if target["id"] == name)


def ping(count: int, took_ms: float, lost: int = 0) -> str:
    """A log of answers that all took as long, the last of them lost."""
    rows = [f"64 bytes from 10.0.0.1: icmp_seq={each} ttl=60 time={took_ms:.3f} ms" for each in range(1, count + 1 - lost)]
    end = f"{count} packets transmitted, {count - lost} received, 0% packet loss, time 100000ms"
    return "\n".join(["PING far (10.0.0.1) 56(84) bytes of data.", *rows, end])


def test_a_platforms_figures_are_shown_and_decide_nothing(tmp_path: Path) -> None:
    """Neither its percentile nor its mean has an interval, however far from the limit: inconclusive, with the reason."""
    result = imported(tmp_path, TABLE.format(worst="12.00"), "csv")
    figures = {each["statistic"]: each for each in corridor_of(result)["metrics"] if each["metric"] == "round_trip_delay"}
    assert {name: (each["value"], each["low"], each["high"]) for name, each in figures.items()} == {
        "min": (5_490_000, None, None),
        "mean": (7_030_000, None, None),
        "p99": (9_600_000, None, None),
        "max": (12_000_000, None, None),
    }
    for name in ("delay", "mean", "worst"):
        assert target_of(result, name)["verdict"] == "inconclusive"
        assert "was given without an interval" in target_of(result, name)["reason"]
        assert target_of(result, name)["needs"] is None
    assert result.exit_code == 4


def test_what_a_platform_saw_it_saw(tmp_path: Path) -> None:
    """One packet above a limit on the greatest misses it, one below a limit on the least meets it."""
    result = imported(tmp_path, TABLE.format(worst="20.03"), "csv")
    assert target_of(result, "worst")["verdict"] == "fail"
    assert target_of(result, "worst")["reason"] == "20.03 ms both was seen, which misses the limit of 20 ms"
    assert target_of(result, "best")["verdict"] == "pass"
    assert result.exit_code == 3
    # within its last digit of the limit it is not sure what was seen
    assert target_of(imported(tmp_path, TABLE.format(worst="20.01"), "csv"), "worst")["verdict"] == "inconclusive"


def test_losses_that_were_counted_are_judged_as_measured_ones(tmp_path: Path) -> None:
    """None of 2000 lost: at most 0.18 % by Clopper and Pearson, so below 1 % each way."""
    target = target_of(imported(tmp_path, TABLE.format(worst="12"), "csv"), "loss")
    assert target["verdict"] == "pass"


def test_raw_samples_have_intervals_and_may_pass(tmp_path: Path) -> None:
    """A thousand round trips of 4.5 ms keep to 5 ms even one way; three are too few."""
    many = imported(tmp_path, ping(1000, 4.5), "ping", "west-east", at_ns=NOW_NS - 10**12)
    assert target_of(many, "delay")["verdict"] == "pass"
    p99 = next(
        each for each in corridor_of(many)["metrics"] if each["statistic"] == "p99" and each["metric"] == "round_trip_delay"
    )
    assert (p99["value"], p99["low"], p99["high"]) == (4_500_000, 4_500_000, 4_500_000)
    few = imported(tmp_path, ping(3, 4.5), "ping", "west-east", at_ns=NOW_NS - 10**12)
    assert target_of(few, "delay")["verdict"] == "inconclusive"
    assert "too few" in target_of(few, "delay")["reason"]


def test_what_is_faster_than_light_is_void(tmp_path: Path) -> None:
    """A log of another host, or a clock that is wrong; by more than the last digit that was written."""
    result = imported(tmp_path, ping(1000, 0.03), "ping", "west-east", at_ns=NOW_NS - 10**12)
    assert target_of(result, "delay")["verdict"] == "void"


def test_a_run_is_kept_as_imported_with_its_file(tmp_path: Path) -> None:
    """Sealed and whole; manifest and document say where it comes from; the file lies in it byte for byte."""
    text = TABLE.format(worst="12")
    result = imported(tmp_path, text, "csv")
    digest = hashlib.sha256(text.encode()).hexdigest()
    run = reader.open_run(tmp_path / "results", result.folder.name)
    assert (run.manifest["origin"], run.manifest["imported"]["sha256"], run.manifest["state"]) == ("imported", digest, "sealed")
    assert (result.folder / "evidence" / "given.txt").read_text("utf-8") == text
    assert (result.folder / "evidence" / "csv.map.yaml").read_text("utf-8") == maps.built_in_text("csv")
    document = result.document
    assert (document.get("origin"), document["network"], document["wire"]) == ("imported", "live", "csv")
    assert document["started"] == "2026-11-25T00:00:00Z"
    assert document.get("imported", {}).get("sha256") == digest
    assert not verify_archive(tmp_path / "results", []).damaged
    schema: dict[str, Any] = json.loads((files("netbench.campaign") / "result.schema.json").read_text("utf-8"))
    jsonschema.validate(cast("Any", document), schema, cls=jsonschema.Draft202012Validator)


def test_raw_samples_are_kept_as_packets(tmp_path: Path) -> None:
    """Every attempt, lost ones too, under the corridor's name."""
    result = imported(tmp_path, ping(10, 4.5, lost=2), "ping", "west-east", at_ns=NOW_NS - 10**12)
    run, name = reader.open_run(tmp_path / "results", result.folder.name), "ping-packets"
    assert (run.sample_names(), run.row_count(name), run.label(name).pairs) == ([name], 10, ("west-east",))


def test_what_is_measured_from_the_far_end_is_turned_round(tmp_path: Path) -> None:
    """Its forward is the corridor's reverse."""
    text = json.dumps({"packets-sent": 10, "packets-lost": 0, "histogram-latency": {"2.1": 10}})
    straight = imported(tmp_path, text, "perfsonar", "west-east", at_ns=NOW_NS - 10**12)
    turned = imported(tmp_path, text, "perfsonar", "west-east:reverse", at_ns=NOW_NS - 10**12)
    assert {each["direction"] for each in corridor_of(straight)["metrics"]} == {"forward"}
    assert {each["direction"] for each in corridor_of(turned)["metrics"]} == {"reverse"}


@pytest.mark.parametrize(("words", "verdict"), [("", "inconclusive"), ("clock_error: 100us\n", "fail")])
def test_one_way_is_worth_what_the_clocks_are(tmp_path: Path, words: str, verdict: str) -> None:
    """A greatest of 9 ms one way misses 5 ms where the clocks are 0.1 ms apart, and nothing is known where nobody says."""
    limits = CHAIN.replace("statistic: p99, at_most: 5ms", "statistic: max, at_most: 5ms")
    column = "columns: [{column: A, metric: one_way_delay, statistic: max, direction: forward, unit: ms}]\n"
    (tmp_path / "m.yaml").write_text(
        f"netbench: 1\nmap: m\ntitle: M\nsource: {{title: T}}\nformat: csv\n{words}{column}", "utf-8"
    )
    (tmp_path / "given.csv").write_text("A\n9.0\n", "utf-8")
    options = ImportOptions(
        tmp_path / "results",
        tmp_path / "given.csv",
        maps.find(str(tmp_path / "m.yaml")),
        (Assignment(None, "west-east"),),
        10**18,
    )
    result = import_file(parse_plan(limits, "chain.yaml"), options, Still())
    assert target_of(result, "delay")["verdict"] == verdict
    assert corridor_of(result)["metrics"][0]["value"] == 9_000_000


def test_irtt_of_two_clocks_is_bounded_by_nothing_but_the_path(tmp_path: Path) -> None:
    """One-way delays without a common clock are given by the rules of live links alone."""
    text = (Path(__file__).parents[1] / "foreign" / "samples" / "irtt.json").read_text("utf-8")
    corridor = corridor_of(imported(tmp_path, text, "irtt", "west-east"))
    assert "clocks" in corridor
    assert corridor["clocks"]["here_error_ns"] is None


@pytest.mark.parametrize(
    ("text", "corridors", "sentence"),
    [
        (TABLE.replace("west-east", "test-1"), (), "given.txt:2: it does not say which corridor was measured"),
        (TABLE.replace("west-east", "test-1", 1), (), "given.txt:2: 'test-1' is no corridor of plan chain; say which"),
        (TABLE.replace("west-east", "test-1", 1), ("test-1=west-east",), "'west-east' and 'test-1' are both corridor west-east"),
        (TABLE.replace("west-east", "test-1"), ("test-2=west-east",), "nothing in the file is called so"),
        (TABLE, ("west-east=",), "everything in the file is left out"),
        (TABLE.replace("7.04", "many"), (), "given.txt:3: round_trip_mean_ms: 'many' is no number"),
        (TABLE.replace("2026", "2036"), (), "which is still to come"),
    ],
)  # fmt: skip
def test_nothing_is_kept_of_a_file_with_a_fault(tmp_path: Path, text: str, corridors: tuple[str, ...], sentence: str) -> None:
    """One sentence, and no run."""
    with pytest.raises(UsageError, match=re.escape(sentence)):
        imported(tmp_path, text.format(worst="12"), "csv", *corridors)
    assert not (tmp_path / "results").exists()


def test_a_log_without_a_time_needs_one_and_one_with_it_none(tmp_path: Path) -> None:
    """Nobody dates measurements by guessing."""
    with pytest.raises(InputError, match="give --at INSTANT"):
        imported(tmp_path, ping(3, 4.5), "ping", "west-east")
    with pytest.raises(UsageError, match="--at: the file says itself when it was measured"):
        imported(tmp_path, TABLE.format(worst="12"), "csv", at_ns=5)


def test_names_in_a_file_are_given_their_corridors() -> None:
    """The last equals sign divides; a name may hold others."""
    assert parse_assignment("west-east", plan()) == Assignment(None, "west-east")
    assert parse_assignment("a=b=west-mid:reverse", plan()) == Assignment("a=b", "west-mid", turned=True)
    assert parse_assignment("a=", plan()) == Assignment("a", None)
    with pytest.raises(UsageError, match="plan chain has no corridor 'nowhere'"):
        parse_assignment("a=nowhere", plan())


@pytest.mark.parametrize(("language", "words"), [("en", "others measured it"), ("zh", "由他方测得")])
def test_the_table_says_whose_figures_they_are(tmp_path: Path, language: str, words: str) -> None:
    """And where they come from."""
    text = render(imported(tmp_path, TABLE.format(worst="12"), "csv").document, language, 160)
    assert words in text
    assert "given.txt" in text
    assert "7.03 ms" in text
