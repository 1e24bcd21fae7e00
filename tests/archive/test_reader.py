import json
import shutil
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from netbench.archive.arrow import arrow_schema, record_batch
from netbench.archive.reader import Run, list_runs, open_run
from netbench.errors import RefusedError, UsageError
from netbench.measure.samples import HOPS, PACKETS, Field, Table
from tests.archive.runs import DOCUMENT, PAIRS, STARTED, measured_writer, open_writer, packets, sealed_run


def _stream(folder: Path) -> Path:
    return folder / "samples" / "stamp-packets.arrows"


def test_a_run_killed_half_way_is_unsealed_and_readable(tmp_path: Path) -> None:
    """Every batch that was flushed can be read while the run is open, or after it was killed."""
    writer = measured_writer(tmp_path)
    [entry] = list_runs(tmp_path)
    run = open_run(tmp_path, writer.run_id)
    assert (entry.state, entry.plan, entry.verdict) == ("unsealed", "first", None)
    assert run.document is None
    assert len(run.samples("stamp-packets")["pair"]) == 300
    assert run.label("stamp-packets").pairs == PAIRS
    writer.abandon()


def test_a_stream_cut_at_any_byte_is_readable_up_to_its_last_whole_batch(tmp_path: Path) -> None:
    """Wherever the last batch was cut, the two before it are there and nothing of the third is.

    Every third byte: cuts at all eight places of the format's words, all along the file.
    """
    writer = open_writer(tmp_path)
    sink = writer.sink("stamp", PAIRS)
    sizes: list[int] = []
    for first in (0, 10, 20):
        sink.write(PACKETS, packets(10, first))
        sizes.append(_stream(writer.folder).stat().st_size)
    whole = _stream(writer.folder).read_bytes()
    writer.abandon()
    run = open_run(tmp_path, writer.run_id)
    for cut in range(sizes[1], sizes[2], 3):
        _stream(writer.folder).write_bytes(whole[:cut])
        assert len(run.samples("stamp-packets")["pair"]) == 20, cut
    for cut in range(0, sizes[0], 3):
        _stream(writer.folder).write_bytes(whole[:cut])
        assert _rows_or_none(run) == 0, cut


def _rows_or_none(run: Run) -> int:
    try:
        return len(run.samples("stamp-packets")["pair"])
    except UsageError as error:
        assert "no samples called stamp-packets" in str(error)  # noqa: PT017  -- not even the schema is whole
        return 0


def test_a_run_cut_short_can_still_be_sealed_by_whoever_holds_it(tmp_path: Path) -> None:
    """Abandoned and then sealed, a run is whole: nothing it had is lost."""
    writer = measured_writer(tmp_path)
    writer.abandon()
    writer.seal(DOCUMENT, STARTED)
    assert [entry.state for entry in list_runs(tmp_path)] == ["sealed"]


@pytest.mark.parametrize("part", ["20251124", "whole", "short"])
def test_a_run_is_found_by_its_id_its_beginning_or_its_short_id(tmp_path: Path, part: str) -> None:
    """Any part that fits one run alone names it."""
    folder = sealed_run(tmp_path)
    wanted = {"whole": folder.name, "short": folder.name[-6:]}.get(part, part)
    assert open_run(tmp_path, wanted).folder == folder


def test_a_run_is_found_by_its_path(tmp_path: Path) -> None:
    """A path to a run's folder names it, whatever the archive is."""
    folder = sealed_run(tmp_path / "elsewhere")
    assert open_run(tmp_path / "nowhere", str(folder)).state == "sealed"


def test_a_part_that_fits_two_runs_is_refused_with_both(tmp_path: Path) -> None:
    """Ambiguity is told, never resolved by chance."""
    folders = {sealed_run(tmp_path).name, sealed_run(tmp_path).name}
    with pytest.raises(UsageError, match="fits 2 runs") as caught:
        open_run(tmp_path, "2025")
    assert all(name in str(caught.value) for name in folders)


def test_an_unknown_run_is_refused(tmp_path: Path) -> None:
    """A run that is not there is said not to be there, with the command that lists them."""
    with pytest.raises(UsageError, match="netbench results list"):
        open_run(tmp_path, "2031")


def test_an_archive_that_is_not_there_is_told(tmp_path: Path) -> None:
    """The sentence names the folder and how to choose another."""
    with pytest.raises(UsageError, match="NETBENCH_RESULTS"):
        list_runs(tmp_path / "nowhere")


