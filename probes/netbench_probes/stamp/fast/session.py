"""The compiled twin of ``stamp.session``: the same rows for the same events, without an object a packet.

Where the other keeps a list or a dictionary of attempts this keeps a ring: see ``layout``. Rows go to ``Rows`` as they become
final; where that is full they wait.
"""

from netbench.linux.native.libc import Words
from netbench_probes.stamp.fast.compiled import compiled
from netbench_probes.stamp.fast.layout import (
    A_DEADLINE,
    A_FLAGS,
    A_LATE,
    A_REACHED,
    A_REFLECTED,
    A_SENT,
    A_TIMESTAMP,
    A_TOS,
    A_TRANSMITTED,
    A_TTL,
    BEFORE,
    BEFORE_REFLECTED,
    D_ANSWER,
    D_NUMBER,
    D_STAMP,
    DISOWNED,
    F_OVERTAKEN,
    F_RESOLVED,
    F_UNSENT,
    FOREIGN,
    FORGOTTEN,
    FURTHEST,
    GAP_BEFORE,
    GAP_END,
    GAP_UNSENT,
    HEAD,
    LARGEST_CLAIM,
    LATE_ANSWERS,
    LATEST_NS,
    LEFT_NS,
    LEFT_NUMBER,
    NEXT,
    NOT_SENT,
    OLDEST,
    PAIR,
    R_FATE,
    R_FORWARD,
    R_FORWARD_TOS,
    R_FORWARD_TTL,
    R_LATE,
    R_PAIR,
    R_REORDERED,
    R_RESIDENCE,
    R_REVERSE,
    R_REVERSE_TOS,
    R_REVERSE_TTL,
    R_SENT,
    R_SEQUENCE,
    STAMPED,
    STATEFUL,
    TAIL,
    TIMEOUT_NS,
    UNKNOWN,
    USER_STAMPS,
    W_BARRIER,
    W_CLAIMED,
    W_FATE,
    W_FORWARD_TTL,
    W_OVERTAKEN,
    W_RECEIVE,
    W_RECEIVED,
    W_SEQUENCE,
    W_TOS,
    W_TRANSMIT,
    W_TTL,
    WATCHED,
    Rows,
    Session,
    Slot,
)
from netbench_probes.stamp.fast.packets import SYNCHRONISED

ANSWERED, LOST, LOST_FORWARD, LOST_REVERSE, DUPLICATE, UNSENT = 0, 1, 2, 3, 4, 5


@compiled
def known(session: Session, sequence: int) -> bool:
    """Whether the attempt was sent and is not forgotten."""
    return bool(session.state[FORGOTTEN] <= sequence < session.state[NEXT])


@compiled
def attempt_of(session: Session, sequence: int) -> Slot:
    """Return the words of a known attempt."""
    return Slot(session.attempts[sequence & (len(session.attempts) - 1)])


@compiled
def departure_of(session: Session, number: int) -> Slot:
    """Return where the departure of the reply with the reflector's ``number`` is kept, or another's that it displaces."""
    return Slot(session.departures[number & (len(session.departures) - 1)])


@compiled
def has_room(session: Session) -> bool:
    """Whether one more attempt can be kept."""
    return bool(session.state[NEXT] - session.state[FORGOTTEN] < len(session.attempts))


@compiled
def outstanding(session: Session) -> bool:
    """Whether there is an attempt without its fate or an answer not given out yet."""
    state = session.state
    return bool(state[OLDEST] < state[NEXT] or state[HEAD] < state[TAIL])


