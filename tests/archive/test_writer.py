import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest

from netbench.archive.reader import open_run
from netbench.archive.writer import RunWriter
from netbench.clock import Instant
from netbench.errors import CannotMeasureError
from netbench.measure.samples import PACKETS, Column
from tests.archive.runs import DOCUMENT, PAIRS, STARTED, empty_plan, measured_writer, open_writer, packets, sealed_run


def test_the_folder_is_named_by_time_plan_network_and_a_short_id(tmp_path: Path) -> None:
    """The folder of a run says when it was, of which plan, on which network."""
    writer = open_writer(tmp_path / "results")
    when, plan, network, short = writer.run_id.split("-")
    assert (when, plan, network) == ("20251124T160000Z", "first", "emulated")
    assert len(short) == 6
    assert writer.folder == tmp_path / "results" / writer.run_id


def test_the_manifest_is_there_before_anything_is_measured(tmp_path: Path) -> None:
    """From the first moment the manifest says what is being measured."""
    manifest = json.loads((open_writer(tmp_path).folder / "manifest.json").read_text())
    assert manifest["state"] == "measuring"
    assert manifest["plan"]["text"] == "netbench: 1\n"
    assert manifest["plan"]["digest"] == "0" * 64
    assert manifest["host"] == {"kernel": "6.1"}
    assert manifest["started"] == "2025-11-24T16:00:00Z"


def test_facts_may_not_shadow_what_the_archive_says(tmp_path: Path) -> None:
    """A fact called like one of the archive's own is refused, not merged."""
    with pytest.raises(CannotMeasureError, match="may not be called plan"):
        RunWriter.create(tmp_path, empty_plan(), "emulated", STARTED, {"plan": "mine"})


def test_two_runs_of_one_second_get_two_folders(tmp_path: Path) -> None:
    """Runs that start in the same second do not meet."""
    assert open_writer(tmp_path).folder != open_writer(tmp_path).folder


def test_sealed_samples_are_the_samples_written(tmp_path: Path) -> None:
    """What was written comes back in full, value by value, masks included, of each pair in the order written."""
    run = open_run(tmp_path, sealed_run(tmp_path).name)
    read = run.samples("stamp-packets")
    written = [packets(100, first) for first in (0, 100, 200)]
    for pair in range(len(PAIRS)):
        mine = read["pair"] == pair
        for name, column in read.items():
            # tolist says None where a value is masked
            expected = [value for batch in written for value in batch[name][batch["pair"] == pair].tolist()]
            assert column[mine].tolist() == expected, name


def test_lost_packets_have_no_times(tmp_path: Path) -> None:
    """A value that was not measured is masked, in the file and as read."""
    folder = sealed_run(tmp_path)
    assert open_run(tmp_path, folder.name).samples("stamp-packets")["forward_ns"].tolist().count(None) == 30
    assert pq.read_table(folder / "samples" / "stamp-packets.parquet").column("forward_ns").null_count == 30


def test_sealing_leaves_no_stream_and_no_half_file(tmp_path: Path) -> None:
    """A sealed run holds Parquet, and nothing temporary."""
    folder = sealed_run(tmp_path)
    assert [path.name for path in (folder / "samples").iterdir()] == ["stamp-packets.parquet"]
    assert not list(folder.rglob("*.tmp"))


def test_the_sealed_manifest_lists_every_file_with_its_size(tmp_path: Path) -> None:
    """All files but the manifest itself are in it."""
    folder = sealed_run(tmp_path)
    manifest = json.loads((folder / "manifest.json").read_text())
    listed = {entry["path"]: entry["bytes"] for entry in manifest["files"]}
    there = {path.relative_to(folder).as_posix(): path.stat().st_size for path in folder.rglob("*") if path.is_file()}
    del there["manifest.json"]
    assert listed == there
    assert (manifest["state"], manifest["verdict"]) == ("sealed", "pass")


def test_evidence_met_again_is_not_replaced(tmp_path: Path) -> None:
    """Two pieces of evidence under one name are both kept."""
    writer = open_writer(tmp_path)
    writer.evidence("iperf3/a.json", b"first")
    writer.evidence("iperf3/a.json", b"second")
    assert sorted(path.read_bytes() for path in (writer.folder / "evidence" / "iperf3").iterdir()) == [b"first", b"second"]


