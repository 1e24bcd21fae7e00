"""The words of a compiled session. Everything is int64; a time or a count that is not known is ``UNKNOWN``.

Attempts, departures and answers are rings whose length is a power of two: an attempt lies at its sequence, a departure at the
reflector's number, modulo that length.
"""

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from netbench.linux.native.libc import Words

UNKNOWN: Final = -(1 << 62)

(
    PAIR,
    NEXT,
    OLDEST,
    FORGOTTEN,
    TIMEOUT_NS,
    WATCHED,
    STAMPED,
    STATEFUL,
    FURTHEST,
    LATEST_NS,
    LEFT_NS,
    LEFT_NUMBER,
    BEFORE,
    BEFORE_REFLECTED,
    GAP_BEFORE,
    GAP_END,
    GAP_UNSENT,
    HEAD,
    TAIL,
    NOT_SENT,
    LATE_ANSWERS,
    FOREIGN,
    MALFORMED,
    USER_STAMPS,
    REFLECTED,
    SENDER_COUNTER,
    REFLECTOR_COUNTER,
    SENDER,
    REFLECTOR,
    LARGEST_CLAIM,
    DISOWNED,
    UNRECOGNISED,
    BROKEN_TLVS,
    UNSEALED,
    SSID,
) = range(35)
ERRNOS: Final = 256
REFUSED_SENDS: Final = 35
"""Here begins how many sends were refused, by errno."""
ICMP_ERRORS: Final = REFUSED_SENDS + ERRNOS
STATE_WORDS: Final = ICMP_ERRORS + ERRNOS

A_SENT, A_TIMESTAMP, A_DEADLINE, A_TRANSMITTED, A_REACHED, A_REFLECTED, A_FLAGS, A_LATE, A_TTL, A_TOS, A_TOKEN = range(11)
ATTEMPT_WORDS: Final = 11
F_OVERTAKEN, F_RESOLVED, F_UNSENT = 1, 2, 4

W_SEQUENCE, W_FATE, W_RECEIVE, W_TRANSMIT, W_CLAIMED, W_RECEIVED, W_OVERTAKEN, W_BARRIER, W_TTL, W_TOS, W_FORWARD_TTL = range(11)
ANSWER_WORDS: Final = 11

D_NUMBER, D_STAMP, D_ANSWER, D_SENT, D_TOKEN = range(5)
DEPARTURE_WORDS: Final = 5

(
    R_PAIR,
    R_SEQUENCE,
    R_FATE,
    R_SENT,
    R_FORWARD,
    R_RESIDENCE,
    R_REVERSE,
    R_REORDERED,
    R_LATE,
    R_FORWARD_TTL,
    R_REVERSE_TTL,
    R_FORWARD_TOS,
    R_REVERSE_TOS,
) = range(13)
"""The columns of the table of packets, in its order."""
ROW_WORDS: Final = 13

Block = NDArray[np.int64]


class Rows(NamedTuple):
    """Room for rows, shape (rows, 13); ``filled[0]`` of them are there."""

    block: Block
    filled: Words


class Slot(NamedTuple):
    """One row of an array; compiled code may return it only like this."""

    words: Words


class Session(NamedTuple):
    """One pair's session: state (547,), attempts (n, 11), answers (2n, 11), departures (2n, 5).

    A_TOKEN and D_TOKEN have nothing to do with the rest of their row: they say which packet a counter of the kernel's transmit
    stamps means, at that counter modulo their number.
    """

    state: Words
    attempts: Block
    answers: Block
    departures: Block


class Sessions(NamedTuple):
    """The same for all pairs, with one more dimension in front."""

    state: Block
    attempts: NDArray[np.int64]
    answers: NDArray[np.int64]
    departures: NDArray[np.int64]


def make_sessions(count: int, window: int, timeout_ns: int) -> Sessions:
    """Return fresh sessions with room for ``window`` attempts each, a power of two; what differs between them is the caller's."""
    state = np.zeros((count, STATE_WORDS), np.int64)
    state[:, PAIR] = np.arange(count)
    state[:, TIMEOUT_NS] = timeout_ns
    state[:, (FURTHEST, BEFORE, GAP_BEFORE, SENDER, REFLECTOR, LARGEST_CLAIM)] = -1
    attempts = np.zeros((count, window, ATTEMPT_WORDS), np.int64)
    attempts[:, :, A_TOKEN] = -1
    departures = np.full((count, 2 * window, DEPARTURE_WORDS), -1, np.int64)
    return Sessions(state, attempts, np.zeros((count, 2 * window, ANSWER_WORDS), np.int64), departures)


def make_rows(count: int) -> Rows:
    """Return empty room for so many rows."""
    return Rows(np.zeros((count, ROW_WORDS), np.int64), np.zeros(1, np.int64))