@compiled
def sent(session: Session, wall_ns: int, now_ns: int, timestamp: int, late_ns: int) -> int:
    """The next attempt leaves now with that NTP timestamp in it; return its sequence. There is room."""
    state = session.state
    sequence = int(state[NEXT])
    attempt = attempt_of(session, sequence).words
    attempt[A_SENT] = wall_ns
    attempt[A_TIMESTAMP] = timestamp
    attempt[A_DEADLINE] = now_ns + state[TIMEOUT_NS]
    attempt[A_TRANSMITTED] = UNKNOWN
    attempt[A_REACHED] = UNKNOWN
    attempt[A_REFLECTED] = -1
    attempt[A_FLAGS] = 0
    attempt[A_LATE] = late_ns
    attempt[A_TTL] = UNKNOWN
    attempt[A_TOS] = UNKNOWN
    state[NEXT] = sequence + 1
    return sequence


@compiled
def not_sent(session: Session, rows: Rows, sequence: int) -> None:
    """An attempt did not leave this host. There is room for its row."""
    attempt = attempt_of(session, sequence).words
    attempt[A_FLAGS] |= F_RESOLVED | F_UNSENT
    session.state[NOT_SENT] += 1
    row = next_row(session, rows, sequence, UNSENT).words
    row[R_SENT] = attempt[A_SENT]


@compiled
def transmitted(session: Session, sequence: int, stamp_ns: int) -> None:
    """The kernel stamped T1."""
    if known(session, sequence):
        attempt_of(session, sequence).words[A_TRANSMITTED] = stamp_ns


@compiled
def reached(session: Session, sequence: int, number: int, stamp_ns: int, seen: tuple[int, int]) -> None:
    """A watched reflector received the attempt at ``stamp_ns`` and numbers its reply; ``seen`` are the TTL and TOS on arrival."""
    if not known(session, sequence):
        return
    departure = departure_of(session, number).words
    departure[D_NUMBER] = number
    departure[D_STAMP] = UNKNOWN
    departure[D_ANSWER] = -1
    attempt = attempt_of(session, sequence).words
    if attempt[A_REACHED] == UNKNOWN:
        attempt[A_REACHED] = stamp_ns
        attempt[A_TTL], attempt[A_TOS] = seen
        note_order(session, sequence, stamp_ns)


@compiled
def reflected(session: Session, number: int, stamp_ns: int) -> None:
    """The kernel stamped T3 of a watched reflector's reply."""
    departure = departure_of(session, number).words
    if departure[D_NUMBER] != number:
        return
    answer = int(departure[D_ANSWER])
    if answer >= session.state[HEAD]:
        session.answers[answer & (len(session.answers) - 1), W_TRANSMIT] = stamp_ns
    departure[D_ANSWER] = -1
    departure[D_STAMP] = stamp_ns


@compiled
def answered(
    session: Session, copied: tuple[int, int], times: tuple[int, int, int], own: tuple[int, int], seen: tuple[int, int, int]
) -> None:
    """A reply arrived; ``copied`` are the sender's sequence and timestamp in it, ``times`` T2, T3 as claimed, and T4.

    ``own`` are the reflector's number and error estimate, ``seen`` the TTL that it reports, and the TTL and TOS of the reply.
    """
    state, sequence = session.state, copied[0]
    attempt = attempt_of(session, sequence).words
    if not known(session, sequence) or attempt[A_TIMESTAMP] != copied[1]:
        state[FOREIGN] += 1
    elif times[2] - attempt[A_SENT] > state[TIMEOUT_NS] or (attempt[A_FLAGS] & F_RESOLVED and attempt[A_REFLECTED] < 0):
        state[LATE_ANSWERS] += 1
    else:
        note_claim(state, own[1])
        accept(session, sequence, times, own[0], seen)


