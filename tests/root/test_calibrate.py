"""``netbench calibrate`` as people run it."""

import json
import os
import subprocess
import sys
from importlib.resources import files
from pathlib import Path

import jsonschema
import pytest

from netbench.archive.reader import list_runs
from netbench.plan import catalogue

pytestmark = [
    pytest.mark.skipif(os.geteuid() != 0, reason="needs root to make network namespaces"),
    pytest.mark.timeout(120),
]


def calibrate(*arguments: str) -> "subprocess.CompletedProcess[str]":
    """Run the verb to its end."""
    argv = [sys.executable, "-m", "netbench", "calibrate", *arguments]
    return subprocess.run(argv, capture_output=True, text=True, timeout=100, check=False)


def test_a_faithful_plan_gives_a_sealed_certificate(tmp_path: Path) -> None:
    """Exit 0; the document keeps the schema of every run's and judges no corridor; the archive lists it as sealed."""
    document_file = tmp_path / "certificate.json"

    process = calibrate("first", "--results", str(tmp_path / "results"), "--json", str(document_file), "--lang", "en")

    assert process.returncode == 0, process.stderr
    assert "3 of 3 links are as planned" in process.stdout
    document = json.loads(document_file.read_text(encoding="utf-8"))
    schema = json.loads(files("netbench.campaign").joinpath("result.schema.json").read_text(encoding="utf-8"))
    jsonschema.validate(document, schema, jsonschema.Draft202012Validator)
    assert document["corridors"] == []
    assert all(link["faithful"] and not link["faults"] for link in document["links"])
    assert [entry.state for entry in list_runs(tmp_path / "results")] == ["sealed"]


def test_an_unfaithful_one_is_refused_and_sealed_all_the_same(tmp_path: Path) -> None:
    """With a tolerance that no wire can keep: exit 5, the faults by name, and the certificate that shows them, in Chinese."""
    plan = tmp_path / "strict.yaml"
    text = catalogue.find("first").text
    plan.write_text(text.replace("between:", "tolerance: 1ns, between:"), encoding="utf-8")

    process = calibrate(str(plan), "--results", str(tmp_path / "results"), "--lang", "zh")

    assert process.returncode == 5, process.stderr
    assert "link guian-anshun forward: asked 530 µs" in process.stderr
    assert "Traceback" not in process.stderr
    assert "与方案不符" in process.stdout
    assert [(entry.state, entry.verdict) for entry in list_runs(tmp_path / "results")] == [("sealed", "void")]
