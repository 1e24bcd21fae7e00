"""What stands under the table of a run that was measured under load."""

from collections.abc import Iterator

from netbench.campaign.document import Document, LoadedLinkEntry
from netbench.report import words
from netbench.report.language import translate
from netbench.units import format_rate, format_ratio


def load_lines(document: Document, language: str) -> Iterator[str]:
    """Say under what load delay was measured, where it was fullest, where it did not fit; nothing without a load."""
    load = document.get("load")
    if load is None or not load["links"]:
        return
    fullest = max(load["links"], key=lambda link: link["utilisation"])
    yield translate(
        "Delay was measured under the busy hour's {demands} demands ({assumed} assumed), throughput without; fullest was {link}",
        language,
        demands=load["demands"],
        assumed=load["assumed_demands"],
        link=_link(fullest, language),
    )
    over = [link for link in load["links"] if link["asked_utilisation"] > 1]
    for link in over:
        yield translate("More was offered than fits, so its queue was full: {link}", language, link=_link(link, language))


def _link(link: LoadedLinkEntry, language: str) -> str:
    planned, emulated = link["planned"], link["emulated"]
    return translate(
        "{link} {direction}, {asked} asked, {carried} carried: {rate} of {whole}, emulated {emulated} of {capacity}",
        language,
        link=link["id"],
        direction=words.say(words.DIRECTIONS, link["direction"], language),
        asked=format_ratio(link["asked_utilisation"]),
        carried=format_ratio(link["utilisation"]),
        rate=format_rate(planned["carried_bps"]),
        whole=format_rate(planned["rate_bps"]),
        emulated=format_rate(emulated["carried_bps"]),
        capacity=format_rate(emulated["rate_bps"]),
    )
