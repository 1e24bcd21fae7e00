"""Mutations of what a TWAMP server says, cut into segments anywhere, to a client that must survive all of it."""

import random

from netbench.errors import CannotMeasureError
from netbench_probes.twamp.client_session import ClientSession
from netbench_probes.twamp.wire import SessionRequest

_SERVER = "TWAMP server there"
_REQUEST = SessionRequest(ip_version=4, sender_port=9955, receiver_port=9955)
_GREETING = bytes(15) + b"\1" + bytes(48)
_SERVER_START = bytes(48)
_ACCEPT = bytes.fromhex("0000494a") + bytes(44)
_SOUND = _GREETING + _SERVER_START + _ACCEPT
_START_ACK = bytes(32)
_TELLING = (12, 13, 14, 15, 64 + 15, 112, 114, 115, 160)
"""The octets that mean something; others are hit by chance."""


def fuzz(seed: int, count: int) -> None:
    """Hold ``count`` conversations; each ends in an agreement, in one sentence that names the server, or in waiting for more.

    The client never says more than its two messages, and remembers no more than one message of the server.
    """
    chance = random.Random(seed)
    for _ in range(count):
        _converse(chance)


def _converse(chance: random.Random) -> None:
    client = ClientSession(_SERVER, _REQUEST, patience_ns=10, now_ns=0)
    said = 0
    try:
        for segment in _segments(chance, _mutated(chance, _SOUND)):
            said += len(client.received(segment, 0))
            assert client.unread_octets < 64 + 4096
        if client.waiting:
            client.overdue(10)
            raise AssertionError("an overdue message was waited for")
        said += len(client.start(0))
        client.received(_mutated(chance, _START_ACK), 0)
        client.closed()
    except CannotMeasureError as error:
        sentence = str(error)
        assert sentence.startswith(_SERVER), sentence
        assert "\n" not in sentence, sentence
    assert said <= 164 + 112 + 32
    assert not client.running


def _mutated(chance: random.Random, sound: bytes) -> bytes:
    octets = bytearray(sound)
    for _ in range(chance.choice((0, 1, 1, 2, 4, 32))):
        place = chance.choice(_TELLING) if chance.random() < 0.5 else chance.randrange(len(octets))
        octets[place % len(octets)] = chance.choice((0, 1, 2, 3, 5, 64, 255, chance.randrange(256)))
    if chance.random() < 0.2:
        return bytes(octets[: chance.randrange(len(octets))])
    return bytes(octets) + chance.randbytes(chance.choice((0, 0, 0, 1, 31, 32, 500)))


def _segments(chance: random.Random, octets: bytes) -> list[bytes]:
    if chance.random() < 0.5:
        return [octets]
    cuts = sorted(chance.randrange(len(octets) + 1) for _ in range(3))
    return [octets[first:last] for first, last in zip([0, *cuts], [*cuts, len(octets)], strict=True)]
