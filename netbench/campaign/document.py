"""The result document: what ``--json`` writes, what a sealed run keeps as ``result.json``, what every report reads.

Its JSON Schema is ``result.schema.json`` beside this file. Instants are ISO 8601 in UTC, durations integer nanoseconds, rates
bit/s. ``value``, ``low`` and ``high`` are null where they are undefined. Per-direction pairs are [a to b, b to a].
"""

from typing import Literal, NotRequired, TypedDict

SCHEMA = 1

OutcomeName = Literal["pass", "fail", "inconclusive", "void"]


class Name(TypedDict):
    """A name in both languages."""

    en: str
    zh: str


class Bounds(TypedDict):
    """A measured figure with its interval."""

    value: float | int | None
    low: float | int | None
    high: float | int | None


class LinkAsked(TypedDict):
    """What the plan asked of a link; ``rate_bps`` is the planned rate, which the emulation divides by ``rate_scale``."""

    delay_ns: list[int]
    rate_bps: list[int]
    loss_ratio: list[float]
    jitter_ns: NotRequired[list[int]]
    queue_ns: NotRequired[list[int]]


class LinkGot(TypedDict):
    """What was measured of a link before the campaign: ``delay_ns`` is the median.

    ``rate_bps`` is in the plan's terms, ``emulated_rate_bps`` what was measured. ``jitter_ns`` is how far the 10th percentile of
    delay lies below the median, ``queue_ns`` the longest wait in the queue. A key is absent in runs that did not measure it.
    """

    delay_ns: list[Bounds]
    delay_p99_ns: NotRequired[list[Bounds]]
    rate_bps: NotRequired[list[Bounds]]
    emulated_rate_bps: NotRequired[list[Bounds]]
    loss_ratio: NotRequired[list[Bounds]]
    jitter_ns: NotRequired[list[Bounds]]
    queue_ns: NotRequired[list[Bounds]]


class LinkDrift(TypedDict):
    """A link's median delay after the campaign, and why it is not what it was, null where it is."""

    delay_ns: list[Bounds]
    reason: str | None


class FollowedEntry(TypedDict):
    """What was measured of a link beside what its trace asked at that moment.

    ``delay_ns``: how much later probes were, at the median. ``loss_ratio``: the probes lost. ``rate_share``: of the rate that was
    asked, at the median of trains; absent where the trace leaves the rate alone. ``asked_loss_ratio`` is the mean of what was
    asked of these probes, null where too few are known.
    """

    direction: Literal["forward", "reverse"]
    delay_ns: Bounds
    loss_ratio: Bounds
    asked_loss_ratio: float | None
    rate_share: NotRequired[Bounds]


class UnprovedEntry(TypedDict):
    """One thing about a link that could not be measured on this machine, and why."""

    kind: str
    direction: Literal["forward", "reverse"]
    reason: str


LinkEntry = TypedDict(
    "LinkEntry",
    {
        "id": str,
        "a": str,
        "b": str,
        "class": str,
        "assumed": bool,
        "assumptions": list[str],
        "rate_scale": int,
        "tolerance_ns": int,
        "asked": LinkAsked,
        "got": LinkGot,
        "faithful": bool,
        "calibrated": NotRequired[bool],
        "faults": NotRequired[list[str]],
        "unproved": NotRequired[list[UnprovedEntry]],
        "followed": NotRequired[list[FollowedEntry]],
        "drift": NotRequired[LinkDrift | None],
    },
)


class FigureEntry(TypedDict):
    """One figure: what it is of, its value and its interval."""

    metric: str
    direction: Literal["forward", "reverse", "both"]
    statistic: str
    value: float | int | None
    low: float | int | None
    high: float | int | None
    unit: Literal["ns", "bit/s", "1"]
    count: int
    method: str


class MetricEntry(FigureEntry, total=False):
    """One figure of a corridor.

    A rate's ``value`` is in terms of the plan: what was measured (``emulated``) times ``rate_scale``. ``reason`` is why there is
    no value although packets came back.
    """

    emulated: Bounds
    rate_scale: int
    reason: str


class SourceEntry(TypedDict):
    """Where a target's figure comes from."""

    title: str
    date: str
    url: str | None


class BreakEvenEntry(TypedDict):
    """How long the route may be for the limit still to hold."""

    route_km: float
    route_factor: float


class Needs(TypedDict):
    """How many attempts in all would decide."""

    samples: int


