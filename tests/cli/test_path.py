"""A path as document, as table in both languages, and in the shape of RIPE Atlas."""

import json
from pathlib import Path

import jsonschema
import pytest

import netbench.cli
from netbench.cli.atlas import atlas_results
from netbench.cli.main import main
from netbench.cli.path_document import PathEntry, path_entry
from netbench.cli.path_table import path_notes, print_path
from netbench.linux.icmp_errors import Saying
from netbench_probes.path.records import HopRow
from tests.analysis.hop_columns import answered, hop_columns, lost, search

PROBE_SCHEMA = json.loads((Path(netbench.cli.__file__).parent / "probe.schema.json").read_text("utf-8"))
ATLAS_SCHEMA = json.loads((Path(__file__).parent / "atlas_traceroute.schema.json").read_text("utf-8"))
EVIDENCE = json.dumps(
    {
        "p": {
            "method": "udp",
            "source": "10.0.0.1",
            "destination": "10.0.3.1",
            "port": 33434,
            "packet_octets": 64,
            "confidence": 0.95,
        }
    }
).encode()


def rows() -> list[HopRow]:
    """A path with a limit, a label, two branches, a change, and a narrow link."""
    found: list[HopRow] = [search(0, 1500, Saying.TOO_BIG, "10.0.1.1", 1400), search(1, 1400, Saying.ARRIVED, "10.0.3.1")]
    for sequence in range(24):
        flow = sequence % 12
        branch = "10.0.2.1" if flow % 2 else "10.0.2.2"
        found.append(answered(sequence, 1, "10.0.1.1", flow=flow) if sequence % 4 == 0 else lost(sequence, 1, flow=flow))
        found.append(answered(sequence, 2, branch, flow=flow)._replace(labels="24001/0/1/1", interface="xe-0/0"))
        found.append(answered(sequence, 3, "10.0.3.1", Saying.ARRIVED, flow=flow)._replace(icmp_type=3, icmp_code=3))
    return found


def entry(of: list[HopRow]) -> PathEntry:
    return path_entry(hop_columns(of), EVIDENCE, "p")


def test_the_document_says_all_of_it() -> None:
    """And fits its schema."""
    found = entry(rows())
    document: dict[str, object] = {"schema": 1, "probe": "path", "target": "t", "timestamps": "kernel", "error_ns": 1}
    document |= {"not_sent": 0, "metrics": []}
    jsonschema.validate({**document, "path": found}, PROBE_SCHEMA)

    assert [hop["standing"] for hop in found["hops"]] == ["limited", "steady", "steady"]
    assert found["hops"][1]["answers"][0]["flows"] == [1, 3, 5, 7, 9, 11]
    assert found["hops"][1]["answers"][0].get("labels") == "24001/0/1/1"
    assert found["mtu"] == {"octets": 1400, "told_octets": 1400, "narrow": "10.0.1.1", "searched": False}
    assert found["reached"]
    assert (found["flows"], found["branches_ruled_out"]) == (12, False)
    assert found["changes"] == []


def test_a_change_stands_in_the_document_with_its_times() -> None:
    """To the millisecond."""
    found = entry([answered(0, 1, "10.0.1.1"), answered(1, 1, "10.0.1.9")])

    assert found["changes"] == [
        {
            "after": "2026-11-18T11:06:40.000Z",
            "before": "2026-11-18T11:06:41.000Z",
            "flows": [0],
            "hops": [{"hop": 1, "old": "10.0.1.1", "new": "10.0.1.9"}],
        }
    ]


def test_the_table_reads_well(capsys: pytest.CaptureFixture[str]) -> None:
    """A line an address, what is to be said of it behind it."""
    print_path(entry(rows()), "en")
    lines = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]

    assert lines == [
        "hop address min p50 p99 max answers",
        "1 10.0.1.1 1.000 1.000 1.000 1.000 6/24 limits its answers",
        "2 10.0.2.1 2.000 2.000 2.000 2.000 12 6 of 12 flows, MPLS label 24001, by interface xe-0/0",
        "10.0.2.2 2.000 2.000 2.000 2.000 12 6 of 12 flows, MPLS label 24001, by interface xe-0/0",
        "3 10.0.3.1 3.000 3.000 3.000 3.000 24/24",
        "Further branches are not ruled out: 3 flows passed 10.0.0.1 and were answered behind it, a confidence of 95% takes 6.",
        "Packets of up to 1400 octets arrive; 10.0.1.1 says that more does not fit its next link.",
    ]


def test_the_chinese_table_has_no_english(capsys: pytest.CaptureFixture[str]) -> None:
    """Addresses, figures and abbreviations apart."""
    print_path(entry(rows()), "zh")
    out = capsys.readouterr().out

    assert "限制应答速率" in out
    assert "{" not in out
    assert not any(word in out for word in ("hop", "flows", "answer", "Packets"))


