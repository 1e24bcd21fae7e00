"""``netbench run first`` as people run it: the whole way, in its own namespaces, and killed in the middle."""

import itertools
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from netbench.archive.reader import list_runs
from netbench.plan import catalogue
from tests.root.interfaces import emulated_interfaces
from tests.root.nobody import NOBODY, as_nobody, compiled_before

NETBENCH = (sys.executable, "-m", "netbench")
SHORT = ("run", "first", "--duration", "2s")
EXPECTED_CODES = {0, 3, 4}

pytestmark = [
    pytest.mark.skipif(os.geteuid() != 0, reason="needs root to make network namespaces and to become an ordinary user"),
    pytest.mark.timeout(180),
]


def netbench(
    *arguments: str, prefix: Sequence[str] = (), env: dict[str, str] | None = None
) -> "subprocess.CompletedProcess[str]":
    """Run the command line to its end."""
    return subprocess.run(
        [*prefix, *NETBENCH, *arguments],
        capture_output=True,
        text=True,
        timeout=150,
        check=False,
        env={**os.environ, **(env or {})},
    )


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> "tuple[Path, subprocess.CompletedProcess[str]]":
    """One whole run of ``first`` with its result document on stdout; (archive, process)."""
    results = tmp_path_factory.mktemp("results")
    return results, netbench(*SHORT, "--json", "-", "--results", str(results))


Finished = tuple[Path, "subprocess.CompletedProcess[str]"]


def test_the_document_keeps_its_schema(finished: Finished) -> None:
    """What goes to stdout is one document that the shipped JSON Schema accepts; nothing else is there."""
    _, process = finished
    schema = json.loads(files("netbench.campaign").joinpath("result.schema.json").read_text(encoding="utf-8"))

    document = json.loads(process.stdout)

    assert process.returncode in EXPECTED_CODES, process.stderr
    jsonschema.validate(document, schema, jsonschema.Draft202012Validator)


def test_every_corridor_has_delay_loss_and_throughput(finished: Finished) -> None:
    """Each corridor of the plan is measured by every means, or says that the machine was not fit to, and why."""
    corridors: list[Any] = json.loads(finished[1].stdout)["corridors"]

    assert {entry["id"] for entry in corridors} == set(catalogue.find("first").corridors)
    for entry in corridors:
        expected = {"stamp": {"one_way_delay", "round_trip_delay", "loss_ratio"}, "iperf3": {"throughput"}}
        missing = [
            probe for probe, metrics in expected.items() if not metrics <= {metric["metric"] for metric in entry["metrics"]}
        ]
        assert missing == sorted(entry["not_measured"], reverse=True)
        assert all(reason.startswith("the machine ") for reason in entry["not_measured"].values()), entry["not_measured"]


def test_measured_delay_is_the_planned_delay(finished: Finished) -> None:
    """The median delay of every link, and the one-way delay of every corridor, is the planned one within the tolerances."""
    plan = catalogue.find("first")
    document = json.loads(finished[1].stdout)
    asked = {link["id"]: link for link in document["links"]}

    assert set(asked) == set(plan.links)
    for link in asked.values():
        assert link["faithful"]
        assert [got["value"] for got in link["got"]["delay_ns"]] == pytest.approx(
            link["asked"]["delay_ns"], abs=link["tolerance_ns"]
        )
    for entry in document["corridors"]:
        if "stamp" in entry["not_measured"]:
            continue  # the machine was not fit: the document shows no delay that could be compared
        hops = [link for link in plan.links.values() if any({link.a, link.b} == set(pair) for pair in pairs(entry["route"]))]
        planned_ns = sum(link.delay_ns.forward for link in hops)
        tolerance_ns = sum(asked[link.id]["tolerance_ns"] for link in hops)
        assert median(entry) == pytest.approx(planned_ns, abs=tolerance_ns)
        assert entry["timestamps"] == "kernel"


def pairs(route: list[str]) -> list[tuple[str, str]]:
    """Neighbours along a route."""
    return list(itertools.pairwise(route))


def median(entry: dict[str, Any]) -> float:
    """The forward median one-way delay of a corridor."""
    return float(
        next(
            metric["value"]
            for metric in entry["metrics"]
            if (metric["metric"], metric["direction"], metric["statistic"]) == ("one_way_delay", "forward", "p50")
        )
    )


