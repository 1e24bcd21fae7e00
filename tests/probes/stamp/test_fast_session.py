"""The compiled session against its plain twin: the same events give the same rows, in the same order."""

import random
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from netbench.measure.samples import PACKETS, Columns
from netbench_probes.stamp.columns import columns_of as plain_columns
from netbench_probes.stamp.fast import columns, layout, packets, session
from netbench_probes.stamp.session import Marks, Row, SenderSession
from netbench_probes.stamp.wire import ReflectorPacket, ntp_from_unix, ptp_from_unix, timestamp_from_unix, unix_from_timestamp

SECOND = 1_000_000_000
MILLISECOND = 1_000_000
EPOCH = 1_800_000_000 * SECOND
TIMEOUT = 100 * MILLISECOND
INTERVAL = 5 * MILLISECOND
ESTIMATES = (0x8001, 0x3FFF, 0xC105, 0x8A10)
ATTEMPTS = 150

Event = tuple[int, int, str, tuple[int, ...]]


class Compiled:
    """The compiled session behind the plain one's methods."""

    def __init__(self, *, watched: bool, stamped: bool) -> None:
        sessions = layout.make_sessions(1, 64, TIMEOUT)
        self.state = sessions.state[0]
        self.state[layout.WATCHED], self.state[layout.STAMPED] = watched, stamped
        self._session = layout.Session(*(part[0] for part in sessions))
        self.rows = layout.make_rows(7)
        self.given: list[np.ndarray] = []

    def take(self) -> None:
        self.given.append(self.rows.block[: self.rows.filled[0]].copy())
        self.rows.filled[0] = 0

    def sent(self, wall_ns: int, now_ns: int, late_ns: int) -> int:
        timestamp = packets.timestamp_from_unix(wall_ns, 0)
        session.sent(self._session, wall_ns, now_ns, timestamp, late_ns)
        return timestamp & (1 << 64) - 1

    def not_sent(self, sequence: int) -> None:
        self.take()
        session.not_sent(self._session, self.rows, sequence)

    def transmitted(self, sequence: int, stamp_ns: int) -> None:
        session.transmitted(self._session, sequence, stamp_ns)

    def reached(self, sequence: int, number: int, stamp_ns: int, marks: Marks) -> None:
        session.reached(self._session, sequence, number, stamp_ns, (known(marks.forward_ttl), known(marks.forward_tos)))

    def reflected(self, number: int, stamp_ns: int) -> None:
        session.reflected(self._session, number, stamp_ns)

    def answered(self, packet: ReflectorPacket, received_ns: int, marks: Marks) -> None:
        estimate = packet.error_estimate
        receive_ns, claimed_ns = (
            packets.unix_from(signed(stamp), estimate, received_ns) for stamp in (packet.receive_timestamp, packet.timestamp)
        )
        seen = (known(marks.forward_ttl), known(marks.reverse_ttl), known(marks.reverse_tos))
        copied = (packet.sender_sequence, signed(packet.sender_timestamp))
        session.answered(self._session, copied, (receive_ns, claimed_ns, received_ns), (packet.sequence, estimate), seen)

    def settle(self, now_ns: int) -> None:
        while not session.settle(self._session, self.rows, now_ns):
            self.take()
        self.take()

    def abandon(self, now_ns: int) -> None:
        while not session.abandon(self._session, self.rows, now_ns):
            self.take()
        self.take()


def known(value: int | None) -> int:
    return layout.UNKNOWN if value is None else value


def signed(timestamp: int) -> int:
    return timestamp - (1 << 64) if timestamp >> 63 else timestamp


def script(chance: random.Random, *, watched: bool, harsh: bool) -> Iterator[Event]:
    """What happens on a bad path: losses both ways, copies, late answers, overtaking, stamps that never come, nonsense."""
    requests: list[tuple[int, int, int]] = []
    for sequence in range(ATTEMPTS):
        now_ns = sequence * INTERVAL
        yield now_ns, 0, "sent", (sequence,)
        if chance.random() < 0.05:
            yield now_ns, 1, "not_sent", (sequence,)
            continue
        if chance.random() < 0.95:
            yield now_ns + chance.choice((1, 8 * MILLISECOND)), 2, "transmitted", (sequence, EPOCH + now_ns + 1000)
        copies = 0 if 60 < sequence < 95 and harsh else chance.choice((0, 1, 1, 1, 1, 1, 2))
        requests += [(now_ns + delay(chance, harsh=harsh), sequence, now_ns) for _ in range(copies)]
    for number, request in enumerate(sorted(requests)):
        yield from reflection(chance, number, request, watched=watched, harsh=harsh)
    for now_ns in range(0, ATTEMPTS * INTERVAL + 3 * TIMEOUT, 7 * MILLISECOND):
        yield now_ns, 9, "settle", ()


