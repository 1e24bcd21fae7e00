"""The sender's session against a plain account of what happened to every packet; time is an argument."""

from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as some

from netbench.measure.samples import Fate
from netbench_probes.stamp.location import Neighbour, locate
from netbench_probes.stamp.session import Marks, Row, SenderSession
from netbench_probes.stamp.wire import ReflectorPacket, ntp_from_unix

SECOND = 1_000_000_000
MILLISECOND = 1_000_000
EPOCH = 1_800_000_000 * SECOND
TIMEOUT = SECOND


def reply(sequence: int, sent_ns: int, received_ns: int, left_ns: int, reflected: int) -> ReflectorPacket:
    received, left, sent = ntp_from_unix(received_ns), ntp_from_unix(left_ns), ntp_from_unix(sent_ns)
    return ReflectorPacket(reflected, left, 1, 0, received, sequence, sent, 1, 255)


def watched(*, stamped: bool = True) -> SenderSession:
    return SenderSession(TIMEOUT, watched=True, stamped=stamped)


def test_four_stamps_make_three_durations() -> None:
    """T1 and T3 are the kernel's although both arrive after the reply; the reflector's claim and our own clock are not used."""
    session = watched()
    session.sent(EPOCH, 0)
    session.reached(0, 0, EPOCH + 5_000)
    session.answered(reply(0, EPOCH, EPOCH + 5_000, EPOCH + 7_000, 0), EPOCH + 12_000)
    assert session.settle(MILLISECOND) == []

    session.transmitted(0, EPOCH + 1_000)
    session.reflected(0, EPOCH + 9_000)

    assert session.settle(MILLISECOND) == [Row(0, Fate.ANSWERED, EPOCH + 1_000, 4_000, 4_000, 3_000, 0)]
    assert session.tally.user_stamps == 0


def test_missing_stamps_fall_back_openly() -> None:
    """At the deadline an answer without its kernel stamps takes the user's times, and both are counted."""
    session = watched()
    session.sent(EPOCH, 0)
    session.reached(0, 0, EPOCH + 5_000)
    session.answered(reply(0, EPOCH, EPOCH + 5_000, EPOCH + 7_000, 0), EPOCH + 12_000)

    assert session.settle(TIMEOUT - 1) == []
    assert session.settle(TIMEOUT) == [Row(0, Fate.ANSWERED, EPOCH, 5_000, 2_000, 5_000, 0)]
    assert session.tally.user_stamps == 2


def test_watched_losses_have_a_direction() -> None:
    """What never reached the reflector was lost on the way there; what did, on the way back, and its way there is known."""
    session = watched()
    for sequence in range(2):
        session.sent(EPOCH + sequence, sequence)
        session.transmitted(sequence, EPOCH + sequence)
    session.reached(1, 0, EPOCH + 6_001)

    assert session.settle(TIMEOUT - 1) == []
    assert session.settle(TIMEOUT + 1) == [
        Row(0, Fate.LOST_FORWARD, EPOCH, None, None, None, 0),
        Row(1, Fate.LOST_REVERSE, EPOCH + 1, 6_000, None, None, 0),
    ]


def test_samples_have_what_was_seen_of_their_headers() -> None:
    """A watched reflector's own eyes count before what it tells; a loss on the way back keeps the way there; lateness is kept."""
    session = watched()
    for sequence in range(2):
        session.sent(EPOCH, 0, 1_500)
        session.transmitted(sequence, EPOCH)
        session.reached(sequence, sequence, EPOCH + 5, Marks(61, None, 40, None))
    session.reflected(0, EPOCH + 6)
    session.answered(reply(0, EPOCH, EPOCH + 5, EPOCH + 6, 0), EPOCH + 9, Marks(99, 62, None, 41))

    rows = sorted(session.settle(TIMEOUT), key=lambda row: row.sequence)

    assert rows[0] == Row(0, Fate.ANSWERED, EPOCH, 5, 1, 3, 0, 1_500, 61, 62, 40, 41)
    assert rows[1] == Row(1, Fate.LOST_REVERSE, EPOCH, 5, None, None, 0, 1_500, 61, None, 40, None)


def followed() -> SenderSession:
    """Two answers of a far end that tells of each reply with the next; it claims to have sent them 7 µs after the request."""
    session = SenderSession(TIMEOUT, watched=False, stamped=True, followed=True)
    for sequence in range(2):
        session.sent(EPOCH, 0)
        session.transmitted(sequence, EPOCH)
        session.answered(reply(sequence, EPOCH, EPOCH + 5_000, EPOCH + 7_000, sequence), EPOCH + 12_000)
    return session


def test_a_far_end_says_with_the_next_reply_when_one_left() -> None:
    """Until then the answer waits; what it told counts, not what it claimed when it wrote the reply."""
    session = followed()
    assert session.settle(MILLISECOND) == []
    assert session.unfollowed

    session.reflected(0, EPOCH + 9_000)
    session.reflected(1, EPOCH + 9_500)

    assert [row[2:6] for row in session.settle(MILLISECOND)] == [(EPOCH, 5_000, 4_000, 3_000), (EPOCH, 5_000, 4_500, 2_500)]
    assert (session.tally.claimed_departures, session.tally.user_stamps, session.unfollowed) == (0, 0, False)