@pytest.mark.parametrize(
    ("of", "sentence"),
    [
        ([lost(0, 1), lost(0, 2)], "Neither 10.0.3.1 nor any hop on the way to it answered."),
        ([answered(0, 1, "a"), lost(0, 2)], "10.0.3.1 did not answer; the last answer came from hop 1."),
        (
            [search(0, 1500, None), search(1, 64, None)],
            "The largest packet that arrives is not known: the far end answered none.",
        ),
        (
            [search(0, 1500, None), search(1, 1400, Saying.ARRIVED)],
            "Packets of up to 1400 octets arrive; larger ones vanish, and no router says why.",
        ),
        (
            [answered(number, 1, "ab"[number % 2]) for number in range(10)],
            "Hop 1 spreads packets of one flow over several ways, packet by packet.",
        ),
        (
            [answered(0, 1, "a"), answered(1, 1, "b")],
            "The path changed between 2026-11-18T11:06:40.000Z and 2026-11-18T11:06:41.000Z: hop 1 from a to b.",
        ),
    ],
)
def test_notes(of: list[HopRow], sentence: str) -> None:
    """Each thing that may be found has its sentence."""
    assert sentence in path_notes(entry(of), "en")


def test_branches_that_are_ruled_out_are_said() -> None:
    """Twelve flows on two branches, six on each, and all hops answer."""
    found = [answered(flow, 1, "10.0.1.1", flow=flow) for flow in range(12)]
    found += [answered(flow, 2, f"10.0.2.{flow % 2}", flow=flow) for flow in range(12)]
    found += [answered(flow, 3, "10.0.3.1", Saying.ARRIVED, flow=flow) for flow in range(12)]

    assert path_notes(entry(found), "en") == [
        "Hop 2 branches behind 10.0.1.1: 10.0.2.0, 10.0.2.1.",
        "Further branches are ruled out by 12 flows, at each hop with a confidence of 95%.",
    ]


def test_the_shape_of_ripe_atlas() -> None:
    """One result a flow, which fits what Atlas documents: missing answers, labels, and a closed port that is no error."""
    results = atlas_results(hop_columns(rows()), entry(rows()), "far.example")
    jsonschema.validate(results, ATLAS_SCHEMA)
    first = results[0]

    assert [result["paris_id"] for result in results] == list(range(12))
    assert (first["dst_addr"], first["dst_name"], first["src_addr"], first["size"]) == ("10.0.3.1", "far.example", "10.0.0.1", 36)
    assert first["result"][0] == {
        "hop": 1,
        "result": [
            {"from": "10.0.1.1", "rtt": 1.0, "size": 64, "ttl": 64},
            {"from": "10.0.1.1", "rtt": 1.0, "size": 64, "ttl": 64},
        ],
    }
    assert results[1]["result"][0] == {"hop": 1, "result": [{"x": "*"}, {"x": "*"}]}
    assert first["result"][1]["result"][0]["icmpext"] == {
        "version": 2,
        "rfc4884": 1,
        "obj": [{"class": 1, "type": 1, "mpls": [{"label": 24001, "exp": 0, "s": 1, "ttl": 1}]}],
    }
    assert all("err" not in reply for hop in first["result"] for reply in hop["result"])


@pytest.mark.parametrize(
    ("saying", "icmp_type", "code", "expected"),
    [
        (Saying.NO_ROUTE, 3, 1, {"err": "H"}),
        (Saying.PROHIBITED, 3, 13, {"err": "A"}),
        (Saying.NO_ROUTE, 3, 6, {"err": 6}),
        (Saying.TOO_BIG, 3, 4, {"mtu": 1400}),
    ],
)
def test_errors_in_the_shape_of_ripe_atlas(saying: Saying, icmp_type: int, code: int, expected: dict[str, object]) -> None:
    """Its letters, the bare code where it has none, and the MTU."""
    mtu_octets = 1400 if saying is Saying.TOO_BIG else None
    row = answered(0, 1, "10.0.1.1", saying)._replace(icmp_type=icmp_type, icmp_code=code, mtu_octets=mtu_octets)
    [result] = atlas_results(hop_columns([row]), entry([row]), "t")
    [reply] = result["result"][0]["result"]

    assert {key: reply[key] for key in ("err", "mtu") if key in reply} == expected


def test_a_path_over_loopback(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The command writes both shapes, and the table to stdout."""
    document, atlas = tmp_path / "path.json", tmp_path / "atlas.json"
    options = ["--count", "3", "--interval", "10ms", "--json", str(document), "--atlas", str(atlas), "--lang", "en"]

    assert main(["probe", "path", "127.0.0.1", *options]) == 0

    found = json.loads(document.read_text("utf-8"))
    jsonschema.validate(found, PROBE_SCHEMA)
    jsonschema.validate(json.loads(atlas.read_text("utf-8")), ATLAS_SCHEMA)
    assert [hop["answers"][0]["address"] for hop in found["path"]["hops"]] == ["127.0.0.1"]
    assert "127.0.0.1" in capsys.readouterr().out


def test_only_a_path_has_the_shape_of_ripe_atlas(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Said before anything is measured."""
    assert main(["probe", "iperf3", "127.0.0.1", "--atlas", str(tmp_path / "atlas.json")]) == 2
    assert "--atlas: iperf3 finds no path; `netbench probe path` does" in capsys.readouterr().err
