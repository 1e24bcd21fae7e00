"""The path in the document of one measurement: hops, branches, changes, the largest packet."""

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NotRequired, TypedDict

from netbench.campaign.figuring import Figure
from netbench.cli.probe_document import ProbeMetric, metrics_of
from netbench.clock import Instant

if TYPE_CHECKING:
    from netbench.analysis.branches import Node
    from netbench.analysis.hops import Answerer, Hop
    from netbench.analysis.ways import Change, LargestPacket
    from netbench.measure.samples import Columns

_SHOWN = ("min", "p50", "p99", "max")


class AnswererEntry(TypedDict):
    """Who answered at a hop, in which flows and how often; ``labels`` and ``interface`` where its router tells them."""

    address: str
    flows: list[int]
    answered: int
    reply_ttl: int | None
    metrics: list[ProbeMetric]
    labels: NotRequired[str]
    interface: NotRequired[str]


class HopEntry(TypedDict):
    """One hop limit. ``standing`` says what missing answers mean."""

    hop: int
    asked: int
    answered: int
    standing: str
    destination: bool
    answers: list[AnswererEntry]


class BranchEntry(TypedDict):
    """A node and what follows it; ``needed`` flows through it rule out a further branch."""

    hop: int
    address: str | None
    next: list[str]
    flows: int
    needed: int


class TurnEntry(TypedDict):
    """One hop of a change."""

    hop: int
    old: str
    new: str


class ChangeEntry(TypedDict):
    """The path changed after one instant and before another."""

    after: str
    before: str
    flows: list[int]
    hops: list[TurnEntry]


class MtuEntry(TypedDict):
    """The largest packet that arrived, in IP octets; ``narrow`` is who said that more does not fit its next link."""

    octets: int | None
    told_octets: int | None
    narrow: str | None
    searched: bool


class PathEntry(TypedDict):
    """A path. ``branches_ruled_out`` says that no node hides a further branch, with ``confidence`` each."""

    method: str
    source: str
    destination: str
    port: int
    packet_octets: int
    reached: bool
    flows: int
    confidence: float
    branches_ruled_out: bool
    hops: list[HopEntry]
    branches: list[BranchEntry]
    balanced: list[int]
    changes: list[ChangeEntry]
    mtu: MtuEntry | None


def path_entry(columns: "Columns", evidence: bytes, pair: str) -> PathEntry:
    """Return the path of one pair from its samples and from what its probe says of itself (``path.json``)."""
    from netbench.analysis.hops import hops_of
    from netbench.analysis.ways import balanced_hops, changes_of, largest_packet

    told: dict[str, Any] = json.loads(evidence)[pair]
    hops, changes = hops_of(columns), changes_of(columns)
    found = _nodes(columns, changes, told["confidence"])
    return {
        "method": told["method"],
        "source": told["source"],
        "destination": told["destination"],
        "port": told["port"],
        "packet_octets": told["packet_octets"],
        "reached": any(hop.ends for hop in hops),
        "flows": len({flow for hop in hops for answerer in hop.answerers for flow in answerer.flows}),
        "confidence": told["confidence"],
        "branches_ruled_out": bool(found) and all(node.decided for node in found),
        "hops": [_hop(hop) for hop in hops],
        "branches": [_branch(node) for node in found],
        "balanced": list(balanced_hops(columns)),
        "changes": [_change(change) for change in changes],
        "mtu": _mtu(largest_packet(columns)),
    }


def _nodes(columns: "Columns", changes: Sequence["Change"], confidence: float) -> Sequence["Node"]:
    """Return the nodes of the path as it was last."""
    from netbench.analysis.branches import nodes
    from netbench.analysis.hops import trails_of

    since_ns = changes[-1].before_ns if changes else 0
    return nodes(list(trails_of(columns, since_ns).values()), confidence)


def _hop(hop: "Hop") -> HopEntry:
    return {
        "hop": hop.hop,
        "asked": hop.asked,
        "answered": hop.answered,
        "standing": hop.standing.value,
        "destination": hop.ends,
        "answers": [_answerer(answerer) for answerer in hop.answerers],
    }


def _answerer(answerer: "Answerer") -> AnswererEntry:
    shown = [summary for summary in answerer.round_trip if summary.statistic in _SHOWN]
    entry: AnswererEntry = {
        "address": answerer.address,
        "flows": list(answerer.flows),
        "answered": answerer.answered,
        "reply_ttl": answerer.reply_ttl,
        "metrics": metrics_of(map(Figure, shown)),
    }
    if answerer.labels is not None:
        entry["labels"] = answerer.labels
    if answerer.interface is not None:
        entry["interface"] = answerer.interface
    return entry


def _branch(node: "Node") -> BranchEntry:
    return {"hop": node.hop, "address": node.address, "next": list(node.following), "flows": node.flows, "needed": node.needed}


def _change(change: "Change") -> ChangeEntry:
    return {
        "after": _instant(change.after_ns),
        "before": _instant(change.before_ns),
        "flows": list(change.flows),
        "hops": [{"hop": hop, "old": old, "new": new} for hop, old, new in change.hops],
    }


def _mtu(found: "LargestPacket | None") -> MtuEntry | None:
    if found is None:
        return None
    return {"octets": found.octets, "told_octets": found.told_octets, "narrow": found.narrow, "searched": found.searched}


def _instant(wall_ns: int) -> str:
    """Return ISO 8601 in UTC to the millisecond: rounds are closer together than seconds."""
    return Instant(0, wall_ns).utc().isoformat(timespec="milliseconds").replace("+00:00", "Z")
