"""``netbench probe`` and ``netbench reflect`` over loopback, and the settings of a probe."""

import json
import signal
import socket
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import jsonschema
import pytest

import netbench.cli
from netbench.cli import reflect
from netbench.cli.main import build_parser, main
from netbench.cli.settings import parameters_of
from netbench.errors import UsageError
from netbench.measure.reflector import ReflectorOptions

SCHEMA = json.loads((Path(netbench.cli.__file__).parent / "probe.schema.json").read_text("utf-8"))


@dataclass(frozen=True)
class Settings:
    family: Literal["any", "ipv4", "ipv6"] = "any"
    streams: int = 1
    timeout_ns: int = 5
    port: int | None = 7
    fast: bool = False
    turns: tuple[Literal["forward", "reverse"], ...] = ("forward",)


def test_settings_are_read_by_their_types() -> None:
    """Each kind of value is read as its field has it, durations with units, and -6 in the probe's own spelling."""
    given = ["streams=3", "timeout-ns=200ms", "port=none", "fast=yes", "turns=forward,reverse"]

    assert parameters_of(Settings, given, 6) == Settings("ipv6", 3, 200_000_000, None, True, ("forward", "reverse"))


@pytest.mark.parametrize(
    ("setting", "sentence"),
    [
        ("streams", "--set streams: write key=value"),
        ("stream=1", "--set stream: Settings has no such parameter; it has family, streams, timeout_ns, port, fast, turns"),
        ("streams=two", "--set streams=two: must be of type int"),
        ("fast=1", "--set fast=1: choose one of true, yes, false, no"),
        ("family=ipv5", "--set family=ipv5: choose one of any, ipv4, ipv6"),
    ],
)
def test_bad_settings_have_their_sentence(setting: str, sentence: str) -> None:
    """A setting that cannot be used says what would."""
    with pytest.raises(UsageError) as caught:
        parameters_of(Settings, [setting])

    assert str(caught.value) == sentence


def test_distance_beyond_the_earth_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    """No two places are farther apart than half way round."""
    assert main(["probe", "stamp", "127.0.0.1", "--great-circle", "20039"]) == 2
    assert "--great-circle 20039: must be from 0 to 20038 km" in capsys.readouterr().err


def test_probe_and_reflect_speak_to_each_other(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """The document fits its schema; without a common clock a one-way delay has a reason and the round trip a value."""
    port, file = _free_port(), tmp_path / "out.json"
    argv = [sys.executable, "-m", "netbench", "reflect", "--bind", "127.0.0.1", "--port", str(port)]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as reflector:
        assert reflector.stderr is not None
        assert reflector.stderr.readline().decode() == f"reflecting STAMP and TWAMP-Light at udp 127.0.0.1 port {port}\n"
        options = ["--port", str(port), "--count", "20", "--interval", "10ms", "--json", str(file), "--lang", "en"]
        code = main(["probe", "stamp", "127.0.0.1", *options])
        reflector.send_signal(signal.SIGTERM)
        output, errors = reflector.communicate(timeout=20)

    document = json.loads(file.read_text("utf-8"))
    jsonschema.validate(document, SCHEMA)
    by_name = {(entry["metric"], entry["direction"], entry["statistic"]): entry for entry in document["metrics"]}
    assert (code, reflector.returncode, errors) == (0, 0, b"")
    assert by_name["round_trip_delay", "both", "p50"]["value"] > 0
    assert by_name["one_way_delay", "forward", "p50"]["value"] is None
    assert "clock" in by_name["one_way_delay", "forward", "p50"]["reason"]
    assert output.decode().startswith(f"{20 - document['not_sent']} replies to 1 sessions")
    assert document["clocks"]["footing"] == "variation"
    assert document["clock"]["start"]["source"] in {"chrony", "ptp4l", "kernel", "nobody"}
    told = capsys.readouterr().out
    assert "round-trip delay" in told
    assert "This host's clock: " in told


def test_nobody_answers(capsys: pytest.CaptureFixture[str]) -> None:
    """Without a reflector all is lost: the JSON alone on stdout, one sentence on stderr, exit 1."""
    options = ["--port", str(_free_port()), "--count", "30", "--interval", "10ms", "--set", "timeout_ns=50ms", "--json", "-"]

    code = main(["probe", "stamp", "127.0.0.1", *options])

    said = capsys.readouterr()
    document = json.loads(said.out)
    jsonschema.validate(document, SCHEMA)
    assert code == 1
    assert {entry["metric"] for entry in document["metrics"]} == {"loss_ratio"}
    assert said.err.startswith("netbench: no answer from 127.0.0.1 port ")


@pytest.mark.parametrize(
    ("argv", "code", "sentence"),
    [
        (["probe", "stamp", "127.0.0.1", "--count", "0"], 2, "--count 0: must be from 1 to 4294967295"),
        (["probe", "stamp", "127.0.0.1", "--port", "0"], 2, "--port 0: a port is from 1 to 65535"),
        (["probe", "stamp", "127.0.0.1", "--source", "::1", "-4"], 2, "--source ::1 is IPv6 and -4 asks for the other"),
        (["probe", "stamp", "127.0.0.1", "--set", "dscp=64"], 2, "dscp is 64; it must be from 0 to 63"),
        (["probe", "stamp", "127.0.0.1", "--seed=-1"], 2, "--seed -1: must not be negative"),
        (
            ["reflect", "--protocol", "twamp", "--stateless"],
            2,
            "--stateless is for STAMP alone; leave it out with --protocol twamp",
        ),
        (["reflect", "--key", "south"], 2, "there is no key 'south' in the environment; add it there or set NETBENCH_KEY_SOUTH"),
        (["reflect", "--port", "65536"], 2, "--port 65536: a port is from 1 to 65535"),
        (
            ["reflect", "--bind", "192.0.2.1", "--port", "8620"],
            1,
            "cannot listen at 192.0.2.1 port 8620: this host has no",
        ),
    ],
)
def test_what_cannot_be_done_is_one_sentence(
    argv: list[str], code: int, sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Bad requests end with their exit code and one sentence on stderr."""
    assert main(argv) == code
    assert capsys.readouterr().err.startswith(f"netbench: {sentence}")


def test_reflect_takes_its_keys_from_where_it_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keys make it answer authenticated packets alone, unless it is to be open; without any it is."""
    file = tmp_path / "keys"
    file.write_text("south ssid=17 text:southern secret\n")
    file.chmod(0o600)
    monkeypatch.setenv("NETBENCH_KEY_EAST", "text:eastern secret")

    told = reflector_options("--keys", str(file), "--key", "east", "--stateless", "--timestamps", "ptp")
    assert told.keys is not None
    assert told.keys.by_ssid(17) is not None
    assert (told.key and told.key.name, told.authenticated, told.stateless, told.ptp) == ("east", True, True, True)
    assert not reflector_options("--keys", str(file), "--mode", "open").authenticated
    plain = reflector_options()
    assert (plain.keys, plain.key, plain.authenticated, plain.stateless, plain.ptp) == (None, None, False, False, False)


def reflector_options(*argv: str) -> ReflectorOptions:
    return reflect.options_of(build_parser().parse_args(["reflect", *argv]))


def test_a_busy_port_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    """A port that another program has is one clear sentence, exit 1."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as busy:
        busy.bind(("127.0.0.1", 0))
        port = busy.getsockname()[1]

        assert main(["reflect", "--bind", "127.0.0.1", "--port", str(port)]) == 1

    assert f"cannot listen at 127.0.0.1 port {port}: another program has it" in capsys.readouterr().err


def _free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
