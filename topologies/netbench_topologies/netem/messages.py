"""Traffic control as the kernel reads it (linux/pkt_sched.h, linux/tc_act/tc_mirred.h): requests for queue disciplines."""

import struct

from netbench_topologies.netem.orders import FRAMING_OCTETS, SHORTEST_OCTETS, QueueOrder, WayOrder

NEW_QDISC, DELETE_QDISC, NEW_FILTER = 36, 37, 44
_ROOT, _INGRESS, _INGRESS_HANDLE = 0xFFFFFFFF, 0xFFFFFFF1, 0xFFFF0000
_EVERY_PROTOCOL = 0x0300  # ETH_P_ALL in network order
_TCA_KIND, _TCA_OPTIONS = 1, 2
_TBF_PARMS, _TBF_RATE64, _TBF_BURST = 1, 4, 6
_NETEM_LOSS, _NETEM_RATE, _NETEM_RATE64, _NETEM_LATENCY64, _NETEM_JITTER64, _NETEM_SEED = 5, 6, 8, 10, 11, 13
_LOSS_GILBERT_ELLIOTT = 2
_MATCHALL_ACTION, _ACTION_KIND, _ACTION_OPTIONS, _MIRRED_PARMS = 2, 1, 2, 2
_STOLEN, _EGRESS_REDIRECT = 4, 1
_ETHERNET = 1
_LARGEST_WORD = 0xFFFFFFFF

_ATTRIBUTE = struct.Struct("=HH")
_TRAFFIC = struct.Struct("=BxxxiIII")
_RATE = struct.Struct("=BBHhHI")
_NETEM = struct.Struct("=6I")
_NETEM_RATES = struct.Struct("=IiIi")
_MIRRED = struct.Struct("=IIiiiiI")


def queue(index: int, order: QueueOrder) -> bytes:
    """A token bucket as the root of an interface."""
    limited = min(order.rate_octets, _LARGEST_WORD)
    rate = _RATE.pack(0, _ETHERNET, FRAMING_OCTETS, 0, SHORTEST_OCTETS, limited)
    parameters = rate + bytes(_RATE.size) + struct.pack("=III", order.limit_octets, 0, 0)
    options = _attribute(_TBF_PARMS, parameters) + _attribute(_TBF_BURST, struct.pack("=I", order.burst_octets))
    if order.rate_octets > _LARGEST_WORD:
        options += _attribute(_TBF_RATE64, struct.pack("=Q", order.rate_octets))
    return _qdisc(index, _ROOT, 0, b"tbf", options)


def way(index: int, order: WayOrder) -> bytes:
    """A netem as the root of an interface; every value is said, so that a change leaves nothing of what was before."""
    loss = 0 if order.loss_burst else _share(order.loss_ratio)
    options = _NETEM.pack(0, order.limit, loss, 0, 0, 0)
    options += _attribute(_NETEM_RATE, _NETEM_RATES.pack(min(order.rate_octets, _LARGEST_WORD), FRAMING_OCTETS, 0, 0))
    if order.rate_octets > _LARGEST_WORD:
        options += _attribute(_NETEM_RATE64, struct.pack("=Q", order.rate_octets))
    options += _attribute(_NETEM_LATENCY64, struct.pack("=q", order.delay_ns))
    options += _attribute(_NETEM_JITTER64, struct.pack("=q", order.jitter_ns))
    if order.loss_burst:
        options += _attribute(_NETEM_LOSS, _attribute(_LOSS_GILBERT_ELLIOTT, _bursts(order.loss_ratio, order.loss_burst)))
    if order.seed is not None:
        options += _attribute(_NETEM_SEED, struct.pack("=Q", order.seed))
    return _qdisc(index, _ROOT, 0, b"netem", options)


def ingress(index: int) -> bytes:
    """The place where what arrives at an interface can be redirected."""
    return _qdisc(index, _INGRESS, _INGRESS_HANDLE, b"ingress", b"")


def redirect(index: int, towards: int) -> bytes:
    """Whatever arrives at one interface leaves by another."""
    parameters = _MIRRED.pack(0, 0, _STOLEN, 0, 0, _EGRESS_REDIRECT, towards)
    action = _attribute(_ACTION_KIND, b"mirred\0") + _attribute(_ACTION_OPTIONS, _attribute(_MIRRED_PARMS, parameters))
    options = _attribute(_MATCHALL_ACTION, _attribute(1, action))
    head = _TRAFFIC.pack(0, index, 0, _INGRESS_HANDLE, 1 << 16 | _EVERY_PROTOCOL)
    return head + _attribute(_TCA_KIND, b"matchall\0") + _attribute(_TCA_OPTIONS, options)


def run_chances(ratio: float, burst: float) -> tuple[float, float]:
    """Return Gilbert–Elliott's p and r: the chance that a run of losses begins, and that one ends, with a packet."""
    ends = 1 / burst
    return (ends * ratio / (1 - ratio) if ratio < 1 else 1.0), ends


def _bursts(ratio: float, burst: float) -> bytes:
    # in the bad state everything is lost (1-h = 1), in the good one nothing (1-k = 0)
    begins, ends = run_chances(ratio, burst)
    return struct.pack("=4I", _share(begins), _share(ends), 0, 0)


def _share(ratio: float) -> int:
    return round(min(ratio, 1.0) * _LARGEST_WORD)


def _qdisc(index: int, parent: int, handle: int, kind: bytes, options: bytes) -> bytes:
    head = _TRAFFIC.pack(0, index, handle, parent, 0)
    return head + _attribute(_TCA_KIND, kind + b"\0") + _attribute(_TCA_OPTIONS, options)


def _attribute(kind: int, value: bytes) -> bytes:
    return _ATTRIBUTE.pack(_ATTRIBUTE.size + len(value), kind) + value + bytes(-len(value) % 4)
