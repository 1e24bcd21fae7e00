"""Changes of sound octets, by chance and a seed."""

import random
from collections.abc import Sequence

_TELLING_VALUES = (0, 1, 2, 3, 4, 8, 12, 16, 20, 0x20, 0x40, 0x80, 0xA0, 0xFF)


def mutated(chance: random.Random, sound: Sequence[bytes]) -> bytes:
    """Return one of the sound packets with some octets changed, taken out, put in, cut off or doubled; or as it is."""
    octets = bytearray(chance.choice(sound))
    for _ in range(chance.choice((0, 1, 1, 2, 4, 16))):
        if octets:
            chance.choice(_CHANGES)(chance, octets)
    return bytes(octets)


def _set(chance: random.Random, octets: bytearray) -> None:
    octets[chance.randrange(len(octets))] = chance.choice(_TELLING_VALUES) if chance.random() < 0.7 else chance.randrange(256)


def _flip(chance: random.Random, octets: bytearray) -> None:
    octets[chance.randrange(len(octets))] ^= 1 << chance.randrange(8)


def _cut(chance: random.Random, octets: bytearray) -> None:
    del octets[chance.randrange(len(octets)) :]


def _take_out(chance: random.Random, octets: bytearray) -> None:
    place = chance.randrange(len(octets))
    del octets[place : place + chance.randint(1, 20)]


def _put_in(chance: random.Random, octets: bytearray) -> None:
    place = chance.randrange(len(octets) + 1)
    octets[place:place] = chance.randbytes(chance.randint(1, 20))


def _double(chance: random.Random, octets: bytearray) -> None:
    place = chance.randrange(len(octets))
    octets += octets[place : place + chance.randint(1, 60)]


_CHANGES = (_set, _set, _set, _flip, _cut, _take_out, _put_in, _double)
