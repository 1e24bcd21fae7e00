"""What became of the packets of one pair's trains, told from stamps alone: no socket, no clock."""

from dataclasses import dataclass

from netbench.measure.samples import Fate
from netbench_probes.stamp.session import Row


@dataclass(frozen=True, slots=True)
class Shape:
    """How a train is sent: ``burst`` of its ``frames`` back to back, each of the rest ``pace_ns`` after the one before."""

    frames: int
    burst: int
    pace_ns: int

    def due(self, elapsed_ns: int) -> int:
        """Return how many packets are to have been sent this long after the train's start."""
        if elapsed_ns < 0:
            return 0
        paced = elapsed_ns // self.pace_ns if self.pace_ns else self.frames
        return min(self.frames, self.burst + paced)

    @property
    def duration_ns(self) -> int:
        """From the first packet to the last."""
        return (self.frames - self.burst) * self.pace_ns


class TrainTimes:
    """When each train of a pair begins: on time, or a whole rest after the one before when that was late.

    A train that ran into the tail of the one before would not meet an empty queue.
    """

    def __init__(self, shape: Shape, trains: int, interval_ns: int, first_ns: int) -> None:
        """The first train begins at ``first_ns``, each further one at least ``interval_ns`` after the one before."""
        self._shape = shape
        self._left = trains
        self._interval_ns = interval_ns
        self._start_ns = first_ns
        self._sent = 0

    @property
    def finished(self) -> bool:
        """Whether every train was sent."""
        return self._left == 0

    def due(self, now_ns: int) -> int:
        """Return how many packets are to be sent now."""
        return 0 if self.finished else max(0, self._shape.due(now_ns - self._start_ns) - self._sent)

    def sent(self, count: int, began_ns: int, ended_ns: int) -> None:
        """So many were sent between two instants."""
        if self._sent == 0:
            self._start_ns = began_ns
        self._sent += count
        if self._sent >= self._shape.frames:
            rest_ns = max(0, self._interval_ns - self._shape.duration_ns)
            self._start_ns = max(self._start_ns + self._interval_ns, ended_ns + rest_ns)
            self._left, self._sent = self._left - 1, 0


class TrainSession:
    """Keeps what was sent until it is old enough to be final. Packets are numbered through all trains."""

    def __init__(self, timeout_ns: int) -> None:
        """A packet that did not arrive ``timeout_ns`` after its sending never will."""
        self.next_sequence = 0
        self.late_arrivals = 0
        self._timeout_ns = timeout_ns
        self._sent: dict[int, tuple[int, int]] = {}
        self._refused: set[int] = set()
        self._arrived: dict[int, int] = {}

    @property
    def outstanding(self) -> bool:
        """Whether some packets are not final yet."""
        return bool(self._sent)

    def sent(self, wall_ns: int, monotonic_ns: int, *, refused: bool = False) -> None:
        """The next packet was handed to the kernel, or refused by it."""
        sequence = self.next_sequence
        self.next_sequence += 1
        self._sent[sequence] = (wall_ns, monotonic_ns)
        if refused:
            self._refused.add(sequence)

    def arrived(self, sequence: int, stamp_ns: int) -> None:
        """The kernel says when a packet came in; the first copy counts."""
        if sequence in self._sent:
            self._arrived.setdefault(sequence, stamp_ns)
        else:
            self.late_arrivals += 1

    def settle(self, now_ns: int) -> list[Row]:
        """Return the rows of all packets sent ``timeout_ns`` before ``now_ns`` (monotonic) or earlier, in order of sending."""
        rows: list[Row] = []
        for sequence, (wall_ns, sent_ns) in self._sent.items():
            if sent_ns + self._timeout_ns > now_ns:
                break
            rows.append(self._row(sequence, wall_ns))
        for row in rows:
            del self._sent[row.sequence]
        return rows

    def _row(self, sequence: int, sent_ns: int) -> Row:
        arrived_ns = self._arrived.pop(sequence, None)
        if arrived_ns is not None:
            return Row(sequence, Fate.ANSWERED, sent_ns, arrived_ns - sent_ns, None, None, 0)
        fate = Fate.NOT_SENT if sequence in self._refused else Fate.LOST_FORWARD
        self._refused.discard(sequence)
        return Row(sequence, fate, sent_ns, None, None, None, 0)