def test_the_archive_is_whole_until_a_byte_changes(finished: Finished, tmp_path: Path) -> None:
    """``results verify`` passes a fresh run and names the file in which one byte was changed."""
    results = tmp_path / "copy"
    shutil.copytree(finished[0], results)
    assert netbench("results", "verify", "--results", str(results)).returncode == 0

    victim = next(results.glob("2*/summaries.parquet"))
    content = bytearray(victim.read_bytes())
    content[len(content) // 2] ^= 1
    victim.write_bytes(content)

    process = netbench("results", "verify", "--results", str(results))
    assert process.returncode != 0
    assert "summaries.parquet" in process.stdout + process.stderr


def test_the_archive_shows_the_same_table_as_the_run(finished: Finished) -> None:
    """``results show`` says in both languages what the run said."""
    run = json.loads(finished[1].stdout)["run"]

    chinese = netbench("results", "show", run, "--results", str(finished[0]), "--lang", "zh")
    english = netbench("results", "show", run, "--results", str(finished[0]), "--lang", "en")

    assert "单向时延" in chinese.stdout or "理论" in chinese.stdout
    assert "theory" in english.stdout.lower()


def test_an_ordinary_user_needs_nothing_more(tmp_path: Path) -> None:
    """As uid 65534, without any privilege, a whole run works: the archive is that user's, so is JUnit's file; the table is shown.

    ``--only`` restricts all of them to one corridor, and every link is proved none the less.
    """
    results = tmp_path / "results"
    results.mkdir()
    for folder in (tmp_path, *tmp_path.parents[:2]):
        folder.chmod(0o755)
    os.chown(results, NOBODY, NOBODY)
    corridor = next(iter(catalogue.find("first").corridors))
    words = (*SHORT, "--only", corridor, "--junit", str(results / "report.xml"), "--results", str(results), "--lang", "en")

    environment = {"HOME": str(results), **compiled_before(tmp_path / "cache")}
    process = netbench(*words, prefix=as_nobody(tmp_path), env=environment)

    assert process.returncode in EXPECTED_CODES, process.stderr
    assert "theory" in process.stdout.lower()
    assert (results / "report.xml").read_text("utf-8").startswith("<?xml")
    assert {path.stat().st_uid for path in results.glob("2*/*")} == {NOBODY}
    document = json.loads(next(results.glob("2*/result.json")).read_text("utf-8"))
    assert [each["id"] for each in document["corridors"]] == [corridor]
    assert all(link["faithful"] for link in document["links"])


def test_a_link_off_its_plan_stops_the_run(tmp_path: Path) -> None:
    """With a tolerance that no wire can keep, the run is refused: exit 5, the link's name, its figures, no verdict."""
    text = catalogue.find("first").text
    plan = tmp_path / "strict.yaml"
    plan.write_text(tightened(text), encoding="utf-8")

    process = netbench("run", str(plan), "--duration", "2s", "--results", str(tmp_path / "results"))

    assert process.returncode == 5, process.stderr
    assert "tolerance" in process.stderr
    assert "Traceback" not in process.stderr
    assert process.stdout == ""


def tightened(text: str) -> str:
    """The plan with every link's tolerance at 1 ns."""
    import re

    stripped = re.sub(r"tolerance: [^,}\n]+", "tolerance: 1ns", text)
    if "tolerance: 1ns" not in stripped:
        stripped = re.sub(r"(\n\s*- \{id: [\w-]+, between:)", r"\1", stripped).replace("between:", "tolerance: 1ns, between:")
    return stripped


def test_killed_half_way_it_leaves_a_readable_run_and_nothing_else(tmp_path: Path) -> None:
    """SIGKILL while delay is measured: no process, no interface; the run is listed as unsealed and its samples can be read."""
    interfaces = emulated_interfaces()
    marker = f"netbench-test-{os.getpid()}"
    with subprocess.Popen(
        [*NETBENCH, "run", "first", "--duration", "30s", "--results", str(tmp_path)],
        env={**os.environ, "NETBENCH_TEST_MARKER": marker},
        stderr=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
    ) as process:
        wait_until(lambda: any(path.stat().st_size > 4096 for path in tmp_path.glob("2*/samples/stamp-*")))
        process.send_signal(signal.SIGKILL)
        process.wait(timeout=10)
    wait_until(lambda: not processes_marked(marker))

    assert emulated_interfaces() == interfaces
    (entry,) = list_runs(tmp_path)
    assert entry.state == "unsealed"
    shown = netbench("results", "show", entry.run, "--results", str(tmp_path), "--lang", "en")
    assert "stamp" in shown.stdout + shown.stderr


def wait_until(condition: Any) -> None:
    """Return when ``condition`` holds; fail after 60 s."""
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline, "it did not happen within 60 s"
        time.sleep(0.05)


def processes_marked(marker: str) -> Iterator[int] | list[int]:
    """Processes on this machine that inherited the marker from the run."""
    found: list[int] = []
    for environ in Path("/proc").glob("[0-9]*/environ"):
        try:
            content = environ.read_bytes()
        except OSError:
            continue  # it ended while we looked
        if marker.encode() in content and int(environ.parent.name) != os.getpid():
            found.append(int(environ.parent.name))
    return found