def reflection(
    chance: random.Random, number: int, request: tuple[int, int, int], *, watched: bool, harsh: bool
) -> Iterator[Event]:
    """What happens when a request has come."""
    reached_ns, sequence, sent_ns = request
    left_ns = reached_ns + 10_000
    if watched:
        yield reached_ns, 3, "reached", (sequence, number, EPOCH + reached_ns)
        if chance.random() < 0.9:
            yield left_ns + chance.choice((0, 30 * MILLISECOND)), 4, "reflected", (number, EPOCH + left_ns + 500)
    if chance.random() < 0.9:
        times = (EPOCH + sent_ns + chance.choice((0,) * 20 + (1,)), EPOCH + reached_ns, EPOCH + left_ns)
        received_ns = left_ns + delay(chance, harsh=harsh)
        estimate = chance.choice(ESTIMATES if harsh else ESTIMATES[:1])
        yield received_ns, 5, "answered", (sequence, number, *times, EPOCH + received_ns, estimate)


def delay(chance: random.Random, *, harsh: bool) -> int:
    if not harsh:
        return chance.randrange(1000, 2 * MILLISECOND)
    return chance.choice((1000, 1000, *(count * MILLISECOND for count in (3, 20, 90, 150)))) + chance.randrange(1000)


def answer(arguments: tuple[int, ...]) -> tuple[ReflectorPacket, int, Marks]:
    sequence, number, sent_ns, receive_ns, left_ns, received_ns, estimate = arguments
    stamps = (timestamp_from_unix(left_ns, estimate), timestamp_from_unix(receive_ns, estimate))
    packet = ReflectorPacket(number, stamps[0], estimate, 0, stamps[1], sequence, ntp_from_unix(sent_ns), 0, 255)
    return packet, received_ns, Marks(250 - number % 3, 60, None, 4 if number % 2 else None)


TOLD: dict[str, Callable[[tuple[int, ...]], tuple[Any, ...]]] = {
    "not_sent": lambda arguments: arguments,
    "transmitted": lambda arguments: arguments,
    "reflected": lambda arguments: arguments,
    "reached": lambda arguments: (*arguments, Marks(forward_ttl=arguments[0] % 255, forward_tos=arguments[0] % 2 or None)),
    "answered": answer,
}
TALLY = {
    layout.NOT_SENT: "not_sent",
    layout.LATE_ANSWERS: "late_answers",
    layout.FOREIGN: "foreign",
    layout.USER_STAMPS: "user_stamps",
}


@pytest.mark.parametrize("harsh", [False, True])
@pytest.mark.parametrize("watched", [False, True])
@pytest.mark.parametrize("stamped", [False, True])
def test_same_events_same_samples(*, watched: bool, stamped: bool, harsh: bool) -> None:
    """Forty scripts each: rows are equal in order and in every column, and so are the tallies and the far end's claim."""
    for seed in range(40):
        plain, fast = SenderSession(TIMEOUT, watched=watched, stamped=stamped), Compiled(watched=watched, stamped=stamped)
        rows: list[Row] = []
        for event in sorted(script(random.Random(seed), watched=watched, harsh=harsh)):
            rows += play(event, plain, fast)
        end_ns = ATTEMPTS * INTERVAL + 20 * MILLISECOND
        rows += plain.abandon(end_ns)
        fast.abandon(end_ns)

        same_columns(columns.columns_of(np.concatenate(fast.given)), plain_columns([(0, row) for row in rows]))
        assert [int(fast.state[place]) for place in TALLY] == [getattr(plain.tally, name) for name in TALLY.values()]
        assert plain.claim.disowned == bool(fast.state[layout.DISOWNED])


def play(event: Event, plain: SenderSession, fast: Compiled) -> list[Row]:
    """Both have met the event; return what the plain one has given out."""
    now_ns, _, name, arguments = event
    if name == "settle":
        fast.settle(now_ns)
        return plain.settle(now_ns)
    if name == "sent":
        moment = (EPOCH + now_ns, now_ns, arguments[0] * 3)
        assert plain.sent(*moment) == fast.sent(*moment)
        return []
    told = TOLD[name](arguments)
    getattr(plain, name)(*told)
    getattr(fast, name)(*told)
    return []


def same_columns(ours: Columns, theirs: Columns) -> None:
    assert ours.keys() == theirs.keys()
    for name in theirs:
        np.testing.assert_array_equal(np.ma.getmaskarray(ours[name]), np.ma.getmaskarray(theirs[name]), name)
        np.testing.assert_array_equal(np.ma.filled(ours[name], 0), np.ma.filled(theirs[name], 0), name)


def test_rows_are_whole() -> None:
    """The compiled session keeps every column that the plain one gives out, and each is one of the table's."""
    names = ["pair", *Row._fields]
    assert len(names) == layout.ROW_WORDS
    assert set(names) <= {field.name for field in PACKETS.fields}


@pytest.mark.parametrize("seconds", [0, 1_800_000_000, 2_085_978_495, 2_085_978_496, 2_200_000_000])
def test_timestamps_are_those_of_the_plain_twin(seconds: int) -> None:
    """NTP and PTP, there and back, on both sides of the era's end in 2036."""
    chance = random.Random(seconds)
    for _ in range(200):
        instant = seconds * SECOND + chance.randrange(SECOND)
        for estimate, plain in ((0x8001, ntp_from_unix), (0xC001, ptp_from_unix)):
            timestamp = packets.timestamp_from_unix(instant, estimate)
            assert timestamp & (1 << 64) - 1 == plain(instant)
            near_ns = instant + chance.randrange(-3600, 3600) * SECOND
            assert packets.unix_from(timestamp, estimate, near_ns) == unix_from_timestamp(plain(instant), estimate, near_ns)