@pytest.mark.parametrize("name", ["../manifest.json", "/etc/passwd", "", "a/../../b"])
def test_evidence_stays_in_its_folder(tmp_path: Path, name: str) -> None:
    """No name leads out of the evidence folder."""
    with pytest.raises(CannotMeasureError, match="must stay inside"):
        open_writer(tmp_path).evidence(name, b"x")


def test_a_second_sink_of_one_name_is_refused(tmp_path: Path) -> None:
    """Two probes cannot write over each other's samples."""
    writer = open_writer(tmp_path)
    writer.sink("stamp", PAIRS)
    with pytest.raises(CannotMeasureError, match="already being kept"):
        writer.sink("stamp", PAIRS)


def _masked(count: int) -> "np.ma.MaskedArray[Any, Any]":
    return np.ma.MaskedArray(np.zeros(count, dtype=np.int64), mask=True)


@pytest.mark.parametrize(
    ("fault", "sentence"),
    [
        ({"fate": None}, "without fate"),
        ({"fate": np.zeros(3)}, "different lengths"),
        ({"sent_ns": _masked(4)}, "rows without sent_ns"),
    ],
)
def test_a_batch_that_is_not_a_table_is_refused(tmp_path: Path, fault: Mapping[str, Column | None], sentence: str) -> None:
    """A probe that writes half a table is told what is wrong with it."""
    writer = open_writer(tmp_path)
    sink = writer.sink("stamp", PAIRS)
    columns = {name: column for name, column in {**packets(4), **fault}.items() if column is not None}
    with pytest.raises(CannotMeasureError, match=sentence):
        sink.write(PACKETS, columns)
    writer.abandon()


def test_a_closed_run_takes_no_more_samples(tmp_path: Path) -> None:
    """What comes after the end is refused, not lost in silence."""
    writer = open_writer(tmp_path)
    sink = writer.sink("stamp", PAIRS)
    writer.abandon()
    with pytest.raises(CannotMeasureError, match="takes no more samples"):
        sink.write(PACKETS, packets(4))


def test_a_run_without_a_single_sample_can_be_sealed(tmp_path: Path) -> None:
    """Nothing could be measured, and that is kept too."""
    writer = open_writer(tmp_path)
    writer.sink("stamp", PAIRS)
    writer.seal({**DOCUMENT, "verdict": "void"}, STARTED)
    assert open_run(tmp_path, writer.run_id).sample_names() == []


def test_figures_of_different_units_share_a_column(tmp_path: Path) -> None:
    """Nanoseconds and ratios stand in one column; a mapping is kept as JSON; what nobody gave is null."""
    writer = open_writer(tmp_path)
    rows = [
        {"metric": "one_way_delay", "value": 5_000_000, "low": None, "break_even": {"route_km": 900.5}, "due": None},
        {"metric": "loss_ratio", "value": 0.25, "low": 0.1, "break_even": None, "due": None},
    ]
    writer.write_table("summaries", rows)
    read = pq.read_table(writer.folder / "summaries.parquet").to_pylist()
    assert read[0] == {**rows[0], "value": 5_000_000.0, "break_even": '{"route_km": 900.5}'}
    assert read[1] == rows[1]


def test_an_unknown_table_is_refused(tmp_path: Path) -> None:
    """Only the three documented tables exist."""
    with pytest.raises(CannotMeasureError, match="none of the tables"):
        open_writer(tmp_path).write_table("extras", [])


def test_not_a_number_is_never_written(tmp_path: Path) -> None:
    """A document with a NaN is a fault: what was not measured is null."""
    writer = measured_writer(tmp_path)
    with pytest.raises(ValueError, match="not JSON compliant"):
        writer.seal({**DOCUMENT, "seconds": float("nan")}, STARTED)


def test_every_seal_names_the_one_before(tmp_path: Path) -> None:
    """Sealing returns the new head of the chain, and the next line and manifest name it."""
    first, second = open_writer(tmp_path), open_writer(tmp_path)
    head = first.seal(DOCUMENT, STARTED)
    second.seal(DOCUMENT, Instant(1, STARTED.wall_ns + 1_000_000_000))
    lines = [json.loads(line) for line in (tmp_path / "seals.ndjson").read_text().splitlines()]
    assert [line["previous"] for line in lines] == [None, head]
    assert open_run(tmp_path, second.run_id).manifest["previous_seal"] == head
