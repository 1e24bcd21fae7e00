"""Mutations of STAMP's requests, as anybody may send them to a reflector: open ones, authenticated ones, TLVs under an HMAC.

Half of them are sealed anew after they were changed, so that what is behind the HMAC is reached too.
"""

import random
import struct

from netbench.clock import Instant
from netbench.linux.clockstate import UNKNOWN
from netbench.measure.keys import Key, Keys
from netbench.measure.reflector import ReflectorOptions
from netbench_probes.stamp.access import AccessReporter
from netbench_probes.stamp.asking import QUESTIONS, Asking
from netbench_probes.stamp.authentication import BASE_OCTETS as PROTECTED_OCTETS
from netbench_probes.stamp.authentication import HMAC_OCTETS, Authenticated, truncated_hmac
from netbench_probes.stamp.estimate import ClockWord
from netbench_probes.stamp.location_tlv import Ends
from netbench_probes.stamp.modes import OPEN
from netbench_probes.stamp.patterns import Sizes
from netbench_probes.stamp.reflector import Arrival
from netbench_probes.stamp.responder import Responder
from netbench_probes.stamp.talk import Talk
from netbench_probes.stamp.values import AccessReport
from netbench_probes.stamp.wire import BASE_OCTETS, MalformedPacketError
from tests.fuzz.mutation import mutated

_SECRET = b"sixteen octets.."
_KEY = Key("all", _SECRET)
_NOW_NS = 1_800_000_000_000_000_000
_ENDS = (Ends(), Ends(bytes(4), 1, bytes(4), 2), Ends(bytes(16), 1, bytes(16), 2))


def fuzz(seed: int, count: int) -> None:
    """Answer or refuse ``count`` requests; no reply is longer than its request, or than the base packet where that is short."""
    chance = random.Random(seed)
    word = ClockWord(UNKNOWN, ptp=False)
    several = {
        protected: Responder(ReflectorOptions(keys=Keys([_KEY]), key=_KEY, authenticated=protected), word)
        for protected in (False, True)
    }
    for number in range(count):
        protected = chance.random() < 0.5
        _answer(several[protected], _request(chance, protected=protected), chance, number, protected=protected)


def _answer(responder: Responder, octets: bytes, chance: random.Random, number: int, *, protected: bool) -> None:
    arrival = Arrival(octets, _NOW_NS, chance.choice((None, 0, 255)), chance.choice((None, 0, 186)), chance.choice(_ENDS))
    peer = ("192.0.2.1", chance.randrange(5))
    try:
        response = responder.answer(peer, b"", arrival, Instant(number, _NOW_NS + number))
    except MalformedPacketError:
        assert protected or len(octets) < 14
        return
    assert len(response.reply.octets) == max(BASE_OCTETS, len(octets))
    if chance.random() < 0.5:
        responder.departed(response.token, _NOW_NS + number)


def _request(chance: random.Random, *, protected: bool) -> bytes:
    octets = mutated(chance, _SOUND[protected])
    if protected and len(octets) >= PROTECTED_OCTETS and chance.random() < 0.5:
        covered = octets[: PROTECTED_OCTETS - HMAC_OCTETS]
        octets = covered + truncated_hmac(_SECRET, covered) + octets[PROTECTED_OCTETS:]
    return _sealed(octets, PROTECTED_OCTETS if protected else BASE_OCTETS) if chance.random() < 0.5 else octets


def _sealed(octets: bytes, base: int) -> bytes:
    """Behind the base packet, all that is there covered by an HMAC TLV."""
    covered = octets[:4] + octets[base:]
    return octets + struct.pack("!BBH", 0x80, 8, HMAC_OCTETS) + truncated_hmac(_SECRET, covered)


def _sound(talk: Talk) -> list[bytes]:
    return [talk.request(sequence, 0xEC9D2A0080000000, 0) for sequence in (0, 7)]


def _all(*, protected: bool) -> list[bytes]:
    mode = Authenticated(_SECRET) if protected else OPEN
    packets = [*_sound(Talk(mode=mode)), *_sound(Talk(Sizes("300"), "random", mode, 7))]
    for secret in (None, _SECRET):
        for first in range(len(QUESTIONS)):
            asking = Asking(QUESTIONS[first:], 46, AccessReporter(AccessReport(1, 1)), secret)
            packets += _sound(Talk(mode=mode, ssid=3, asking=asking))
    return packets


_SOUND = {protected: _all(protected=protected) for protected in (False, True)}
