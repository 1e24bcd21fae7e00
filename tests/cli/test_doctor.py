"""``netbench doctor``: its lines, its document, its exit code."""

import argparse
import json
from collections.abc import Iterator
from importlib.resources import files

import jsonschema
import pytest

from netbench.cli import doctor
from netbench.linux import doctor as linux_doctor
from netbench.linux.doctor import Finding

THERE = Finding("python", ok=True, required=True, found="3.11.7", cure=None)
NO_NETEM = Finding(
    "netem", ok=False, required=False, found="tc: Specified qdisc kind is unknown.", cure="sudo modprobe sch_netem"
)
NO_MNEXEC = Finding("mnexec", ok=False, required=True, found="not on the path", cure="sudo apt-get install mininet")


def run(*argv: str) -> int:
    """Run the verb as the front door does."""
    parser = argparse.ArgumentParser()
    doctor.add_parser(parser.add_subparsers())
    arguments = parser.parse_args(["doctor", *argv])
    code: int = arguments.handler(arguments)
    return code


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> list[Finding]:
    """The findings of a machine of our making; a test fills them in."""
    findings: list[Finding] = []

    def examine() -> Iterator[Finding]:
        yield from findings

    monkeypatch.setattr(linux_doctor, "examine", examine)
    return findings


def schema() -> dict[str, object]:
    """The schema that stands beside the verb."""
    parsed: dict[str, object] = json.loads(files("netbench.cli").joinpath("doctor.schema.json").read_text(encoding="utf-8"))
    return parsed


def test_what_is_not_required_does_not_fail(shown: list[Finding], capsys: pytest.CaptureFixture[str]) -> None:
    """A missing netem is told with what it means and its cure, and the exit code is 0."""
    shown += [THERE, NO_NETEM]

    assert run("--lang", "en") == 0
    assert capsys.readouterr().out.splitlines() == [
        "ok  Python 3.11 to 3.13: 3.11.7",
        "missing, not required  netem: tc: Specified qdisc kind is unknown.",
        "    without it: the relay, in user space, gives links their delay",
        "    mend it: sudo modprobe sch_netem",
        "netbench can measure here",
    ]


def test_what_is_required_fails(shown: list[Finding], capsys: pytest.CaptureFixture[str]) -> None:
    """One missing thing that is required makes the exit code 127, whatever else is there."""
    shown += [NO_MNEXEC, THERE]

    assert run("--lang", "en") == 127
    assert capsys.readouterr().out.splitlines() == [
        "missing  Mininet's mnexec: not on the path",
        "    mend it: sudo apt-get install mininet",
        "ok  Python 3.11 to 3.13: 3.11.7",
        "netbench cannot measure here; still missing: Mininet's mnexec",
    ]


def test_document_keeps_its_schema(shown: list[Finding], capsys: pytest.CaptureFixture[str]) -> None:
    """The JSON document is what its schema says, with the same exit code as the lines."""
    shown += [THERE, NO_NETEM, NO_MNEXEC]

    assert run("--json") == 127
    document = json.loads(capsys.readouterr().out)
    jsonschema.validate(document, schema())
    assert [check["state"] for check in document["checks"]] == ["ok", "missing", "missing"]


@pytest.mark.parametrize("change", [{"state": "perhaps"}, {"cure": "reboot"}, {"state": "missing"}, {"found": 3}, {"new": 1}])
def test_schema_refuses(change: dict[str, object]) -> None:
    """The schema is one that can fail: a state of its own, a cure for what is there, none for what is missing."""
    document = doctor.document([THERE])
    check = {"name": "python", "state": "ok", "required": True, "found": "3.11.7", "cure": None} | change

    jsonschema.validate(document, schema())
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(document | {"checks": [check]}, schema())


def test_every_finding_of_this_machine_has_a_title(capsys: pytest.CaptureFixture[str]) -> None:
    """The real examination yields exactly the things that have titles, and its document keeps its schema."""
    code = run("--json")
    document = json.loads(capsys.readouterr().out)

    jsonschema.validate(document, schema())
    assert [check["name"] for check in document["checks"]] == list(doctor.TITLES)
    assert code == (127 if any(check["required"] and check["state"] == "missing" for check in document["checks"]) else 0)


def test_optional_things_say_what_is_lost() -> None:
    """Whatever is optional on this machine has a sentence on what netbench does without it."""
    optional = {finding.name for finding in linux_doctor.examine() if not finding.required}

    assert optional <= set(doctor.WITHOUT)
