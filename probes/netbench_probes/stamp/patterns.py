"""What fills a packet up to its size: sizes that may differ from packet to packet, and octets by a pattern."""

import random
import re
from functools import lru_cache
from typing import Final, Literal

from netbench.errors import UsageError
from netbench_probes.stamp.tlv import HEAD_OCTETS, Tlv, Type

Pattern = Literal["random", "zeros", "ones", "alternating", "counter"]

LARGEST_OCTETS: Final = 65_507
"""A UDP payload over IPv4."""
IMIX: Final = "44x7,548x4,1472"
"""The simple Internet mix: seven IPv4 packets as small as STAMP's can be, four of 576 octets, one of 1500."""

_PART = re.compile(r"(?P<octets>[0-9]{1,5})(?:x(?P<weight>[1-9][0-9]{0,2}))?")
_SEED: Final = 862


class Sizes:
    """UDP payloads by the number of the packet, from ``OCTETSxWEIGHT,…``; sizes of a mix are spread evenly through its cycle."""

    def __init__(self, mix: str) -> None:
        """Refused when it is no mix.

        :raises UsageError: then
        """
        parts = [_PART.fullmatch(part.strip()) for part in (IMIX if mix == "imix" else mix).split(",")]
        weights = [(int(part["octets"]), int(part["weight"] or 1)) for part in parts if part]
        if len(weights) < len(parts) or any(octets > LARGEST_OCTETS for octets, _ in weights):
            raise UsageError(
                f"sizes {mix}: write imix, or sizes up to {LARGEST_OCTETS} octets with their weights as 44x7,548x4,1472"
            )
        self._cycle = _spread(weights)

    @property
    def all_alike(self) -> bool:
        """Whether every packet has the same size."""
        return len(set(self._cycle)) == 1

    @property
    def smallest(self) -> int:
        """The size of the smallest."""
        return min(self._cycle)

    def of(self, sequence: int) -> int:
        """Return the size of one packet."""
        return self._cycle[sequence % len(self._cycle)]


def octets_of(pattern: Pattern, count: int) -> bytes:
    """Return so many octets: the same ones each time, the random ones too."""
    match pattern:
        case "zeros":
            return bytes(count)
        case "ones":
            return b"\xff" * count
        case "alternating":
            return b"\xaa" * count
        case "counter":
            return (bytes(range(256)) * (count // 256 + 1))[:count]
        case "random":
            return random.Random(_SEED).randbytes(count)


@lru_cache(maxsize=256)
def filling(pattern: Pattern, room: int, *, bare: bool) -> bytes:
    """Return what fills ``room`` octets behind TLVs, or behind the base packet itself where it is ``bare``.

    That is one Extra Padding TLV, as RFC 8972 §4.1 wants it. What has no room for its head is zeros behind a bare packet, which
    any reflector takes for padding, and nothing behind TLVs, where it would be a broken one.
    """
    if bare and (pattern == "zeros" or room < HEAD_OCTETS):
        return bytes(room)
    if room < HEAD_OCTETS:
        return b""
    return Tlv(Type.PADDING, octets_of(pattern, room - HEAD_OCTETS)).encoded()


def _spread(weights: list[tuple[int, int]]) -> tuple[int, ...]:
    total, credit = sum(weight for _, weight in weights), [0] * len(weights)
    cycle: list[int] = []
    for _ in range(total):
        credit = [have + weight for have, (_, weight) in zip(credit, weights, strict=True)]
        richest = credit.index(max(credit))
        credit[richest] -= total
        cycle.append(weights[richest][0])
    return tuple(cycle)
