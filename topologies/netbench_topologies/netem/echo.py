"""What the kernel echoes of a queue discipline's change: what it now does, in the words of ``tc -j -d -r``, without asking tc."""

import struct
from collections.abc import Iterator
from typing import Any

from netbench.clock import NANOSECONDS_PER_SECOND
from netbench_topologies.netem.readback import TICK_S, Said

_TCM_OCTETS = 20
_KIND, _OPTIONS = 1, 2
_TBF_PARMS, _TBF_RATE64 = 1, 4
_REORDER, _CORRUPT, _LOSS, _RATE, _RATE64, _LATENCY64, _JITTER64 = 3, 4, 5, 6, 8, 10, 11
_LOSS_GILBERT_ELLIOTT = 2
_WHOLE = 0xFFFFFFFF

_ATTRIBUTE = struct.Struct("=HH")
_RATE_SPEC = struct.Struct("=BBHhHI")
_NETEM = struct.Struct("=6I")

Attributes = dict[int, bytes]


def echoed(message: bytes) -> Said:
    """Return what a message about a queue discipline says, without its header, as far as netbench ever asks for it."""
    attributes = _attributes(message[_TCM_OCTETS:])
    kind = attributes[_KIND].rstrip(b"\0").decode("ascii")
    read = {"tbf": _tbf, "netem": _netem}.get(kind)
    return {"kind": kind, "options": read(attributes[_OPTIONS]) if read else {}}


def _tbf(options: bytes) -> dict[str, Any]:
    attributes = _attributes(options)
    parameters = attributes[_TBF_PARMS]
    _, _, overhead, _, shortest, rate = _RATE_SPEC.unpack_from(parameters)
    limit, ticks, _ = struct.unpack_from("=III", parameters, 2 * _RATE_SPEC.size)
    return {
        "rate": _number("=Q", attributes, _TBF_RATE64, rate),
        "burst_raw": f"{ticks:x}",
        "limit": limit,
        "overhead": overhead,
        "mpu": shortest,
    }


def _netem(options: bytes) -> dict[str, Any]:
    latency, limit, loss, gap, duplicate, jitter = _NETEM.unpack_from(options)
    attributes = _attributes(options[_NETEM.size :])
    rate, overhead = struct.unpack_from("=Ii", attributes.get(_RATE, bytes(8)))
    said: dict[str, Any] = {
        "limit": limit,
        "delay": {
            "delay": _seconds(attributes, _LATENCY64, latency),
            "jitter": _seconds(attributes, _JITTER64, jitter),
        },
        "rate": {"rate": _number("=Q", attributes, _RATE64, rate), "packetoverhead": overhead},
        **_losses(attributes, loss),
    }
    unasked = {"duplicate": duplicate, "reorder": gap or _first(attributes, _REORDER), "corrupt": _first(attributes, _CORRUPT)}
    return said | {name: value for name, value in unasked.items() if value}


def _losses(attributes: Attributes, loss: int) -> dict[str, Any]:
    """Independent loss, or the two chances of runs."""
    models = _attributes(attributes.get(_LOSS, b""))
    if _LOSS_GILBERT_ELLIOTT in models:
        begins, ends = struct.unpack_from("=II", models[_LOSS_GILBERT_ELLIOTT])
        return {"loss-gemodel": {"p": begins / _WHOLE, "r": ends / _WHOLE}}
    return {"loss-random": {"loss": loss / _WHOLE}}


def _seconds(attributes: Attributes, kind: int, ticks: int) -> float:
    return _number("=q", attributes, kind, round(ticks * TICK_S * NANOSECONDS_PER_SECOND)) / NANOSECONDS_PER_SECOND


def _first(attributes: Attributes, kind: int) -> int:
    return _number("=I", attributes, kind, 0)


def _number(form: str, attributes: Attributes, kind: int, otherwise: int) -> int:
    return int(struct.unpack_from(form, attributes[kind])[0]) if kind in attributes else otherwise


def _attributes(octets: bytes) -> Attributes:
    return dict(_each(octets))


def _each(octets: bytes) -> Iterator[tuple[int, bytes]]:
    place = 0
    while place + _ATTRIBUTE.size <= len(octets):
        length, kind = _ATTRIBUTE.unpack_from(octets, place)
        if length < _ATTRIBUTE.size:
            return
        yield kind & 0x3FFF, octets[place + _ATTRIBUTE.size : place + length]
        place += length + -length % 4
