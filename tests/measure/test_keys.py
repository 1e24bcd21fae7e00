"""Keys come from files and the environment, and never out again."""

import pickle
from pathlib import Path

import pytest

from netbench.errors import UsageError
from netbench.measure.keys import Key, Keys

SECRET = "00112233445566778899aabbccddeeff"


def written(folder: Path, text: str, mode: int = 0o600) -> Path:
    """A key file."""
    path = folder / "keys"
    path.write_text(text, "utf-8")
    path.chmod(mode)
    return path


def test_a_file_gives_keys_by_name_and_by_ssid(tmp_path: Path) -> None:
    """Comments and blank lines are nothing; a key without identifiers has only its name."""
    path = written(tmp_path, f"# the south\nsouth hex:{SECRET}\n\nclients ssid=17,18 text:correct horse\n")
    keys = Keys.known(path, {})

    assert keys.by_name("south").secret == bytes.fromhex(SECRET)
    assert [key.secret if key else None for key in map(keys.by_ssid, (17, 18, 19))] == [b"correct horse"] * 2 + [None]


def test_the_environment_names_a_file_and_overrides_it(tmp_path: Path) -> None:
    """A name is spelt in capitals there, with _ between its words."""
    path = written(tmp_path, f"south-1 hex:{SECRET}\n")
    keys = Keys.known(None, {"NETBENCH_KEYS": str(path), "NETBENCH_KEY_SOUTH_1": "text:from outside"})

    assert keys.by_name("south-1").secret == b"from outside"


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("south 0011", "{path}:1: this is no key; write NAME hex:DIGITS or NAME ssid=17 text:WORDS"),
        ("south hex:001", "{path}:1: a key is hex: and an even number of digits, or text: and words"),
        ("south text:short", "the key 'south' has 5 octets; give it 8 or more"),
        ("south ssid=0 text:long enough", "{path}:1: a session identifier is from 1 to 65535"),
    ],
)
def test_what_is_no_key_is_refused_without_its_value(tmp_path: Path, line: str, sentence: str) -> None:
    """The sentence names the place."""
    path = written(tmp_path, line + "\n")
    with pytest.raises(UsageError) as refused:
        Keys.known(path, {})
    assert str(refused.value) == sentence.format(path=path)


def test_a_file_that_others_may_read_is_not_trusted(tmp_path: Path) -> None:
    """As ssh has it."""
    path = written(tmp_path, f"south hex:{SECRET}\n", 0o640)
    with pytest.raises(UsageError, match="can be read or written by others; chmod 600"):
        Keys.known(path, {})


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    """With the system's reason."""
    with pytest.raises(UsageError, match=r"none cannot be read: No such file or directory$"):
        Keys.known(tmp_path / "none", {})


def test_a_name_that_is_not_there_says_where_it_may_be_put() -> None:
    """In the file, or in a variable."""
    with pytest.raises(UsageError, match=r"^there is no key 'sout' in the environment; add it there or set NETBENCH_KEY_SOUT$"):
        Keys.known(None, {}).by_name("sout")


def test_nothing_prints_a_key() -> None:
    """Neither repr nor a pickle holds it."""
    key = Key("south", b"a secret of the south")
    keys = Keys([key])

    assert "secret" not in f"{key!r}{key}{keys!r}{keys}"
    with pytest.raises(TypeError):
        pickle.dumps(key)
