"""The probe's parameters: what is refused, and what they make of a session."""

from pathlib import Path
from typing import Any

import pytest

from netbench.cli.settings import parameters_of
from netbench.errors import UsageError
from netbench.linux.clockstate import UNKNOWN
from netbench.measure.keys import Key
from netbench_probes.stamp.estimate import ClockWord
from netbench_probes.stamp.parameters import StampParameters, style_of, talk_of

WORD = ClockWord(UNKNOWN, ptp=False)


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"family": 5}, "family is 4 or 6, not 5"),
        ({"ecn": 4}, "ecn is 4; it must be from 0 to 3"),
        ({"ttl": 0}, "ttl is 0; it must be from 1 to 255"),
        ({"ssid": 65536}, "ssid is 65536; it must be from 0 to 65535"),
        ({"source_port": 0}, "source_port is 0; it must be from 1 to 65535"),
        ({"sizes": "40"}, "sizes 40: a packet has 44 octets or more here, not 40"),
        ({"sizes": "44x2,200", "mode": "authenticated"}, "sizes 44x2,200: a packet has 112 octets or more here, not 44"),
        ({"tlvs": ("location", "location")}, "tlvs location, location: each of location, timestamp-information, "),
        ({"reply_dscp": 3}, "reply_dscp is asked for by the TLV class-of-service; add it to tlvs"),
        ({"tlvs": ("follow-up",), "stateless": True}, "a stateless reflector knows no reply before: "),
        ({"ssid_needed": True}, "ssid_needed wants an ssid that a far end can know"),
    ],
)
def test_what_makes_no_sense_is_refused(given: dict[str, Any], sentence: str) -> None:
    """At birth, with a sentence that says what would."""
    with pytest.raises(UsageError) as caught:
        StampParameters(**given)

    assert str(caught.value).startswith(sentence)


def test_settings_make_parameters() -> None:
    """As the command line gives them."""
    made = parameters_of(StampParameters, ["tlvs=location,follow-up", "sizes=imix", "key=south", "access=3gpp"], 6)

    assert made == StampParameters(6, tlvs=("location", "follow-up"), sizes="imix", key="south", access="3gpp")


def test_a_key_is_found_by_its_name_or_the_identifier(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the file, else in the environment; a session with one is authenticated unless it is to be open."""
    file = tmp_path / "keys"
    file.write_text("south ssid=17 text:southern secret\nnorth text:northern secret\n")
    file.chmod(0o600)
    keys = str(file)
    monkeypatch.setenv("NETBENCH_KEY_EAST", "text:eastern secret")

    assert StampParameters(key="north", keys=keys).secret() == b"northern secret"
    assert StampParameters(ssid=17, keys=keys, mode="authenticated").secret() == b"southern secret"
    assert StampParameters(key="east").secret() == b"eastern secret"
    assert StampParameters(key=Key("mine", b"my own secret")).secret() == b"my own secret"
    assert StampParameters().secret() is None
    assert talk_of(StampParameters(key="north", keys=keys), WORD).mode.protected
    assert not talk_of(StampParameters(key="north", keys=keys, mode="open"), WORD).mode.protected
    with pytest.raises(UsageError, match="there is no key of ssid 18; name one with key"):
        StampParameters(ssid=18, keys=keys, mode="authenticated").secret()


def test_no_text_of_parameters_shows_a_key() -> None:
    """Nor of what is made of them."""
    parameters = StampParameters(key=Key("mine", b"my own secret"))

    for thing in (parameters, style_of(parameters, WORD), talk_of(parameters, WORD)):
        assert "secret'" not in repr(thing)
        assert "my own" not in repr(thing)
