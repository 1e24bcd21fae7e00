"""Keys of authenticated test sessions: called by name wherever people write, read from a file or the environment, never printed.

A key file has one key a line: its name, the session identifiers (SSIDs, RFC 8972) that it is for where there are any, and its
value: ``hex:`` and an even number of digits, or ``text:`` and the words to the end of the line. ``#`` begins a comment line.

    south hex:00112233445566778899aabbccddeeff
    clients ssid=17,18 text:correct horse battery staple

In the environment the key ``south`` is ``NETBENCH_KEY_SOUTH=hex:…`` (capitals, and ``_`` for all that is no letter or digit);
``NETBENCH_KEYS`` names a key file. Nobody but its owner may read or write that file, as ssh wants it of its own.
"""

import os
import re
import stat
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final, NoReturn

from netbench.errors import UsageError

FILE_VARIABLE: Final = "NETBENCH_KEYS"
KEY_VARIABLE: Final = "NETBENCH_KEY_"
SHORTEST_OCTETS: Final = 8
"""Less is guessed in an afternoon."""

_LINE = re.compile(
    r"(?P<name>[A-Za-z0-9][\w.-]{0,62})(?:\s+ssid=(?P<ssids>[0-9]{1,5}(?:,[0-9]{1,5})*))?\s+(?P<value>(?:hex|text):.*)"
)
_LARGEST_FILE_OCTETS: Final = 1_000_000
_LARGEST_SSID: Final = 65_535


class Key:
    """One shared secret. Only ``secret`` shows it: it has no other text, and is not written anywhere."""

    __slots__ = ("name", "secret")

    def __init__(self, name: str, secret: bytes) -> None:
        """Refused when it is too short.

        :raises UsageError: then
        """
        if len(secret) < SHORTEST_OCTETS:
            raise UsageError(f"the key '{name}' has {len(secret)} octets; give it {SHORTEST_OCTETS} or more")
        self.name = name
        self.secret = secret

    def __repr__(self) -> str:
        return f"<key {self.name}>"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a key is not written anywhere")


class Keys:
    """The keys that this process knows, by name and by SSID."""

    def __init__(self, keys: Iterable[Key], by_ssid: Mapping[int, Key] | None = None, origin: str = "this process") -> None:
        """Of two keys of one name the later counts; ``origin`` is where they come from, as a refusal names it."""
        self._by_name = {_spelling(key.name): key for key in keys}
        self._by_ssid = dict(by_ssid or {})
        self._origin = origin

    @classmethod
    def known(cls, file: Path | None, environ: Mapping[str, str]) -> "Keys":
        """Return the keys in ``file``, else in the file that ``NETBENCH_KEYS`` names, and those of the environment itself.

        :raises UsageError: when a file cannot be read or trusted, or a key is malformed; no sentence holds a value
        """
        path = file or (Path(environ[FILE_VARIABLE]) if environ.get(FILE_VARIABLE) else None)
        listed = _read(path) if path else []
        single = [_of_variable(variable, value) for variable, value in environ.items() if variable.startswith(KEY_VARIABLE)]
        by_ssid = {ssid: key for key, ssids in listed for ssid in ssids}
        return cls([*(key for key, _ in listed), *single], by_ssid, str(path) if path else "the environment")

    def by_name(self, name: str) -> Key:
        """Return one key; capitals, and what stands between letters and digits, make no other name.

        :raises UsageError: when there is none of that name
        """
        if _spelling(name) not in self._by_name:
            raise UsageError(f"there is no key '{name}' in {self._origin}; add it there or set {KEY_VARIABLE}{_spelling(name)}")
        return self._by_name[_spelling(name)]

    def by_ssid(self, ssid: int) -> Key | None:
        """Return the key of a session identifier, None where it has none."""
        return self._by_ssid.get(ssid)

    def __repr__(self) -> str:
        return f"<{len(self._by_name)} keys>"


def _spelling(name: str) -> str:
    return re.sub(r"[^A-Z0-9]", "_", name.upper())


def _of_variable(variable: str, value: str) -> Key:
    return Key(variable.removeprefix(KEY_VARIABLE).lower(), _octets(value.strip(), f"{variable} in the environment"))


def _read(path: Path) -> list[tuple[Key, tuple[int, ...]]]:
    try:
        with path.open("rb") as file:
            _trust(path, file.fileno())
            text = file.read(_LARGEST_FILE_OCTETS).decode("utf-8")
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not text in UTF-8"
        raise UsageError(f"the key file {path} cannot be read: {reason}") from error
    lines = ((number, line.strip()) for number, line in enumerate(text.splitlines(), start=1))
    return [_of_line(line, f"{path}:{number}") for number, line in lines if line and not line.startswith("#")]


def _trust(path: Path, descriptor: int) -> None:
    if stat.S_IMODE(os.fstat(descriptor).st_mode) & 0o077:
        raise UsageError(f"the key file {path} can be read or written by others; chmod 600 {path}")


def _of_line(line: str, place: str) -> tuple[Key, tuple[int, ...]]:
    found = _LINE.fullmatch(line)
    if found is None:
        raise UsageError(f"{place}: this is no key; write NAME hex:DIGITS or NAME ssid=17 text:WORDS")
    ssids = tuple(int(ssid) for ssid in (found["ssids"] or "").split(",") if ssid)
    if any(not 1 <= ssid <= _LARGEST_SSID for ssid in ssids):
        raise UsageError(f"{place}: a session identifier is from 1 to {_LARGEST_SSID}")
    return Key(found["name"], _octets(found["value"], place)), ssids


def _octets(value: str, place: str) -> bytes:
    kind, _, rest = value.partition(":")
    if kind == "text":
        return rest.encode()
    try:
        return bytes.fromhex(rest) if kind == "hex" else _malformed(place)
    except ValueError:
        return _malformed(place)


def _malformed(place: str) -> NoReturn:
    raise UsageError(f"{place}: a key is hex: and an even number of digits, or text: and words")
