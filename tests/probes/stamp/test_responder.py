"""A reflector for many senders: who is known by what, and which key counts."""

import pytest

from netbench.clock import Instant
from netbench.linux.clockstate import UNKNOWN
from netbench.measure.keys import Key, Keys
from netbench.measure.reflector import ReflectorOptions
from netbench_probes.stamp.asking import Asking
from netbench_probes.stamp.authentication import Authenticated
from netbench_probes.stamp.estimate import ClockWord
from netbench_probes.stamp.reflector import Arrival
from netbench_probes.stamp.responder import Responder
from netbench_probes.stamp.talk import Talk
from netbench_probes.stamp.wire import MalformedPacketError
from tests.probes.stamp.vectors import SENDER, T1, T1_NS

NOW = Instant(0, T1_NS)
LEFT, RIGHT = ("192.0.2.1", 1), ("192.0.2.2", 1)
HERE, THERE = bytes((192, 0, 2, 9)), bytes((192, 0, 2, 10))
SOUTH, NORTH, OTHERS = Key("south", b"southern secret"), Key("north", b"northern secret"), Key("others", b"any other secret")


def responder(options: ReflectorOptions | None = None) -> Responder:
    return Responder(options or ReflectorOptions(), ClockWord(UNKNOWN, ptp=False))


def number(of: Responder, octets: bytes, peer: tuple[str, int] = LEFT, local: bytes = HERE) -> int:
    return of.answer(peer, local, Arrival(octets, T1_NS), NOW).reply.sequence


def test_sessions_are_told_apart_by_both_ends_and_the_identifier() -> None:
    """The same sender at the same address with the same SSID counts on; any other begins at 0."""
    several, other = responder(), SENDER[:14] + b"\0\1" + SENDER[16:]

    assert [number(several, SENDER) for _ in range(2)] == [0, 1]
    assert number(several, SENDER, RIGHT) == number(several, SENDER, LEFT, THERE) == number(several, other) == 0
    assert (number(several, SENDER), several.sessions) == (2, 4)


def test_padding_of_a_twamp_sender_is_no_identifier() -> None:
    """Fourteen octets and random padding: what stands in the place of the SSID changes all the time, the session does not."""
    several = responder()

    assert [number(several, SENDER[:14] + bytes((seed,)) * 27) for seed in (1, 2, 3)] == [0, 1, 2]
    assert number(several, SENDER[:14] + bytes((9,)) * 90) == 3


def test_keys_are_chosen_by_the_identifier() -> None:
    """Each SSID has its key, all others the one for others; what no key vouches for is not answered and leaves no trace."""
    keys = Keys([SOUTH, NORTH], {1: SOUTH, 2: NORTH})
    several = responder(ReflectorOptions(keys=keys, key=OTHERS, authenticated=True))

    for ssid, key in ((1, SOUTH), (2, NORTH), (3, OTHERS)):
        assert number(several, Talk(mode=Authenticated(key.secret), ssid=ssid).request(0, T1, 0)) == 0
        with pytest.raises(MalformedPacketError, match="vouch"):
            number(several, Talk(mode=Authenticated(b"a stranger's"), ssid=ssid).request(0, T1, 0))
    assert several.sessions == 3


def test_without_a_key_for_all_others_they_are_not_answered() -> None:
    """Nor is an open packet, however long."""
    several = responder(ReflectorOptions(keys=Keys([SOUTH], {1: SOUTH}), authenticated=True))

    for octets in (Talk(mode=Authenticated(b"whatever"), ssid=2).request(0, T1, 0), SENDER, bytes(500)):
        with pytest.raises(MalformedPacketError):
            number(several, octets)
    assert several.sessions == 0


def test_in_open_mode_a_key_vouches_for_tlvs_alone() -> None:
    """The base packet is answered for anybody, TLVs under the key are verified and answered under it."""
    several = responder(ReflectorOptions(keys=Keys([SOUTH], {1: SOUTH})))
    talk = Talk(ssid=1, asking=Asking(("class-of-service",), 46, None, SOUTH.secret))
    answer = several.answer(LEFT, HERE, Arrival(talk.request(0, T1, 0), T1_NS, None, 40), NOW).reply

    assert talk.reply(answer.octets).heard.forward_tos == 40
    assert answer.tos == 46 << 2
    assert number(several, SENDER) == 0


def test_departures_are_told_to_the_session_they_are_of() -> None:
    """By the token of the answer; one that is not known any more is nobody's."""
    several, talk = responder(), Talk(asking=Asking(("follow-up",)))
    answers = [several.answer(peer, HERE, Arrival(talk.request(0, T1, 0), T1_NS), NOW) for peer in (LEFT, RIGHT)]
    several.departed(answers[1].token, T1_NS)
    several.departed(12345, T1_NS)
    left, right = (several.answer(peer, HERE, Arrival(talk.request(1, T1, 0), T1_NS), NOW).reply for peer in (LEFT, RIGHT))

    assert talk.reply(left.octets).heard.follow_up is None
    follow_up = talk.reply(right.octets).heard.follow_up
    assert follow_up is not None
    assert follow_up.timestamp == T1


def test_replies_carry_the_class_of_their_request() -> None:
    """Not its congestion mark; where the kernel told nothing, nothing is marked."""
    several = responder()

    assert several.answer(LEFT, HERE, Arrival(SENDER, T1_NS, None, 46 << 2 | 3), NOW).reply.tos == 46 << 2
    assert several.answer(LEFT, HERE, Arrival(SENDER, T1_NS), NOW).reply.tos is None
