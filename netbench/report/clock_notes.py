"""What is said of clocks: this host's, and the two between which packets went."""

from collections.abc import Iterator, Mapping, Sequence

from netbench.campaign.document import ClockEntry, ClocksEntry
from netbench.report.figures import milliseconds
from netbench.report.language import labelled, mark, translate

REASONS = (
    mark(
        "the far end's clock is not known to agree with this one, so a one-way delay would be as wrong as the clocks are apart; "
        "the round trip and the variation of each direction need no common clock"
    ),
    mark(
        "what is known of the two clocks and of the path hardly bounds a one-way delay better than the round trip does; "
        "synchronise both clocks"
    ),
    mark("light needs longer than the round trip took: a coordinate or a clock's rate is wrong"),
    mark("no steady clock explains the delays: one of the two was stepped or slewed too often to tell"),
    mark("a clock that claims to be right is wrong: packets would have been faster than light"),
    mark("the plan declares the path symmetric, and the delays both ways say that it is not"),
)
"""The sentences of ``netbench.analysis.footing`` and ``clocks``, for the catalogue; a test holds them to each other."""

_SOURCES = {"chrony": "chrony", "ptp4l": "ptp4l", "kernel": mark("the kernel"), "nobody": mark("nobody")}


def here_line(clock: Mapping[str, ClockEntry], language: str) -> str:
    """Return how good this host's clock was: the worse of its readings."""
    worst = max(clock.values(), key=_badness)
    source = translate(_SOURCES[worst["source"]], language)
    if not worst["synchronised"]:
        return translate("This host's clock: not synchronised to UTC, says {source}", language, source=source)
    if worst["error_ns"] is None:
        return translate("This host's clock: synchronised to UTC, says {source}, to an error unknown", language, source=source)
    error = milliseconds(worst["error_ns"])
    return translate("This host's clock: within {error} ms of UTC, says {source}", language, error=error, source=source)


def _badness(entry: ClockEntry) -> tuple[bool, bool, int]:
    return not entry["synchronised"], entry["error_ns"] is None, entry["error_ns"] or 0


def bounded_line(named: Sequence[tuple[str, ClocksEntry]], language: str) -> str | None:
    """Return how well one-way delays between two clocks are known, by name; None where none is given."""
    told = [f"{name} ± {milliseconds(each['error_ns'])} ms" for name, each in named if each["footing"] == "bounded"]
    if not told:
        return None
    what = translate("One-way delays are corrected by what is known of both clocks and the path, and known to", language)
    return labelled(what, translate(", ", language).join(told), language)


def remarks(clocks: ClocksEntry, language: str) -> Iterator[str]:
    """Say which steps were found, and what they leave out, and why nothing is said of a direction."""
    for step in clocks["steps"]:
        yield translate(
            "the far end's clock was put forward by {step} ms against this one about {at}; packets beside it are left out",
            language,
            step=f"{step['step_ns'] / 1e6:+.3f}",
            at=step["at"],
        )
    why = clocks["reason"]
    if clocks["footing"] == "refused" and why is not None:
        yield translate("nothing is said of either direction alone: {reason}", language, reason=translate(why, language))


def skew_line(clocks: ClocksEntry, language: str) -> str | None:
    """Return what was taken out of the variation of delays, and what that leaves open."""
    skew, left_ns = clocks["skew_ppb"], clocks["pdv_error_ns"]
    if skew is None or skew["value"] is None or left_ns is None:
        return None
    return translate(
        "The far end's clock runs {skew} ppm fast; without that, how delays vary is known to {error} ms.",
        language,
        skew=f"{skew['value'] / 1000:+.3f}",
        error=milliseconds(left_ns),
    )
