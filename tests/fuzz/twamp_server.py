"""Mutations of what a TWAMP client says, cut into segments anywhere, and of its test packets."""

import random

from netbench_probes.stamp.wire import MalformedPacketError
from netbench_probes.twamp.reflection import reply_to
from netbench_probes.twamp.server_session import Limits, ServerSession
from netbench_probes.twamp.wire import SessionAccept, SessionRequest

_SET_UP = bytes(3) + b"\1" + bytes(160)
_REQUEST = bytes.fromhex("0504") + bytes(10) + bytes.fromhex("26e326e3") + bytes(48) + bytes.fromhex("0000001b") + bytes(44)
_START = b"\2" + bytes(31)
_STOP = b"\3" + bytes(6) + b"\1" + bytes(24)
_SOUND = _SET_UP + _REQUEST + _START + _STOP
_TELLING = (0, 3, 164, 165, 166, 167, 170, 228, 231, 248, 276, 308, 309, 315)
"""The octets that mean something; others are hit by chance."""
_TEST_PACKET = bytes(14) + bytes(range(60))
_LIMITS = Limits(sessions_a_connection=3)


class _Table:
    """As many sessions as the connection may have, and not one more."""

    def __init__(self) -> None:
        self.opened = 0
        self.running = False

    def open(self, request: SessionRequest, *, symmetrical: bool) -> SessionAccept:
        assert request.ip_version == 4
        assert symmetrical in (False, True)
        self.opened += 1
        assert self.opened <= _LIMITS.sessions_a_connection
        return SessionAccept(0, 18762)

    def start(self) -> None:
        assert self.opened
        self.running = True

    def stop(self) -> None:
        self.opened = 0
        self.running = False


def fuzz(seed: int, count: int) -> None:
    """Hold ``count`` conversations and answer as many test packets; nothing is raised.

    No answer is longer than what it answers but the refusal that ends a connection, 48 octets to a block of 16; a reply is as
    long as its packet, but at least 41 octets; no more is remembered than one message.
    """
    chance = random.Random(seed)
    for _ in range(count):
        _converse(chance)
        _reflect(chance)


def _converse(chance: random.Random) -> None:
    server = ServerSession(_Table(), 4, _LIMITS, 1, 0)
    heard = said = 0
    for segment in _segments(chance, _mutated(chance)):
        heard += len(segment)
        said += len(server.received(segment, 0))
        assert server.over or server.unread_octets < 164
        assert said <= heard + 32 * server.over
    server.expired(0)


def _reflect(chance: random.Random) -> None:
    packet = bytearray(_TEST_PACKET[: chance.randint(0, len(_TEST_PACKET))])
    for _ in range(chance.randint(0, 4) if packet else 0):
        packet[chance.randrange(len(packet))] = chance.randrange(256)
    try:
        reply = reply_to(
            bytes(packet),
            sequence=chance.getrandbits(32),
            received_ns=chance.getrandbits(62),
            now_ns=chance.getrandbits(62),
            hop_limit=chance.choice((None, 0, 255)),
            error_estimate=chance.getrandbits(16),
            symmetrical=chance.random() < 0.5,
        )
    except MalformedPacketError:
        assert len(packet) < 14
    else:
        assert len(reply) == max(41, len(packet))


def _mutated(chance: random.Random) -> bytes:
    octets = bytearray(_SOUND)
    for _ in range(chance.choice((0, 1, 1, 2, 4, 32))):
        place = chance.choice(_TELLING) if chance.random() < 0.6 else chance.randrange(len(octets))
        octets[place] = chance.choice((0, 1, 2, 3, 4, 5, 64, 65, 255, chance.randrange(256)))
    if chance.random() < 0.3:
        # the messages in another order, some of them twice
        messages = (octets[164:276], octets[276:308], octets[308:])
        octets[164:] = b"".join(chance.choices(messages, k=chance.randint(0, 8)))
    return bytes(octets[: chance.randint(0, len(octets))] if chance.random() < 0.3 else octets)


def _segments(chance: random.Random, octets: bytes) -> list[bytes]:
    if chance.random() < 0.5:
        return [octets]
    cuts = sorted(chance.randrange(len(octets) + 1) for _ in range(3))
    return [octets[first:last] for first, last in zip([0, *cuts], [*cuts, len(octets)], strict=True)]
