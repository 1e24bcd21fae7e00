"""A path in the shape of RIPE Atlas's traceroute results, version 5000 (atlas.ripe.net/docs/apis/measurement-result-format).

One object a flow, for a flow is what Atlas calls a Paris variation; its hops hold every probe of that flow, in order of sending.
What Atlas's own numbering would say (measurement, probe) is 0, for these are no measurements of Atlas.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from netbench.clock import NANOSECONDS_PER_SECOND

if TYPE_CHECKING:
    from netbench.cli.path_document import PathEntry
    from netbench.measure.samples import Columns

FIRMWARE = 5000
"""The number by which Atlas tells the shape of a result."""
MEASUREMENT_CODE = "2.2.0"
UNKNOWN_SYNCHRONISATION = -1
_ERRORS: Mapping[tuple[int, int, int], str] = {
    (4, 3, 0): "N",
    (4, 3, 1): "H",
    (4, 3, 2): "P",
    (4, 3, 13): "A",
    (6, 1, 0): "N",
    (6, 1, 1): "A",
    (6, 1, 2): "h",
    (6, 1, 3): "H",
}
"""By family, ICMP type and code. A closed port is how the far end answers UDP, and Atlas does not call that an error."""
_UNREACHABLE = {4: 3, 6: 1}
_NO_ERRORS = {4: (3, 4), 6: (4,)}


def atlas_results(columns: "Columns", path: "PathEntry", target: str) -> list[dict[str, Any]]:
    """Return one result a flow, in the order of flows."""
    from netbench.analysis.hops import in_time, within_the_way

    by_flow: dict[int, list[int]] = {}
    for row in in_time(columns, within_the_way(columns)):
        by_flow.setdefault(int(columns["flow"][row]), []).append(row)
    return [_result(columns, path, target, flow, rows) for flow, rows in sorted(by_flow.items())]


def _result(columns: "Columns", path: "PathEntry", target: str, flow: int, rows: Sequence[int]) -> dict[str, Any]:
    sent_ns = [int(columns["sent_ns"][row]) for row in rows]
    family = 6 if ":" in path["destination"] else 4
    headers = {4: 28, 6: 48}[family]
    return {
        "fw": FIRMWARE,
        "mver": MEASUREMENT_CODE,
        "lts": UNKNOWN_SYNCHRONISATION,
        "type": "traceroute",
        "msm_name": "Traceroute",
        "msm_id": 0,
        "prb_id": 0,
        "timestamp": min(sent_ns) // NANOSECONDS_PER_SECOND,
        "endtime": max(sent_ns) // NANOSECONDS_PER_SECOND,
        "from": path["source"],
        "src_addr": path["source"],
        "dst_addr": path["destination"],
        "dst_name": target,
        "af": family,
        "proto": path["method"].upper(),
        "paris_id": flow,
        "size": path["packet_octets"] - headers,
        "result": _hops(columns, rows, family),
    }


def _hops(columns: "Columns", rows: Sequence[int], family: int) -> list[dict[str, Any]]:
    by_hop: dict[int, list[dict[str, Any]]] = {}
    for row in rows:
        by_hop.setdefault(int(columns["hop"][row]), []).append(_reply(_plain(columns, row), family))
    return [{"hop": hop, "result": replies} for hop, replies in sorted(by_hop.items())]


def _plain(columns: "Columns", row: int) -> dict[str, Any]:
    """Return the values that a row has."""
    import numpy as np

    values = {name: column[row] for name, column in columns.items()}
    return {name: value.item() for name, value in values.items() if value is not np.ma.masked}


def _reply(row: Mapping[str, Any], family: int) -> dict[str, Any]:
    if "address" not in row:
        return {"x": "*"}
    reply: dict[str, Any] = {
        "from": row["address"],
        "rtt": round(row["round_trip_ns"] / 1e6, 3),
        "size": row.get("quoted_octets", row["packet_octets"]),
    }
    if "reply_ttl" in row:
        reply["ttl"] = row["reply_ttl"]
    error = _error(family, row.get("icmp_type"), row.get("icmp_code"))
    if error is not None:
        reply["err"] = error
    if "mtu_octets" in row:
        reply["mtu"] = row["mtu_octets"]
    if "labels" in row:
        reply["icmpext"] = _extensions(row["labels"])
    return reply


def _error(family: int, icmp_type: int | None, code: int | None) -> str | int | None:
    """Return what Atlas writes of an unreachable destination: a letter, and the code itself where it has no letter."""
    unreachable = _UNREACHABLE[family]
    if icmp_type != unreachable or code is None or code in _NO_ERRORS[family]:
        return None
    return _ERRORS.get((family, unreachable, code), code)


def _extensions(labels: str) -> dict[str, Any]:
    entries = (entry.split("/") for entry in labels.split())
    stack = [{"label": int(label), "exp": int(tc), "s": int(s), "ttl": int(ttl)} for label, tc, s, ttl in entries]
    return {"version": 2, "rfc4884": 1, "obj": [{"class": 1, "type": 1, "mpls": stack}]}
