"""Column maps: what they say, what is refused and with which sentence, and that the schema says the same."""

import json
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from netbench.errors import PlanError, UsageError
from netbench.foreign import maps
from netbench.foreign.model import Column, TimeColumn
from netbench.plan.model import Layer

BAD = Path(__file__).parent / "bad"
CASES = sorted(BAD.glob("*.yaml"))
SCHEMA: dict[str, Any] = json.loads((files("netbench.foreign") / "map.schema.json").read_text("utf-8"))
BEYOND_A_SCHEMA = {"column-twice", "loss-twice", "sample-beside", "lost-of-nothing", "no-zone", "zone-unknown", "time-form",
                   "not-yaml", "one-way-both", "sample-of-jitter", "clock-of-round-trips", "samples-without-clocks"}  # fmt: skip
"""Bad maps whose fault is not one of structure."""


def test_the_common_ones_come_with_netbench() -> None:
    """All of them load, and each says where its columns are documented."""
    assert {"huawei-nqa", "h3c-nqa", "huawei-twamp-light", "huawei-y1731", "huawei-ifit", "ping", "mtr", "irtt",
            "perfsonar"} <= set(maps.names())  # fmt: skip
    for name in maps.names():
        found = maps.find(name)
        assert found.name == name
        assert found.source.title


@pytest.mark.parametrize("name", maps.names())
def test_a_map_that_comes_with_netbench_holds_to_the_schema(name: str) -> None:
    """What is shipped is what the schema describes."""
    jsonschema.validate(yaml.safe_load(maps.built_in_text(name)), SCHEMA, cls=jsonschema.Draft202012Validator)


def test_a_map_says_what_it_says() -> None:
    """Every key has its place, and its silence a stated meaning."""
    found = maps.parse_map(
        "netbench: 1\nmap: ours\ntitle: Ours\nsource: {title: T}\nformat: csv\nlayer: internet\nencoding: gb18030\n"
        "delimiter: tab\ncorridor: Test\ntime: {column: When, form: '%d.%m.%Y %H:%M', marks: end}\ntimezone: UTC\n"
        "period: 5m\nmissing: ['-', n/a]\nsent: Sent\nanswered: Back\n"
        "columns:\n  - {column: Lost, metric: lost_packets, direction: both, unit: packets}\n"
        "  - {column: p95, metric: one_way_delay, statistic: p95, direction: reverse, unit: us}\n",
        "ours.yaml",
    )
    assert (found.layer, found.encoding, found.delimiter) == (Layer.INTERNET, "gb18030", "\t")
    assert found.time == TimeColumn("When", "%d.%m.%Y %H:%M", marks_end=True)
    assert (found.period_ns, found.missing, found.sent, found.answered) == (300 * 10**9, ("-", "n/a"), "Sent", "Back")
    assert found.columns[0] == Column("Lost", "lost_packets", "ratio", "both", "packets")
    assert found.columns[1] == Column("p95", "one_way_delay", "p95", "reverse", "us")

    silent = maps.find("ping")
    assert (silent.layer, silent.encoding, silent.delimiter, silent.columns) == (Layer.IP, "utf-8", ",", ())


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_a_bad_map_gives_its_sentence(path: Path) -> None:
    """File, line, key and sentence are those of the file beside it."""
    with pytest.raises(PlanError) as refused:
        maps.parse_map(path.read_text("utf-8"), path.name)
    assert str(refused.value) == path.with_suffix(".txt").read_text("utf-8").rstrip("\n")
    assert refused.value.exit_code == 2


@pytest.mark.parametrize("path", [path for path in CASES if path.stem not in BEYOND_A_SCHEMA], ids=lambda path: path.stem)
def test_the_schema_refuses_it_too(path: Path) -> None:
    """An editor that knows the schema finds what the loader finds."""
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(yaml.safe_load(path.read_text("utf-8")), SCHEMA, cls=jsonschema.Draft202012Validator)


def test_the_schema_knows_every_key() -> None:
    """No key is in one and not in the other."""
    assert set(SCHEMA["properties"]) == set(maps.KEYS)
    assert set(SCHEMA["properties"]["time"]["properties"]) == set(maps.TIME_KEYS)
    assert set(SCHEMA["$defs"]["column"]["properties"]) == set(maps.COLUMN_KEYS)


def test_the_folder_is_whole() -> None:
    """Each bad map has its sentence."""
    assert [path.stem for path in sorted(BAD.glob("*.txt"))] == [path.stem for path in CASES]
    assert {path.stem for path in CASES} >= BEYOND_A_SCHEMA


def test_a_map_of_another_name_or_place(tmp_path: Path) -> None:
    """A word is one of netbench's, a path a file; what is neither is named."""
    mine = tmp_path / "mine.yaml"
    mine.write_text(maps.built_in_text("ping").replace("map: ping", "map: mine"), "utf-8")
    assert maps.find(str(mine)).name == "mine"
    with pytest.raises(UsageError, match="there is no map 'pong'; `netbench import --list` lists them"):
        maps.find("pong")
    with pytest.raises(PlanError, match=r"none\.yaml: the file cannot be read: No such file or directory$"):
        maps.find(str(tmp_path / "none.yaml"))
    (tmp_path / "gbk.yaml").write_bytes("# 映射\n".encode("gb18030"))
    with pytest.raises(PlanError, match="this is not text in UTF-8"):
        maps.find(str(tmp_path / "gbk.yaml"))
