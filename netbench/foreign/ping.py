"""Logs of iputils' ping in English: one line an answer, its statistics at the end, instants where it was asked for them (-D).

What has no answer is lost, up to the count in the statistics: a log without them does not say how many were sent, and is refused.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from netbench.errors import InputError
from netbench.foreign.attempts import Attempt, columns_of
from netbench.foreign.model import Content, Span, Subject
from netbench.foreign.numbers import NoFigureError, duration
from netbench.measure.samples import Fate

MOST_ATTEMPTS = 2_000_000

_STAMP = r"(?:\[([0-9]{1,10})\.([0-9]{1,9})\] )?"
_HEAD = re.compile(r"PING (\S+?)(?: ?\([^)]*\))?(?: from .*)? [0-9]+(?:\([0-9]+\))? ?(?:data )?bytes(?: of data)?\.?")
_ANSWER = re.compile(_STAMP + r"[0-9]+ bytes from .*?: icmp_seq=([0-9]{1,5}).*? time=([0-9]{1,9}(?:\.[0-9]{1,6})?) ms(.*)")
_END = re.compile(r"([0-9]{1,12}) packets transmitted, ([0-9]{1,12}) received(?:, .*)?, time ([0-9]{1,15})ms")
_OTHER = re.compile(
    _STAMP + r"(?:no answer yet for icmp_seq=|From .*icmp_seq=|\d+ bytes from .*\(DIFFERENT ADDRESS|--- .* ping statistics ---"
    r"|rtt min/avg/max|pipe \d|ping: |Request timeout|From .* (?:Destination|Time to live|Packet))"
)
_WRAP = 1 << 16


@dataclass(slots=True)
class _Log:
    """What was read so far."""

    target: str | None = None
    answers: list[Attempt] = field(default_factory=list[Attempt])
    instants_ns: list[int | None] = field(default_factory=list[int | None])
    resolution_ns: int = 1
    sent: int | None = None
    received: int = 0
    elapsed_ns: int = 0


def read_ping(text: str, file: str, at_ns: int | None) -> Content:
    """Return the attempts of one ping; ``at_ns`` is when it began, where the log has no instants.

    :raises InputError: naming the line that is none of ping's
    """
    log = _Log()
    for number, line in enumerate(text.splitlines(), 1):
        if line.strip():
            _line(log, line.strip(), file, number)
    if log.target is None:
        raise InputError("this is no log of ping: it does not begin with PING", file=file)
    if log.sent is None:
        raise InputError("the log ends without its statistics, so nobody knows how many were sent; end ping by SIGINT", file=file)
    attempts = _attempts(log, log.sent, file, at_ns)
    span = Span(attempts[0].sent_ns, attempts[-1].sent_ns) if attempts else None
    found = Subject(log.target, "1", (), columns_of(attempts), resolution_ns=log.resolution_ns)
    return Content((found,), span, len(attempts))


def _line(log: _Log, line: str, file: str, number: int) -> None:
    place = str(number)
    if (head := _HEAD.fullmatch(line)) is not None:
        if log.target is not None:
            raise InputError("a second ping begins here; keep one a file", file=file, place=place)
        log.target = head[1]
    elif log.target is None:
        raise InputError("this is no log of ping: it does not begin with PING", file=file, place=place)
    elif (end := _END.fullmatch(line)) is not None:
        _ended(log, end, file, place)
    elif (answer := _ANSWER.fullmatch(line)) is not None:
        _answered(log, answer, file, place)
    elif _OTHER.match(line) is None:
        raise InputError("this line is none that ping writes in English (run it with LC_ALL=C)", file=file, place=place)


def _ended(log: _Log, end: re.Match[str], file: str, place: str) -> None:
    if log.sent is not None:
        raise InputError("a second line of statistics; keep one ping a file", file=file, place=place)
    log.sent, log.received, log.elapsed_ns = int(end[1]), int(end[2]), int(end[3]) * 1_000_000
    if not 0 < log.sent <= MOST_ATTEMPTS:
        raise InputError(f"{log.sent} packets transmitted are no measurement", file=file, place=place)


def _answered(log: _Log, answer: re.Match[str], file: str, place: str) -> None:
    if log.sent is not None:
        raise InputError("an answer behind the statistics; keep one ping a file", file=file, place=place)
    try:
        took = duration(answer[4], "ms")
    except NoFigureError as error:
        raise InputError(str(error), file=file, place=place) from error
    twice = "(DUP!)" in answer[5]
    sequence = _unwrapped(int(answer[3]), log.answers)
    log.answers.append(
        Attempt(sequence, Fate.DUPLICATE if twice else Fate.ANSWERED, 0, len(log.answers), round_trip_ns=took.value_ns)
    )
    log.instants_ns.append(int(answer[1]) * 10**9 + int(answer[2].ljust(9, "0")) if answer[1] else None)
    log.resolution_ns = max(log.resolution_ns, took.resolution_ns)


def _unwrapped(written: int, before: Sequence[Attempt]) -> int:
    """The number of the attempt: ping's has 16 bits and begins anew after 65 535."""
    last = before[-1].sequence if before else 1
    turns = (last - written + _WRAP // 2) // _WRAP
    return written + max(0, turns) * _WRAP


def _attempts(log: _Log, sent: int, file: str, at_ns: int | None) -> list[Attempt]:
    """Every attempt from 1 on: those answered, and one lost for every other."""
    answered = {each.sequence for each in log.answers if each.fate is Fate.ANSWERED}
    twice = len(answered) != sum(each.fate is Fate.ANSWERED for each in log.answers)
    if twice or any(not 1 <= each.sequence <= sent for each in log.answers):
        raise InputError(f"the answers and the {sent} packets transmitted do not agree, so this is not one whole log", file=file)
    if len(answered) != log.received:
        told = f"its statistics count {log.received} answers and its lines {len(answered)}"
        raise InputError(f"{told}; a quiet ping (-q, -f) writes no samples down", file=file)
    begun_ns, step_ns = _pace(log, sent, file, at_ns)
    lost = [Attempt(number, Fate.LOST, 0) for number in range(1, sent + 1) if number not in answered]
    for each in (*log.answers, *lost):
        each.sent_ns = begun_ns + (each.sequence - 1) * step_ns
    for each, instant_ns in zip(log.answers, log.instants_ns, strict=True):
        if instant_ns is not None and each.fate is Fate.ANSWERED:
            each.sent_ns = instant_ns - (each.round_trip_ns or 0)
    return sorted((*log.answers, *lost), key=lambda each: each.sequence)


def _pace(log: _Log, sent: int, file: str, at_ns: int | None) -> tuple[int, int]:
    """When the first was sent and how far apart they were, as far as the log tells: exact where it has instants."""
    step_ns = log.elapsed_ns // max(1, sent - 1)
    for each, instant_ns in zip(log.answers, log.instants_ns, strict=True):
        if instant_ns is not None:
            return instant_ns - (each.round_trip_ns or 0) - (each.sequence - 1) * step_ns, step_ns
    if at_ns is None:
        raise InputError("nothing in it says when it was measured (ping -D would); give --at INSTANT", file=file)
    return at_ns, step_ns
