"""What a sender asks and hears, against a reflector's answers."""

import contextlib
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as some

from netbench.linux.clockstate import ClockState
from netbench_probes.stamp.access import AccessReporter
from netbench_probes.stamp.asking import QUESTIONS, Asking, Heard
from netbench_probes.stamp.authentication import Authenticated
from netbench_probes.stamp.estimate import ClockWord
from netbench_probes.stamp.location_tlv import Ends
from netbench_probes.stamp.patterns import Sizes
from netbench_probes.stamp.reflector import Arrival, ReflectorSession, Style
from netbench_probes.stamp.talk import ForeignPacketError, Talk
from netbench_probes.stamp.tlv import Tlv, encoded, parse
from netbench_probes.stamp.values import AccessReport, DirectMeasurement, FollowUp
from netbench_probes.stamp.wire import MalformedPacketError, decode_sender
from tests.probes.stamp.vectors import SECRET, SENDER, T1, T1_NS

SECOND = 1_000_000_000
ENDS = Ends(bytes((192, 0, 2, 1)), 5000, bytes((192, 0, 2, 2)), 862)


def answered(talk: Talk, session: ReflectorSession, sequence: int, tos: int = 0) -> tuple[Heard, int | None]:
    """Let one request be answered; return what the sender heard, and how the reply was marked."""
    request = talk.request(sequence, T1, 0)
    reply = session.answer(Arrival(request, T1_NS + 5, 61, tos, ENDS), T1_NS + 9)
    assert len(reply.octets) == len(request)
    return talk.reply(reply.octets).heard, reply.tos