def test_an_empty_archive_has_no_runs(tmp_path: Path) -> None:
    """A folder with other things in it is an archive without runs."""
    (tmp_path / "README.md").write_text("hello")
    (tmp_path / "charts").mkdir()
    assert list_runs(tmp_path) == []


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"\xff\xfe", b'{"schema": 1}', b'"x"'])
def test_a_manifest_that_cannot_be_read_makes_a_damaged_run_and_spares_the_others(tmp_path: Path, content: bytes) -> None:
    """One damaged run is listed as such; the rest of the archive lists as before."""
    broken, whole = sealed_run(tmp_path), sealed_run(tmp_path)
    (broken / "manifest.json").write_bytes(content)
    states = {entry.run: entry.state for entry in list_runs(tmp_path)}
    assert states == {broken.name: "damaged", whole.name: "sealed"}


def test_a_sealed_run_whose_folder_is_gone_is_listed_as_damaged(tmp_path: Path) -> None:
    """A run cannot vanish: the chain remembers it."""
    folder = sealed_run(tmp_path)
    shutil.rmtree(folder)
    [entry] = list_runs(tmp_path)
    assert (entry.run, entry.state, entry.finding) == (folder.name, "damaged", "the run's folder is missing")


def test_a_sealed_run_with_a_missing_file_is_listed_as_damaged(tmp_path: Path) -> None:
    """The list looks at names and sizes; verify reads the bytes."""
    folder = sealed_run(tmp_path)
    (folder / "result.json").unlink()
    assert [(entry.state, entry.finding) for entry in list_runs(tmp_path)] == [("damaged", "result.json is missing")]


@pytest.mark.parametrize("name", ["manifest.json", "result.json"])
def test_a_newer_schema_is_refused_by_name(tmp_path: Path, name: str) -> None:
    """A file of a later netbench is not guessed at."""
    folder = sealed_run(tmp_path)
    value = json.loads((folder / name).read_text())
    (folder / name).write_text(json.dumps({**value, "schema": 2}))
    run = open_run(tmp_path, str(folder))
    with pytest.raises(RefusedError, match=f"{name}: schema 2 is newer"):
        _ = run.manifest if name == "manifest.json" else run.document


def test_a_newer_table_is_refused_by_name(tmp_path: Path) -> None:
    """Samples of a later version are not guessed at."""
    folder = open_writer(tmp_path).folder
    later = Table("packets", 3, (Field("pair", "uint16"),))
    with _stream(folder).open("wb") as file:
        pa.ipc.new_stream(file, arrow_schema(later, PAIRS)).close()
    with pytest.raises(RefusedError, match="table packets version 3 is newer than this netbench reads"):
        open_run(tmp_path, folder.name).samples("stamp-packets")


def test_samples_of_the_first_version_lack_what_came_later(tmp_path: Path) -> None:
    """A run of an earlier netbench is read as it is; the columns that it could not have are masked, in every row."""
    folder = open_writer(tmp_path).folder
    first = Table("packets", 1, PACKETS.fields[:8])
    schema = arrow_schema(first, PAIRS)
    with _stream(folder).open("wb") as file:
        stream = pa.ipc.new_stream(file, schema)
        stream.write_batch(record_batch(first, schema, packets(10), "here"))
        stream.close()
    columns = open_run(tmp_path, folder.name).samples("stamp-packets")
    assert list(columns) == [field.name for field in PACKETS.fields]
    assert all(np.ma.getmaskarray(columns[field.name]).all() for field in PACKETS.fields[8:])
    assert columns["sent_ns"].tolist() == packets(10)["sent_ns"].tolist()


def test_a_damaged_parquet_file_is_told_by_name(tmp_path: Path) -> None:
    """What cannot be read is one sentence with the file's name."""
    folder = sealed_run(tmp_path)
    (folder / "samples" / "stamp-packets.parquet").write_bytes(b"PAR1 nonsense PAR1")
    with pytest.raises(RefusedError, match=r"stamp-packets\.parquet: cannot be read"):
        open_run(tmp_path, str(folder)).samples("stamp-packets")


def test_a_table_that_is_not_there_is_told_with_those_that_are(tmp_path: Path) -> None:
    """Asking for the wrong samples names the right ones."""
    with pytest.raises(UsageError, match="it has stamp-packets"):
        open_run(tmp_path, sealed_run(tmp_path).name).samples("icmp-packets")


def test_a_table_of_text_keeps_its_text(tmp_path: Path) -> None:
    """Addresses come back as they were, what a row lacks is masked, and so is a column that was not written."""
    writer = open_writer(tmp_path)
    needed = {field.name: np.ones(3, field.dtype) for field in HOPS.fields if not field.nullable}
    address = np.ma.MaskedArray(np.array(["10.0.0.1", "", "fd00::1"], "U45"), mask=[False, True, False])
    writer.sink("path", PAIRS).write(HOPS, {**needed, "address": address})
    writer.seal(DOCUMENT, STARTED)

    columns = open_run(tmp_path, writer.run_id).samples("path-hops")

    assert columns["address"].tolist() == ["10.0.0.1", None, "fd00::1"]
    assert np.ma.getmaskarray(columns["labels"]).all()
    assert columns["hop"].tolist() == [1, 1, 1]
