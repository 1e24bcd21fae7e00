"""Routing netlink (rtnetlink(7), RFC 3549): many requests in one system call, answered by one acknowledgement.

A plan of a hundred sites takes some fifteen thousand requests. pyroute2 serves everything else here, but takes 0.1 to 0.4 ms to
put one message together and waits for the kernel after each; these few kinds are put together in a hundredth of that.
"""

import os
import socket
import struct
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

Family = socket.AddressFamily

IFF_UP, IFF_NOARP, IFF_MULTICAST = 0x1, 0x80, 0x1000
MAIN_TABLE = 254

_NEW_LINK, _DELETE_LINK, _SET_LINK, _NEW_ADDRESS, _NEW_ROUTE, _NEW_NEIGHBOUR, _NEW_RULE = 16, 17, 19, 20, 24, 28, 32
_KINDS = {
    _NEW_LINK: "a new link",
    _DELETE_LINK: "a link's end",
    _SET_LINK: "a link's flags",
    _NEW_ADDRESS: "an address",
    _NEW_ROUTE: "a route",
    _NEW_NEIGHBOUR: "a neighbour",
    _NEW_RULE: "a rule",
}
_CHANGING = (_SET_LINK, _DELETE_LINK)
_NLM_F_REQUEST, _NLM_F_ACK, _NLM_F_EXCL, _NLM_F_CREATE = 0x1, 0x4, 0x200, 0x400
_NLMSG_ERROR = 2
_IFLA_ADDRESS, _IFLA_IFNAME, _IFLA_LINKINFO, _IFLA_GROUP, _IFLA_NET_NS_FD = 1, 3, 18, 27, 28
_IFLA_INFO_KIND, _IFLA_INFO_DATA, _VETH_INFO_PEER = 1, 2, 1
_IFA_ADDRESS, _IFA_LOCAL = 1, 2
_IFA_F_NODAD = 0x02
_NDA_DST, _NDA_LLADDR, _NUD_PERMANENT = 1, 2, 0x80
_RTA_DST, _RTA_OIF, _RTA_GATEWAY, _RTA_PRIORITY, _RTA_PREFSRC, _RTA_TABLE = 1, 4, 5, 6, 7, 15
_RTPROT_STATIC, _RTN_UNICAST, _RTN_UNREACHABLE = 4, 1, 7
_FRA_DST, _FRA_SRC, _FRA_PRIORITY, _FRA_TABLE, _FR_ACT_TO_TBL = 1, 2, 6, 15, 1

_HEADER = struct.Struct("=IHHII")
_ATTRIBUTE = struct.Struct("=HH")
_LINK = struct.Struct("=BxHiII")
_ADDRESS = struct.Struct("=BBBBi")
_NEIGHBOUR = struct.Struct("=BxxxiHBB")
_ROUTE = struct.Struct("=BBBBBBBBI")
_RULE = struct.Struct("=BBBBBBBBI")
_WORD = struct.Struct("=I")
_ERROR = struct.Struct("=i")

_BATCH_OCTETS = 64 * 1024  # well below what a socket may send at once, with net.core.wmem_default as low as it gets
_ANSWER_OCTETS = 64 * 1024
_PADDING = (b"", b"\0\0\0", b"\0\0", b"\0")


@dataclass(frozen=True, slots=True)
class Request:
    """One thing that the kernel is to make: a message without its header."""

    kind: int
    body: bytes


def carry_out(requests: Iterable[Request]) -> None:
    """Everything is done, in order, in the network namespace that the calling thread is in.

    :raises OSError: when the kernel refuses one of them; those before it, and some after it, are done
    """
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE) as kernel:
        kernel.bind((0, 0))
        for batch in _batches(requests):
            kernel.send(_joined(batch))
            _await_answer(kernel, batch)


def add_veth(
    name: str, group: int, peer_name: str, peer_namespace: int, peer_hardware_address: str, *, index: int = 0
) -> Request:
    """A veth pair: ``name`` here, in an interface group, and its peer in the namespace that a descriptor holds.

    ``index`` is that of the end here, 0 for any. Where it is not the peer's own, the kernel tells of a lost carrier at once;
    an interface that seems to be its own peer waits for its turn, up to a second (``linkwatch_urgent_event``).
    """
    hardware = bytes.fromhex(peer_hardware_address.replace(":", ""))
    peer = (
        _LINK.pack(0, 0, 0, 0, 0)
        + _attribute(_IFLA_IFNAME, _name(peer_name))
        + _attribute(_IFLA_ADDRESS, hardware)
        + _word(_IFLA_NET_NS_FD, peer_namespace)
    )
    details = _attribute(_IFLA_INFO_KIND, b"veth") + _attribute(_IFLA_INFO_DATA, _attribute(_VETH_INFO_PEER, peer))
    attributes = _attribute(_IFLA_IFNAME, _name(name)) + _word(_IFLA_GROUP, group) + _attribute(_IFLA_LINKINFO, details)
    return Request(_NEW_LINK, _LINK.pack(0, 0, index, 0, 0) + attributes)


def set_flags(index: int, on: int, off: int = 0) -> Request:
    """An interface with the flags ``on`` set and ``off`` cleared."""
    return Request(_SET_LINK, _LINK.pack(0, 0, index, on, on | off))


