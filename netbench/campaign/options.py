"""What a user may choose about a campaign."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from netbench.campaign.cuts import Event
from netbench.campaign.load_report import LoadName
from netbench.clock import NANOSECONDS_PER_SECOND


@dataclass(frozen=True, slots=True)
class CampaignOptions:
    """``only`` names corridors (all when empty); ``latency_ns`` is how long delay is measured; ``results`` is the archive.

    ``load`` is what is offered meanwhile, nothing when None.
    ``events`` are the cuts that are measured after delay, in the place of throughput.
    On live links ``inventory`` says where sites answer and ``here`` at which this host is; throughput is measured there, for
    ``bulk_ns`` each way, when ``bulk`` asks for it or the inventory always allows it.
    Without ``calibrate`` no link is measured against the plan, and no verdict is more than inconclusive.
    """

    results: Path
    only: tuple[str, ...] = ()
    latency_ns: int = 20 * NANOSECONDS_PER_SECOND
    wire: str | None = None
    switching: Literal["none", "ovs"] = "none"
    seed: int = 1
    load: LoadName | None = None
    routing: Literal["static", "frr"] = "static"
    events: tuple[Event, ...] = ()
    calibrate: bool = True
    inventory: Path | None = None
    here: tuple[str, ...] = ()
    bulk: bool = False
    bulk_ns: int = 10 * NANOSECONDS_PER_SECOND
