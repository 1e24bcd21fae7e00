"""The fate of echoes, without sockets: times are arguments."""

from netbench.linux.icmp_errors import IcmpError, Saying
from netbench.measure.samples import PACKETS, Fate
from netbench_probes.icmp.remarks import remarks_of
from netbench_probes.icmp.session import OVERTAKEN, Arrival, EchoRow, EchoSession
from netbench_probes.tables import columns_of

SECOND = 1_000_000_000
START = 1_795_000_000 * SECOND


def session(count: int = 0, *, stamped: bool = True) -> EchoSession:
    """A session that has sent ``count`` echoes, 1 ms apart, each stamped 10 ns after its send."""
    made = EchoSession(SECOND, stamped=stamped)
    for number in range(count):
        made.sent(START + number * 1_000_000, number * 1_000_000, 5)
        if stamped:
            made.transmitted(number, START + number * 1_000_000 + 10)
    return made


def reply(number: int, after_ns: int = 700) -> tuple[int, Arrival]:
    return number, Arrival(START + number * 1_000_000 + 10 + after_ns, 61, 184)


def fates(rows: list[EchoRow]) -> list[tuple[int, Fate]]:
    return [(row.sequence, row.fate) for row in rows]


def test_a_round_trip_is_between_the_kernels_stamps() -> None:
    """With TTL and marking as they came, and nothing of either way alone."""
    made = session(1)
    made.answered(*reply(0))

    [row] = made.settle(2_000)
    assert row == EchoRow(0, Fate.ANSWERED, START + 10, None, None, None, 0, 5, 61, 184, 700)
    assert not made.outstanding


def test_an_answer_waits_for_its_transmit_stamp() -> None:
    """Until its deadline; then the user's clock stands in, and is counted."""
    made = EchoSession(SECOND, stamped=True)
    made.sent(START, 0, 0)
    made.answered(0, Arrival(START + 900, None, None))

    assert made.settle(SECOND - 1) == []
    [row] = made.settle(SECOND)
    assert (row.sent_ns, row.round_trip_ns, made.tally.user_stamps) == (START, 900, 1)


def test_silence_is_loss_at_the_deadline() -> None:
    """Not before; a reply that comes later leaves it lost and is counted."""
    made = session(2)
    made.answered(*reply(1))
    assert fates(made.settle(SECOND - 1)) == [(1, Fate.ANSWERED)]
    assert fates(made.settle(SECOND)) == [(0, Fate.LOST)]

    made.answered(*reply(0))
    assert made.settle(SECOND + 1) == []
    assert made.tally.late_answers == 1


def test_a_second_copy_is_a_duplicate() -> None:
    """Also one whose first copy was given out long ago; a copy of what is forgotten is foreign."""
    made = session(1)
    made.answered(*reply(0))
    assert fates(made.settle(100)) == [(0, Fate.ANSWERED)]
    made.answered(*reply(0, 800))
    assert fates(made.settle(200)) == [(0, Fate.DUPLICATE)]

    made.settle(2 * SECOND)
    made.answered(*reply(0, 900))
    assert made.tally.foreign == 1


def test_an_overtaken_reply_is_known_but_not_its_way() -> None:
    """The reply to an earlier echo after that to a later one (RFC 4737)."""
    made = session(3)
    for number in (0, 2, 1):
        made.answered(number, Arrival(START + 5_000_000, None, None))

    assert [(row.sequence, row.reordered) for row in made.settle(5_000_000)] == [(0, 0), (2, 0), (1, OVERTAKEN)]


def test_a_complaint_is_loss_with_a_reason() -> None:
    """At once, and told in one sentence for each kind and sender."""
    made = session(3)
    error = IcmpError("10.0.0.7", 3, 1, Saying.NO_ROUTE, None, b"", None, None, None)
    for sequence in (0, 1, 1, None):
        made.complained(sequence, error)
    made.complained(2, IcmpError("10.0.0.8", 3, 4, Saying.TOO_BIG, 1400, b"", None, None, None))

    assert fates(made.settle(5_000_000)) == [(0, Fate.LOST), (1, Fate.LOST), (2, Fate.LOST)]
    assert remarks_of(made.tally) == (
        "10.0.0.7 has no route for 4 of the packets (ICMP type 3 code 1)",
        "10.0.0.8 found 1 of the packets too big for the next link, which takes 1400 octets",
    )


def test_what_was_not_sent_is_no_loss() -> None:
    """It has its own fate."""
    made = session(1)
    made.not_sent(0)

    assert fates(made.settle(0)) == [(0, Fate.NOT_SENT)]
    assert made.tally.not_sent == 1


def test_stopping_keeps_answers_and_forgets_the_rest() -> None:
    """What had no time to be answered counts as nothing."""
    made = EchoSession(SECOND, stamped=True)
    for number in range(2):
        made.sent(START, number, 0)
    made.answered(0, Arrival(START + 5, None, None))

    assert fates(made.abandon(10)) == [(0, Fate.ANSWERED)]
    assert not made.outstanding


def test_rows_fit_the_table() -> None:
    """What ICMP does not know is masked."""
    made = session(1)
    made.answered(*reply(0))
    columns = columns_of(PACKETS, [(3, row) for row in made.settle(1)])

    assert columns["pair"].tolist() == [3]
    assert columns["round_trip_ns"].tolist() == [700]
    assert columns["forward_ns"].tolist() == columns["residence_ns"].tolist() == columns["reverse_ns"].tolist() == [None]
