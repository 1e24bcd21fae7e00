"""The vocabulary: what each word of a plan or a document is called where people read it, in the terms of the field."""

from collections.abc import Mapping

from netbench.report.language import mark, translate

STANDINGS: Mapping[str, str] = {
    "missed": mark("missed"),
    "missed if built so": mark("missed if built so"),
    "void": mark("void"),
    "inconclusive": mark("inconclusive"),
    "not due yet": mark("not due yet"),
    "met if built so": mark("met if built so"),
    "met": mark("met"),
    "nothing decides": mark("no target"),
}
VERDICTS: Mapping[str, str] = {
    "pass": mark("met"),
    "fail": mark("missed"),
    "inconclusive": mark("inconclusive"),
    "void": mark("void"),
}
METRICS: Mapping[str, str] = {
    "one_way_delay": mark("one-way delay"),
    "round_trip_delay": mark("round-trip delay"),
    "theory_ratio": mark("ratio to theory"),
    "ipdv": mark("IPDV"),
    "pdv": mark("PDV"),
    "loss_ratio": mark("loss"),
    "duplicate_ratio": mark("duplicates"),
    "reordering_ratio": mark("reordering"),
    "throughput": mark("throughput"),
    "capacity": mark("capacity"),
}
STATISTICS: Mapping[str, str] = {
    "min": mark("min"),
    "mean": mark("mean"),
    "max": mark("max"),
    "ratio": mark("ratio"),
    "busy_hour_mean": mark("busy-hour mean"),
    "share_at_least": mark("compliant share"),
}
STATUSES: Mapping[str, str] = {
    "binding": mark("binding"),
    "contract": mark("contract"),
    "plan": mark("plan"),
    "claim": mark("claim"),
    "reference": mark("reference"),
}
DIRECTIONS: Mapping[str, str] = {
    "forward": mark("forward"),
    "reverse": mark("reverse"),
    "both": mark("both ways"),
    "one-way": mark("one way"),
    "round-trip": mark("round trip"),
    "unknown": mark("not stated"),
}
LAYERS: Mapping[str, str] = {
    "optical": mark("optical"),
    "ip": mark("IP"),
    "internet": mark("public internet"),
    "radio": mark("radio"),
}
CLASSES: Mapping[str, str] = {
    "backbone": mark("Backbone network"),
    "metro": mark("Metro network"),
    "access": mark("Access network"),
    "fabric": mark("Data-centre fabric"),
}
KINDS: Mapping[str, str] = {
    "intra-cluster": mark("Intra-cluster corridors"),
    "in-province": mark("In-province corridors"),
    "out-of-province": mark("Out-of-province corridors"),
}
NETWORKS: Mapping[str, str] = {
    "emulated": mark("emulated"),
    "live": mark("live"),
}
TIMESTAMPS: Mapping[str, str] = {
    "hardware": mark("hardware"),
    "kernel": mark("kernel"),
    "user": mark("user space"),
}

FACTS: Mapping[str, str] = {
    "route_km": mark("route length"),
    "delay": mark("delay"),
    "equipment": mark("equipment delay"),
    "rate": mark("rate"),
    "queue": mark("queue"),
    "jitter": mark("jitter"),
    "loss": mark("loss"),
    "assumed": mark("the plan says so"),
}
"""Facts of a link that nobody may have given."""

_OF_A_FIELD: Mapping[str, Mapping[str, str]] = {
    "metric": METRICS,
    "statistic": STATISTICS,
    "direction": DIRECTIONS,
    "layer": LAYERS,
    "measured": LAYERS,
}


def say(words: Mapping[str, str], word: str, language: str) -> str:
    """Return a word as people read it; a word the vocabulary lacks is shown as it is."""
    return translate(words[word], language) if word in words else word


def said_fields(fields: Mapping[str, str], language: str) -> dict[str, str]:
    """Return a reason's fields with the words of the vocabulary said in the language; figures stay as they are."""
    return {name: say(_OF_A_FIELD.get(name, {}), value, language) for name, value in fields.items()}