@compiled
def accept(session: Session, sequence: int, times: tuple[int, int, int], number: int, seen: tuple[int, int, int]) -> None:
    """The reply counts: as the answer, or as one more copy of it."""
    state, attempt = session.state, attempt_of(session, sequence).words
    receive_ns, claimed_ns, received_ns = times
    first = attempt[A_REFLECTED] < 0
    place = int(state[TAIL])
    answer = session.answers[place & (len(session.answers) - 1)]
    answer[W_SEQUENCE] = sequence
    answer[W_FATE] = ANSWERED if first else DUPLICATE
    answer[W_RECEIVE], answer[W_CLAIMED], answer[W_RECEIVED] = receive_ns, claimed_ns, received_ns
    answer[W_TRANSMIT] = UNKNOWN if state[WATCHED] else claimed_ns
    answer[W_OVERTAKEN] = overtaken_back(state, claimed_ns, number)
    answer[W_BARRIER] = state[NEXT]
    answer[W_FORWARD_TTL], answer[W_TTL], answer[W_TOS] = seen
    if first:
        first_answer(session, sequence, number, receive_ns)
    if state[WATCHED]:
        join_departure(session, answer, place, number)
    state[TAIL] = place + 1


@compiled
def note_claim(state: Words, estimate: int) -> None:
    """What the far end says of its clock: the estimate of the largest error is kept, and whether one claimed nothing."""
    if not estimate & SYNCHRONISED or estimate & 0xFF == 0:
        state[DISOWNED] = 1
    elif state[LARGEST_CLAIM] < 0 or claimed(estimate) > claimed(state[LARGEST_CLAIM]):
        state[LARGEST_CLAIM] = estimate


@compiled
def claimed(estimate: int) -> float:
    """Return the error that an estimate stands for, in units of 2^-32 s."""
    return float((estimate & 0xFF) * 2.0 ** (estimate >> 8 & 0x3F))


@compiled
def overtaken_back(state: Words, claimed_ns: int, number: int) -> bool:
    """Whether a reply that left later came before; a clock too coarse to tell two apart is helped by the reflector's numbers."""
    overtaken = claimed_ns < state[LEFT_NS] or (claimed_ns == state[LEFT_NS] and number < state[LEFT_NUMBER])
    if not overtaken:
        state[LEFT_NS], state[LEFT_NUMBER] = claimed_ns, number
    return bool(overtaken)


@compiled
def first_answer(session: Session, sequence: int, number: int, receive_ns: int) -> None:
    """The attempt is answered, and what was known of the gap around it no longer holds."""
    state, attempt = session.state, attempt_of(session, sequence).words
    attempt[A_FLAGS] |= F_RESOLVED
    attempt[A_REFLECTED] = number
    if number != sequence:
        state[STATEFUL] = 1
    if sequence < state[GAP_END]:
        state[GAP_BEFORE] = -1
    if attempt[A_REACHED] == UNKNOWN:
        attempt[A_REACHED] = receive_ns
        note_order(session, sequence, receive_ns)


@compiled
def join_departure(session: Session, answer: Words, place: int, number: int) -> None:
    """The answer has its T3 from the kernel where that is known already; else the departure names the answer."""
    departure = departure_of(session, number).words
    if departure[D_NUMBER] == number and departure[D_STAMP] != UNKNOWN:
        answer[W_TRANSMIT] = departure[D_STAMP]
        return
    departure[D_NUMBER] = number
    departure[D_STAMP] = UNKNOWN
    departure[D_ANSWER] = place


@compiled
def note_order(session: Session, sequence: int, stamp_ns: int) -> None:
    """Keep who overtook whom on the way there (RFC 4737 §3.3): a later sequence arrived earlier."""
    state = session.state
    furthest, latest_ns = int(state[FURTHEST]), int(state[LATEST_NS])
    state[FURTHEST], state[LATEST_NS] = max(furthest, sequence), max(latest_ns, stamp_ns)
    if sequence <= furthest and arrived_before(session, sequence + 1, furthest, stamp_ns):
        attempt_of(session, sequence).words[A_FLAGS] |= F_OVERTAKEN
    if stamp_ns < latest_ns:
        mark_overtaken(session, sequence, stamp_ns)


@compiled
def arrived_before(session: Session, first: int, last: int, stamp_ns: int) -> bool:
    """Whether one of these attempts arrived before ``stamp_ns``; the last is the likeliest."""
    for sequence in range(last, first - 1, -1):
        reached_ns = attempt_of(session, sequence).words[A_REACHED]
        if reached_ns != UNKNOWN and reached_ns < stamp_ns:
            return True
    return False


