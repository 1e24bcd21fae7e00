"""Reading single values of a plan: each reader returns the value or refuses it with its file, line and key."""

import difflib
import math
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import TypeVar

from netbench.errors import PlanError, UsageError
from netbench.plan.model import DIRECTIONS, PerDirection, Text
from netbench.plan.tree import Entries, Items, Node, Scalar, path_part
from netbench.units import parse_duration_ns, parse_octets, parse_rate_bps, parse_ratio, shown

T = TypeVar("T")
Choice = TypeVar("Choice", bound=StrEnum)

_IDENTIFIER = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,61}[A-Za-z0-9])?")
_NUMBER = re.compile(r"[+-]?[0-9]{1,18}(?:\.[0-9]{0,18})?(?:[eE][+-]?[0-9]{1,3})?")
_WHOLE = re.compile(r"[0-9]{1,18}")
_NO_NUMBER = re.compile(r"[+-]?\.?(?:nan|inf|infinity)", re.IGNORECASE)
_LONGEST_TEXT = 2000
_MOST_COMPARED = 2000


@dataclass(frozen=True, slots=True)
class Value:
    """A node of the tree, at its place in the file."""

    node: Node
    file: str
    key: str
    line: int

    def error(self, sentence: str) -> PlanError:
        """Return (not raise) the refusal of this value."""
        return PlanError(sentence, file=self.file, line=self.line, key=self.key or None)

    def named(self, name: str) -> "Value":
        """Return the key itself as a value, at the same place."""
        return Value(Scalar(name, self.line), self.file, self.key, self.line)

    def fields(self, known: Collection[str], required: Collection[str] = ()) -> "Fields":
        """Return the mapping held here, knowing that it has all of ``required`` and nothing but ``known``."""
        every = self.entries()
        for key, value in every.items():
            if key not in known:
                raise value.error(f"there is no such key{_suggestion(key, known)}")
        for key in required:
            if key not in every:
                raise self.error(f"the key '{key}' is missing")
        return Fields(self, every)

    def entries(self) -> dict[str, "Value"]:
        """Return the values of the mapping held here, by key."""
        if not isinstance(self.node, Entries):
            raise self.error(f"this must be a mapping of keys to values, not {_kind(self.node)}")
        node, prefix = self.node, f"{self.key}." if self.key else ""
        return {key: Value(child, self.file, prefix + path_part(key), node.lines[key]) for key, child in node.entries.items()}

    def items(self) -> "tuple[Value, ...]":
        """Return the values of the list held here."""
        if not isinstance(self.node, Items):
            raise self.error(f"this must be a list, not {_kind(self.node)}")
        return tuple(Value(child, self.file, f"{self.key}[{index}]", child.line) for index, child in enumerate(self.node.items))

    def one_or_more(self) -> "tuple[Value, ...]":
        """Return the values of a list, or the single value given in its place."""
        if isinstance(self.node, Scalar):
            return (self,)
        if not (values := self.items()):
            raise self.error("the list is empty; leave the key out or name something")
        return values

    @property
    def is_scalar(self) -> bool:
        """Whether a single value is held here, not a list or a mapping."""
        return isinstance(self.node, Scalar)

    def text(self) -> str:
        """Return the words held here."""
        if not isinstance(self.node, Scalar):
            raise self.error(f"this must be a single value, not {_kind(self.node)}")
        words = self.node.text.strip()
        if not words:
            raise self.error("this is empty; give a value or leave the key out")
        if len(words) > _LONGEST_TEXT:
            raise self.error(f"this is longer than {_LONGEST_TEXT} characters")
        return words

    def identifier(self) -> str:
        """Return a name that other parts of the plan, files and reports can use."""
        name = self.text()
        if not _IDENTIFIER.fullmatch(name):
            raise self.error(
                f"{shown(name)} is no id; use up to 63 letters, digits, '-', '_' and '.', beginning with a letter or digit"
            )
        return name

    def both_languages(self) -> Text:
        """Return a text given as ``{en: …, zh: …}``, or once for both."""
        if isinstance(self.node, Scalar):
            return Text(self.text(), self.text())
        fields = self.fields(("en", "zh"), ("en", "zh"))
        return Text(fields["en"].text(), fields["zh"].text())

    def number(self, lowest: float, highest: float, what: str) -> float:
        """Return a finite number from ``lowest`` to ``highest``; ``what`` names it in the refusal."""
        text = self.text()
        if not _NUMBER.fullmatch(text):
            raise self.error(_not_a_number(text, what))
        number = float(text)
        if not (math.isfinite(number) and lowest <= number <= highest):
            raise self.error(f"{shown(text)} is impossible: {what} lies between {lowest:g} and {highest:g}")
        return number

    def whole(self, lowest: int, highest: int, what: str) -> int:
        """Return a whole number from ``lowest`` to ``highest``."""
        text = self.text()
        if not _WHOLE.fullmatch(text):
            raise self.error(f"{shown(text)} is no whole number; {what} lies between {lowest} and {highest}")
        if not lowest <= int(text) <= highest:
            raise self.error(f"{shown(text)} is impossible: {what} lies between {lowest} and {highest}")
        return int(text)

    def duration_ns(self) -> int:
        """Return a duration in nanoseconds."""
        return self._with_unit(parse_duration_ns)

    def rate_bps(self) -> int:
        """Return a rate in bit/s, more than zero."""
        rate = self._with_unit(parse_rate_bps)
        if rate == 0:
            raise self.error("a rate of 0 carries nothing; give the rate, or leave the link out")
        return rate

    def octets(self) -> int:
        """Return a size in octets."""
        return self._with_unit(parse_octets)

    def ratio(self) -> float:
        """Return a fraction of 1."""
        return self._with_unit(parse_ratio)

    def flag(self) -> bool:
        """Return ``true`` or ``false``; YAML's other spellings (yes, NO, on) are refused."""
        text = self.text()
        if text not in {"true", "false"}:
            raise self.error(f"{shown(text)} is neither 'true' nor 'false'")
        return text == "true"

    def day(self) -> date:
        """Return a calendar day."""
        text = self.text()
        try:
            if len(text) == len("2025-12-31"):
                return date.fromisoformat(text)
        except ValueError:
            pass
        raise self.error(f"{shown(text)} is no date; write it like 2025-12-31")

    def choice(self, kind: type[Choice]) -> Choice:
        """Return the member that the word names."""
        return kind(self.one_of([member.value for member in kind]))

    def one_of(self, words: Collection[str]) -> str:
        """Return the word held here, which is one of ``words``."""
        text = self.text()
        if text not in words:
            raise self.error(f"{shown(text)} is not known here; it is one of: {', '.join(words)}")
        return text

    def known(self, ids: Collection[str], what: str) -> str:
        """Return the id held here, which is one of ``ids``; ``what`` names the kind of thing."""
        text = self.text()
        if text not in ids:
            raise self.error(f"there is no {what} {shown(text)}{_suggestion(text, ids)}")
        return text

    def per_direction(self, read: "Callable[[Value], T]") -> PerDirection[T]:
        """Return a value given once, or as ``{forward: …, reverse: …}``; a value may be a mapping that has neither key."""
        if not isinstance(self.node, Entries) or (not (self.node.entries.keys() & set(DIRECTIONS)) and self.node.entries):
            value = read(self)
            return PerDirection(value, value)
        fields = self.fields(DIRECTIONS, DIRECTIONS)
        return PerDirection(read(fields["forward"]), read(fields["reverse"]))

    def _with_unit(self, parse: Callable[[str], T]) -> T:
        text = self.text()
        if text.startswith("-"):
            raise self.error(f"{shown(text)} is negative")
        try:
            return parse(text)
        except UsageError as error:
            raise self.error(str(error)) from error


