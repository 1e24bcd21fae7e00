"""Mutations of a reflector's replies, as anybody on the way may send them to a sender that waits for them."""

import random
from dataclasses import dataclass
from itertools import product

from netbench.measure.samples import Fate
from netbench_probes.stamp.asking import QUESTIONS, Asking
from netbench_probes.stamp.authentication import BASE_OCTETS as PROTECTED_OCTETS
from netbench_probes.stamp.authentication import HMAC_OCTETS, Authenticated, truncated_hmac
from netbench_probes.stamp.modes import OPEN
from netbench_probes.stamp.reflector import Arrival, ReflectorSession, Style
from netbench_probes.stamp.session import SenderSession
from netbench_probes.stamp.talk import Talk
from netbench_probes.stamp.wire import MalformedPacketError, ntp_from_unix, unix_from_timestamp
from tests.fuzz.mutation import mutated

_SECRET = b"sixteen octets.."
_NOW_NS = 1_800_000_000_000_000_000
_AT_ONCE = 20
_TIMEOUT_NS = 1_000_000_000


@dataclass(frozen=True)
class Conversation:
    """How one session speaks, and the replies to its first 20 requests."""

    talk: Talk
    sound: list[bytes]


def fuzz(seed: int, count: int) -> None:
    """Hear ``count`` replies in sessions of 20 requests; every request has one fate, whatever comes for it."""
    chance = random.Random(seed)
    ways = product((False, True), repeat=3)
    several = [_conversation(protected=protected, sealed=sealed, stateless=stateless) for protected, sealed, stateless in ways]
    for first in range(0, count, _AT_ONCE):
        _listen(chance, min(_AT_ONCE, count - first), chance.choice(several))


def _conversation(*, protected: bool, sealed: bool, stateless: bool) -> Conversation:
    mode, secret = Authenticated(_SECRET) if protected else OPEN, _SECRET if sealed or protected else None
    talk = Talk(mode=mode, ssid=9, asking=Asking(QUESTIONS, 46, None, secret))
    reflector, session = ReflectorSession(Style(mode, secret, stateless=stateless)), _session(stamped=True)
    sound: list[bytes] = []
    for sequence in range(_AT_ONCE):
        request = talk.request(sequence, ntp_from_unix(_NOW_NS), 0)
        reply = reflector.answer(Arrival(request, _NOW_NS + 5, 61, 0), _NOW_NS + 7)
        reflector.departed(reply.sequence, _NOW_NS + 8)
        sound.append(reply.octets)
    for octets in sound:
        _hear(talk, session, octets)
    assert {row.fate for row in session.settle(_TIMEOUT_NS)} == {Fate.ANSWERED}
    return Conversation(talk, sound)


def _session(*, stamped: bool) -> SenderSession:
    session = SenderSession(_TIMEOUT_NS, watched=False, stamped=stamped, followed=True)
    for sequence in range(_AT_ONCE):
        session.sent(_NOW_NS, 0, 0)
        session.transmitted(sequence, _NOW_NS)
    return session


def _listen(chance: random.Random, replies: int, spoken: Conversation) -> None:
    session = _session(stamped=chance.random() < 0.5)
    for _ in range(replies):
        octets = _resealed(chance, mutated(chance, spoken.sound), protected=spoken.talk.mode.protected)
        _hear(spoken.talk, session, octets)
    rows = session.settle(_TIMEOUT_NS)
    fates = [row.fate for row in rows if row.fate is not Fate.DUPLICATE]
    assert len(fates) == len({row.sequence for row in rows}) == _AT_ONCE


def _hear(talk: Talk, session: SenderSession, octets: bytes) -> None:
    try:
        packet, heard = talk.reply(octets)
    except MalformedPacketError:
        return
    if heard.follow_up is not None:
        left_ns = unix_from_timestamp(heard.follow_up.timestamp, packet.error_estimate, _NOW_NS)
        session.reflected(heard.follow_up.sequence, left_ns)
    session.answered(packet, _NOW_NS + 9)


def _resealed(chance: random.Random, octets: bytes, *, protected: bool) -> bytes:
    if not protected or len(octets) < PROTECTED_OCTETS or chance.random() < 0.3:
        return octets
    covered = octets[: PROTECTED_OCTETS - HMAC_OCTETS]
    return covered + truncated_hmac(_SECRET, covered) + octets[PROTECTED_OCTETS:]