@compiled
def mark_overtaken(session: Session, before: int, stamp_ns: int) -> None:
    """The attempts before ``before`` that arrived after ``stamp_ns`` were overtaken."""
    for sequence in range(session.state[FORGOTTEN], before):
        other = attempt_of(session, sequence).words
        if other[A_REACHED] != UNKNOWN and other[A_REACHED] > stamp_ns:
            other[A_FLAGS] |= F_OVERTAKEN


@compiled
def settle(session: Session, rows: Rows, now_ns: int) -> bool:
    """Rows that nothing can change any more are given out, given all that arrived until ``now_ns`` (monotonic).

    False when there was no room for all of them: some wait for another call.
    """
    done = resolve(session, rows, now_ns)
    state = session.state
    while done and state[HEAD] < state[TAIL] and is_final(session, now_ns):
        done = give_answer(session, rows)
    if done:
        forget(session, now_ns)
    return done


@compiled
def abandon(session: Session, rows: Rows, now_ns: int) -> bool:
    """What is left of answers is given out; attempts that had no time to be answered count as nothing. False as ``settle``."""
    state = session.state
    if not settle(session, rows, now_ns):
        return False
    while state[HEAD] < state[TAIL]:
        if not give_answer(session, rows):
            return False
    state[OLDEST] = state[NEXT]
    return True


@compiled
def resolve(session: Session, rows: Rows, now_ns: int) -> bool:
    """Attempts at their deadline are lost. False when there was no room for the row of one."""
    state = session.state
    while state[OLDEST] < state[NEXT]:
        sequence = int(state[OLDEST])
        attempt = attempt_of(session, sequence).words
        if not attempt[A_FLAGS] & F_RESOLVED:
            if attempt[A_DEADLINE] > now_ns:
                return True
            if rows.filled[0] == len(rows.block):
                return False
            give_loss(session, rows, sequence)
            attempt[A_FLAGS] |= F_RESOLVED
        if attempt[A_REFLECTED] >= 0:
            state[BEFORE], state[BEFORE_REFLECTED] = sequence, attempt[A_REFLECTED]
        state[OLDEST] = sequence + 1
    return True


@compiled
def give_loss(session: Session, rows: Rows, sequence: int) -> None:
    """The row of a lost attempt: where it was lost, and how long it took until there."""
    attempt, watched = attempt_of(session, sequence).words, session.state[WATCHED]
    arrived = watched and attempt[A_REACHED] != UNKNOWN
    fate = (LOST_REVERSE if arrived else LOST_FORWARD) if watched else located(session, sequence)
    row = next_row(session, rows, sequence, fate).words
    row[R_SENT] = left_ns(attempt)
    if arrived:
        row[R_FORWARD] = attempt[A_REACHED] - left_ns(attempt)
        row[R_REORDERED] = attempt[A_FLAGS] & F_OVERTAKEN
        row[R_FORWARD_TTL], row[R_FORWARD_TOS] = attempt[A_TTL], attempt[A_TOS]


@compiled
def located(session: Session, sequence: int) -> int:
    """Return the fate of an unanswered attempt by the numbers of its answered neighbours (``stamp.location``)."""
    state = session.state
    before = int(state[BEFORE])
    if before < 0 or state[FURTHEST] < sequence:
        return LOST
    if state[GAP_BEFORE] != before and not find_gap(session, before):
        return LOST
    after = int(state[GAP_END])
    missing = after - before - 1 - state[GAP_UNSENT]
    between = attempt_of(session, after).words[A_REFLECTED] - state[BEFORE_REFLECTED] - 1
    if between == 0:
        return LOST_FORWARD
    return LOST_REVERSE if between == missing and state[STATEFUL] else LOST


