"""Which corridor each thing in a file is: by its own name, or by what the user says."""

from collections.abc import Sequence
from dataclasses import dataclass

from netbench.errors import InputError, UsageError
from netbench.foreign.model import Content, Subject
from netbench.plan.model import Plan

REVERSE = ":reverse"


@dataclass(frozen=True, slots=True)
class Assignment:
    """``name`` is the file's word, None for whatever is in it; ``corridor`` is None where it is to be left out.

    ``turned``: it was measured from the corridor's far end, so that its forward is the corridor's reverse.
    """

    name: str | None
    corridor: str | None
    turned: bool = False


@dataclass(frozen=True, slots=True)
class Assigned:
    """One thing that was measured, and the corridor that it is."""

    corridor: str
    subject: Subject
    turned: bool


def parse_assignment(text: str, plan: Plan) -> Assignment:
    """Return what ``CORRIDOR``, ``NAME=CORRIDOR``, ``NAME=CORRIDOR:reverse`` or ``NAME=`` says.

    :raises UsageError: when the plan has no such corridor
    """
    name, equals, corridor = text.rpartition("=")
    if equals and not corridor:
        return Assignment(name, None)
    turned = corridor.endswith(REVERSE)
    corridor = corridor.removesuffix(REVERSE)
    if corridor not in plan.corridors:
        raise UsageError(f"--corridor {text}: plan {plan.name} has no corridor {corridor!r}; netbench plan show lists them")
    return Assignment(name if equals else None, corridor, turned)


def assign(content: Content, plan: Plan, assignments: Sequence[Assignment], file: str) -> tuple[Assigned, ...]:
    """Return every subject of the file that is not left out, each with its corridor.

    :raises InputError: when it is not known which corridor a subject is, or two are the same
    :raises UsageError: when an assignment is for nothing in the file
    """
    _check_used(content, assignments)
    found: dict[str, Assigned] = {}
    for subject in content.subjects:
        each = _assigned(subject, content, plan, assignments, file)
        if each is None:
            continue
        if each.corridor in found:
            told = f"{subject.name!r} and {found[each.corridor].subject.name!r} are both corridor {each.corridor}; leave one out"
            raise InputError(f"{told}: --corridor '{subject.name}='", file=file, place=subject.place)
        found[each.corridor] = each
    if not found:
        raise UsageError("everything in the file is left out, so there is nothing to import")
    return tuple(found.values())


def _check_used(content: Content, assignments: Sequence[Assignment]) -> None:
    names = {subject.name for subject in content.subjects}
    for each in assignments:
        if each.name is not None and each.name not in names:
            raise UsageError(f"--corridor '{each.name}=…': nothing in the file is called so")


def _assigned(subject: Subject, content: Content, plan: Plan, assignments: Sequence[Assignment], file: str) -> Assigned | None:
    for each in assignments:
        if each.name == subject.name and each.name is not None:
            return None if each.corridor is None else Assigned(each.corridor, subject, each.turned)
    for each in assignments:
        if each.name is None and each.corridor is not None:
            return Assigned(each.corridor, subject, each.turned)
    if subject.name in plan.corridors and subject.name is not None:
        return Assigned(subject.name, subject, turned=False)
    if len(content.subjects) == 1:
        raise InputError("it does not say which corridor was measured; give --corridor ID", file=file, place=subject.place)
    raise InputError(
        f"{subject.name!r} is no corridor of plan {plan.name}; say which it is, --corridor '{subject.name}=ID', "
        f"or leave it out, --corridor '{subject.name}='",
        file=file,
        place=subject.place,
    )
