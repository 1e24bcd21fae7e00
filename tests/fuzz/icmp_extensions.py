"""Mutations of a sound ICMP extension structure, as a router (or whoever says that it is one) may send them."""

import random

from netbench.linux.icmp_extensions import interface_text, labels_text, read_extensions

_SOUND = bytes.fromhex(
    "20000000" + "000c0101" + "00010a02" + "05dc1101" + "00180207" + "00010000" + "0a000001" + "0878652d302f3000" + "000005dc"
)


def fuzz(seed: int, count: int) -> None:
    """Read ``count`` mutated structures; whatever they are, reading them ends and raises nothing."""
    chance = random.Random(seed)
    for _ in range(count):
        octets = bytearray(_SOUND)
        for _ in range(chance.randint(0, 4)):
            octets[chance.randrange(2, len(octets))] = chance.randrange(256)
        octets[2:4] = b"\0\0" if chance.random() < 0.9 else octets[2:4]
        found = read_extensions(bytes(octets[: chance.randint(0, len(octets))] if chance.random() < 0.5 else octets))
        assert sum(len(extension.content) + 4 for extension in found) <= len(octets) - 4
        labels_text(found)
        interface_text(found)