@compiled
def find_gap(session: Session, before: int) -> bool:
    """Whether there is an answered attempt after ``before``, all between being remembered; the gap is kept then."""
    state, unsent = session.state, 0
    for sequence in range(before + 1, state[FURTHEST] + 1):
        if not known(session, sequence):
            return False
        other = attempt_of(session, sequence).words
        if other[A_REFLECTED] >= 0:
            state[GAP_BEFORE], state[GAP_END], state[GAP_UNSENT] = before, sequence, unsent
            return True
        unsent += (other[A_FLAGS] & F_UNSENT) // F_UNSENT
    return False


@compiled
def is_final(session: Session, now_ns: int) -> bool:
    """Whether nothing can change the first answer any more."""
    state = session.state
    answer = session.answers[state[HEAD] & (len(session.answers) - 1)]
    if state[TAIL] - state[HEAD] >= len(session.answers) - 1:
        return True
    if answer[W_BARRIER] > state[OLDEST]:
        return False
    attempt = attempt_of(session, answer[W_SEQUENCE]).words
    whole = attempt[A_TRANSMITTED] != UNKNOWN and answer[W_TRANSMIT] != UNKNOWN
    return whole or not state[STAMPED] or attempt[A_DEADLINE] <= now_ns


@compiled
def give_answer(session: Session, rows: Rows) -> bool:
    """The row of the first answer is given out and the answer gone; false when there was no room for it."""
    if rows.filled[0] == len(rows.block):
        return False
    state = session.state
    answer = session.answers[state[HEAD] & (len(session.answers) - 1)]
    attempt = attempt_of(session, answer[W_SEQUENCE]).words
    state[USER_STAMPS] += (attempt[A_TRANSMITTED] == UNKNOWN) + (answer[W_TRANSMIT] == UNKNOWN)
    transmit_ns = answer[W_CLAIMED] if answer[W_TRANSMIT] == UNKNOWN else answer[W_TRANSMIT]
    row = next_row(session, rows, answer[W_SEQUENCE], answer[W_FATE]).words
    row[R_SENT] = left_ns(attempt)
    row[R_FORWARD] = answer[W_RECEIVE] - left_ns(attempt)
    row[R_RESIDENCE] = transmit_ns - answer[W_RECEIVE]
    row[R_REVERSE] = answer[W_RECEIVED] - transmit_ns
    row[R_REORDERED] = attempt[A_FLAGS] & F_OVERTAKEN | answer[W_OVERTAKEN] << 1
    row[R_FORWARD_TTL] = answer[W_FORWARD_TTL] if attempt[A_TTL] == UNKNOWN else attempt[A_TTL]
    row[R_FORWARD_TOS] = attempt[A_TOS]
    row[R_REVERSE_TTL], row[R_REVERSE_TOS] = answer[W_TTL], answer[W_TOS]
    state[HEAD] += 1
    return True


@compiled
def left_ns(attempt: Words) -> int:
    """Return T1: the kernel's, or the user's clock where there is none."""
    return int(attempt[A_SENT] if attempt[A_TRANSMITTED] == UNKNOWN else attempt[A_TRANSMITTED])


@compiled
def next_row(session: Session, rows: Rows, sequence: int, fate: int) -> Slot:
    """Return a new row of the attempt: nothing else of it is known yet. There is room."""
    row = rows.block[rows.filled[0]]
    rows.filled[0] += 1
    row[:] = UNKNOWN
    row[R_PAIR], row[R_SEQUENCE], row[R_FATE] = session.state[PAIR], sequence, fate
    row[R_REORDERED] = 0
    row[R_LATE] = attempt_of(session, sequence).words[A_LATE]
    return Slot(row)


@compiled
def forget(session: Session, now_ns: int) -> None:
    """Attempts that no answer can concern any more are forgotten."""
    state = session.state
    while state[FORGOTTEN] < state[OLDEST]:
        if attempt_of(session, state[FORGOTTEN]).words[A_DEADLINE] + state[TIMEOUT_NS] > now_ns:
            return
        state[FORGOTTEN] += 1