class TargetEntry(TypedDict):
    """One target of a corridor, judged. ``reason`` is English; ``reason_key`` and ``reason_fields`` let a reader say it anew.

    ``toward`` is the one direction that the target is for, null for both. ``of`` is the threshold that a share counts from.
    """

    id: str
    metric: str
    statistic: str
    comparison: Literal["at_most", "at_least"]
    limit: float
    unit: Literal["ns", "bit/s", "1"]
    of: float | None
    direction: str
    toward: Literal["forward", "reverse"] | None
    layer: str
    status: str
    due: str | None
    source: SourceEntry
    verdict: OutcomeName
    conditional: bool
    break_even: BreakEvenEntry | None
    reason: str
    reason_key: str
    reason_fields: dict[str, str]
    needs: Needs | None


CorridorEntry = TypedDict(
    "CorridorEntry",
    {
        "id": str,
        "kind": str,
        "class": str | None,
        "from": str,
        "to": str,
        "route": list[str],
        "route_km": float | None,
        "great_circle_km": float,
        "theory_ns": int,
        "assumed_links": list[str],
        "error_ns": int,
        "rate_error_ratio": NotRequired[float],
        "timestamps": str | None,
        "metrics": list[MetricEntry],
        "targets": list[TargetEntry],
        "not_measured": dict[str, str],
        "verdict": OutcomeName,
        "conditional": bool,
        "live": NotRequired["LiveCorridorEntry"],
        "clocks": NotRequired["ClocksEntry"],
        "imported": NotRequired["ImportedCorridorEntry"],
    },
)


class ClockStepEntry(TypedDict):
    """The far clock was put forward by so much against the one here, at about this instant of the one here."""

    at: str
    step_ns: int


class ClocksEntry(TypedDict):
    """The two clocks between which packets went, and what that allows (``netbench.analysis.footing``).

    One-way delays are given where ``footing`` is bounded, each direction's variation where it is that or variation; ``reason`` is
    why not more, and ``contradiction`` says that what was claimed cannot be true. ``error_ns``, ``pdv_error_ns`` and
    ``ipdv_error_ns`` bound the clocks' part in these figures and widen what is judged; ``low`` and ``high`` of a metric do
    not have them in. The far clock was ahead by ``offset_ns`` at the end, and faster by ``skew_ppb``.

    What that rests on: light needs ``least_ns`` one way, the plan declares the path ``symmetric``, and what the clocks claim of
    themselves, null where they claim nothing. ``left_out`` packets may have been under way at one of the ``steps``.
    """

    footing: Literal["bounded", "variation", "refused"]
    reason: str | None
    contradiction: bool
    error_ns: int | None
    pdv_error_ns: int | None
    ipdv_error_ns: int | None
    offset_ns: Bounds | None
    skew_ppb: Bounds | None
    least_ns: int
    symmetric: bool
    here_error_ns: int | None
    far_error_ns: int | None
    steps: list[ClockStepEntry]
    left_out: int


class ClockEntry(TypedDict):
    """The wall clock of the host that measured, as ``source`` had it: within ``error_ns`` of UTC, null where nobody bounds it."""

    synchronised: bool
    error_ns: int | None
    source: Literal["chrony", "ptp4l", "kernel", "nobody"]
    reference: str | None
    frequency_ppb: int | None


class LiveCorridorEntry(TypedDict):
    """How a corridor was measured on live links: from which of its ends, by which probe (null: by none), at which layer.

    ``operators`` are those at its ends and along its planned route; more than one: it leads from one to another (网间).
    ``packets_per_second`` is the pace of its probes.
    """

    here: str
    probe: str | None
    layer: Literal["ip", "internet"]
    operators: list[str]
    packets_per_second: float | None


UnreachedEntry = TypedDict(
    "UnreachedEntry",
    {"id": str, "from": str, "to": str, "lack": Literal["not-here", "both-here", "no-address"], "reason": str},
)


class LiveEntry(TypedDict):
    """A run on live links: by which inventory, seen from where, and the plan's corridors that are not in it, with why."""

    inventory: str
    inventory_digest: str
    here: list[str]
    unreached: list[UnreachedEntry]


class ImportedCorridorEntry(TypedDict):
    """What others measured of a corridor: what their file calls it, and whether it was measured from the corridor's far end.

    ``samples`` of its packets were in the file, 0 where it has figures alone; their last digit stands for ``resolution_ns``.
    ``clock_error_ns`` bounds how far apart the clocks at its ends were, null where nobody says: then no one-way delay is judged.
    """

    name: str | None
    turned: bool
    layer: Literal["ip", "internet"]
    samples: int
    resolution_ns: int
    clock_error_ns: int | None