def test_what_nobody_followed_up_is_told_as_claimed() -> None:
    """A reply that left before it was written, or a timeout later, is not believed; at the deadline the claim stands, counted."""
    session = followed()
    session.reflected(0, EPOCH + 6_999)
    session.reflected(1, EPOCH + 7_001 + TIMEOUT)
    session.reflected(2, EPOCH + 9_000)

    assert [row[2:6] for row in session.settle(TIMEOUT)] == [(EPOCH, 5_000, 2_000, 5_000)] * 2
    assert session.tally.claimed_departures == 2


def test_timestamps_are_written_as_the_estimate_says() -> None:
    """The Z bit makes them PTP's, and the answer is known by them."""
    session = SenderSession(TIMEOUT, watched=False, stamped=False)
    timestamp = session.sent(EPOCH + 5, 0, None, 0x7FFF)
    assert timestamp == EPOCH // SECOND << 32 | 5

    session.answered(ReflectorPacket(0, timestamp + 2, 0x7FFF, 0, timestamp + 1, 0, timestamp, 0x7FFF, 255), EPOCH + 10)

    assert session.settle(MILLISECOND) == [Row(0, Fate.ANSWERED, EPOCH + 5, 1, 1, 3, 0)]


def test_late_answer_stays_lost() -> None:
    """An answer after the deadline makes no row, whether it is read before or after the loss is told; it is counted."""
    session = SenderSession(TIMEOUT, watched=False, stamped=False)
    session.sent(EPOCH, 0)
    late = reply(0, EPOCH, EPOCH + 5, EPOCH + 6, 0)
    session.answered(late, EPOCH + TIMEOUT + 1)

    assert [row.fate for row in session.settle(TIMEOUT)] == [Fate.LOST]
    session.answered(late, EPOCH + TIMEOUT + 2)
    session.answered(late, EPOCH + 7)  # as a wall clock that was set back would have it
    assert session.settle(TIMEOUT + 2) == []
    assert session.tally.late_answers == 3


def test_foreign_answers_are_only_counted() -> None:
    """A reply to what we did not send, or with another timestamp than we sent, answers nothing."""
    session = SenderSession(TIMEOUT, watched=False, stamped=False)
    session.sent(EPOCH, 0)
    session.answered(reply(0, EPOCH + 1, EPOCH + 5, EPOCH + 6, 0), EPOCH + 7)
    session.answered(reply(9, EPOCH, EPOCH + 5, EPOCH + 6, 0), EPOCH + 7)

    assert session.settle(1) == []
    assert session.outstanding
    assert session.tally.foreign == 2


def test_not_sent_is_no_loss() -> None:
    """An attempt that the kernel refused is a row of its own kind."""
    session = SenderSession(TIMEOUT, watched=False, stamped=False)
    session.sent(EPOCH, 0)
    session.not_sent(0)

    assert session.settle(1) == [Row(0, Fate.NOT_SENT, EPOCH, None, None, None, 0)]
    assert not session.outstanding


def test_stop_drops_what_had_no_time() -> None:
    """When stopped, answers are told and attempts still under way count as nothing."""
    session = SenderSession(TIMEOUT, watched=False, stamped=False)
    session.sent(EPOCH, 0)
    session.sent(EPOCH + 1, 1)
    session.answered(reply(1, EPOCH + 1, EPOCH + 5, EPOCH + 6, 0), EPOCH + 9)

    assert [(row.sequence, row.fate) for row in session.abandon(10)] == [(1, Fate.ANSWERED)]
    assert not session.outstanding


def test_a_stateful_reflector_locates_losses() -> None:
    """A gap in our sequence without one in the reflector's was lost on the way there; with one as wide, on the way back."""
    session = SenderSession(TIMEOUT, watched=False, stamped=False)
    numbers = {0: 0, 2: 1, 4: 3, 7: 5}
    for sequence in range(8):
        session.sent(EPOCH + sequence, sequence)
    for sequence, number in numbers.items():
        session.answered(reply(sequence, EPOCH + sequence, EPOCH + 50 + sequence, EPOCH + 60 + sequence, number), EPOCH + 99)

    fates = {row.sequence: row.fate for row in session.settle(TIMEOUT + 10)}

    assert fates[1] == Fate.LOST_FORWARD
    assert fates[3] == Fate.LOST_REVERSE
    assert {fates[5], fates[6]} == {Fate.LOST}


def test_a_stateless_reflector_locates_nothing() -> None:
    """A reflector that copies our numbers looks as if every loss were on the way back; that is not believed."""
    assert locate(Neighbour(0, 0), Neighbour(2, 2), 0, stateful=False) is Fate.LOST
    assert locate(Neighbour(0, 0), Neighbour(2, 2), 0, stateful=True) is Fate.LOST_REVERSE
    assert locate(None, Neighbour(2, 1), 0, stateful=True) is Fate.LOST


