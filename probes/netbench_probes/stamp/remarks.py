"""What must be said beside the figures of a session: what the network did to its packets, what the far end would not do."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from netbench_probes.stamp.asking import Notes

_DSCP_SHIFT = 2
_ECN = 3
_TOLD_AT_MOST = 3


@dataclass(slots=True)
class Markings:
    """How packets of one direction were marked: ``sent`` is DSCP << 2 | ECN as they left, None where nobody told."""

    sent: int | None
    seen: Counter[int] = field(default_factory=Counter[int])

    def note(self, tos: int | None) -> None:
        """Take one arrival into account."""
        if tos is not None:
            self.seen[tos] += 1


def remarks_of(there: Markings, back: Markings, notes: Notes, local: tuple[str, int]) -> tuple[str, ...]:
    """Return the sentences; ``local`` is our own end."""
    # a far end that did not do as it was asked marked its replies in a way that nobody told
    told = not notes.dscp_refused and not notes.unrecognised
    changes = (*_changes(there, "there"), *(_changes(back, "back") if told else ()))
    return (*changes, *_refusals(notes), *_translation(notes, local))


def _changes(markings: Markings, way: str) -> Iterator[str]:
    sent = markings.sent
    if sent is None:
        return
    for tos, count in markings.seen.most_common(_TOLD_AT_MOST):
        was, became = sent >> _DSCP_SHIFT, tos >> _DSCP_SHIFT
        if was != became:
            yield f"the network marked {count} of the packets anew on the way {way}: DSCP {was} became {became}"
        if sent & _ECN != tos & _ECN:
            yield f"{count} of the packets came with another ECN field on the way {way}: {sent & _ECN} became {tos & _ECN}"


def _refusals(notes: Notes) -> Iterator[str]:
    if notes.unrecognised:
        yield f"the far end did not understand {notes.unrecognised} of the TLVs that it was asked"
    if notes.malformed:
        yield f"{notes.malformed} replies had malformed TLVs, which were not read"
    if notes.unsealed:
        yield f"{notes.unsealed} replies had TLVs that no key vouches for, which were not used"
    if notes.dscp_refused:
        yield f"the far end did not mark {notes.dscp_refused} of its replies as it was asked"


def _translation(notes: Notes, local: tuple[str, int]) -> Iterator[str]:
    seen = notes.told.get("location", {})
    if "source" in seen and (seen["source"], seen["source_port"]) != local:
        yield f"the far end sees this host at {seen['source']} port {seen['source_port']}"