@pytest.mark.parametrize("protected", [False, True])
@pytest.mark.parametrize("secret", [None, SECRET])
def test_every_question_is_answered(protected: bool, secret: bytes | None) -> None:
    """In open mode with and without HMAC, and authenticated: the sender hears what the reflector knows."""
    if protected and secret is None:
        return
    mode = Authenticated(SECRET) if protected else Style().mode
    word = ClockWord(ClockState(synchronised=True, error_ns=1000, source="chrony"), ptp=True)
    talk = Talk(mode=mode, ssid=9, asking=Asking(QUESTIONS, 46, None, secret), word=word)
    session = ReflectorSession(Style(mode, secret, word=word))

    first, marked = answered(talk, session, 0, 10 << 2 | 2)
    session.departed(0, T1_NS + 77)
    second, _ = answered(talk, session, 1)

    assert first == Heard(10 << 2 | 2, None)
    assert second.follow_up == FollowUp(0, T1_NS // SECOND << 32 | (T1_NS + 77) % SECOND, 2)
    assert marked == 46 << 2
    notes = talk.asking.notes
    assert (notes.unrecognised, notes.malformed, notes.unsealed, notes.dscp_refused) == (0, 0, 0, 0)
    assert notes.told["location"] == {
        "source": "192.0.2.1",
        "source_port": 5000,
        "destination": "192.0.2.2",
        "destination_port": 862,
    }
    assert notes.told["direct-measurement"] == {"sent": 2, "received": 2, "reflected": 2}
    assert notes.told["timestamp-information"] == {"source_in": 1, "method_in": 2, "source_out": 1, "method_out": 2}


def test_packets_that_did_not_leave_are_not_counted() -> None:
    """The count of a direct measurement is of packets, not of attempts."""
    asking = Asking(("direct-measurement",))
    counts: list[int] = []
    for sequence, left in enumerate((True, False, True)):
        [question] = asking.asked(sequence, 0)
        counts.append(DirectMeasurement.decoded(question.value).sent)
        if not left:
            asking.not_sent()

    assert counts == [1, 2, 2]


def test_a_follow_up_is_of_the_reply_before_and_of_no_other() -> None:
    """Where the kernel's stamp of the one before has not come, or the reflector keeps no count, nothing is told."""
    talk, session = Talk(asking=Asking(("follow-up",))), ReflectorSession()
    answered(talk, session, 0)
    session.departed(0, T1_NS)
    assert answered(talk, session, 1)[0].follow_up == FollowUp(0, T1, 2)
    assert answered(talk, session, 2)[0].follow_up is None

    stateless = ReflectorSession(Style(stateless=True))
    answered(talk, stateless, 0)
    stateless.departed(0, T1_NS)
    assert answered(talk, stateless, 1)[0].follow_up is None


def test_a_stateless_reflector_gives_each_request_its_own_number() -> None:
    """However many came before."""
    session = ReflectorSession(Style(stateless=True))
    for sequence in (7, 9, 3):
        assert session.answer(Arrival(sequence.to_bytes(4, "big") + SENDER[4:], T1_NS), T1_NS).sequence == sequence


def test_a_policy_is_heard() -> None:
    """A reflector that marks as it likes says so, and marks as the request came."""
    talk, session = Talk(asking=Asking(("class-of-service",), 46)), ReflectorSession(Style(any_dscp=False, copies_dscp=True))

    heard, marked = answered(talk, session, 0, 10 << 2 | 3)

    assert (heard.forward_tos, marked, talk.asking.notes.dscp_refused) == (10 << 2 | 3, 10 << 2, 1)


def test_an_echo_of_our_own_questions_tells_nothing() -> None:
    """A reflector that takes TLVs for padding sends them back as they went, with U: not understood, which is not forged."""
    for secret in (None, SECRET):
        asking = Asking(QUESTIONS, secret=secret)
        sent = encoded(asking.asked(5, 0))

        assert asking.hear(sent, 0, protected=False) == Heard()
        assert (asking.notes.unsealed, asking.notes.unrecognised) == (0, 5 + (secret is not None))


@pytest.mark.parametrize(
    ("tlvs", "unsealed", "malformed"),
    [
        pytest.param([Tlv(4, bytes(4), 0x20), Tlv(3, bytes(4), 0)], 1, 0, id="one with I condemns all"),
        pytest.param([Tlv(4, bytes(4), 0x40), Tlv(3, bytes(4), 0)], 0, 1, id="M ends the reading"),
        pytest.param([Tlv(4, bytes(3), 0), Tlv(3, bytes(4), 0)], 0, 1, id="so does a wrong length"),
        pytest.param([Tlv(3, bytes(4), 0), Tlv(8, bytes(16), 0)], 1, 0, id="an HMAC without our having a key"),
    ],
)
def test_what_a_reflector_flags_is_not_read(tlvs: list[Tlv], unsealed: int, malformed: int) -> None:
    """None of these tells anything, and each is counted for what it is."""
    asking = Asking(("timestamp-information",))

    assert asking.hear(encoded(tlvs), 0, protected=False) == Heard()
    assert (asking.notes.unsealed, asking.notes.malformed, asking.notes.told) == (unsealed, malformed, {})


def test_an_answer_that_lost_its_seal_is_not_used() -> None:
    """With a key, TLVs that were understood must come sealed, and the seal must be right."""
    asking = Asking(("class-of-service",), 46, None, SECRET)
    plain = Tlv(4, bytes(4), 0).encoded()

    assert asking.hear(plain, 0, protected=False) == Heard()
    assert asking.hear(plain + Tlv(8, bytes(16), 0).encoded(), 0, protected=True) == Heard()
    assert asking.notes.unsealed == 2


def test_replies_of_another_session_are_foreign() -> None:
    """Another SSID never counts; none at all does, unless the sender needs one: then the session is over."""
    talk = Talk(ssid=7)
    other, none = Talk(ssid=8), Talk()
    for speaker, foreign in ((other, True), (none, False)):
        reply = ReflectorSession().answer(Arrival(speaker.request(0, T1, 0), T1_NS), T1_NS).octets
        if foreign:
            with pytest.raises(ForeignPacketError, match="session 8, not 7"):
                talk.reply(reply)
        else:
            assert talk.reply(reply).packet.ssid == 0
            strict = Talk(ssid=7, ssid_needed=True)
            with pytest.raises(ForeignPacketError):
                strict.reply(reply)
            assert strict.refused == "the far end does not know session identifiers"
    assert talk.refused is None


def test_requests_have_their_sizes_and_say_what_the_clock_is_worth() -> None:
    """Padding fills up to the size, TLVs first; the estimate is that of the clock's state."""
    word = ClockWord(ClockState(synchronised=True, error_ns=1000, source="chrony"), ptp=False)
    talk = Talk(Sizes("200x2,300"), "random", asking=Asking(("class-of-service",)), word=word)

    assert [len(talk.request(number, T1, 0)) for number in range(3)] == [200, 300, 200]
    packet = decode_sender(talk.request(0, T1, 0))
    extension = parse(packet.rest)
    assert extension is not None
    assert [each.type for each in extension.tlvs] == [4, 1]
    assert packet.error_estimate == word.estimate


def test_what_never_changes_is_made_once() -> None:
    """A fast loop may copy it; counters, reports, seals and mixed sizes are made anew for each packet."""
    assert Talk(Sizes("60"), "zeros").rest == bytes(16)
    assert Talk(asking=Asking(("location", "follow-up"))).rest is not None
    assert Talk(asking=Asking(("direct-measurement",))).rest is None
    assert Talk(asking=Asking(("location",), secret=SECRET)).rest is None
    assert Talk(Sizes("imix")).rest is None


def test_an_access_is_reported_until_it_is_acknowledged() -> None:
    """At once, then every three seconds, five times in all; an acknowledgement ends it."""
    report = AccessReport(1, 1)
    reporter = AccessReporter(report)
    told = [second for second in range(40) if reporter.due(second * SECOND)]

    assert told == [0, 3, 6, 9, 12]
    reporter = AccessReporter(report)
    assert reporter.due(0)
    reporter.heard(replace(report, access=2))
    assert not reporter.acknowledged
    reporter.heard(report)
    assert not any(reporter.due(second * SECOND) for second in range(40))


@given(some.binary(max_size=300), some.booleans())
def test_any_reply_is_heard_or_refused(octets: bytes, sealed: bool) -> None:
    """No octets bring the sender to anything but an answer or its one error."""
    talk = Talk(ssid=1, asking=Asking(QUESTIONS, secret=SECRET if sealed else None))
    with contextlib.suppress(MalformedPacketError):
        talk.reply(octets)