@dataclass(frozen=True)
class Journey:
    """What the network does to one packet and its copies: None where it is lost."""

    forward_ns: tuple[int | None, ...]
    reverse_ns: tuple[tuple[int | None, ...], ...]


delays = some.integers(1_000, 60 * MILLISECOND)
maybe = some.one_of(delays, delays, delays, some.none())
copies = some.lists(maybe, min_size=1, max_size=2).map(tuple)
journeys = some.builds(Journey, copies, some.tuples(copies, copies))

INTERVAL = 10 * MILLISECOND
HANDLING = 2_000


@given(some.lists(journeys, max_size=12), some.booleans())
def test_fates_and_order_match_a_plain_account(network: list[Journey], inside: bool) -> None:
    """Whatever is lost, doubled and reordered, rows say what a plain account of all events says."""
    arrivals = sorted(
        (EPOCH + sequence * INTERVAL + delay, sequence, copy)
        for sequence, journey in enumerate(network)
        for copy, delay in enumerate(journey.forward_ns)
        if delay is not None
    )
    answers = sorted(
        (at + HANDLING + delay, number, sequence, at)
        for number, (at, sequence, copy) in enumerate(arrivals)
        for delay in network[sequence].reverse_ns[copy]
        if delay is not None
    )

    rows = _replayed(len(network), arrivals, answers, inside)

    assert sorted(rows) == sorted(_account(len(network), arrivals, answers, inside))


Arrivals = list[tuple[int, int, int]]
Answers = list[tuple[int, int, int, int]]
Told = tuple[int, int, int, int]


def _replayed(count: int, arrivals: Arrivals, answers: Answers, inside: bool) -> list[Told]:
    session = SenderSession(TIMEOUT, watched=inside, stamped=True)
    events = [(EPOCH + sequence * INTERVAL, 0, sequence) for sequence in range(count)]
    events += [(at, 1, number) for number, (at, _, _) in enumerate(arrivals) if inside]
    events += [(answer[0], 2, index) for index, answer in enumerate(answers)]
    rows: list[Row] = []
    for at, kind, index in sorted(events):
        if kind == 0:
            session.sent(at, at - EPOCH)
            session.transmitted(index, at)
        elif kind == 1:
            session.reached(arrivals[index][1], index, at)
            session.reflected(index, at + HANDLING)
        else:
            _, number, sequence, reached_ns = answers[index]
            session.answered(reply(sequence, EPOCH + sequence * INTERVAL, reached_ns, reached_ns + HANDLING, number), at)
        rows.extend(session.settle(at - EPOCH))
    rows.extend(session.settle(60 * SECOND))
    assert not session.outstanding
    return [(row.sequence, row.fate if inside else _unlocated(row.fate), row.forward_ns or 0, row.reordered) for row in rows]


def _unlocated(fate: Fate) -> Fate:
    return Fate.LOST if fate in (Fate.LOST_FORWARD, Fate.LOST_REVERSE) else fate


def _account(count: int, arrivals: Arrivals, answers: Answers, inside: bool) -> list[Told]:
    """Slow and plain: RFC 4737 by comparing all pairs, fates by looking whether anything arrived."""
    told = [_loss(sequence, arrivals, inside) for sequence in range(count) if not any(a[2] == sequence for a in answers)]
    for position, (_, number, sequence, at) in enumerate(answers):
        first = not any(earlier[2] == sequence for earlier in answers[:position])
        back = any(earlier[1] > number for earlier in answers[:position])
        known = arrivals if inside else [arrivals[answer[1]] for answer in _first_of_each(answers)]
        fate = Fate.ANSWERED if first else Fate.DUPLICATE
        told.append((sequence, fate, at - EPOCH - sequence * INTERVAL, _overtaken(sequence, known) | 2 * back))
    return told


def _loss(sequence: int, arrivals: Arrivals, inside: bool) -> Told:
    """A remote reflector's account is tested elsewhere: here its losses are only losses."""
    first = next((at for at, arrived, _ in arrivals if arrived == sequence), None)
    if not inside:
        return sequence, Fate.LOST, 0, 0
    if first is None:
        return sequence, Fate.LOST_FORWARD, 0, 0
    return sequence, Fate.LOST_REVERSE, first - EPOCH - sequence * INTERVAL, _overtaken(sequence, arrivals)


def _overtaken(sequence: int, arrivals: Arrivals) -> int:
    first = min(at for at, arrived, _ in arrivals if arrived == sequence)
    return int(any(at < first and arrived > sequence for at, arrived, _ in arrivals))


def _first_of_each(answers: Answers) -> Answers:
    return [answer for position, answer in enumerate(answers) if answer[2] not in {earlier[2] for earlier in answers[:position]}]