def delete_group(group: int) -> Request:
    """No interface in an interface group; the far ends of what was there are gone too. Refused (ENODEV) when it is empty."""
    return Request(_DELETE_LINK, _LINK.pack(0, 0, 0, 0, 0) + _word(_IFLA_GROUP, group))


def add_address(family: Family, index: int, address: str, prefix_length: int) -> Request:
    """An address that may be used at once: nobody is asked whether it is free."""
    octets = socket.inet_pton(family, address)
    attributes = _attribute(_IFA_LOCAL, octets) + _attribute(_IFA_ADDRESS, octets)
    return Request(_NEW_ADDRESS, _ADDRESS.pack(family, prefix_length, _IFA_F_NODAD, 0, index) + attributes)


def add_neighbour(family: Family, index: int, address: str, hardware_address: str) -> Request:
    """A neighbour that is known for good."""
    hardware = bytes.fromhex(hardware_address.replace(":", ""))
    attributes = _attribute(_NDA_DST, socket.inet_pton(family, address)) + _attribute(_NDA_LLADDR, hardware)
    return Request(_NEW_NEIGHBOUR, _NEIGHBOUR.pack(family, index, _NUD_PERMANENT, 0, 0) + attributes)


def add_route(
    family: Family, prefix: str, gateway: str, index: int, source: str, *, table: int = MAIN_TABLE, metric: int | None = None
) -> Request:
    """A route to ``prefix`` through ``gateway`` by an interface; packets that begin here come from ``source``.

    Of two routes to one prefix the one with the lower ``metric`` is used; None leaves the kernel's own.
    """
    destination, _, length = prefix.partition("/")
    body = _ROUTE.pack(family, int(length), 0, 0, min(table, 255) % 255, _RTPROT_STATIC, 0, _RTN_UNICAST, 0)
    attributes = (
        _attribute(_RTA_DST, socket.inet_pton(family, destination)),
        _attribute(_RTA_GATEWAY, socket.inet_pton(family, gateway)),
        _attribute(_RTA_PREFSRC, socket.inet_pton(family, source)),
        _word(_RTA_OIF, index),
        _word(_RTA_TABLE, table),
        b"" if metric is None else _word(_RTA_PRIORITY, metric),
    )
    return Request(_NEW_ROUTE, body + b"".join(attributes))


def add_unreachable(family: Family, prefix: str, metric: int) -> Request:
    """No route to ``prefix``, where none with a lower ``metric`` can be used: a wider one does not take over."""
    destination, _, length = prefix.partition("/")
    body = _ROUTE.pack(family, int(length), 0, 0, MAIN_TABLE, _RTPROT_STATIC, 0, _RTN_UNREACHABLE, 0)
    return Request(_NEW_ROUTE, body + _attribute(_RTA_DST, socket.inet_pton(family, destination)) + _word(_RTA_PRIORITY, metric))


def add_rule(family: Family, source: str, destination: str, table: int, priority: int) -> Request:
    """A rule: what goes from one address to another is routed by ``table``."""
    near, far = socket.inet_pton(family, source), socket.inet_pton(family, destination)
    body = _RULE.pack(family, 8 * len(far), 8 * len(near), 0, min(table, 255) % 255, 0, 0, _FR_ACT_TO_TBL, 0)
    attributes = (
        _attribute(_FRA_SRC, near) + _attribute(_FRA_DST, far) + _word(_FRA_TABLE, table) + _word(_FRA_PRIORITY, priority)
    )
    return Request(_NEW_RULE, body + attributes)


def _attribute(kind: int, value: bytes) -> bytes:
    return _ATTRIBUTE.pack(_ATTRIBUTE.size + len(value), kind) + value + _PADDING[len(value) % 4]


def _word(kind: int, value: int) -> bytes:
    return _attribute(kind, _WORD.pack(value))


def _name(name: str) -> bytes:
    return name.encode("ascii") + b"\0"


def _batches(requests: Iterable[Request]) -> Iterator[list[Request]]:
    batch: list[Request] = []
    octets = 0
    for request in requests:
        batch.append(request)
        octets += _HEADER.size + len(request.body)
        if octets > _BATCH_OCTETS:
            yield batch
            batch, octets = [], 0
    if batch:
        yield batch


def _joined(batch: Sequence[Request]) -> bytes:
    """One datagram; only the last message asks for an answer, and the kernel answers unasked what it refuses."""
    last = len(batch) - 1
    pieces: list[bytes] = []
    for number, request in enumerate(batch):
        making = 0 if request.kind in _CHANGING else _NLM_F_CREATE | _NLM_F_EXCL
        flags = _NLM_F_REQUEST | making | (_NLM_F_ACK if number == last else 0)
        pieces += (_HEADER.pack(_HEADER.size + len(request.body), request.kind, flags, number, 0), request.body)
    return b"".join(pieces)


def _await_answer(kernel: socket.socket, batch: Sequence[Request]) -> None:
    """Read until the last message is acknowledged.

    :raises OSError: for the first one that was refused
    """
    while True:
        answer = kernel.recv(_ANSWER_OCTETS)
        length, kind, _, number, _ = _HEADER.unpack_from(answer)
        if kind != _NLMSG_ERROR or length < _HEADER.size + _ERROR.size:
            continue
        (code,) = _ERROR.unpack_from(answer, _HEADER.size)
        if code:
            raise OSError(-code, f"{os.strerror(-code)} ({_KINDS[batch[int(number)].kind]})")
        if number == len(batch) - 1:
            return
