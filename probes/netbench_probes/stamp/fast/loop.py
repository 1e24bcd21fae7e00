"""One thread for all sessions: send what is due, answer what came, collect what the kernel holds, sleep in between.

The kernel owns the time, so nothing is urgent but sending at its time and answering: a sender's answers and stamps are
collected every millisecond, many with one call. Rows travel to Python in blocks by way of pipes, so that this loop never waits
for Python's lock; it waits only where sixteen blocks are full and none was written yet.
"""

from typing import Final

from netbench.linux.native.libc import EINTR, NANOSECONDS, SYS_EPOLL_PWAIT2, read, syscall, write
from netbench_probes.stamp.fast.buffers import AT_EVENTS, AT_WORDS, BATCH, EVENTS, ROOM_OUT, TIMEOUT, Buffers
from netbench_probes.stamp.fast.compiled import compiled
from netbench_probes.stamp.fast.course import (
    AT_MESSAGE,
    BLOCK,
    BLOCK_ROWS,
    COLLECTED_NS,
    COUNT,
    ERROR_ESTIMATE,
    EVENT_AT,
    EVENT_WORDS,
    FILLED,
    FREE,
    FULL,
    INTERVAL_NS,
    LARGEST_LAG_NS,
    LATE_SENDS,
    MESSAGE,
    OUTSTANDING,
    PAUSE_NS,
    REFLECTORS,
    SENDERS,
    SENT,
    SETTLED_NS,
    SKIPPED_SENDS,
    START_NS,
    STOP,
    STREAMS,
    TOTAL,
    TURNED_NS,
    Course,
)
from netbench_probes.stamp.fast.layout import NEXT, SSID, UNKNOWN, Rows, Session, Sessions
from netbench_probes.stamp.fast.packets import timestamp_from_unix, write_request
from netbench_probes.stamp.fast.session import abandon, has_room, not_sent, outstanding, sent, settle
from netbench_probes.stamp.fast.transfer import (
    monotonic,
    receive_answers,
    reflect,
    send_requests,
    take_departures,
    take_reply_departures,
    wall,
    why,
)

COLLECT_NS: Final = 1_000_000
SETTLE_NS: Final = 50_000_000
TURN_NS: Final = 400_000_000
CATCH_UP_NS: Final = 10_000_000
LATE_NS: Final = 2_000_000
PAUSED_NS: Final = 50_000
"""Where packets are due closer together than this they leave some at a time: waking for each costs more than sending it."""
LONGEST_SLEEP_NS: Final = 50_000_000
AT_ONCE: Final = 256
"""How many packets may be sent before the loop looks at what came."""


@compiled
def session_at(sessions: Sessions, index: int) -> Session:
    """Return one pair's session."""
    return Session(
        sessions.state[index],
        sessions.attempts[index],
        sessions.answers[index],
        sessions.departures[index],
    )


@compiled
def rows_now(course: Course) -> Rows:
    """Return the block that is being filled."""
    return Rows(course.blocks[course.words[BLOCK]], course.words[FILLED : FILLED + 1])


@compiled
def turn_over(course: Course) -> None:
    """The block of rows is on its way to Python and another one, empty, is there."""
    words = course.words
    words[MESSAGE], words[COUNT] = words[BLOCK], words[FILLED]
    write(words[FULL], words[AT_MESSAGE], 16)
    read(words[FREE], words[AT_MESSAGE], 8)
    words[BLOCK], words[FILLED] = words[MESSAGE], 0


