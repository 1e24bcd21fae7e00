"""The words that the compiled loop and Python share while it runs: what is asked, how it went, and when to stop."""

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from netbench.linux.native.libc import Words

(
    STOP,
    START_NS,
    INTERVAL_NS,
    STREAMS,
    TOTAL,
    SENT,
    LATE_SENDS,
    SKIPPED_SENDS,
    LARGEST_LAG_NS,
    ERROR_ESTIMATE,
    BLOCK,
    FULL,
    FREE,
    COLLECTED_NS,
    SETTLED_NS,
    TURNED_NS,
    REFLECTORS,
    SENDERS,
    EVENT_WORDS,
    EVENT_AT,
    OUTSTANDING,
    FILLED,
    MESSAGE,
    COUNT,
    AT_MESSAGE,
    PAUSE_NS,
) = range(26)
COURSE_WORDS: Final = 26

BLOCKS: Final = 16
BLOCK_ROWS: Final = 16_384


class Course(NamedTuple):
    """``words`` are shared; ``due`` is (attempts, 2): when and which stream, empty where attempts are periodic.

    ``blocks`` hold rows that travel: (16, 16384, 13); FILLED is how many are in the present one; MESSAGE and COUNT are what goes
    through pipes. ``session_of`` gives the session of a descriptor: ``2 * session`` for its sender, one more for its reflector.
    """

    words: Words
    due: NDArray[np.int64]
    blocks: NDArray[np.int64]
    session_of: Words
