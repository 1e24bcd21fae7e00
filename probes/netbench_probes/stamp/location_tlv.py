"""The Location TLV (RFC 8972 §4.2): a sender asks how its packet looks from afar, the reflector writes it where it was asked."""

import socket
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from netbench_probes.stamp import tlv
from netbench_probes.stamp.tlv import MALFORMED, UNRECOGNISED, Tlv

_PORTS = struct.Struct("!HH")
_ADDRESS_OCTETS: Final = 16
_MAC_OCTETS: Final = 8


class Sub(IntEnum):
    """What may be asked (the first of each group) and answered."""

    SOURCE_MAC = 1
    SOURCE_EUI_48 = 2
    SOURCE_EUI_64 = 3
    DESTINATION = 4
    DESTINATION_IPV4 = 5
    DESTINATION_IPV6 = 6
    SOURCE = 7
    SOURCE_IPV4 = 8
    SOURCE_IPV6 = 9


@dataclass(frozen=True, slots=True)
class Ends:
    """Source and destination of a packet as it arrived: addresses of 4 or 16 octets, empty where unknown."""

    source: bytes = b""
    source_port: int = 0
    destination: bytes = b""
    destination_port: int = 0


QUESTION: Final = _PORTS.pack(0, 0) + tlv.encoded(
    [Tlv(Sub.DESTINATION, bytes(_ADDRESS_OCTETS)), Tlv(Sub.SOURCE, bytes(_ADDRESS_OCTETS))]
)
"""The value that asks for all that a reflector on a socket can know."""


def answered(value: bytes, ends: Ends) -> bytes:
    """Return the value with the answers in it, as long as it was; one of a wrong length is flagged and ends the answering."""
    subs = tlv.parse(value[_PORTS.size :])
    head = _PORTS.pack(ends.destination_port, ends.source_port)
    if subs is None:
        return head + value[_PORTS.size :]
    answers = list(_answers(subs.tlvs, ends))
    rest = subs.broken
    if rest and not any(answer.flags & MALFORMED for answer in answers):
        rest = bytes((MALFORMED,)) + rest[1:]
    return head + tlv.encoded(answers) + rest


def read(value: bytes) -> dict[str, str | int]:
    """Return what a reflector answered: the ports, and the addresses as people write them."""
    destination_port, source_port = _PORTS.unpack_from(value)
    found: dict[str, str | int] = {"source_port": source_port, "destination_port": destination_port}
    subs = tlv.parse(value[_PORTS.size :])
    for sub in subs.tlvs if subs else ():
        if sub.flags & (UNRECOGNISED | MALFORMED) or sub.type not in _READ or len(sub.value) != _ADDRESS_OCTETS:
            continue
        name, family, octets = _READ[sub.type]
        found[name] = socket.inet_ntop(family, sub.value[:octets])
    return found


_READ: Final = {
    int(Sub.DESTINATION_IPV4): ("destination", socket.AF_INET, 4),
    int(Sub.DESTINATION_IPV6): ("destination", socket.AF_INET6, 16),
    int(Sub.SOURCE_IPV4): ("source", socket.AF_INET, 4),
    int(Sub.SOURCE_IPV6): ("source", socket.AF_INET6, 16),
}


def _answers(subs: tuple[Tlv, ...], ends: Ends) -> Iterator[Tlv]:
    broken = False
    for sub in subs:
        answer = None if broken else _ANSWERS.get(sub.type)
        if broken:
            yield sub
        elif answer is None:
            yield sub.flagged(UNRECOGNISED)
        else:
            octets, given = answer
            broken = len(sub.value) != octets
            yield sub.flagged(MALFORMED) if broken else given(ends)


def _address(octets: bytes, four: Sub, six: Sub, asked: Sub) -> Tlv:
    """An address that is not known leaves the question as it was, with zeros."""
    kind = {4: four, 16: six}.get(len(octets), asked)
    return Tlv(kind, octets.ljust(_ADDRESS_OCTETS, b"\0"), 0)


def _destination(ends: Ends) -> Tlv:
    return _address(ends.destination, Sub.DESTINATION_IPV4, Sub.DESTINATION_IPV6, Sub.DESTINATION)


def _source(ends: Ends) -> Tlv:
    return _address(ends.source, Sub.SOURCE_IPV4, Sub.SOURCE_IPV6, Sub.SOURCE)


def _hardware_address(_: Ends) -> Tlv:
    # a socket does not see it
    return Tlv(Sub.SOURCE_EUI_64, bytes(_MAC_OCTETS), 0)


_ANSWERS: dict[int, tuple[int, Callable[[Ends], Tlv]]] = {
    Sub.SOURCE_MAC: (_MAC_OCTETS, _hardware_address),
    Sub.DESTINATION: (_ADDRESS_OCTETS, _destination),
    Sub.SOURCE: (_ADDRESS_OCTETS, _source),
}