@compiled
def due_of(course: Course, attempt: int) -> tuple[int, int]:
    """Return when an attempt is due (monotonic) and of which stream it is."""
    words = course.words
    if len(course.due):
        return int(words[START_NS] + course.due[attempt, 0]), int(course.due[attempt, 1])
    stream = attempt % words[STREAMS]
    periods = attempt // words[STREAMS] * words[INTERVAL_NS]
    return int(words[START_NS] + periods + stream * words[INTERVAL_NS] // words[STREAMS]), int(stream)


@compiled
def send_due(buffers: Buffers, course: Course, sessions: Sessions, now_ns: int) -> int:
    """What is due is sent, some hundred packets at most; return when the next one is due."""
    words, first = course.words, course.words[SENT]
    while words[SENT] < words[TOTAL] and words[SENT] - first < AT_ONCE:
        due_ns, stream = due_of(course, words[SENT])
        session = session_at(sessions, stream)
        if due_ns > now_ns or not has_room(session):
            return due_ns if due_ns > now_ns else now_ns + COLLECT_NS
        if words[FILLED] > BLOCK_ROWS - BATCH:
            turn_over(course)
        send_some(buffers, course, session, now_ns)
    return now_ns if words[SENT] < words[TOTAL] else now_ns + LONGEST_SLEEP_NS


@compiled
def send_some(buffers: Buffers, course: Course, session: Session, now_ns: int) -> None:
    """The next attempts are sent that are due and of one stream, a batch at most; what is too late is not sent."""
    words, count, first = course.words, 0, int(session.state[NEXT])
    _, stream = due_of(course, words[SENT])
    wall_ns = wall(buffers)
    timestamp = timestamp_from_unix(wall_ns, words[ERROR_ESTIMATE])
    while count < BATCH and words[SENT] < words[TOTAL] and has_room(session):
        due_ns, whose = due_of(course, words[SENT])
        if due_ns > now_ns or whose != stream:
            break
        late_ns = now_ns - due_ns
        note_lag(course, late_ns)
        words[SENT] += 1
        if late_ns > max(CATCH_UP_NS, words[INTERVAL_NS]):
            skip(course, session, (wall_ns, now_ns, timestamp, UNKNOWN))
            break
        sequence = sent(session, wall_ns, now_ns, timestamp, late_ns)
        start = count * buffers.scratch[ROOM_OUT]
        write_request(buffers.outgoing, start, sequence, timestamp, (words[ERROR_ESTIMATE], session.state[SSID]))
        count += 1
    send_requests(buffers, session, rows_now(course), first, count)


@compiled
def skip(course: Course, session: Session, times: tuple[int, int, int, int]) -> None:
    """The next attempt is too late to be sent: catching up would be a burst that nobody asked for."""
    course.words[SKIPPED_SENDS] += 1
    not_sent(session, rows_now(course), sent(session, *times))


@compiled
def note_lag(course: Course, late_ns: int) -> None:
    """How late sends are is counted."""
    words = course.words
    words[LARGEST_LAG_NS] = max(words[LARGEST_LAG_NS], late_ns)
    words[LATE_SENDS] += late_ns > LATE_NS


@compiled
def collect(buffers: Buffers, course: Course, sessions: Sessions, now_ns: int) -> None:
    """What waits at the senders is noted, and the rows that are final are given out."""
    ready = EVENTS
    while ready == EVENTS:
        ready = wait(buffers, course.words[SENDERS], 0)
        for event in range(ready):
            index = session_ready(buffers, course, event)
            session = session_at(sessions, index // 2)
            take_departures(buffers, session)
            receive_answers(buffers, session)
            give_out(course, session, now_ns)
    course.words[COLLECTED_NS] = now_ns


@compiled
def give_out(course: Course, session: Session, now_ns: int) -> None:
    """All rows of a session that are final are on their way or in the block."""
    while not settle(session, rows_now(course), now_ns):
        turn_over(course)


@compiled
def settle_all(course: Course, sessions: Sessions, now_ns: int) -> None:
    """The losses of all sessions are told, and whether there is anything still to come."""
    course.words[OUTSTANDING] = 0
    for index in range(len(sessions.state)):
        session = session_at(sessions, index)
        give_out(course, session, now_ns)
        course.words[OUTSTANDING] += outstanding(session)
    course.words[SETTLED_NS] = now_ns


@compiled
def session_ready(buffers: Buffers, course: Course, event: int) -> int:
    """Return twice the session whose descriptor is ready, one more for its reflector."""
    words = course.words
    return int(course.session_of[buffers.events[event * words[EVENT_WORDS] + words[EVENT_AT]]])


@compiled
def wait(buffers: Buffers, epoll: int, sleep_ns: int) -> int:
    """Return how many descriptors are ready, at once or within ``sleep_ns``; negative as errno."""
    buffers.scratch[TIMEOUT] = sleep_ns // NANOSECONDS
    buffers.scratch[TIMEOUT + 1] = sleep_ns % NANOSECONDS
    timeout = buffers.scratch[AT_WORDS] + 8 * TIMEOUT
    ready = syscall(SYS_EPOLL_PWAIT2, epoll, buffers.scratch[AT_EVENTS], EVENTS, timeout, 0, 8)
    if ready >= 0:
        return ready
    reason = why(buffers)
    return 0 if reason == EINTR else -reason


@compiled
def serve(buffers: Buffers, course: Course, sessions: Sessions, sleep_ns: int) -> int:
    """Requests have been answered that are there now or within ``sleep_ns``; return 0, or errno when waiting fails."""
    ready = wait(buffers, course.words[REFLECTORS], sleep_ns)
    for event in range(max(0, ready)):
        session = session_at(sessions, session_ready(buffers, course, event) // 2)
        reflect(buffers, session, course.words[ERROR_ESTIMATE])
        take_reply_departures(buffers, session)
    return max(0, -ready)


@compiled
def run(buffers: Buffers, course: Course, sessions: Sessions) -> int:
    """All is sent, answered and told, or ``STOP`` was set: return 0; or errno when the kernel cannot wait."""
    words, reason = course.words, 0
    while words[STOP] == 0 and reason == 0 and (words[SENT] < words[TOTAL] or words[OUTSTANDING]):
        now_ns = monotonic(buffers)
        due_ns = send_due(buffers, course, sessions, now_ns)
        if now_ns - words[COLLECTED_NS] >= COLLECT_NS:
            collect(buffers, course, sessions, monotonic(buffers))
        if now_ns - words[SETTLED_NS] >= SETTLE_NS:
            settle_all(course, sessions, words[COLLECTED_NS])
        if now_ns - words[TURNED_NS] >= TURN_NS:
            turn_over(course)
            words[TURNED_NS] = now_ns
        reason = rest(buffers, course, sessions, due_ns)
    finish(buffers, course, sessions)
    return reason


@compiled
def rest(buffers: Buffers, course: Course, sessions: Sessions, due_ns: int) -> int:
    """Requests have been answered until something else is to be done; return 0 or errno."""
    words = course.words
    now_ns = monotonic(buffers)
    if due_ns > now_ns:
        due_ns = max(due_ns, now_ns + words[PAUSE_NS])
    return serve(buffers, course, sessions, max(0, min(due_ns, words[COLLECTED_NS] + COLLECT_NS) - now_ns))


@compiled
def finish(buffers: Buffers, course: Course, sessions: Sessions) -> None:
    """What came is told; attempts that had no time to be answered count as nothing."""
    now_ns = monotonic(buffers)
    collect(buffers, course, sessions, now_ns)
    for index in range(len(sessions.state)):
        session = session_at(sessions, index)
        while not abandon(session, rows_now(course), now_ns):
            turn_over(course)
    turn_over(course)
