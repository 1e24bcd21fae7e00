"""What was measured of each link, beside what was asked, as lines and notes show it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from netbench.campaign.document import Bounds, LinkEntry
from netbench.report.language import mark
from netbench.units import format_duration, format_rate, format_ratio

ItemName = Literal["delay", "rate", "queue", "jitter", "loss"]
DirectionOf = Literal["forward", "reverse"]

ITEMS: Mapping[str, str] = {
    "path": mark("path"),
    "delay": mark("delay"),
    "delay p99": mark("delay p99"),
    "rate": mark("rate"),
    "queue": mark("queue"),
    "jitter": mark("jitter"),
    "delay by its trace": mark("delay by its trace"),
    "loss by its trace": mark("loss by its trace"),
    "rate by its trace": mark("rate by its trace"),
    "loss": mark("loss"),
    "direction": mark("direction"),
}
"""What the items of a certificate are called."""
_WAYS: tuple[DirectionOf, DirectionOf] = ("forward", "reverse")


@dataclass(frozen=True, slots=True)
class LinkFigure:
    """One item of one direction; the rate is the emulated one."""

    link: str
    direction: DirectionOf
    item: ItemName
    asked: float
    got: Bounds

    @property
    def error(self) -> float | None:
        """How far the figure lies from what was asked, as a share of it for rates and queues; None where there is none."""
        value = self.got["value"]
        if value is None:
            return None
        if self.item in ("delay", "jitter", "loss"):
            return value - self.asked
        return value / self.asked - 1 if self.asked else None

    def shown(self, value: float | None) -> str:
        """Return a figure of this kind with its unit."""
        if value is None:
            return "—"
        if self.item == "rate":
            return format_rate(value)
        return format_ratio(value) if self.item == "loss" else format_duration(value)

    def shown_error(self) -> str:
        """Return the error with its sign: ``+4.2 µs``, ``−0.3%``."""
        error = self.error
        if error is None:
            return "—"
        size = format_duration(abs(error)) if self.item in ("delay", "jitter") else format_ratio(round(abs(error), 5))
        return f"{'−' if error < 0 else '+'}{size}"


def link_figures(link: LinkEntry) -> Iterator[LinkFigure]:
    """Yield what was measured of a link, direction by direction; nothing for what the run did not measure."""
    asked, got = link["asked"], link["got"]
    scale = link["rate_scale"]
    columns: tuple[tuple[ItemName, list[float], list[Bounds] | None], ...] = (
        ("delay", [*asked["delay_ns"]], got["delay_ns"]),
        ("rate", [rate // scale for rate in asked["rate_bps"]], got.get("emulated_rate_bps")),
        ("queue", [*asked.get("queue_ns", [])], got.get("queue_ns")),
        ("jitter", [*asked.get("jitter_ns", [])], got.get("jitter_ns")),
        ("loss", [*asked["loss_ratio"]], got.get("loss_ratio")),
    )
    for place, direction in enumerate(_WAYS):
        for item, wanted, found in columns:
            if found is not None and place < len(wanted):
                yield LinkFigure(link["id"], direction, item, wanted[place], found[place])
