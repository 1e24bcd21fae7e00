"""What is to be cut, and when: from the command line or from a file."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from netbench.errors import PlanError, UsageError
from netbench.plan.failures import HOWS, How
from netbench.plan.fields import Fields, Value
from netbench.plan.model import Plan
from netbench.plan.tree import parse_tree
from netbench.plan.utilisation import Cut, all_cuts
from netbench.units import format_duration, parse_duration_ns

EARLIEST_NS = 500_000_000
"""Something must be measured before the cut, and between it and the restoration."""
SHORTEST_NS = 1_000_000_000
DEFAULT_AT_NS, DEFAULT_RESTORE_NS = 2_000_000_000, 8_000_000_000

_LARGEST_OCTETS = 1_000_000
_TIMES = ("at", "restore", "how")


@dataclass(frozen=True, slots=True)
class Timed:
    """One cut and when it happens, counted from the beginning of its event."""

    cut: Cut
    at_ns: int


@dataclass(frozen=True, slots=True)
class Event:
    """Cuts that are measured together and restored together."""

    cuts: tuple[Timed, ...]
    restore_ns: int
    how: How

    def __post_init__(self) -> None:
        first, last = (choose(timed.at_ns for timed in self.cuts) for choose in (min, max))
        if first < EARLIEST_NS:
            raise UsageError(
                f"{self.whole.name} is cut after {format_duration(first)}; measure {format_duration(EARLIEST_NS)} or more before"
            )
        if self.restore_ns < last + SHORTEST_NS:
            raise UsageError(
                f"{self.whole.name} is cut at {format_duration(last)} and restored at {format_duration(self.restore_ns)}; "
                f"restore it {format_duration(SHORTEST_NS)} or more after the cut"
            )

    @property
    def whole(self) -> Cut:
        """All of it as one cut: the state that is foretold."""
        if len(self.cuts) == 1:
            return self.cuts[0].cut
        links = dict.fromkeys(link for timed in self.cuts for link in timed.cut.links)
        return Cut("link", " + ".join(timed.cut.name for timed in self.cuts), tuple(links))


def events_from_words(plan: Plan, cuts: Sequence[str], restore: str | None, *, silent: bool) -> tuple[Event, ...]:
    """Return the one event of ``--cut LINK@10s … --restore 20s``; none without a cut. A link's id comes before a risk's name.

    :raises UsageError: when a name or a time cannot be meant
    """
    if not cuts:
        if restore is not None or silent:
            raise UsageError("--restore and --silent say how a cut goes; name what is cut with --cut LINK@10s")
        return ()
    if restore is None:
        raise UsageError("a cut needs the time at which it is restored; add --restore 20s")
    timed = tuple(_timed(plan, word) for word in cuts)
    return (Event(timed, parse_duration_ns(restore), "silent" if silent else "visible"),)


def events_from_file(plan: Plan, path: Path) -> tuple[Event, ...]:
    """Return the events of a campaign file.

    :raises PlanError: naming file, line and key of what cannot be meant
    """
    try:
        text = path.read_text("utf-8")
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}; name a file of cuts") from error
    except UnicodeError as error:
        raise UsageError(f"{path} is not text in UTF-8; save the file as UTF-8") from error
    if len(text) > _LARGEST_OCTETS:
        raise UsageError(f"{path} is larger than 1 MB, which no campaign is")
    value = Value(parse_tree(text, str(path)), str(path), "", 1)
    items = value.fields(("cuts",), ("cuts",))["cuts"].items()
    events = tuple(event for item in items for event in _events(plan, item))
    if not events:
        raise value.error("there is nothing to cut; name links, a risk, or every: link")
    return events


def _timed(plan: Plan, word: str) -> Timed:
    name, at, when = word.rpartition("@")
    if not at:
        raise UsageError(f"--cut {word} says not when; write --cut {word}@10s")
    return Timed(_named(plan, name), parse_duration_ns(when))


def _named(plan: Plan, name: str) -> Cut:
    found = next((cut for cut in all_cuts(plan) if cut.name == name), None)
    if found is None:
        raise UsageError(
            f"plan {plan.name} has no link and no shared risk called '{name}'; netbench plan resilience names them all"
        )
    return found


def _events(plan: Plan, item: Value) -> Iterable[Event]:
    fields = item.fields(("links", "risk", "every", *_TIMES))
    at_ns = fields.get("at", Value.duration_ns, DEFAULT_AT_NS)
    restore_ns = fields.get("restore", Value.duration_ns, DEFAULT_RESTORE_NS)
    how = fields.get("how", lambda given: given.one_of((*HOWS, "both")), "visible")
    for cut in _cuts(plan, fields):
        for each in HOWS if how == "both" else (how,):
            try:
                yield Event((Timed(cut, at_ns),), restore_ns, "silent" if each == "silent" else "visible")
            except PlanError:
                raise
            except UsageError as error:
                raise item.error(str(error)) from error


def _cuts(plan: Plan, fields: Fields) -> tuple[Cut, ...]:
    given = [key for key in ("links", "risk", "every") if key in fields]
    if len(given) != 1:
        raise fields.owner.error("name what is cut by one of: links, risk, every")
    if "every" in fields:
        kind = fields["every"].one_of(("link", "risk"))
        return tuple(cut for cut in all_cuts(plan) if cut.kind == kind)
    if "risk" in fields:
        risks = {cut.name: cut for cut in all_cuts(plan) if cut.kind == "risk"}
        return (risks[fields["risk"].known(risks, "shared risk")],)
    links = tuple(item.known(plan.links, "link") for item in fields["links"].one_or_more())
    return (Cut("link", " + ".join(links), links),)
