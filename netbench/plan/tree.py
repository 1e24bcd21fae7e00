"""YAML to a tree that remembers its lines and resolves nothing.

A scalar stays the text that was written: ``NO`` is not false, ``1:30`` is not 90, ``1e3`` is not a string by accident. Tags,
anchors and aliases are refused, so that a plan is what it looks like and a small file cannot grow.
"""

import itertools
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal, NamedTuple, TypeAlias

import yaml

from netbench.errors import PlanError
from netbench.units import shown

DEEPEST = 12
"""A plan is five levels deep."""

# the C parser is fifty times as fast; some builds of PyYAML lack it
_LOADER: type[yaml.SafeLoader | yaml.CSafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


# what YAML 1.1 does not count as printable, section 5.1
_UNPRINTABLE = re.compile("[^\\x09\\x0A\\x0D\\x20-\\x7E\\x85\\xA0-\\uD7FF\\uE000-\\uFFFD\\U00010000-\\U0010FFFF]")


@dataclass(frozen=True, slots=True)
class Scalar:
    """One value, as written between its quotes if it had any."""

    text: str
    line: int


@dataclass(frozen=True, slots=True)
class Items:
    """A list."""

    items: "tuple[Node, ...]"
    line: int


@dataclass(frozen=True, slots=True)
class Entries:
    """A mapping; ``lines`` says where each key stands."""

    entries: "Mapping[str, Node]"
    lines: Mapping[str, int]
    line: int


class _Kind(NamedTuple):
    """What a file is called, and how one begins it."""

    name: str
    beginning: str


Kind = Literal["plan", "inventory", "map"]
_KINDS: Mapping[Kind, _Kind] = {
    "plan": _Kind("a plan", "`netbench plan new FILE` writes a plan to start from"),
    "inventory": _Kind("an inventory", "`netbench inventory new PLAN FILE` writes an inventory to start from"),
    "map": _Kind("a column map", "`netbench import --show NAME` prints a map to start from"),
}

Node: TypeAlias = Scalar | Items | Entries
Path: TypeAlias = tuple[str, ...]


def parse_tree(text: str, file: str, kind: Kind = "plan") -> Node:
    """Return the one document in ``text``; ``kind`` is what refusals call it.

    :raises PlanError: when it is not YAML, is empty, holds several documents, or uses what plans do without
    """
    try:
        return _Builder(yaml.parse(text, Loader=_LOADER), file, kind).document()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise PlanError(
            f"this is not YAML: {error.problem or error.context}", file=file, line=mark.line + 1 if mark else None
        ) from error
    except (yaml.YAMLError, UnicodeError) as error:
        raise PlanError(
            "this is not YAML: it holds a character that no text file has", file=file, line=_unprintable_line(text)
        ) from error


def path_part(key: str) -> str:
    """Return a key as it stands in a dotted path: itself, or in quotes where it would break the line."""
    return key if key.isprintable() and len(key) <= 60 else shown(key)


def _unprintable_line(text: str) -> int | None:
    found = _UNPRINTABLE.search(text)
    return text.count("\n", 0, found.start()) + 1 if found else None


class _Builder:
    """Builds nodes from a stream of events, refusing as it goes. A path is the keys that lead to a node."""

    def __init__(self, events: Iterator[yaml.Event], file: str, kind: Kind) -> None:
        self._events = events
        self._file = file
        self._kind = _KINDS[kind]

    def document(self) -> Node:
        event = self._next()
        if isinstance(event, yaml.StreamEndEvent):
            raise PlanError(f"the file is empty; {self._kind.beginning}", file=self._file)
        node = self._node(self._next(), ())
        self._next()  # the end of the document
        if not isinstance(extra := self._next(), yaml.StreamEndEvent):
            raise self._refusal(extra, (), f"a second document begins here; {self._kind.name} is one document")
        return node

    def _next(self) -> yaml.Event:
        for event in self._events:
            if not isinstance(event, yaml.StreamStartEvent):
                return event
        raise PlanError("the file ends in the middle of a value", file=self._file)

    def _node(self, event: yaml.Event, path: Path) -> Node:
        self._refuse_magic(event, path)
        if len(path) > DEEPEST:
            raise self._refusal(event, path[:1], f"values are nested more than {DEEPEST} deep; {self._kind.name} needs five")
        if isinstance(event, yaml.ScalarEvent):
            return Scalar(event.value, _line(event))
        if isinstance(event, yaml.SequenceStartEvent):
            return Items(tuple(self._items(path)), _line(event))
        return self._entries(_line(event), path)

    def _items(self, path: Path) -> Iterator[Node]:
        for index in itertools.count():
            if isinstance(event := self._next(), yaml.SequenceEndEvent):
                return
            yield self._node(event, (*path, f"[{index}]"))

    def _entries(self, line: int, path: Path) -> Entries:
        entries: dict[str, Node] = {}
        lines: dict[str, int] = {}
        while not isinstance(event := self._next(), yaml.MappingEndEvent):
            key = self._key(event, path)
            if key in entries:
                raise self._refusal(event, (*path, key), f"the key is given twice, first in line {lines[key]}; keep one")
            lines[key] = _line(event)
            entries[key] = self._node(self._next(), (*path, key))
        return Entries(entries, lines, line)

    def _key(self, event: yaml.Event, path: Path) -> str:
        self._refuse_magic(event, path)
        if not isinstance(event, yaml.ScalarEvent):
            raise self._refusal(event, path, "a key must be a word, not a list or a mapping")
        return event.value

    def _refuse_magic(self, event: yaml.Event, path: Path) -> None:
        if isinstance(event, yaml.NodeEvent) and event.anchor is not None:
            raise self._refusal(event, path, f"anchors and aliases are not read ({shown(event.anchor)}); write the value out")
        if isinstance(event, yaml.ScalarEvent | yaml.CollectionStartEvent) and event.tag is not None:
            raise self._refusal(event, path, f"tags are not read ({shown(event.tag)}); write the plain value")

    def _refusal(self, event: yaml.Event, path: Path, sentence: str) -> PlanError:
        key = ".".join(path_part(part) for part in path).replace(".[", "[")
        return PlanError(sentence, file=self._file, line=_line(event), key=key or None)


def _line(event: yaml.Event) -> int:
    return event.start_mark.line + 1 if event.start_mark else 1