class Fields:
    """The entries of a mapping whose keys are all known."""

    def __init__(self, owner: Value, entries: Mapping[str, Value]) -> None:
        """``owner`` is the mapping itself, for refusals that concern it as a whole."""
        self.owner = owner
        self._entries = entries

    def __contains__(self, key: str) -> bool:
        return key in self._entries

    def __getitem__(self, key: str) -> Value:
        return self._entries[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def get(self, key: str, read: Callable[[Value], T], default: T) -> T:
        """Return what ``read`` makes of the value, or ``default`` where the key is absent."""
        return read(self._entries[key]) if key in self._entries else default

    def at(self, key: str) -> Value:
        """Return the value of a key, or its owner where the key is absent: the place that a refusal should name."""
        return self._entries.get(key, self.owner)


def _kind(node: Node) -> str:
    if isinstance(node, Scalar):
        return "the single value " + shown(node.text) if node.text.strip() else "nothing"
    return "a list" if isinstance(node, Items) else "a mapping"


def _suggestion(word: str, known: Collection[str]) -> str:
    if len(known) > _MOST_COMPARED:
        return ""
    close = difflib.get_close_matches(word[:60], known, n=1)
    if close:
        return f"; did you mean '{close[0]}'?"
    return f"; known are: {', '.join(known)}" if 0 < len(known) <= 30 else ""


def _not_a_number(text: str, what: str) -> str:
    if _NO_NUMBER.fullmatch(text):
        return f"{shown(text)} is not a finite number; {what} must be one"
    return f"{shown(text)} is no number; {what} is given as a plain number"