ImportedEntry = TypedDict(
    "ImportedEntry",
    {
        "map": str,
        "title": Name,
        "map_digest": str,
        "format": str,
        "file": str,
        "sha256": str,
        "bytes": int,
        "rows": int,
        "from": str,
        "to": str,
        "left_out": list[str],
    },
)
"""What a run was made of: the file (kept under ``evidence/``) by a column map, and what in it was left out on request."""


class HostEntry(TypedDict):
    """How busy the machine was while something was measured; ratios are of all cores' time, null where the kernel does not say.

    ``late_ticks`` of ``ticks`` wake-ups were more than 20 ms late; ``dropped_frames`` the kernel dropped for want of time.
    """

    seconds: float
    cores: int
    busy_ratio: float
    busiest_core_ratio: float
    softirq_ratio: float
    steal_ratio: float
    waiting_ratio: float | None
    dropped_frames: int | None
    ticks: int
    late_ticks: int
    max_late_ns: int


class LoadedRates(TypedDict):
    """A link's rate and what was asked of it, offered to it and carried by it (probes included), all in bit/s."""

    rate_bps: int
    asked_bps: int
    offered_bps: int
    carried_bps: int


class LoadedLinkEntry(TypedDict):
    """One direction of a link under load: in the plan's terms, as emulated, and as shares of the rate."""

    id: str
    direction: Literal["forward", "reverse"]
    rate_scale: int
    planned: LoadedRates
    emulated: LoadedRates
    asked_utilisation: float
    utilisation: float


class LoadEntry(TypedDict):
    """The traffic under which delay was measured, and so its verdicts made; throughput was measured without it.

    ``late_ratio`` of its datagrams left more than 1 ms after their time.
    """

    name: Literal["busy-hour"]
    during: Literal["delay"]
    seconds: float
    demands: int
    assumed_demands: int
    late_ratio: float
    links: list[LoadedLinkEntry]


class FailureWay(TypedDict):
    """One direction of a corridor around a cut: what was foretold of it and what was seen. Routes are in the order of travel.

    ``outage_ns`` is true to within ``resolution_ns`` of the entry, and at least so long where ``recovered`` is false. A route and
    a delay are null where nothing arrives, or where it was not found out.
    """

    outage_ns: int | None
    lost: int | None
    attempted: int | None
    survived: bool
    recovered: bool
    delay_before_ns: int | None
    delay_after_ns: int | None
    delay_foretold_ns: int | None
    route_foretold: list[str] | None
    route_taken: list[str] | None


class FailureCorridorEntry(TypedDict):
    """One corridor that crosses a cut. ``as_foretold``: survival is as foretold, and the route too where it survived."""

    id: str
    survived: bool
    foretold_to_survive: bool
    as_foretold: bool
    forward: FailureWay
    reverse: FailureWay
    not_traced: str | None


class FailureEntry(TypedDict):
    """One cut: ``at_ns`` and ``restored_ns`` are when it really happened, from the beginning of its measurement."""

    cut: str
    kind: Literal["link", "risk"]
    links: list[str]
    how: Literal["visible", "silent"]
    routing: Literal["static", "frr"]
    at_ns: int | None
    restored_ns: int | None
    resolution_ns: int | None
    as_foretold: bool
    corridors: list[FailureCorridorEntry]


class Document(TypedDict):
    """A whole run. ``not_measured`` of a corridor is by probe name: why there is no figure.

    ``host`` is how busy the machine was, by what was measured: delay, throughput. ``load`` is there when one was offered.
    ``failures`` is there when links were cut, ``live`` for a run on live links, whose ``links`` nobody measured one by one.
    ``clock`` is this host's, at the start and at the end. ``origin`` and ``imported`` are there when others measured it.
    """

    schema: int
    run: str
    plan: "PlanEntry"
    network: str
    wire: str
    started: str
    seconds: float
    verdict: OutcomeName
    conditional: bool
    sites: dict[str, Name]
    links: list[LinkEntry]
    corridors: list[CorridorEntry]
    host: NotRequired[dict[str, HostEntry]]
    load: NotRequired[LoadEntry]
    failures: NotRequired[list[FailureEntry]]
    live: NotRequired[LiveEntry]
    clock: NotRequired[dict[str, ClockEntry]]
    origin: NotRequired[Literal["imported"]]
    imported: NotRequired[ImportedEntry]


class PlanEntry(TypedDict):
    """Which plan was measured. Days, and so whether a target is due, are counted in ``timezone``."""

    name: str
    title: Name
    timezone: str
    digest: str
    rate_scale: int
