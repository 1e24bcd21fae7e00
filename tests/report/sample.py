"""A made-up document with one of everything a report must tell apart."""

from netbench.campaign.document import CorridorEntry, Document, LinkEntry, MetricEntry, OutcomeName, TargetEntry
from netbench.verdict import reasons

MS = 1_000_000


def delay(statistic: str, direction: str, value_ns: int) -> MetricEntry:
    return {
        "metric": "one_way_delay",
        "direction": "reverse" if direction == "reverse" else "forward",
        "statistic": statistic,
        "value": value_ns,
        "low": value_ns - 10_000,
        "high": value_ns + 20_000,
        "unit": "ns",
        "count": 400,
        "method": "order statistics",
    }


def loss(ratio: float) -> MetricEntry:
    return {
        "metric": "loss_ratio",
        "direction": "both",
        "statistic": "ratio",
        "value": ratio,
        "low": 0.0,
        "high": ratio + 0.01,
        "unit": "1",
        "count": 400,
        "method": "Clopper-Pearson",
    }


def throughput(emulated_bps: int, scale: int, direction: str = "forward") -> MetricEntry:
    return {
        "metric": "throughput",
        "direction": "reverse" if direction == "reverse" else "forward",
        "statistic": "mean",
        "value": emulated_bps * scale,
        "low": None,
        "high": None,
        "unit": "bit/s",
        "count": 6,
        "method": "mean",
        "emulated": {"value": emulated_bps, "low": None, "high": None},
        "rate_scale": scale,
    }


def target(
    name: str, verdict: OutcomeName, limit_ns: int, status: str = "plan", due: str | None = None, *, conditional: bool = False
) -> TargetEntry:
    fields = {"value": "5.67 ms", "interval": "5.66 ms – 5.69 ms", "direction": "forward", "limit": f"{limit_ns // MS} ms"}
    key = reasons.MET if verdict == "pass" else reasons.MISSED
    return {
        "id": name,
        "metric": "one_way_delay",
        "statistic": "p99",
        "comparison": "at_most",
        "limit": float(limit_ns),
        "unit": "ns",
        "of": None,
        "direction": "one-way",
        "toward": None,
        "layer": "ip",
        "status": status,
        "due": due,
        "source": {"title": "实施意见", "date": "2022-08-02", "url": None},
        "verdict": verdict,
        "conditional": conditional,
        "break_even": {"route_km": 3912.0, "route_factor": 4.44} if conditional else None,
        "reason": key.format(**fields),
        "reason_key": key,
        "reason_fields": fields,
        "needs": None,
    }


def corridor(name: str, destination: str, targets: list[TargetEntry], metrics: list[MetricEntry]) -> CorridorEntry:
    return {
        "id": name,
        "kind": "out-of-province",
        "class": None,
        "from": "guian",
        "to": destination,
        "route": ["guian", "guiyang", destination],
        "route_km": 1150.0,
        "great_circle_km": 881.0,
        "theory_ns": 4_314_000,
        "assumed_links": [],
        "error_ns": 45_000,
        "timestamps": "kernel",
        "metrics": metrics,
        "targets": targets,
        "not_measured": {} if metrics else {"stamp": "packets to shenzhen do not arrive"},
        "verdict": "pass",
        "conditional": False,
    }


def link() -> LinkEntry:
    return {
        "id": "guian-shenzhen-1",
        "a": "guian",
        "b": "shenzhen",
        "class": "backbone",
        "assumed": True,
        "assumptions": ["route_km"],
        "rate_scale": 1000,
        "tolerance_ns": 100_000,
        "asked": {"delay_ns": [5_671_000, 5_671_000], "rate_bps": [400 * 10**9, 400 * 10**9], "loss_ratio": [0.0, 0.0]},
        "got": {"delay_ns": [{"value": 5_675_000, "low": 5_670_000, "high": 5_680_000}] * 2},
        "faithful": True,
    }


def figures() -> list[MetricEntry]:
    return [
        delay("p50", "forward", 5_650_000),
        delay("p50", "reverse", 5_640_000),
        delay("p99", "forward", 5_671_000),
        delay("p99", "reverse", 5_702_000),
        loss(0.0025),
        throughput(383_000_000, 1000),
        throughput(382_000_000, 1000, "reverse"),
    ]


def inconclusive() -> TargetEntry:
    fields = {"value": "19.9 ms", "interval": "19.8 ms – 20.1 ms", "direction": "forward", "limit": "20 ms", "needed": "12,000"}
    return {
        **target("hubs", "inconclusive", 20 * MS),
        "reason": reasons.STRADDLES.format(**fields),
        "reason_key": reasons.STRADDLES,
        "reason_fields": fields,
        "needs": {"samples": 12_000},
    }


def void() -> TargetEntry:
    cause = "the machine lost 3 frames that the network would have carried"
    return {
        **target("hubs", "void", 20 * MS),
        "reason": reasons.VOID.format(cause=cause),
        "reason_key": reasons.VOID,
        "reason_fields": {"cause": cause},
    }


def document() -> Document:
    """Corridors that are met, met if built so, missed, not due, inconclusive, void, not measured; with a claim missed."""
    claim = target("gba-claim", "fail", 5 * MS, "claim")
    return {
        "schema": 1,
        "run": "20261123T191759Z-anshun-emulated-4f2a1c",
        "plan": {
            "name": "anshun",
            "title": {"en": "Anshun compute network", "zh": "安顺算力网络"},
            "timezone": "Asia/Shanghai",
            "digest": "0" * 64,
            "rate_scale": 1000,
        },
        "network": "emulated",
        "wire": "relay",
        "started": "2026-11-23T19:17:59Z",
        "seconds": 141.2,
        "verdict": "fail",
        "conditional": False,
        "sites": {
            "guian": {"en": "Gui'an cluster", "zh": "贵安集群"},
            "guiyang": {"en": "Guiyang", "zh": "贵阳"},
            "shenzhen": {"en": "Shenzhen", "zh": "深圳"},
            "macao": {"en": "Macao", "zh": "澳门"},
        },
        "links": [link()],
        "corridors": [
            corridor("met", "shenzhen", [target("gba", "pass", 20 * MS), claim], figures()),
            corridor("built", "macao", [target("gba", "pass", 20 * MS, conditional=True)], figures()),
            corridor("missed", "shenzhen", [target("gba", "fail", 5 * MS, "binding", "2025-12-31")], figures()),
            corridor("later", "shenzhen", [target("gba", "fail", 5 * MS, "plan", "2027-12-31")], figures()),
            corridor("open", "shenzhen", [inconclusive()], figures()),
            corridor("unfit", "macao", [void()], []),
        ],
    }
